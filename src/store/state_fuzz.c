/* Targets: state_parse, state_write */
#include "../../fuzz/fuzz.h"

#include "state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = { 0 };
    struct state *s = state_parse(span_of(data, size), &e);
    struct arena a = arena_over(4 * size + 65536);
    struct writer w = writer_in(&a, size + 16);
    size_t count;

    if (!s) {
        must(e.code != ERR_NONE && e.text[0] != '\0');
        arena_fini(&a);
        return 0;
    }
    must(state_write(&w, s, &e));
    must(span_equal(writer_span(&w), span_of(data, size))); /* one encoding */
    for (size_t i = 0; i < s->instance_count; i++) {
        must(state_instance(s, s->instances[i].name) == &s->instances[i]);
        state_certificates(s, s->instances[i].name, &count);
        must(count <= s->certificate_count);
        state_instance_at(s, s->instances[i].host);
    }
    for (size_t i = 0; i < s->policy_count; i++)
        must(state_policy(s, s->policies[i].instance, s->policies[i].type) != NULL);
    state_release(s);
    arena_fini(&a);
    return 0;
}
