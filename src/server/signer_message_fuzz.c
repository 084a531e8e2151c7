/* Targets: signer_request_parse, signer_answer_parse and their writers */
#include "../../fuzz/fuzz.h"

#include "signer_message.h"

static uint8_t again[SIGNER_PACKET_MAX];

static void must_be(const struct writer *w, struct span packet)
{
    must(span_equal(writer_span(w), packet));
}

static void try_request(struct span packet)
{
    struct writer w = writer_over(again, sizeof again);
    struct signer_request q;
    struct err e = { 0 };

    if (!signer_request_parse(packet, &q, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        return;
    }
    must(q.hash.n <= SIGNER_HASH_MAX);
    must(signer_request_write(&w, &q, &e));
    must_be(&w, packet); /* one encoding: what parses is written back */
}

static void try_answer(struct span packet)
{
    struct writer w = writer_over(again, sizeof again);
    struct signer_answer a;
    struct err e = { 0 };

    if (!signer_answer_parse(packet, &a, &e)) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        return;
    }
    must(a.key_count <= SIGNER_KEYS_MAX && a.signature.n <= SIGNER_SIGNATURE_MAX);
    must(signer_answer_write(&w, &a, &e));
    must_be(&w, packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_request(span_of(data, size));
    try_answer(span_of(data, size));
    return 0;
}
