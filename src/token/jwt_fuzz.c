/* Targets: jws_parse, jwt_parse, jwt_verify
 *
 * What must be true: what parses has one spelling, so its decoded segments encode to the text
 * again; the only signing input that verifies is the one that the key below has signed; a refusal
 * has a code and a sentence and gives nothing out. */
#include "jwt.h"

#include "../../fuzz/fuzz.h"
#include "../base/b64.h"
#include "../format/jws.h"

/* A key set of ours and the one thing that its key signed. The private half is gone. */
static const char key_set[] =
    "{\"keys\":[{\"x5c\":[\"MIIBhTCCAS2gAwIBAgIBATAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFodHRwczovL"
    "2EuZXhhbXBsZTAeFw0yMzExMTQyMjEzMjBaFw00OTAzMjIwNDI2NDBaMBwxGjAYBgNVBAMMEWh0dHBzOi8vYS5le"
    "GFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfRe41HAxtgKQfVKO+qObSQXGcqbLc/IKbceSLPR1HYxXx"
    "T4qA5op5Q9GvftRbKUEatJUDSgt3CPf6eCQghhTq6NgMF4wDAYDVR0TAQH/BAIwADAOBgNVHQ8BAf8EBAMCB4AwH"
    "QYDVR0OBBYEFEVxGQjQWAszudWwsDJIzBhb1QVNMB8GA1UdIwQYMBaAFEVxGQjQWAszudWwsDJIzBhb1QVNMAoGC"
    "CqGSM49BAMCA0YAMEMCHwf0y/yhpZljRHZnMH2jAm1qlzoHW2DxSqz8HkMqA2ICIEPCxECk+OGAKW6AR7NUp2BzR"
    "F0g5vCxjDZYfGBhnFL4\"],\"kid\":\"k\",\"kty\":\"EC\"}]}";
static const char signed_input[] =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ.eyJleHAiOjE5MDAwMDAwMDAsImlhdCI6MTgwM"
    "DAwMDAwMCwiaXNzIjoiaHR0cHM6Ly9hLmV4YW1wbGUiLCJqdGkiOiIwIiwibmJmIjoxODAwMDAwMDAwLCJ4LW1zL"
    "WF0dGVzdGF0aW9uLXR5cGUiOiJzZ3giLCJ4LW1zLXZlciI6IjEuMCJ9";

static void must_encode_to(const struct jwt_parts *p, struct span text, struct arena *a)
{
    struct writer w = writer_in(a, text.n + 16);

    b64_write_url(&w, p->header);
    write_u8(&w, '.');
    b64_write_url(&w, p->payload);
    must(span_equal(writer_span(&w), p->signing_input));
    write_u8(&w, '.');
    b64_write_url(&w, p->signature);
    must(span_equal(writer_span(&w), text));
}

static void must_verify_only_what_was_signed(struct crypto *c, const struct jwks *keys,
                                             struct span text, bool is_management)
{
    struct jwt_check_wish wish = { .now = 1850000000, .issuer = span_str("https://a.example") };
    struct arena a = arena_over(64 << 20);
    struct jwt_parts parts = { 0 };
    struct err e = { 0 };

    wish.is_management = is_management;
    if (jwt_verify(c, text, keys, &wish, &a, &parts, &e))
        must(!is_management && span_is(parts.signing_input, signed_input));
    else
        must(e.code != ERR_NONE && e.text[0] != '\0' && !parts.payload_json);
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto *c; /* costly to make, and the same for every input */
    static struct jwks *keys;
    struct span text = span_of(data, size);
    struct arena a = arena_over(64 << 20);
    struct jwt_parts parts = { 0 };
    struct err e = { 0 };

    if (!c)
        c = crypto_new(&e);
    if (!keys)
        keys = jwks_new(c, span_str(key_set), &e);
    must(c && keys);
    if (jwt_parse(text, &a, &parts, &e)) {
        must_encode_to(&parts, text, &a);
        must(parts.header_json->type == JSON_OBJECT && parts.payload_json->type == JSON_OBJECT);
        must(json_member(parts.header_json, "alg") && !json_member(parts.header_json, "crit"));
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0' && !parts.payload_json);
    }
    arena_fini(&a);
    must_verify_only_what_was_signed(c, keys, text, false);
    must_verify_only_what_was_signed(c, keys, text, true);
    return 0;
}
