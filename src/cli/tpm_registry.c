#include "tpm_registry.h"

#include "../base/b64.h"
#include "../format/json.h"
#include "../host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FORMAT "docs/formats/tpm-enrolment.md"

enum { PRIVATE = 0600, PRIVATE_DIR = 0700 };

/* ---------------------------------------------------------------- the folder */

const char *registry_path(const struct tpm_registry *r, const char *name)
{
    return file_join(r->arena, r->dir, name);
}

static bool make_folders(const struct tpm_registry *r, struct err *err)
{
    static const char *const folders[] = { "pending", "machines" };

    for (size_t i = 0; i < COUNT(folders); i++) {
        const char *path = registry_path(r, folders[i]);

        if (!path)
            return arena_fail(r->arena, err);
        if (!file_make_dir(path, PRIVATE_DIR, err))
            return false;
    }
    return true;
}

static bool lock(struct tpm_registry *r, struct err *err)
{
    const char *path = registry_path(r, "lock");

    if (!path)
        return arena_fail(r->arena, err);
    r->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, PRIVATE);
    while (r->lock_fd >= 0 && flock(r->lock_fd, LOCK_EX) != 0)
        if (errno != EINTR) {
            close(r->lock_fd);
            r->lock_fd = -1;
        }
    return r->lock_fd >= 0 ||
           err_fail(err, ERR_IO, NULL, "cannot lock %.100s: %s", path, strerror(errno));
}

bool registry_open(const char *dir, struct arena *a, struct tpm_registry *out, struct err *err)
{
    struct tpm_registry r = { .dir = dir, .arena = a, .lock_fd = -1 };

    if (!file_is_dir(dir))
        return err_fail(err, ERR_MISSING, FORMAT,
                        "%.100s is no registry: make one with cupel tpm registry init", dir);
    if (!lock(&r, err))
        return false;
    if (!make_folders(&r, err)) {
        registry_close(&r);
        return false;
    }
    *out = r;
    return true;
}

void registry_close(struct tpm_registry *r)
{
    if (r->dir && r->lock_fd >= 0)
        close(r->lock_fd);
    *r = (struct tpm_registry){ .lock_fd = -1 };
}

/* The names were checked: none leads out of the folder. */
static const char *path_of(const struct tpm_registry *r, const char *folder, struct span name,
                           struct err *err)
{
    char file[128];
    const char *path;

    snprintf(file, sizeof file, "%s/%.*s.json", folder, SPAN_ARG(name));
    path = registry_path(r, file);
    if (!path)
        arena_fail(r->arena, err);
    return path;
}

/* ---------------------------------------------------------------- machines */

static void put_text(struct writer *w, const char *before, struct span text)
{
    write_text(w, before);
    json_write_string(w, text);
}

static bool write_file(const struct tpm_registry *r, const char *path, const struct writer *w,
                       struct err *err)
{
    if (w->has_failed)
        return arena_fail(r->arena, err);
    return file_replace(path, writer_span(w), PRIVATE, err);
}

bool registry_put(const struct tpm_registry *r, const struct registry_machine *m, struct err *err)
{
    struct writer w = writer_in(r->arena, 4096);
    const char *path = path_of(r, "machines", m->machine, err);

    put_text(&w, "{\"machine\":", m->machine);
    put_text(&w, ",\"ek_cert_hash\":", m->ek_cert_hash);
    put_text(&w, ",\"ek_key_hash\":", m->ek_key_hash);
    put_text(&w, ",\"aik_hash\":", m->aik_hash);
    put_text(&w, ",\"enrolled\":", m->enrolled);
    put_text(&w, ",\"certificate\":", b64_dup_url(r->arena, m->certificate));
    write_text(&w, "}\n");
    return path && write_file(r, path, &w, err);
}

static bool read_machine(const struct tpm_registry *r, const char *path,
                         struct registry_machine *out, struct err *err)
{
    struct registry_machine m = { 0 };
    struct span text = { 0 }, certificate = { 0 };
    const struct json *root = NULL;

    if (!file_read(path, REGISTRY_FILE_MAX, r->arena, &text, err))
        return false;
    if (!json_parse(text, NULL, r->arena, &root, err) ||
        !json_get_string(root, "machine", &m.machine, err) ||
        !json_get_string(root, "ek_cert_hash", &m.ek_cert_hash, err) ||
        !json_get_string(root, "ek_key_hash", &m.ek_key_hash, err) ||
        !json_get_string(root, "aik_hash", &m.aik_hash, err) ||
        !json_get_string(root, "enrolled", &m.enrolled, err) ||
        !json_get_string(root, "certificate", &certificate, err) ||
        !b64_read(r->arena, certificate, B64_URL, &m.certificate, err))
        return err_in(err, path);
    *out = m;
    return true;
}

static bool is_json_file(const char *name)
{
    size_t n = strlen(name);

    return n > 5 && strcmp(name + n - 5, ".json") == 0;
}

bool registry_list(const struct tpm_registry *r, const struct registry_machine **out, size_t *count,
                   struct err *err)
{
    const char *dir = registry_path(r, "machines");
    struct registry_machine *all;
    const char *const *names = NULL;
    size_t n = 0, found = 0;

    if (!dir)
        return arena_fail(r->arena, err);
    if (!file_list(dir, r->arena, &names, &n, err))
        return false;
    all = ARENA_ARRAY(r->arena, struct registry_machine, n);
    if (!all)
        return arena_fail(r->arena, err);
    for (size_t i = 0; i < n; i++) {
        const char *path = file_join(r->arena, dir, names[i]);

        if (!path)
            return arena_fail(r->arena, err);
        if (is_json_file(names[i]) && !read_machine(r, path, &all[found++], err))
            return false;
    }
    *out = all;
    *count = found;
    return true;
}

bool registry_admit(const struct tpm_registry *r, struct span machine, struct span ek_key_hash,
                    struct err *err)
{
    const struct registry_machine *all = NULL;
    size_t count = 0;

    if (!registry_list(r, &all, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool is_name = span_equal(all[i].machine, machine);
        bool is_key = span_equal(all[i].ek_key_hash, ek_key_hash);

        if (is_name && !is_key)
            return err_fail(err, ERR_CONFLICT, FORMAT,
                            "\"%.*s\" is enrolled with another endorsement key since %.*s",
                            SPAN_ARG(machine), SPAN_ARG(all[i].enrolled));
        if (is_key && !is_name)
            return err_fail(err, ERR_CONFLICT, FORMAT,
                            "this endorsement key is enrolled as \"%.*s\" since %.*s",
                            SPAN_ARG(all[i].machine), SPAN_ARG(all[i].enrolled));
    }
    return true;
}

/* Gone, and known to be gone. */
static bool forget(const char *path, const char *what, struct err *err)
{
    if (unlink(path) == 0)
        return true;
    return errno == ENOENT
               ? err_fail(err, ERR_MISSING, FORMAT, "there is no such %s", what)
               : err_fail(err, ERR_IO, NULL, "cannot remove %.100s: %s", path, strerror(errno));
}

bool registry_remove(const struct tpm_registry *r, struct span machine, struct err *err)
{
    const char *path = path_of(r, "machines", machine, err);

    return path && forget(path, "machine", err);
}

/* ---------------------------------------------------------------- challenges */

bool registry_put_pending(const struct tpm_registry *r, const struct registry_pending *p,
                          struct err *err)
{
    struct writer w = writer_in(r->arena, 4096);
    const char *path = path_of(r, "pending", p->id, err);

    put_text(&w, "{\"machine\":", p->request.machine);
    put_text(&w, ",\"ek_certificate\":", b64_dup_url(r->arena, p->request.ek_cert));
    put_text(&w, ",\"aik_public\":", b64_dup_url(r->arena, p->request.aik_public));
    put_text(&w, ",\"secret_hash\":", b64_dup_url(r->arena, p->secret_hash));
    write_text(&w, ",\"until\":");
    write_decimal(&w, p->until);
    write_text(&w, "}\n");
    return path && write_file(r, path, &w, err);
}

static bool read_pending(const struct tpm_registry *r, struct span text,
                         struct registry_pending *out, struct err *err)
{
    const struct json *root = NULL;
    struct span hash = { 0 };

    return enrol_request_parse(text, r->arena, &out->request, err) &&
           json_parse(text, NULL, r->arena, &root, err) &&
           json_get_string(root, "secret_hash", &hash, err) &&
           b64_read(r->arena, hash, B64_URL, &out->secret_hash, err) &&
           json_get_int(root, "until", &out->until, err);
}

bool registry_take_pending(const struct tpm_registry *r, struct span id,
                           struct registry_pending *out, struct err *err)
{
    const char *path = path_of(r, "pending", id, err);
    struct registry_pending p = { .id = id };
    struct span text = { 0 };

    if (!path)
        return false;
    if (!file_exists(path))
        return err_fail(err, ERR_MISSING, FORMAT,
                        "no challenge of that id waits for an answer: each is answered once");
    if (!file_read(path, REGISTRY_FILE_MAX, r->arena, &text, err) ||
        !forget(path, "challenge", err))
        return false;
    if (!read_pending(r, text, &p, err))
        return err_in(err, "pending");
    *out = p;
    return true;
}
