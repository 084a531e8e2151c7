/* Targets: enrol_request_parse, enrol_challenge_parse, enrol_answer_parse and their writers */
#include "enrol_message.h"

#include "../../../fuzz/fuzz.h"

static void must_be_told(const struct err *e)
{
    must(e->code != ERR_NONE && e->text[0] != '\0');
}

/* What was read is written and read to the same. */
static void try_request(struct span text, struct arena *a)
{
    struct enrol_request m, again;
    struct writer w = writer_in(a, text.n);
    struct err e = { 0 };

    if (!enrol_request_parse(text, a, &m, &e)) {
        must_be_told(&e);
        return;
    }
    enrol_request_write(&w, &m);
    must(enrol_request_parse(writer_span(&w), a, &again, &e));
    must(span_equal(m.machine, again.machine) && span_equal(m.ek_cert, again.ek_cert) &&
         span_equal(m.aik_public, again.aik_public));
}

static void try_challenge(struct span text, struct arena *a)
{
    struct enrol_challenge m, again;
    struct writer w = writer_in(a, text.n);
    struct err e = { 0 };

    if (!enrol_challenge_parse(text, a, &m, &e)) {
        must_be_told(&e);
        return;
    }
    enrol_challenge_write(&w, &m);
    must(enrol_challenge_parse(writer_span(&w), a, &again, &e));
    must(span_equal(m.id, again.id) && span_equal(m.credential.blob, again.credential.blob) &&
         span_equal(m.credential.seed, again.credential.seed));
}

static void try_answer(struct span text, struct arena *a)
{
    struct enrol_answer m, again;
    struct writer w = writer_in(a, text.n);
    struct err e = { 0 };

    if (!enrol_answer_parse(text, a, &m, &e)) {
        must_be_told(&e);
        return;
    }
    enrol_answer_write(&w, &m);
    must(enrol_answer_parse(writer_span(&w), a, &again, &e));
    must(span_equal(m.id, again.id) && span_equal(m.secret, again.secret));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = arena_over(16 << 20);
    struct span text = span_of(data, size);

    try_request(text, &a);
    try_challenge(text, &a);
    try_answer(text, &a);
    arena_fini(&a);
    return 0;
}
