#include "../../tests/check.h"

#include "config.h"

static const char *const nothing[] = { NULL };
static char long_line[256];

static bool reads(struct config *c, const char *text, struct err *e)
{
    return config_init(c, e) && config_read_text(c, span_str(text), e);
}

/* Each flag up to NULL, after --dev, which makes a configuration complete. */
static bool loads(struct config *c, const char *const *flags, const char *const *environment,
                  struct err *e)
{
    const char *argv[8] = { "--dev" };
    int argc = 1;

    for (size_t i = 0; flags[i]; i++)
        argv[argc++] = flags[i];
    return config_load(c, argc, argv, environment, e);
}

static void every_row_is_whole(void **state)
{
    struct config c;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("fallbacks", config_init(&c, &e), e);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *k = &config_keys[i];

        CHECK(k->name ? k->name : "a row without a name", k->name && k->meaning);
        CHECK(k->name, strlen(k->name) < 48);
        CHECK(k->name, (k->kind == CONFIG_WORD) == (k->words != NULL));
        CHECK(k->name, (k->kind == CONFIG_SWITCH) == (k->unit == NULL));
        CHECK(k->name, k->kind != CONFIG_NUMBER || (k->fallback && k->least < k->most));
        CHECK(k->name, !k->is_flag_only || !k->fallback);
        for (size_t j = 0; j < i; j++)
            CHECK(k->name, strcmp(k->name, config_keys[j].name) != 0);
    }
    config_fini(&c);
}

static void help_names_every_key(void **state)
{
    struct arena a = arena_over(1024 * 1024);
    struct writer w = writer_in(&a, 8192);
    struct err e = { 0 };
    struct span text;
    (void)state;

    config_write_help(&w);
    write_u8(&w, 0);
    CHECK_OK("help", writer_done(&w, &text, &e), e);
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        CHECK(config_keys[i].name, strstr((const char *)text.p, config_keys[i].meaning));
    CHECK("dashes", strstr((const char *)text.p, "--data-dir DIR"));
    arena_fini(&a);
}

static void file_sets_keys_by_name_and_section(void **state)
{
    struct config c;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("file",
             reads(&c,
                   "# a comment\nlisten = [::1]:9000\nworkers=3\n; another\n"
                   "tcb_profile = strict ; why not\n\n[policy]\nSgxEnclave = /etc/p.pol\n",
                   &e),
             e);
    CHECK_TEXT("listen", span_str(c.text[CONFIG_LISTEN]), "[::1]:9000");
    CHECK_INT("workers", c.number[CONFIG_WORKERS], 3);
    CHECK_INT("profile", c.number[CONFIG_TCB_PROFILE], 1);
    CHECK_TEXT("policy", span_str(c.text[CONFIG_POLICY_SGX]), "/etc/p.pol");
    CHECK_TEXT("fallback", span_str(c.text[CONFIG_SIGNING_ALG]), "RS256");
    config_fini(&c);
}

static void file_refusals_name_line_and_key(void **state)
{
    /* clang-format off */
    static const struct { const char *name; const char *text; enum err_code code; const char *path; } rows[] = {
        { "unknown key",       "\nlissten = 1\n",                     ERR_MALFORMED, "line 2.lissten" },
        { "unknown section",   "[polcy]\nSgxEnclave = x\n",           ERR_MALFORMED, "line 2.polcy.SgxEnclave" },
        { "unknown type",      "[policy]\nSgx = x\n",                 ERR_MALFORMED, "line 2.policy.Sgx" },
        { "said twice",        "workers = 1\nworkers = 2\n",          ERR_MALFORMED, "line 2.workers" },
        { "two mistakes",      "lissten = 1\nworkerz = 2\n",          ERR_MALFORMED, "line 1.lissten" },
        { "said in two ways",  "policy.Tpm = a\n[policy]\nTpm = b\n", ERR_MALFORMED, "line 3.policy.Tpm" },
        { "a continued line",  "listen = 127.0.0.1:1\n  more\n",      ERR_MALFORMED, "line 2.listen" },
        { "no value",          "user =\n",                            ERR_MALFORMED, "line 1.user" },
        { "no equals sign",    "workers\n",                           ERR_MALFORMED, "line 1" },
        { "a word for a number", "workers = many\n",                  ERR_MALFORMED, "line 1.workers" },
        { "a number too large", "workers = 257\n",                    ERR_MALFORMED, "line 1.workers" },
        { "a huge number",     "workers = 99999999999999999999\n",    ERR_MALFORMED, "line 1.workers" },
        { "a signed number",   "workers = +1\n",                      ERR_MALFORMED, "line 1.workers" },
        { "a hex number",      "workers = 0x1\n",                     ERR_MALFORMED, "line 1.workers" },
        { "another word",      "tcb_profile = lax\n",                 ERR_MALFORMED, "line 1.tcb_profile" },
        { "half a word",       "tcb_profile = str\n",                 ERR_MALFORMED, "line 1.tcb_profile" },
        { "two words",         "tcb_profile = azure strict\n",        ERR_MALFORMED, "line 1.tcb_profile" },
        { "no algorithm",      "signing_alg = none\n",                ERR_MALFORMED, "line 1.signing_alg" },
        { "no address",        "listen = everywhere\n",               ERR_MALFORMED, "line 1.listen" },
        { "dev in a file",     "dev = yes\n",                         ERR_MALFORMED, "line 1.dev" },
        { "judge-at in a file", "insecure_judge_at = 1\n",            ERR_MALFORMED, "line 1.insecure_judge_at" },
        { "a line too long",   long_line,                             ERR_LIMIT,     "line 1" },
    };
    /* clang-format on */
    (void)state;

    memset(long_line, 'x', sizeof long_line - 1);
    memcpy(long_line, "tls_cert = ", 11);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config c;
        struct err e = { 0 };

        CHECK(rows[i].name, !reads(&c, rows[i].text, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
        config_fini(&c);
    }
}

static void file_with_a_nul_is_refused(void **state)
{
    static const char text[] = "workers = 1\0\nworkers = 2";
    struct config c;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("init", config_init(&c, &e), e);
    CHECK("NUL", !config_read_text(&c, span_of(text, sizeof text - 1), &e));
    CHECK_INT("NUL", e.code, ERR_MALFORMED);
    config_fini(&c);
}

static void unknown_key_suggests_the_nearest(void **state)
{
    static const struct {
        const char *text, *suggestion;
    } rows[] = { { "lisen = x\n", "\"listen\"" },
                 { "tcb-profil = x\n", "\"tcb_profile\"" },
                 { "polisy.TdxVm = x\n", "\"policy.TdxVm\"" },
                 { "cache_entry = 1\n", "\"cache_entries\"" } };
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config c;
        struct err e = { 0 };

        CHECK(rows[i].text, !reads(&c, rows[i].text, &e));
        CHECK(rows[i].text, strstr(e.text, rows[i].suggestion));
        config_fini(&c);
    }
}

static void later_voice_wins(void **state)
{
    static const char *const environment[] = { "PATH=/bin", "CUPEL_WORKERS=2",
                                               "CUPEL_POLICY_TPM=/e", "CUPEL_LOG_LEVEL=debug",
                                               NULL };
    static const char *const flags[] = { "--workers", "3", "--policy.Tpm=/f", NULL };
    struct config c;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("load", loads(&c, flags, environment, &e), e);
    CHECK_INT("flag over environment", c.number[CONFIG_WORKERS], 3);
    CHECK_TEXT("flag over environment", span_str(c.text[CONFIG_POLICY_TPM]), "/f");
    CHECK_INT("environment over fallback", c.number[CONFIG_LOG_LEVEL], 3);
    config_fini(&c);
}

static void list_is_replaced_whole_by_a_later_voice(void **state)
{
    static const char *const environment[] = { "CUPEL_ROOTS=vendor, /a.pem", NULL };
    static const char *const flags[] = { "--roots", "lab=/x", "--roots=/b.pem", NULL };
    struct config c;
    struct err e = { 0 };
    struct span root;
    size_t at = 0;
    (void)state;

    CHECK_OK("load", loads(&c, flags, environment, &e), e);
    CHECK("first", config_list_next(&c, CONFIG_ROOTS, &at, &root) && span_is(root, "lab=/x"));
    CHECK("second", config_list_next(&c, CONFIG_ROOTS, &at, &root) && span_is(root, "/b.pem"));
    CHECK("no third", !config_list_next(&c, CONFIG_ROOTS, &at, &root));
    config_fini(&c);
    CHECK_OK("environment", loads(&c, nothing, environment, &e), e);
    at = 0;
    CHECK("first", config_list_next(&c, CONFIG_ROOTS, &at, &root) && span_is(root, "vendor"));
    CHECK("second", config_list_next(&c, CONFIG_ROOTS, &at, &root) && span_is(root, "/a.pem"));
    config_fini(&c);
}

static void foreign_environment_is_left_alone_but_a_slip_is_not(void **state)
{
    static const char *const foreign[] = { "CUPEL_VECTORS=/v", "CUPEL=1", NULL };
    static const char *const slip[] = { "CUPEL_LISTN=127.0.0.1:1", NULL };
    static const char *const flag[] = { "CUPEL_DEV=1", NULL };
    struct config c;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("foreign", loads(&c, nothing, foreign, &e), e);
    config_fini(&c);
    CHECK("slip", !loads(&c, nothing, slip, &e));
    CHECK_ERR("slip", e, ERR_MALFORMED, "environment.LISTN");
    config_fini(&c);
    err_clear(&e);
    CHECK("flag", !loads(&c, nothing, flag, &e));
    CHECK_ERR("flag", e, ERR_MALFORMED, "environment.dev");
    config_fini(&c);
}

static void km_81_contradictions_are_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *name; const char *argv[4]; const char *path; } rows[] = {
        { "dev on every address",     { "--dev", "--listen=0.0.0.0:8443" },            "listen" },
        { "dev on a public address",  { "--dev", "--listen=192.0.2.1:8443" },          "listen" },
        { "dev, admin in public",     { "--dev", "--admin-listen=0.0.0.0:1" },         "admin_listen" },
        { "judge-at without dev",     { "--insecure-judge-at=1", "--tls-cert=c", "--tls-key=k" }, "insecure_judge_at" },
        { "no certificate",           { "--workers=1" },                               "tls_cert" },
        { "a certificate alone",      { "--tls-cert=c" },                              "tls_key" },
        { "a key alone",              { "--dev", "--tls-key=c" },                      "tls_cert" },
        { "bits of an EC key",        { "--dev", "--signing-alg=ES256", "--signing-key-bits=2048" }, "signing_key_bits" },
        { "http issuer",              { "--dev", "--base-url=http://x" },              "base_url" },
        { "issuer with a slash",      { "--dev", "--base-url=https://x/" },            "base_url" },
        { "issuer without a host",    { "--dev", "--base-url=https://" },              "base_url" },
        { "a flag without its value", { "--dev", "--listen" },                         "listen" },
        { "a switch with a value",    { "--dev=yes" },                                 "dev" },
        { "no such flag",             { "--deb" },                                     "deb" },
        { "not a flag",               { "serve" },                                     "" },
        { "a bare dash",              { "--" },                                        "" },
        { "judge-at, no moment",      { "--dev", "--insecure-judge-at=noon" },         "insecure_judge_at" },
    };
    /* clang-format on */
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config c;
        struct err e = { 0 };
        int argc = 0;

        while (argc < 4 && rows[i].argv[argc])
            argc++;
        CHECK(rows[i].name, !config_load(&c, argc, rows[i].argv, nothing, &e));
        CHECK_ERR(rows[i].name, e, ERR_MALFORMED, rows[i].path);
        config_fini(&c);
    }
}

static void defaults_that_depend_are_settled(void **state)
{
    static const char *const environment[] = { "STATE_DIRECTORY=/s", NULL };
    static const char *const relative[] = { "--data-dir", "here", NULL };
    static const char *const fixed[] = { "--tls-cert=c", "--tls-key=k" };
    struct config c;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("dev", loads(&c, nothing, environment, &e), e);
    CHECK_TEXT("data", span_str(c.text[CONFIG_DATA_DIR]), "/s");
    CHECK_TEXT("admin", span_str(c.text[CONFIG_ADMIN_LISTEN]), "127.0.0.1:0");
    config_fini(&c);
    CHECK_OK("relative", loads(&c, relative, environment, &e), e);
    CHECK("absolute",
          c.text[CONFIG_DATA_DIR][0] == '/' && strstr(c.text[CONFIG_DATA_DIR], "/here") != NULL);
    config_fini(&c);
    CHECK_OK("plain", config_load(&c, 2, fixed, environment, &e), e);
    CHECK_TEXT("admin", span_str(c.text[CONFIG_ADMIN_LISTEN]), "127.0.0.1:8444");
    config_fini(&c);
}

static void handed_over_configuration_reads_the_same(void **state)
{
    static const char *const flags[] = { "--insecure-judge-at=2024-01-15T12:00:00Z",
                                         "--roots=vendor", "--roots=/a.pem", NULL };
    struct arena a = arena_over(65536);
    struct writer w = writer_in(&a, 1024);
    struct config c, d;
    struct err e = { 0 };
    struct span text;
    (void)state;

    CHECK_OK("load", loads(&c, flags, nothing, &e), e);
    config_write_handed(&w, &c);
    CHECK_OK("write", writer_done(&w, &text, &e), e);
    CHECK_OK("init", config_init(&d, &e), e);
    CHECK_OK("read", config_read_handed(&d, text, &e), e);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        CHECK_INT(config_keys[i].name, d.number[i], c.number[i]);
        CHECK(config_keys[i].name, !c.text[i] == !d.text[i]);
        CHECK(config_keys[i].name, !c.text[i] || strcmp(c.text[i], d.text[i]) == 0);
    }
    CHECK_INT("moment", d.number[CONFIG_INSECURE_JUDGE_AT], 1705320000);
    CHECK("cut", !config_read_handed(&d, span_part(text, 0, text.n - 1), &e));
    config_fini(&c);
    config_fini(&d);
    arena_fini(&a);
}

static void every_failing_allocation_ends_in_a_clean_error(void **state)
{
    bool is_read = false;
    size_t n = 0;
    (void)state;

    while (!is_read) {
        struct config c;
        struct err e = { 0 };

        CHECK_OK("init", config_init(&c, &e), e);
        c.arena.fail_at = ++n;
        is_read = config_read_text(&c, span_str("workers = 2\nlisten = [::1]:1\nuser = x\n"), &e);
        CHECK("code", is_read || e.code == ERR_MEMORY);
        CHECK("it ends", n < 100);
        config_fini(&c);
    }
    CHECK("some failed", n > 3);
}

TEST_MAIN(every_row_is_whole, help_names_every_key, file_sets_keys_by_name_and_section,
          file_refusals_name_line_and_key, file_with_a_nul_is_refused,
          unknown_key_suggests_the_nearest, later_voice_wins,
          list_is_replaced_whole_by_a_later_voice,
          foreign_environment_is_left_alone_but_a_slip_is_not, km_81_contradictions_are_refused,
          defaults_that_depend_are_settled, handed_over_configuration_reads_the_same,
          every_failing_allocation_ends_in_a_clean_error)
