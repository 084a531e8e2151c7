#include "../../tests/check.h"

#include "signer_message.h"

static uint8_t buffer[SIGNER_PACKET_MAX];
static uint8_t bytes[SIGNER_HASH_MAX + 1];

static struct signer_request sign_request(void)
{
    return (struct signer_request){
        .kind = SIGNER_SIGN, .id = 0x1122334455667788, .key_index = 3, .hash = span_str("hash of X")
    };
}

static struct signer_answer keys_answer(void)
{
    return (struct signer_answer){ .kind = SIGNER_KEYS,
                                   .id = 9,
                                   .key_count = 2,
                                   .keys = { { .alg = SIG_RS256,
                                               .kty = "RSA",
                                               .kid = span_str("k1"),
                                               .is_report = true,
                                               .cert = span_str("der1"),
                                               .issuers = { span_str("ca"), span_str("root") },
                                               .issuer_count = 2 },
                                             { .alg = SIG_ES384,
                                               .kty = "EC",
                                               .kid = span_str("k2"),
                                               .cert = span_str("der2") } } };
}

static struct span request_bytes(const struct signer_request *q)
{
    struct writer w = writer_over(buffer, sizeof buffer);
    struct err e = { 0 };

    CHECK_OK("write", signer_request_write(&w, q, &e), e);
    return writer_span(&w);
}

static struct span answer_bytes(const struct signer_answer *a)
{
    struct writer w = writer_over(buffer, sizeof buffer);
    struct err e = { 0 };

    CHECK_OK("write", signer_answer_write(&w, a, &e), e);
    return writer_span(&w);
}

static void request_reads_what_was_written(void **state)
{
    struct signer_request want = sign_request(), got;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("sign", signer_request_parse(request_bytes(&want), &got, &e), e);
    CHECK_INT("kind", got.kind, SIGNER_SIGN);
    CHECK("id", got.id == want.id);
    CHECK_INT("key", got.key_index, 3);
    CHECK_TEXT("hash", got.hash, "hash of X");

    want = (struct signer_request){ .kind = SIGNER_KEYS, .id = 7 };
    CHECK_OK("keys", signer_request_parse(request_bytes(&want), &got, &e), e);
    CHECK_INT("kind", got.kind, SIGNER_KEYS);
    CHECK_INT("hash", got.hash.n, 0);
}

static void request_has_the_bytes_of_the_format_page(void **state)
{
    static const uint8_t want[] = "CSG\x02\x01\0\0\0\x88\x77\x66\x55\x44\x33\x22\x11\x03\0\0\0"
                                  "\x09\0\0\0hash of X";
    struct signer_request q = sign_request();
    (void)state;

    CHECK_SPAN("sign", request_bytes(&q), span_of(want, sizeof want - 1));
}

static void answer_reads_what_was_written(void **state)
{
    struct signer_answer want = keys_answer(), got;
    struct err e = { 0 };
    (void)state;

    CHECK_OK("keys", signer_answer_parse(answer_bytes(&want), &got, &e), e);
    CHECK_INT("count", got.key_count, 2);
    CHECK_TEXT("kid", got.keys[1].kid, "k2");
    CHECK_TEXT("cert", got.keys[0].cert, "der1");
    CHECK("use", got.keys[0].is_report && !got.keys[1].is_report);
    CHECK_INT("issuers", got.keys[0].issuer_count, 2);
    CHECK_TEXT("issuer", got.keys[0].issuers[1], "root");
    CHECK_INT("none", got.keys[1].issuer_count, 0);
    CHECK("kty", strcmp(got.keys[0].kty, "RSA") == 0 && strcmp(got.keys[1].kty, "EC") == 0);
    CHECK_INT("alg", got.keys[1].alg, SIG_ES384);

    want = (struct signer_answer){ .kind = SIGNER_SIGN, .id = 1, .signature = span_str("sig") };
    CHECK_OK("sign", signer_answer_parse(answer_bytes(&want), &got, &e), e);
    CHECK_TEXT("signature", got.signature, "sig");

    want = (struct signer_answer){ .kind = SIGNER_SIGN, .id = 1, .status = SIGNER_NO_SUCH_KEY };
    CHECK_OK("refusal", signer_answer_parse(answer_bytes(&want), &got, &e), e);
    CHECK_INT("status", got.status, SIGNER_NO_SUCH_KEY);
}

#define HEAD(kind)                                                                                 \
    "CSG\x02" kind "\0\0\0"                                                                        \
    "\x01\0\0\0\0\0\0\0"
#define BYTES(text)                                                                                \
    {                                                                                              \
        (const uint8_t *)(text), sizeof(text) - 1                                                  \
    }

static void request_refusals_name_the_field(void **state)
{
    /* clang-format off */
    static const struct { const char *name; struct span in; enum err_code code; const char *path; } rows[] = {
        { "nothing",            { NULL, 0 },                                  ERR_MALFORMED,   "request.magic" },
        { "other magic",        BYTES("CSH\x01\x01\0\0\0"),                   ERR_UNSUPPORTED, "request.magic" },
        { "earlier version",    BYTES("CSG\x01\x01\0\0\0"),                   ERR_UNSUPPORTED, "request.magic" },
        { "kind 0",             BYTES(HEAD("\0")),                            ERR_UNSUPPORTED, "request.kind" },
        { "kind 3",             BYTES(HEAD("\x03")),                          ERR_UNSUPPORTED, "request.kind" },
        { "no id",              BYTES("CSG\x02\x01\0\0\0"),                   ERR_MALFORMED,   "request.id" },
        { "no key",             BYTES(HEAD("\x01")),                          ERR_MALFORMED,   "request.key_index" },
        { "no hash",           BYTES(HEAD("\x01") "\0\0\0\0"),               ERR_MALFORMED,   "request.hash" },
        { "empty hash",        BYTES(HEAD("\x01") "\0\0\0\0\0\0\0\0"),       ERR_MALFORMED,   "request.hash" },
        { "longer than said",   BYTES(HEAD("\x01") "\0\0\0\0\x01\0\0\0ab"),   ERR_MALFORMED,   "request" },
        { "shorter than said",  BYTES(HEAD("\x01") "\0\0\0\0\x03\0\0\0ab"),   ERR_MALFORMED,   "request.hash" },
        { "hash over limit",   BYTES(HEAD("\x01") "\0\0\0\0\x41\0\0\0ab"), ERR_LIMIT,       "request.hash" },
        { "hash of 4 GiB",     BYTES(HEAD("\x01") "\0\0\0\0\xff\xff\xff\xff"), ERR_LIMIT,     "request.hash" },
        { "keys with a body",   BYTES(HEAD("\x02") "\0"),                     ERR_MALFORMED,   "request" },
    };
    /* clang-format on */
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct signer_request q;
        struct err e = { 0 };

        CHECK(rows[i].name, !signer_request_parse(rows[i].in, &q, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void answer_refusals_name_the_field(void **state)
{
    /* clang-format off */
    static const struct { const char *name; struct span in; enum err_code code; const char *path; } rows[] = {
        { "no status",          BYTES(HEAD("\x01")),                          ERR_MALFORMED,   "answer.status" },
        { "status 3",           BYTES(HEAD("\x01") "\x03\0\0\0"),             ERR_UNSUPPORTED, "answer.status" },
        { "failed with bytes",  BYTES(HEAD("\x01") "\x02\0\0\0x"),            ERR_MALFORMED,   "answer" },
        { "no signature",       BYTES(HEAD("\x01") "\0\0\0\0\0\0\0\0"),       ERR_MALFORMED,   "answer.signature" },
        { "signature over limit", BYTES(HEAD("\x01") "\0\0\0\0\x01\x04\0\0"), ERR_LIMIT,       "answer.signature" },
        { "no keys",            BYTES(HEAD("\x02") "\0\0\0\0\0\0\0\0"),       ERR_LIMIT,       "answer.keys" },
        { "ten keys",           BYTES(HEAD("\x02") "\0\0\0\0\x0a\0\0\0"),     ERR_LIMIT,       "answer.keys" },
        { "unknown algorithm",  BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x05\0\0\0"), ERR_UNSUPPORTED, "answer.keys.alg" },
        { "no use",             BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x01\0\0\0"), ERR_MALFORMED, "answer.keys.use" },
        { "use 3",              BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x01\0\0\0\x03\0\0\0"), ERR_UNSUPPORTED, "answer.keys.use" },
        { "no kid",             BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0"), ERR_MALFORMED, "answer.keys.kid" },
        { "kid over limit",     BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x81\0\0\0"), ERR_LIMIT, "answer.keys.kid" },
        { "cert over limit",    BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0k\x01\x20\0\0"), ERR_LIMIT, "answer.keys.cert" },
        { "four issuers",       BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0k\x01\0\0\0c\x04\0\0\0"), ERR_LIMIT, "answer.keys.issuers" },
        { "no issuer",          BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0k\x01\0\0\0c\x01\0\0\0\0\0\0\0"), ERR_MALFORMED, "answer.keys.issuers" },
        { "chain over limit",   BYTES(HEAD("\x02") "\0\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0k\x01\0\0\0c\x01\0\0\0\0\x20\0\0"), ERR_LIMIT, "answer.keys.issuers" },
        { "one key of two",     BYTES(HEAD("\x02") "\0\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0k\x01\0\0\0c\0\0\0\0"), ERR_MALFORMED, "answer.keys.alg" },
    };
    /* clang-format on */
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct signer_answer a;
        struct err e = { 0 };

        CHECK(rows[i].name, !signer_answer_parse(rows[i].in, &a, &e));
        CHECK_ERR(rows[i].name, e, rows[i].code, rows[i].path);
    }
}

static void writers_refuse_what_could_not_be_read_back(void **state)
{
    struct signer_request q = sign_request();
    struct signer_answer a = keys_answer();
    struct writer w = writer_over(buffer, sizeof buffer);
    struct err e = { 0 };
    (void)state;

    q.hash = span_of(bytes, SIGNER_HASH_MAX);
    CHECK_OK("longest hash", signer_request_write(&w, &q, &e), e);
    q.hash.n++;
    CHECK("too long", !signer_request_write(&w, &q, &e));
    CHECK_ERR("too long", e, ERR_LIMIT, "request.hash");

    err_clear(&e);
    a.keys[1].alg = SIG_RS512;
    CHECK("algorithm", !signer_answer_write(&w, &a, &e));
    CHECK_ERR("algorithm", e, ERR_UNSUPPORTED, "answer.keys.alg");

    err_clear(&e);
    a = keys_answer();
    a.keys[0].issuers[1] = span_of(bytes, 0);
    CHECK("empty issuer", !signer_answer_write(&w, &a, &e));
    CHECK_ERR("empty issuer", e, ERR_MALFORMED, "answer.keys.issuers");

    err_clear(&e);
    w = writer_over(buffer, 10);
    q = sign_request();
    CHECK("room", !signer_request_write(&w, &q, &e));
    CHECK_INT("room", e.code, ERR_LIMIT);
}

static void every_truncation_is_refused(void **state)
{
    struct signer_answer a = keys_answer();
    struct signer_request q = sign_request();
    struct span whole = answer_bytes(&a);
    uint8_t copy[256];
    (void)state;

    memcpy(copy, whole.p, whole.n);
    for (size_t n = 0; n < whole.n; n++) {
        struct signer_answer got;
        struct err e = { 0 };
        CHECK("answer", !signer_answer_parse(span_of(copy, n), &got, &e));
    }
    whole = request_bytes(&q);
    for (size_t n = 0; n < whole.n; n++) {
        struct signer_request got;
        struct err e = { 0 };
        CHECK("request", !signer_request_parse(span_part(whole, 0, n), &got, &e));
    }
}

static void no_flipped_bit_passes_for_the_same_message(void **state)
{
    struct signer_request q = sign_request();
    struct span whole = request_bytes(&q);
    uint8_t copy[256], again[256];
    (void)state;

    memcpy(copy, whole.p, whole.n);
    for (size_t bit = 0; bit < whole.n * 8; bit++) {
        struct writer w = writer_over(again, sizeof again);
        struct signer_request got;
        struct err e = { 0 };

        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (signer_request_parse(span_of(copy, whole.n), &got, &e)) {
            CHECK_OK("again", signer_request_write(&w, &got, &e), e);
            CHECK_SPAN("again", writer_span(&w), span_of(copy, whole.n));
        }
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

TEST_MAIN(request_reads_what_was_written, request_has_the_bytes_of_the_format_page,
          answer_reads_what_was_written, request_refusals_name_the_field,
          answer_refusals_name_the_field, writers_refuse_what_could_not_be_read_back,
          every_truncation_is_refused, no_flipped_bit_passes_for_the_same_message)
