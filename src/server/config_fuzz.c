/* Targets: config_read_text, config_write_handed, config_read_handed, config_list_next */
#include "../../fuzz/fuzz.h"

#include <string.h>

#include "config.h"

/* What was read is handed over and read again: the other process sees the same. */
static void must_hand_over(const struct config *c)
{
    struct arena a = arena_over(1024 * 1024);
    struct writer w = writer_in(&a, 4096);
    struct config again;
    struct err e = { 0 };
    struct span text;

    config_write_handed(&w, c);
    must(writer_done(&w, &text, &e));
    must(config_init(&again, &e) && config_read_handed(&again, text, &e));
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        must(!c->text[i] == !again.text[i]);
        must(!c->text[i] || strcmp(c->text[i], again.text[i]) == 0);
        must(c->number[i] == again.number[i]);
    }
    config_fini(&again);
    arena_fini(&a);
}

static void must_stay_within_the_rows(const struct config *c)
{
    size_t at = 0;
    struct span word;

    must(!c->number[CONFIG_DEV] && !c->text[CONFIG_INSECURE_JUDGE_AT]); /* flags only */
    must(c->number[CONFIG_WORKERS] >= 0 && c->number[CONFIG_WORKERS] <= 256);
    must(c->number[CONFIG_SIGNING_ALG] >= 0 && c->number[CONFIG_SIGNING_ALG] < 4);
    while (config_list_next(c, CONFIG_ROOTS, &at, &word))
        must(word.n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config c;
    struct err e = { 0 };

    must(config_init(&c, &e));
    if (config_read_text(&c, span_of(data, size), &e)) {
        must_stay_within_the_rows(&c);
        must_hand_over(&c);
    } else {
        must(e.code != ERR_NONE && e.text[0] != '\0');
    }
    config_fini(&c);
    return 0;
}
