#include "tpm_anchors.h"

#include "../../tests/check.h"
#include "../crypto/cert.h"
#include "../crypto/signkey.h"
#include "../format/pem.h"
#include "../host/file.h"

#include <unistd.h>

static char folder[64];
static struct arena arena;
static struct crypto *crypto;

static int begin(void **state)
{
    struct err e = { 0 };

    (void)state;
    arena = arena_over((size_t)64 << 20);
    crypto = crypto_new(&e);
    snprintf(folder, sizeof folder, "/tmp/cupel-anchors-XXXXXX");
    return crypto && mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
    char command[96];

    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    crypto_free(crypto);
    arena_fini(&arena);
    return system(command) == 0 ? 0 : -1;
}

static const char *at(const char *name)
{
    return file_join(&arena, folder, name);
}

static void put(const char *name, struct span bytes)
{
    struct err e = { 0 };

    CHECK_OK(name, file_replace(at(name), bytes, 0600, &e), e);
}

static void make_dir(const char *name)
{
    struct err e = { 0 };

    CHECK_OK(name, file_make_dir(at(name), 0700, &e), e);
}

static struct span certificate(const char *cn)
{
    struct cert_wish wish = {
        .common_name = cn, .serial = 1, .not_after = 2000000000, .is_ca = true
    };
    struct span der = { 0 };
    struct err e = { 0 };
    struct signkey *k = signkey_new(crypto, SIGNKEY_P256, &e);

    CHECK_OK(cn, k && cert_make(crypto, &wish, k, (struct span){ 0 }, k, &arena, &der, &e), e);
    signkey_free(k);
    return der;
}

static struct span pem_of(const struct span *ders, size_t count)
{
    struct writer w = writer_in(&arena, 2048);

    for (size_t i = 0; i < count; i++)
        pem_write(&w, "CERTIFICATE", ders[i]);
    return writer_span(&w);
}

static void no_words_mean_the_vendors_root_alone(void **state)
{
    struct tpm_anchor_list list;
    struct tpm_settings s = { 0 };
    struct err e = { 0 };

    (void)state;
    CHECK_OK("none", tpm_anchors_load(NULL, 0, NULL, &arena, &list, &e), e);
    CHECK_INT("one", list.anchor_count, 1);
    CHECK("it asks for a policy", list.anchors[0].needs_policy && !list.anchors[0].is_lab);
    tpm_anchors_apply(&list, &s);
    CHECK_INT("applied", s.anchor_count, 1);
}

static void every_certificate_of_a_named_file_is_an_anchor(void **state)
{
    struct span ders[2];
    const char *words[1];
    struct tpm_anchor_list list;
    struct err e = { 0 };

    (void)state;
    ders[0] = certificate("one");
    ders[1] = certificate("two");
    put("both.pem", pem_of(ders, 2));
    put("one.der", ders[0]);
    words[0] = at("both.pem");
    CHECK_OK("pem", tpm_anchors_load(words, 1, NULL, &arena, &list, &e), e);
    CHECK_INT("two", list.anchor_count, 2);
    CHECK_TEXT("name", span_str(list.anchors[1].name), "two");
    words[0] = at("one.der");
    CHECK_OK("der", tpm_anchors_load(words, 1, NULL, &arena, &list, &e), e);
    CHECK_INT("one", list.anchor_count, 1);
    put("bad.pem", span_str("no certificate"));
    words[0] = at("bad.pem");
    CHECK("named files must parse", !tpm_anchors_load(words, 1, NULL, &arena, &list, &e));
    CHECK_INT("malformed", e.code, ERR_MALFORMED);
}

static void folders_are_read_and_what_does_not_parse_is_named(void **state)
{
    struct tpm_anchor_list list;
    struct span der;
    const char *words[1];
    char lab[96];
    struct err e = { 0 };

    (void)state;
    der = certificate("root");
    make_dir("set");
    make_dir("set/anchors");
    make_dir("set/intermediates");
    put("set/anchors/a.pem", pem_of(&der, 1));
    put("set/anchors/b.pem", span_str("nothing"));
    put("set/intermediates/c.der", der);
    put("set/pins.json", span_str("[\"AAAA\",\"BBBB\"]"));
    snprintf(lab, sizeof lab, "lab=%s/set", folder);
    words[0] = lab;
    CHECK_OK("folder", tpm_anchors_load(words, 1, NULL, &arena, &list, &e), e);
    CHECK_INT("anchors", list.anchor_count, 1);
    CHECK("lab", list.anchors[0].is_lab);
    CHECK_INT("intermediates", list.intermediate_count, 1);
    CHECK_INT("pins", list.pin_count, 2);
    CHECK_INT("notes", list.note_count, 1);
    CHECK("named", strstr(list.notes[0].path, "b.pem") && list.notes[0].text[0]);
    words[0] = "vendor";
    CHECK_OK("pool", tpm_anchors_load(words, 1, at("set"), &arena, &list, &e), e);
    CHECK_INT("pool", list.intermediate_count, 1);
    make_dir("empty");
    words[0] = at("empty");
    CHECK("nothing", !tpm_anchors_load(words, 1, NULL, &arena, &list, &e));
    CHECK_INT("nothing", e.code, ERR_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = { TEST_EACH(
        no_words_mean_the_vendors_root_alone, every_certificate_of_a_named_file_is_an_anchor,
        folders_are_read_and_what_does_not_parse_is_named) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name(TEST_NAME, tests, begin, end);
}
