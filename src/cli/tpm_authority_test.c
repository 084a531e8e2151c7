#include "tpm_authority.h"

#include "../../tests/check.h"
#include "../crypto/signkey.h"
#include "../format/pem.h"
#include "../host/file.h"

#include <sys/wait.h>
#include <unistd.h>

enum { NOW = 1767225600, YEAR = 31536000, DAY = 86400, RACERS = 100 };

/* A registry in a folder of its own, and a maker of TPMs whose root it holds. */
static struct world {
    struct crypto *crypto;
    struct arena arena;
    struct signkey *maker;
    struct span maker_cert, alt_name;
    char dir[64];
} w;

struct soft_tpm {
    struct signkey *ek;
    struct span ek_cert;
    struct tpm_public ek_area, aik;
    struct span aik_name;
};

static struct span cert_of(const struct cert_wish *wish, const struct signkey *key,
                           struct span issuer)
{
    struct span der = { 0 };
    struct err e = { 0 };

    CHECK_OK("cert", cert_make(w.crypto, wish, key, issuer, w.maker, &w.arena, &der, &e), e);
    return der;
}

static void write_anchor(void)
{
    struct writer pem = writer_in(&w.arena, 4096);
    char path[128];
    struct err e = { 0 };

    snprintf(path, sizeof path, "%s/ek", w.dir);
    CHECK_OK("ek", file_make_dir(path, 0700, &e), e);
    snprintf(path, sizeof path, "%s/ek/anchors", w.dir);
    CHECK_OK("anchors", file_make_dir(path, 0700, &e), e);
    snprintf(path, sizeof path, "%s/ek/anchors/maker.pem", w.dir);
    pem_write(&pem, "CERTIFICATE", w.maker_cert);
    CHECK_OK("anchor", file_replace(path, writer_span(&pem), 0600, &e), e);
}

static void begin(void)
{
    const struct tpm_names names = { span_str("id:1"), span_str("soft"), span_str("id:2") };
    const struct cert_wish wish = { .common_name = "Maker of TPMs",
                                    .serial = 1,
                                    .not_before = NOW - YEAR,
                                    .not_after = NOW + YEAR,
                                    .is_ca = true };
    struct tpm_registry r;
    struct err e = { 0 };

    arena_fini(&w.arena);
    w.arena = arena_over(256 << 20);
    if (!w.crypto)
        w.crypto = crypto_new(&e);
    CHECK_OK("crypto", w.crypto != NULL, e);
    if (!w.maker)
        w.maker = signkey_new(w.crypto, SIGNKEY_P256, &e);
    CHECK_OK("maker", w.maker != NULL, e);
    w.maker_cert = cert_of(&wish, w.maker, (struct span){ 0 });
    CHECK_OK("names", enrol_alt_name(&names, &w.arena, &w.alt_name, &e), e);
    snprintf(w.dir, sizeof w.dir, "/tmp/cupel-registry-XXXXXX");
    CHECK("folder", mkdtemp(w.dir) != NULL);
    write_anchor();
    CHECK_OK("open", registry_open(w.dir, &w.arena, &r, &e), e);
    CHECK_OK("init", authority_init(w.crypto, &r, "Fleet", NOW, &e), e);
    registry_close(&r);
}

static void end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", w.dir);
    CHECK_INT("clean", system(command), 0);
}

/* A TPM with an endorsement key of its own and an attestation key whose modulus is that byte. */
static struct soft_tpm tpm_new(uint8_t modulus)
{
    const struct cert_wish wish = { .common_name = "tpm",
                                    .serial = 7,
                                    .not_before = NOW - YEAR,
                                    .not_after = NOW + YEAR,
                                    .key_usage = CERT_KEY_AGREEMENT,
                                    .purpose = "2.23.133.8.1",
                                    .alt_name = w.alt_name };
    struct writer area = writer_in(&w.arena, 512);
    struct soft_tpm t = { .aik = { .type = TPM_ALG_RSA,
                                   .name_alg = TPM_ALG_SHA256,
                                   .attributes = 0x00050072,
                                   .symmetric = TPM_ALG_NULL,
                                   .scheme = TPM_ALG_RSASSA,
                                   .scheme_hash = TPM_ALG_SHA256,
                                   .key_bits = 2048 } };
    uint8_t *n = arena_alloc(&w.arena, 256, 1);
    struct span der = { 0 };
    struct spki key;
    struct err e = { 0 };

    CHECK("memory", n != NULL);
    memset(n, modulus, 256);
    t.aik.modulus = span_of(n, 256);
    tpm_public_write(&area, &t.aik);
    t.aik.bytes = writer_span(&area);
    t.ek = signkey_new(w.crypto, SIGNKEY_P256, &e);
    CHECK_OK("ek", t.ek && signkey_spki(t.ek, &w.arena, &der, &e) && spki_parse(der, &key, &e), e);
    CHECK_OK("template", ek_template(&key, &w.arena, &t.ek_area, &e), e);
    CHECK_OK("name", tpm_public_name(w.crypto, &t.aik, &w.arena, &t.aik_name, &e), e);
    t.ek_cert = cert_of(&wish, t.ek, w.maker_cert);
    return t;
}

/* ---------------------------------------------------------------- the steps */

static struct span request_of(const struct soft_tpm *t, const char *name)
{
    const struct enrol_request m = { span_str(name), t->ek_cert, t->aik.bytes };
    struct writer out = writer_in(&w.arena, 4096);

    enrol_request_write(&out, &m);
    return writer_span(&out);
}

static struct span answer_of(const struct soft_tpm *t, struct span challenge)
{
    struct writer out = writer_in(&w.arena, 512);
    struct enrol_challenge m;
    struct enrol_answer answer = { 0 };
    struct err e = { 0 };

    CHECK_OK("challenge", enrol_challenge_parse(challenge, &w.arena, &m, &e), e);
    answer.id = m.id;
    CHECK_OK("open",
             credential_open(w.crypto, &t->ek_area, t->ek, t->aik_name, &m.credential, &w.arena,
                             &answer.secret, &e),
             e);
    enrol_answer_write(&out, &answer);
    return writer_span(&out);
}

static bool step(int64_t now, struct span in, bool is_issue, struct span *out, struct err *e)
{
    struct tpm_registry r = { .lock_fd = -1 };
    struct tpm_authority k = { .crypto = w.crypto, .registry = &r, .now = now, .days = 30 };
    bool ok = registry_open(w.dir, &w.arena, &r, e) &&
              (is_issue ? authority_issue(&k, in, out, e) : authority_challenge(&k, in, out, e));

    registry_close(&r);
    return ok;
}

static bool challenge(const struct soft_tpm *t, const char *name, struct span *out, struct err *e)
{
    return step(NOW, request_of(t, name), false, out, e);
}

static bool issue(struct span answer, struct span *out, struct err *e)
{
    return step(NOW, answer, true, out, e);
}

static bool enrol(const struct soft_tpm *t, const char *name, struct span *out, struct err *e)
{
    struct span made = { 0 };

    return challenge(t, name, &made, e) && issue(answer_of(t, made), out, e);
}

static const struct registry_machine *machines(size_t *count)
{
    const struct registry_machine *all = NULL;
    struct tpm_registry r;
    struct err e = { 0 };

    CHECK_OK("open", registry_open(w.dir, &w.arena, &r, &e), e);
    CHECK_OK("list", registry_list(&r, &all, count, &e), e);
    registry_close(&r);
    return all;
}

/* ---------------------------------------------------------------- tests */

static struct cert authority_cert(void)
{
    struct span pem = { 0 };
    struct pem_block block;
    size_t count = 0;
    char path[128];
    struct cert ca;
    struct err e = { 0 };

    snprintf(path, sizeof path, "%s/authority.pem", w.dir);
    CHECK_OK("pem", file_read(path, 65536, &w.arena, &pem, &e), e);
    CHECK_OK("pem", pem_parse(pem, "CERTIFICATE", true, 1, &w.arena, &block, &count, &e), e);
    CHECK_OK("ca", cert_parse(block.der, &ca, &e), e);
    return ca;
}

/* Under an anchor that demands to be told that the endorsement key was checked. */
static void the_certificate_is_one_that_quotes_are_judged_by(void **state)
{
    struct span der = { 0 }, hash = { 0 };
    struct tpm_settings s = { 0 };
    struct tpm_anchor anchor;
    struct aik_path path;
    const struct registry_machine *all;
    struct cert ca, leaf;
    struct soft_tpm t;
    bool is_signed = false;
    size_t count = 0;
    struct err e = { 0 };

    (void)state;
    begin();
    t = tpm_new(0xC1);
    CHECK_OK("enrol", enrol(&t, "m1", &der, &e), e);
    ca = authority_cert();
    anchor = (struct tpm_anchor){
        .name = "fleet", .subject = ca.subject, .spki = ca.spki, .needs_policy = true
    };
    s.anchors = &anchor;
    s.anchor_count = 1;
    CHECK_OK("leaf", aik_leaf_parse(der, &leaf, &e), e);
    CHECK_OK("find", aik_path_find(w.crypto, &leaf, &s, &path, &is_signed, &e), e);
    CHECK("signed", is_signed);
    CHECK_OK("path", aik_path_check(&path, &e), e);
    CHECK_INT("no subject", leaf.subject.n, 2);
    CHECK_INT("ends", leaf.not_after, NOW + 30 * DAY);
    CHECK_TEXT("maker", aik_manufacturer(&leaf), "id:1");
    all = machines(&count);
    CHECK_INT("machines", count, 1);
    CHECK_TEXT("name", all[0].machine, "m1");
    CHECK_SPAN("certificate", all[0].certificate, der);
    CHECK_OK("hash", aik_pub_hash(w.crypto, leaf.spki, &w.arena, &hash, &e), e);
    CHECK_SPAN("aikPubHash", all[0].aik_hash, hash);
    signkey_free(t.ek);
    end();
}

static void km_50_an_answer_counts_once(void **state)
{
    struct span made = { 0 }, answer, der = { 0 };
    struct soft_tpm t;
    struct err e = { 0 };

    (void)state;
    begin();
    t = tpm_new(0xC1);
    CHECK_OK("challenge", challenge(&t, "m1", &made, &e), e);
    answer = answer_of(&t, made);
    CHECK_OK("first", issue(answer, &der, &e), e);
    CHECK("second", !issue(answer, &der, &e));
    CHECK_ERR("second", e, ERR_MISSING, "");
    signkey_free(t.ek);
    end();
}

static void km_50_a_wrong_answer_uses_the_challenge_up(void **state)
{
    struct enrol_answer wrong = { .secret = span_str("0123456789abcdef0123456789abcdef") };
    struct span made = { 0 }, der = { 0 };
    struct enrol_challenge m;
    struct writer out;
    struct soft_tpm t;
    size_t count = 1;
    struct err e = { 0 };

    (void)state;
    begin();
    t = tpm_new(0xC1);
    CHECK_OK("challenge", challenge(&t, "m1", &made, &e), e);
    CHECK_OK("challenge", enrol_challenge_parse(made, &w.arena, &m, &e), e);
    wrong.id = m.id;
    out = writer_in(&w.arena, 256);
    enrol_answer_write(&out, &wrong);
    CHECK("wrong", !issue(writer_span(&out), &der, &e));
    CHECK_ERR("wrong", e, ERR_UNTRUSTED, "");
    err_clear(&e);
    CHECK("right, too late", !issue(answer_of(&t, made), &der, &e));
    CHECK_ERR("right, too late", e, ERR_MISSING, "");
    machines(&count);
    CHECK_INT("nobody is enrolled", count, 0);
    signkey_free(t.ek);
    end();
}

static void a_challenge_ends_after_a_day(void **state)
{
    struct span made = { 0 }, der = { 0 };
    struct soft_tpm t;
    struct err e = { 0 };

    (void)state;
    begin();
    t = tpm_new(0xC1);
    CHECK_OK("challenge", challenge(&t, "m1", &made, &e), e);
    CHECK("late", !step(NOW + DAY + 1, answer_of(&t, made), true, &der, &e));
    CHECK_ERR("late", e, ERR_STALE, "");
    signkey_free(t.ek);
    end();
}

static void km_50_a_key_that_may_leave_gets_no_challenge(void **state)
{
    struct writer area;
    struct span made = { 0 };
    struct soft_tpm t;
    struct err e = { 0 };

    (void)state;
    begin();
    t = tpm_new(0xC1);
    t.aik.attributes &= ~TPM_KEY_RESTRICTED;
    area = writer_in(&w.arena, 512);
    tpm_public_write(&area, &t.aik);
    t.aik.bytes = writer_span(&area);
    CHECK("unrestricted", !challenge(&t, "m1", &made, &e));
    CHECK_ERR("unrestricted", e, ERR_UNTRUSTED, "aik_restricted");
    signkey_free(t.ek);
    end();
}

static void km_51_a_name_stays_with_its_endorsement_key(void **state)
{
    struct soft_tpm first, second;
    struct span der = { 0 }, made = { 0 };
    struct tpm_registry r;
    struct err e = { 0 };

    (void)state;
    begin();
    first = tpm_new(0xC1);
    second = tpm_new(0xC3);
    CHECK_OK("first", enrol(&first, "m1", &der, &e), e);
    CHECK("another TPM of that name", !challenge(&second, "m1", &made, &e));
    CHECK_ERR("another TPM of that name", e, ERR_CONFLICT, "");
    err_clear(&e);
    CHECK("that TPM under another name", !challenge(&first, "m2", &made, &e));
    CHECK_ERR("that TPM under another name", e, ERR_CONFLICT, "");
    err_clear(&e);
    CHECK_OK("again, the same", enrol(&first, "m1", &der, &e), e);
    CHECK_OK("open", registry_open(w.dir, &w.arena, &r, &e), e);
    CHECK_OK("remove", registry_remove(&r, span_str("m1"), &e), e);
    CHECK("twice", !registry_remove(&r, span_str("m1"), &e));
    CHECK_ERR("twice", e, ERR_MISSING, "");
    registry_close(&r);
    err_clear(&e);
    CHECK_OK("another TPM, then", enrol(&second, "m1", &der, &e), e);
    signkey_free(first.ek);
    signkey_free(second.ek);
    end();
}

/* The challenges were made while the name was free: the race is about who answers first. */
static void km_51_of_a_hundred_at_once_one_wins(void **state)
{
    static struct span answers[RACERS];
    size_t won = 0, lost = 0, count = 0;
    pid_t children[RACERS];
    struct err e = { 0 };

    (void)state;
    begin();
    for (size_t i = 0; i < RACERS; i++) {
        struct soft_tpm t = tpm_new(0xC1);
        struct span made = { 0 };

        CHECK_OK("challenge", challenge(&t, "m1", &made, &e), e);
        answers[i] = answer_of(&t, made);
        signkey_free(t.ek);
    }
    for (size_t i = 0; i < RACERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct span der = { 0 };
            bool ok = issue(answers[i], &der, &e);

            _exit(ok ? 0 : e.code == ERR_CONFLICT ? 1 : 2);
        }
    }
    for (size_t i = 0; i < RACERS; i++) {
        int status = 0;

        CHECK_INT("child", waitpid(children[i], &status, 0), children[i]);
        won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
        lost += WIFEXITED(status) && WEXITSTATUS(status) == 1;
    }
    CHECK_INT("won", won, 1);
    CHECK_INT("lost", lost, RACERS - 1);
    machines(&count);
    CHECK_INT("enrolled", count, 1);
    end();
}

TEST_MAIN(the_certificate_is_one_that_quotes_are_judged_by, km_50_an_answer_counts_once,
          km_50_a_wrong_answer_uses_the_challenge_up, a_challenge_ends_after_a_day,
          km_50_a_key_that_may_leave_gets_no_challenge, km_51_a_name_stays_with_its_endorsement_key,
          km_51_of_a_hundred_at_once_one_wins)
