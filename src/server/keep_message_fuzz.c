/* Targets: keep_pipe_take, keep_answer_parse, keep_notes_next, keep_lost_parse */
#include "../../fuzz/fuzz.h"

#include "keep_message.h"

static void try_bodies(const struct keep_message *m)
{
    struct arena a = arena_over(1 << 24);
    struct writer w = writer_in(&a, 1024);
    struct keep_answer answer;
    struct store_note n;
    struct err e = { 0 }, why = { 0 }, other = { 0 };
    uint64_t lost;
    int64_t at;
    size_t place = 0;

    if (keep_answer_parse(m->body, m->kind, &answer, &e)) {
        must(keep_answer_write(&w, m->kind, &answer, &e));
        must(span_equal(writer_span(&w), m->body));
    } else {
        must(e.code != ERR_NONE);
    }
    while (keep_notes_next(m->body, &place, &n, &why))
        must(place <= m->body.n);
    must(why.code != ERR_NONE || place == m->body.n);
    must(keep_lost_parse(m->body, &lost, &at, &other) == (m->body.n == 16));
    arena_fini(&a);
}

/* The input is cut into packets: a length of two bytes, and as many bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    struct keep_pipe p;
    bool is_well = true;

    keep_pipe_init(&p, -1);
    while (rest.n > 2 && is_well) {
        size_t n = (size_t)rest.p[0] | (size_t)rest.p[1] << 8;
        struct span packet = span_part(rest, 2, n);
        struct keep_message m;
        struct err e = { 0 };
        bool is_whole;

        rest = span_part(rest, 2 + packet.n, rest.n);
        is_well = keep_pipe_take(&p, packet, &m, &is_whole, &e);
        must(is_well || (e.code != ERR_NONE && e.text[0] != '\0'));
        if (is_well && is_whole)
            try_bodies(&m);
    }
    keep_pipe_fini(&p);
    return 0;
}
