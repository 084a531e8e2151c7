#include "../../tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "../crypto/cert.h"
#include "../format/pem.h"
#include "../host/file.h"
#include "desk_tls.h"
#include "tls.h"

enum { NOW = 1700000000, DAY = 24 * 60 * 60 };

static char data[64];
static struct crypto *crypto;
static struct arena arena;

static void start(void)
{
    struct err e = { 0 };

    snprintf(data, sizeof data, "/tmp/cupel-desk-XXXXXX");
    CHECK("directory", mkdtemp(data) != NULL);
    crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
    arena = arena_over(16 * 1024 * 1024);
}

static void end(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", data);
    CHECK_INT("clean", system(command), 0);
    crypto_free(crypto);
    arena_fini(&arena);
}

static struct desk_tls ready_at(int64_t now)
{
    struct desk_tls t;
    struct err e = { 0 };

    CHECK_OK("ready", desk_tls_ready(crypto, data, now, &arena, &t, &e), e);
    return t;
}

static struct span read_file(const char *path)
{
    struct span text = { 0 };
    struct err e = { 0 };

    CHECK_OK(path, file_read(path, 65536, &arena, &text, &e), e);
    return text;
}

static void chain_leads_from_the_names_of_a_desk_to_a_ca(void **state)
{
    struct pem_block blocks[2];
    struct desk_tls t;
    struct cert leaf, ca;
    struct pubkey *key;
    struct err e = { 0 };
    size_t count;
    (void)state;

    start();
    t = ready_at(NOW);
    CHECK_OK("chain",
             pem_parse(read_file(t.chain), "CERTIFICATE", false, 2, &arena, blocks, &count, &e), e);
    CHECK_INT("chain", count, 2);
    CHECK_OK("leaf", cert_parse(blocks[0].der, &leaf, &e), e);
    CHECK_OK("CA", cert_parse(blocks[1].der, &ca, &e), e);
    CHECK("roles", !leaf.is_ca && ca.is_ca);
    CHECK_SPAN("issuer", leaf.issuer, ca.subject);
    key = pubkey_new_spki(crypto, ca.spki, &e);
    CHECK_OK("key", key != NULL, e);
    CHECK_OK("leaf is signed by the CA", cert_verify(crypto, &leaf, key, &e), e);
    pubkey_free(key);
    CHECK("names", cert_extension_find(&leaf, "2.5.29.17") != NULL);
    CHECK("validity", leaf.not_before <= NOW && leaf.not_after - NOW < 398 * DAY);
    end();
}

static void tls_takes_what_was_made(void **state)
{
    struct tls_context *c;
    struct desk_tls t;
    struct err e = { 0 };
    (void)state;

    start();
    t = ready_at(NOW);
    c = tls_context_new(read_file(t.chain), read_file(t.key), &e);
    CHECK_OK("context", c != NULL, e);
    tls_context_free(c);
    end();
}

static void private_key_is_for_the_owner_and_the_ca_has_none(void **state)
{
    const char *const *names;
    struct desk_tls t;
    struct err e = { 0 };
    struct stat st;
    char dir[80];
    size_t count;
    (void)state;

    start();
    t = ready_at(NOW);
    CHECK("key", stat(t.key, &st) == 0);
    CHECK_INT("mode", st.st_mode & 0777, 0600);
    snprintf(dir, sizeof dir, "%s/tls", data);
    CHECK_OK("names", file_list(dir, &arena, &names, &count, &e), e);
    CHECK_INT("files", count, 3);
    end();
}

static void files_stay_until_their_time_is_nearly_over(void **state)
{
    static const struct {
        const char *name;
        int64_t now;
        bool is_same;
    } rows[] = { { "a moment later", NOW + 5, true },
                 { "366 days later", NOW + 366 * (int64_t)DAY, true },
                 { "368 days later", NOW + 368 * (int64_t)DAY, false },
                 { "years later", NOW + 4000 * (int64_t)DAY, false },
                 { "years before", NOW - 4000 * (int64_t)DAY, false } };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct span before, after;

        start();
        before = read_file(ready_at(NOW).chain);
        after = read_file(ready_at(rows[i].now).chain);
        CHECK(rows[i].name, span_equal(before, after) == rows[i].is_same);
        end();
    }
}

static void missing_or_damaged_files_are_made_again(void **state)
{
    struct desk_tls t;
    struct err e = { 0 };
    (void)state;

    start();
    t = ready_at(NOW);
    CHECK("remove", unlink(t.key) == 0);
    CHECK("key", file_exists(ready_at(NOW).key));
    CHECK_OK("damage", file_replace(t.chain, span_str("nothing"), 0644, &e), e);
    CHECK("chain", read_file(ready_at(NOW).chain).n > 500);
    end();
}

TEST_MAIN(chain_leads_from_the_names_of_a_desk_to_a_ca, tls_takes_what_was_made,
          private_key_is_for_the_owner_and_the_ca_has_none,
          files_stay_until_their_time_is_nearly_over, missing_or_damaged_files_are_made_again)
