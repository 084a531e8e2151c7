#include "message.h"

#include "../../base/b64.h"
#include "../../format/json.h"
#include "request.h"

#define CONTRACT "the TPM contract, 1"

/* The message inside its wrapper, if it has one. */
static bool unwrap(struct span text, struct arena *a, const struct json **out, bool *is_wrapped,
                   struct err *err)
{
    struct json_limits limits = json_limits_default;
    const struct json *root = NULL;

    limits.bytes = TPM_REQUEST_MAX + 1024; /* the request and what stands around it */
    if (!json_parse(text, &limits, a, &root, err))
        return false;
    if (root->type != JSON_OBJECT)
        return err_fail(err, ERR_MALFORMED, CONTRACT, "needs an object, found a %s",
                        json_type_name(root->type));
    *is_wrapped = json_member(root, "payload") != NULL;
    *out = root;
    return !*is_wrapped || json_get_object(root, "payload", out, err);
}

bool tpm_message_parse(struct span text, struct arena *a, struct tpm_message *out, struct err *err)
{
    const struct json *m = NULL;
    struct tpm_message message = { 0 };
    struct span type = { 0 };

    if (!unwrap(text, a, &m, &message.is_wrapped, err))
        return false;
    if (json_member(m, "request")) {
        if (json_member(m, "type"))
            return err_fail(err, ERR_MALFORMED, CONTRACT, "holds a type and a request");
        message.kind = TPM_MESSAGE_REQUEST;
        if (!json_get_string(m, "request", &message.request, err))
            return false;
    } else if (!json_get_string(m, "type", &type, err)) {
        return false;
    } else if (!span_is(type, "aikcert")) {
        err_fail(err, ERR_MALFORMED, CONTRACT, "is not \"aikcert\", the only type there is");
        return err_in(err, "type");
    }
    *out = message;
    return true;
}

static void open_message(struct writer *w, bool is_wrapped)
{
    write_text(w, is_wrapped ? "{\"payload\":{" : "{");
}

static void close_message(struct writer *w, bool is_wrapped)
{
    write_text(w, is_wrapped ? "}}" : "}");
}

void tpm_message_write_challenge(struct writer *w, bool is_wrapped, struct span challenge,
                                 struct span context)
{
    open_message(w, is_wrapped);
    write_text(w, "\"challenge\":\"");
    b64_write_url(w, challenge);
    write_text(w, "\",\"service_context\":\"");
    b64_write_url(w, context);
    write_text(w, "\"");
    close_message(w, is_wrapped);
}

static void write_one(struct writer *w, bool is_wrapped, const char *name, struct span text)
{
    open_message(w, is_wrapped);
    write_format(w, "\"%s\":", name);
    json_write_string(w, text);
    close_message(w, is_wrapped);
}

void tpm_message_write_report(struct writer *w, bool is_wrapped, struct span token)
{
    write_one(w, is_wrapped, "report", token);
}

void tpm_message_write_init(struct writer *w, bool is_wrapped)
{
    write_one(w, is_wrapped, "type", span_str("aikcert"));
}

void tpm_message_write_request(struct writer *w, bool is_wrapped, struct span jws)
{
    write_one(w, is_wrapped, "request", jws);
}

static bool read_bytes(const struct json *m, const char *name, struct arena *a, struct span *out,
                       struct err *err)
{
    struct span text = { 0 };

    return json_get_string(m, name, &text, err) &&
           (b64_read(a, text, B64_URL, out, err) || err_in(err, name));
}

bool tpm_message_read_challenge(struct span text, struct arena *a, struct span *challenge,
                                struct span *context, struct err *err)
{
    const struct json *m = NULL;
    bool ignored;

    return unwrap(text, a, &m, &ignored, err) && read_bytes(m, "challenge", a, challenge, err) &&
           read_bytes(m, "service_context", a, context, err);
}

bool tpm_message_read_report(struct span text, struct arena *a, struct span *token, struct err *err)
{
    const struct json *m = NULL;
    bool ignored;

    return unwrap(text, a, &m, &ignored, err) && json_get_string(m, "report", token, err);
}
