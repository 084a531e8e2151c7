#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../host/file.h"
#include "listen.h"

enum { FILE_MAX = 65536, HANDED_MAX = 131072 };

static bool read_file(struct config *c, const char *path, struct err *err)
{
    struct span text;

    return file_read(path, FILE_MAX, &c->arena, &text, err) && config_read_text(c, text, err);
}

static const char *environment_find(const char *const *environment, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; environment[i]; i++) {
        if (strncmp(environment[i], name, n) == 0 && environment[i][n] == '=' &&
            environment[i][n + 1] != '\0')
            return environment[i] + n + 1;
    }
    return NULL;
}

/* The file to read is known before anything else is: from the arguments, else the environment. */
static bool find_file(int argc, const char *const *argv, const char *const *environment,
                      const char **out, struct err *err)
{
    struct config early;
    bool is_well = config_init(&early, err) && config_read_arguments(&early, argc, argv, err);

    *out = environment_find(environment, "CUPEL_CONFIG");
    for (int i = 0; is_well && early.text[CONFIG_FILE] && i < argc; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            *out = argv[i] + 9;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            *out = argv[i + 1];
    }
    config_fini(&early);
    return is_well;
}

static bool settle(struct config *c, enum config_id id, const char *format, const char *value,
                   struct err *err)
{
    struct writer w = writer_in(&c->arena, 64);
    struct span text;

    write_text(&w, format);
    write_text(&w, value);
    write_u8(&w, 0);
    if (!writer_done(&w, &text, err))
        return false;
    c->text[id] = (const char *)text.p;
    return true;
}

static bool settle_data_dir(struct config *c, const char *const *environment, struct err *err)
{
    const char *given = environment_find(environment, "STATE_DIRECTORY");
    const char *home = environment_find(environment, "HOME");
    char here[2048];

    if (c->text[CONFIG_DATA_DIR] && c->text[CONFIG_DATA_DIR][0] == '/')
        return true;
    if (c->text[CONFIG_DATA_DIR]) {
        if (!getcwd(here, sizeof here - 1))
            return err_fail(err, ERR_IO, NULL, "the working directory has no name: %s",
                            strerror(errno));
        memcpy(here + strlen(here), "/", sizeof "/");
        return settle(c, CONFIG_DATA_DIR, here, c->text[CONFIG_DATA_DIR], err);
    }
    if (given)
        return settle(c, CONFIG_DATA_DIR, "", given, err);
    if (geteuid() == 0 || !home)
        return settle(c, CONFIG_DATA_DIR, "", "/var/lib/cupel", err);
    snprintf(here, sizeof here, "%s/.local/share/cupel", home);
    return settle(c, CONFIG_DATA_DIR, "", here, err);
}

static bool settle_admin(struct config *c, struct err *err)
{
    const char *listen = c->text[CONFIG_LISTEN];
    bool is_free = c->number[CONFIG_DEV] || strcmp(strrchr(listen, ':'), ":0") == 0;

    if (c->text[CONFIG_ADMIN_LISTEN])
        return true;
    return settle(c, CONFIG_ADMIN_LISTEN, "127.0.0.1:", is_free ? "0" : "8444", err);
}

bool config_load(struct config *c, int argc, const char *const *argv,
                 const char *const *environment, struct err *err)
{
    const char *file;

    if (!config_init(c, err) || !find_file(argc, argv, environment, &file, err))
        return false;
    if (file && !read_file(c, file, err))
        return err_in(err, file);
    return config_read_environment(c, environment, err) &&
           config_read_arguments(c, argc, argv, err) && settle_data_dir(c, environment, err) &&
           settle_admin(c, err) && config_check(c, err);
}

static bool write_sealed(int fd, struct span text, struct err *err)
{
    const int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

    return (write(fd, text.p, text.n) == (ssize_t)text.n && fcntl(fd, F_ADD_SEALS, seals) == 0) ||
           err_fail(err, ERR_IO, NULL, "the configuration cannot be handed over: %s",
                    strerror(errno));
}

bool config_hand_over(const struct config *c, int *out, struct err *err)
{
    struct arena a = arena_over(HANDED_MAX * 2);
    struct writer w = writer_in(&a, 4096);
    struct span text = { 0 };
    int fd = memfd_create("cupel-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool is_handed = false;

    config_write_handed(&w, c);
    if (fd < 0)
        err_fail(err, ERR_IO, NULL, "no memory file: %s", strerror(errno));
    else
        is_handed = writer_done(&w, &text, err) && write_sealed(fd, text, err);
    arena_fini(&a);
    if (is_handed)
        *out = fd;
    else if (fd >= 0)
        close(fd);
    return is_handed;
}

bool config_receive(struct config *c, int fd, struct err *err)
{
    uint8_t *text = arena_alloc(&c->arena, 1, HANDED_MAX);
    ssize_t n = text ? pread(fd, text, HANDED_MAX, 0) : -1;

    if (!text)
        return arena_fail(&c->arena, err);
    if (n < 0 || n == HANDED_MAX)
        return err_fail(err, ERR_INTERNAL, NULL, "the configuration was not handed over whole");
    return config_read_handed(c, span_of(text, (size_t)n), err);
}

static bool fail_key(struct err *err, enum config_id id, const char *text)
{
    return err_fail(err, ERR_MALFORMED, NULL, "%s", text) || err_in(err, config_keys[id].name);
}

static bool is_loopback(const struct config *c, enum config_id id)
{
    struct listen_address a;
    struct err unused = { 0 };

    return !c->text[id] ||
           (listen_address_read(span_str(c->text[id]), &a, &unused) && listen_address_is_local(&a));
}

static bool check_dev(const struct config *c, struct err *err)
{
    if (c->number[CONFIG_DEV] && !is_loopback(c, CONFIG_LISTEN))
        return fail_key(err, CONFIG_LISTEN, "--dev is for this machine only: a loopback address");
    if (c->number[CONFIG_DEV] && !is_loopback(c, CONFIG_ADMIN_LISTEN))
        return fail_key(err, CONFIG_ADMIN_LISTEN,
                        "--dev is for this machine only: a loopback address");
    if (c->is_said[CONFIG_INSECURE_JUDGE_AT] && !c->number[CONFIG_DEV])
        return fail_key(err, CONFIG_INSECURE_JUDGE_AT, "goes with --dev only");
    return true;
}

static bool check_tls(const struct config *c, struct err *err)
{
    bool has_cert = c->text[CONFIG_TLS_CERT], has_key = c->text[CONFIG_TLS_KEY];

    if (has_cert != has_key)
        return fail_key(err, has_cert ? CONFIG_TLS_KEY : CONFIG_TLS_CERT,
                        "tls_cert and tls_key go together, and one is missing");
    if (!has_cert && !c->number[CONFIG_DEV])
        return fail_key(err, CONFIG_TLS_CERT,
                        "is missing: the server's certificate, or --dev, which makes one");
    return true;
}

static bool check_signing(const struct config *c, struct err *err)
{
    const char *alg = c->text[CONFIG_SIGNING_ALG];

    if (c->is_said[CONFIG_SIGNING_KEY_BITS] && strncmp(alg, "ES", 2) == 0)
        return fail_key(err, CONFIG_SIGNING_KEY_BITS,
                        "is for RSA: the size of an ES256 or ES384 key is fixed");
    return true;
}

/* An issuer is compared letter by letter, so it has one form: a scheme and an authority, no path.
 */
static bool check_base_url(const struct config *c, struct err *err)
{
    const char *url = c->text[CONFIG_BASE_URL];

    if (!url)
        return true;
    if (strncmp(url, "https://", 8) != 0 || url[8] == '\0')
        return fail_key(err, CONFIG_BASE_URL, "must begin with https:// and name a host");
    if (strpbrk(url + 8, "/?# \"\\") || strlen(url) > 200)
        return fail_key(err, CONFIG_BASE_URL,
                        "is scheme, host and port only, without a path or a slash at the end");
    return true;
}

static bool check_report(const struct config *c, struct err *err)
{
    bool has_key = c->text[CONFIG_REPORT_KEY], has_chain = c->text[CONFIG_REPORT_CHAIN];

    return has_key == has_chain ||
           fail_key(err, has_key ? CONFIG_REPORT_CHAIN : CONFIG_REPORT_KEY,
                    "report_key and report_chain go together, and one is missing");
}

bool config_check(const struct config *c, struct err *err)
{
    return check_dev(c, err) && check_tls(c, err) && check_signing(c, err) &&
           check_base_url(c, err) && check_report(c, err);
}

static void write_flag(struct writer *w, const struct config_key *k)
{
    write_text(w, "  --");
    for (const char *s = k->name; *s != '\0'; s++)
        write_u8(w, *s == '_' ? '-' : (uint8_t)*s);
    if (k->unit)
        write_format(w, " %s", k->unit);
    write_format(w, "\n        %s", k->meaning);
    if (k->fallback)
        write_format(w, " [%s]", k->fallback);
    write_text(w, "\n");
}

void config_write_help(struct writer *w)
{
    write_text(w, "usage: cupeld [--config FILE] [--listen ADDR:PORT] [--data-dir DIR] [--dev] "
                  "[--check-config] [FLAG ...]\n\n"
                  "Each flag but the last few is also a key of the configuration file (listen = "
                  "...)\nand of the environment (CUPEL_LISTEN).\n\n");
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        write_flag(w, &config_keys[i]);
}
