/* Targets: issuer_image_parse, issuer_image_write, issuer_ask_parse */
#include "../../fuzz/fuzz.h"

#include "issuer_image.h"

static void try_image(struct span bytes)
{
    static uint8_t again[ISSUER_IMAGE_MAX];
    struct writer w = writer_over(again, sizeof again);
    struct issuer_image m;
    struct err e = { 0 };

    if (!issuer_image_parse(bytes, &m, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        return;
    }
    must(m.count <= BEARER_ISSUERS_MAX);
    must(issuer_image_write(&w, &m, &e));
    must(span_equal(writer_span(&w), bytes)); /* one encoding */
}

static void try_ask(struct span packet)
{
    uint8_t again[ISSUER_ASK_SIZE];
    struct writer w = writer_over(again, sizeof again);
    struct err e = { 0 };
    uint32_t issuer = 0;

    if (!issuer_ask_parse(packet, &issuer, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        return;
    }
    issuer_ask_write(&w, issuer);
    must(issuer < BEARER_ISSUERS_MAX && span_equal(writer_span(&w), packet));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_image(span_of(data, size));
    try_ask(span_of(data, size));
    return 0;
}
