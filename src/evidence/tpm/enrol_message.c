#include "enrol_message.h"

#include "../../base/b64.h"
#include "../../format/json.h"

#define FORMAT "docs/formats/tpm-enrolment.md"

/* ---------------------------------------------------------------- names */

static bool is_name_byte(uint8_t b)
{
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '.' ||
           b == '_' || b == '-';
}

bool enrol_name_check(struct span name, struct err *err)
{
    bool ok = name.n > 0 && name.n <= ENROL_NAME_MAX && name.p[0] != '.';

    for (size_t i = 0; ok && i < name.n; i++)
        ok = is_name_byte(name.p[i]);
    return ok || err_fail(err, ERR_MALFORMED, FORMAT,
                          "a machine's name has 1 to %d letters, digits, '.', '_' or '-', and "
                          "begins with no dot",
                          ENROL_NAME_MAX);
}

static bool is_id(struct span id)
{
    bool ok = id.n == 2 * ENROL_ID_SIZE;

    for (size_t i = 0; ok && i < id.n; i++)
        ok = (id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f');
    return ok;
}

/* ---------------------------------------------------------------- members */

static bool read_name(const struct json *root, struct span *out, struct err *err)
{
    return json_get_string(root, "machine", out, err) &&
           (enrol_name_check(*out, err) || err_in(err, "machine"));
}

static bool read_id(const struct json *root, struct span *out, struct err *err)
{
    if (!json_get_string(root, "id", out, err))
        return false;
    if (is_id(*out))
        return true;
    err_fail(err, ERR_MALFORMED, FORMAT, "an id is %d hexadecimal digits", 2 * ENROL_ID_SIZE);
    return err_in(err, "id");
}

static bool read_bytes(const struct json *root, const char *name, size_t most, struct arena *a,
                       struct span *out, struct err *err)
{
    struct span text = { 0 };

    if (!json_get_string(root, name, &text, err))
        return false;
    if (!b64_read(a, text, B64_URL, out, err))
        return err_in(err, name);
    if (out->n > 0 && out->n <= most)
        return true;
    err_fail(err, out->n ? ERR_LIMIT : ERR_MALFORMED, FORMAT, "%zu bytes, expected 1 to %zu",
             out->n, most);
    return err_in(err, name);
}

/* ---------------------------------------------------------------- reading */

bool enrol_request_parse(struct span text, struct arena *a, struct enrol_request *out,
                         struct err *err)
{
    const struct json *root = NULL;
    struct enrol_request m = { 0 };

    if (!json_parse(text, NULL, a, &root, err) || !read_name(root, &m.machine, err) ||
        !read_bytes(root, "ek_certificate", ENROL_BYTES_MAX, a, &m.ek_cert, err) ||
        !read_bytes(root, "aik_public", ENROL_BYTES_MAX, a, &m.aik_public, err))
        return false;
    *out = m;
    return true;
}

bool enrol_challenge_parse(struct span text, struct arena *a, struct enrol_challenge *out,
                           struct err *err)
{
    const struct json *root = NULL;
    struct enrol_challenge m = { 0 };

    if (!json_parse(text, NULL, a, &root, err) || !read_id(root, &m.id, err) ||
        !read_name(root, &m.machine, err) ||
        !read_bytes(root, "blob", CREDENTIAL_BLOB_MAX, a, &m.credential.blob, err) ||
        !read_bytes(root, "seed", CREDENTIAL_SEED_MAX, a, &m.credential.seed, err))
        return false;
    *out = m;
    return true;
}

bool enrol_answer_parse(struct span text, struct arena *a, struct enrol_answer *out,
                        struct err *err)
{
    const struct json *root = NULL;
    struct enrol_answer m = { 0 };

    if (!json_parse(text, NULL, a, &root, err) || !read_id(root, &m.id, err) ||
        !read_bytes(root, "secret", CREDENTIAL_SECRET_MAX, a, &m.secret, err))
        return false;
    *out = m;
    return true;
}

/* ---------------------------------------------------------------- writing */

static void put_text(struct writer *w, const char *before, struct span text)
{
    write_text(w, before);
    json_write_string(w, text);
}

static void put_bytes(struct writer *w, const char *before, struct span bytes)
{
    write_text(w, before);
    write_u8(w, '"');
    b64_write_url(w, bytes);
    write_u8(w, '"');
}

void enrol_request_write(struct writer *w, const struct enrol_request *m)
{
    put_text(w, "{\"machine\":", m->machine);
    put_bytes(w, ",\"ek_certificate\":", m->ek_cert);
    put_bytes(w, ",\"aik_public\":", m->aik_public);
    write_text(w, "}\n");
}

void enrol_challenge_write(struct writer *w, const struct enrol_challenge *m)
{
    put_text(w, "{\"id\":", m->id);
    put_text(w, ",\"machine\":", m->machine);
    put_bytes(w, ",\"blob\":", m->credential.blob);
    put_bytes(w, ",\"seed\":", m->credential.seed);
    write_text(w, "}\n");
}

void enrol_answer_write(struct writer *w, const struct enrol_answer *m)
{
    put_text(w, "{\"id\":", m->id);
    put_bytes(w, ",\"secret\":", m->secret);
    write_text(w, "}\n");
}
