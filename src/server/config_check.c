#include "config_check.h"

#include <pwd.h>

#include "../host/file.h"
#include "tls.h"

enum { FILE_LIMIT = 4 * 1024 * 1024, CHECK_MEMORY = 4 * FILE_LIMIT };

static bool read_file(const struct config *c, enum config_id id, struct arena *a, struct span *out,
                      struct err *err)
{
    return file_read(c->text[id], FILE_LIMIT, a, out, err) || err_in(err, config_keys[id].name);
}

static bool check_pair(const struct config *c, struct arena *a, struct err *err)
{
    struct span chain, key;
    struct tls_context *tls;

    if (!c->text[CONFIG_TLS_CERT])
        return true; /* one is made at the start */
    if (!read_file(c, CONFIG_TLS_CERT, a, &chain, err) ||
        !read_file(c, CONFIG_TLS_KEY, a, &key, err))
        return false;
    tls = tls_context_new(chain, key, err);
    if (!tls)
        return err_in(err, "tls_cert");
    tls_context_free(tls);
    return true;
}

static bool check_anchors(const struct config *c, enum config_id id, struct arena *a,
                          struct err *err)
{
    struct span pem;

    if (!c->text[id])
        return true;
    return read_file(c, id, a, &pem, err) &&
           (tls_anchors_check(pem, err) || err_in(err, config_keys[id].name));
}

static bool check_user(const char *name, struct err *err)
{
    return !name || getpwnam(name) ||
           err_fail(err, ERR_MISSING, NULL, "there is no user \"%.60s\"", name) ||
           err_in(err, "user");
}

bool config_check_files(const struct config *c, struct err *err)
{
    struct arena a = arena_over(CHECK_MEMORY);
    bool is_well = check_pair(c, &a, err) && check_anchors(c, CONFIG_TLS_CLIENT_CA, &a, err) &&
                   check_anchors(c, CONFIG_TOKEN_ISSUER_CA, &a, err) &&
                   check_user(c->text[CONFIG_USER], err);

    arena_fini(&a);
    return is_well;
}
