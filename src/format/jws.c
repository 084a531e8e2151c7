#include "jws.h"

#include "../base/b64.h"

#include <string.h>

enum { HEADER, PAYLOAD, SIGNATURE, SEGMENTS };

static const char *const segment_names[SEGMENTS] = { "header", "payload", "signature" };

/* Finds the two dots and looks for a third; nothing is allocated for however many there are. */
static bool split(struct span text, struct span out[SEGMENTS], struct err *err)
{
    for (int i = 0; i < SEGMENTS; i++) {
        const uint8_t *dot = text.n ? memchr(text.p, '.', text.n) : NULL;

        if (!dot != (i == SIGNATURE))
            return err_fail(err, ERR_MALFORMED, "RFC 7515, 7.1",
                            "expected three segments with two dots between them, found %s",
                            dot ? "more dots" : "fewer");
        out[i] = span_part(text, 0, dot ? (size_t)(dot - text.p) : text.n);
        text = span_part(text, out[i].n + 1, text.n);
    }
    return true;
}

static bool decode(struct span segment, int which, struct arena *a, struct span *out,
                   struct err *err)
{
    if (which == HEADER && segment.n > JWS_HEADER_MAX / 3 * 4) {
        err_fail(err, ERR_LIMIT, NULL, "is %zu characters long, %d are allowed", segment.n,
                 JWS_HEADER_MAX / 3 * 4);
        return err_in(err, segment_names[which]);
    }
    return b64_read(a, segment, B64_URL, out, err) || err_in(err, segment_names[which]);
}

/* Members that change what the rest means must be understood or refused; none is understood. */
static bool check_extensions(const struct json *header, struct err *err)
{
    static const char *const names[] = { "crit", "b64", "zip" };

    /*= RFC 7515, 4.1.11 */
    /*# If any of the listed extension Header Parameters are not understood and supported by the
     *# recipient, then the JWS is invalid. */
    for (size_t i = 0; i < COUNT(names); i++)
        if (json_member(header, names[i])) {
            err_fail(err, ERR_UNSUPPORTED, "RFC 7515, 4.1.11", "extensions of JWS are not taken");
            return err_in(err, names[i]);
        }
    return true;
}

static bool read_header(struct jws *j, struct arena *a, struct err *err)
{
    struct json_limits limits = json_limits_default;

    limits.bytes = JWS_HEADER_MAX;
    limits.depth = JWS_HEADER_DEPTH;
    limits.nodes = JWS_HEADER_NODES;
    if (!json_parse(j->header, &limits, a, &j->header_json, err))
        return false;
    if (j->header_json->type != JSON_OBJECT)
        return err_fail(err, ERR_MALFORMED, "RFC 7515, 4", "must be an object, found %s",
                        json_type_name(j->header_json->type));
    return json_get_string(j->header_json, "alg", &j->alg, err) &&
           check_extensions(j->header_json, err);
}

static bool check_signature_is_there(const struct jws *j, struct err *err)
{
    if (j->is_unsecured == (j->signature.n == 0))
        return true;
    err_fail(err, ERR_MALFORMED, "RFC 7518, 3.6",
             j->is_unsecured ? "must be empty when the algorithm is none, found %zu bytes"
                             : "is needed unless the algorithm is none, found %zu bytes",
             j->signature.n);
    return err_in(err, "signature");
}

bool jws_parse_within(struct span text, size_t most, struct arena *a, struct jws *out,
                      struct err *err)
{
    struct span segments[SEGMENTS];
    struct jws j = { 0 };

    if (text.n > most)
        return err_fail(err, ERR_LIMIT, NULL, "is %zu characters long, %zu are allowed", text.n,
                        most);
    if (!split(text, segments, err))
        return false;
    if (!decode(segments[HEADER], HEADER, a, &j.header, err) ||
        !decode(segments[PAYLOAD], PAYLOAD, a, &j.payload, err) ||
        !decode(segments[SIGNATURE], SIGNATURE, a, &j.signature, err))
        return false;
    if (!read_header(&j, a, err))
        return err_in(err, "header");
    j.signing_input = span_part(text, 0, segments[HEADER].n + 1 + segments[PAYLOAD].n);
    j.is_unsecured = span_is(j.alg, "none");
    if (!check_signature_is_there(&j, err))
        return false;
    *out = j;
    return true;
}

bool jws_parse(struct span text, struct arena *a, struct jws *out, struct err *err)
{
    return jws_parse_within(text, JWS_BYTES_MAX, a, out, err);
}
