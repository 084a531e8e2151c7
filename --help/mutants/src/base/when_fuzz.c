/* Targets: when_read, when_read_any, when_str
 *
 * What must be true: when_read has one text for each moment; what it takes when_read_any takes,
 * too; what either takes lies within a day of the years 1970 to 9999 (offsets), or is seconds. */
#include "when.h"

#include "../../fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    int64_t strict = -1, any = -1;
    struct err e = { 0 };
    char buf[WHEN_TEXT];

    if (when_read(text, &strict, &e)) {
        must(strict >= 0 && strict <= 253402300799);
        must(span_is(text, when_str(strict, buf)));
        must(when_read_any(text, &any, &e) && any == strict);
    } else {
        must(e.code == ERR_MALFORMED && e.text[0] != '\0' && strict == -1);
    }
    err_clear(&e);
    if (when_read_any(text, &any, &e))
        must(any > -86400 && any < 1000000000000);
    else
        must(e.code == ERR_MALFORMED && e.text[0] != '\0' && any == -1);
    return 0;
}
