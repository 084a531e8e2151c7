#include "provider.h"

#include "../../tests/check.h"

static bool is_named(uint8_t c)
{
    return c != 0 && strchr("abcdefghijklmnopqrstuvwxyz0123456789-", c) != NULL;
}

static void km_63_a_name_has_no_byte_outside_the_documented_set_wherever_it_stands(void **state)
{
    uint8_t name[] = "contoso-eu7";
    const size_t n = sizeof name - 1;

    (void)state;
    CHECK("as it is", provider_name_fits(span_of(name, n)));
    for (size_t at = 0; at < n; at++) {
        uint8_t before = name[at];

        for (int c = 0; c < 256; c++) {
            bool is_end = at == 0 || at == n - 1;

            name[at] = (uint8_t)c;
            CHECK_INT("fits", provider_name_fits(span_of(name, n)),
                      is_named((uint8_t)c) && !(is_end && c == '-'));
        }
        name[at] = before;
    }
}

static void a_name_has_three_to_twenty_four_bytes(void **state)
{
    static const uint8_t name[64] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    (void)state;
    for (size_t n = 0; n <= 40; n++)
        CHECK_INT("fits", provider_name_fits(span_of(name, n)),
                  n >= PROVIDER_NAME_LEAST && n <= PROVIDER_NAME_MOST);
    CHECK_INT("least", PROVIDER_NAME_LEAST, 3);
    CHECK_INT("most", PROVIDER_NAME_MOST, 24);
}

TEST_MAIN(km_63_a_name_has_no_byte_outside_the_documented_set_wherever_it_stands,
          a_name_has_three_to_twenty_four_bytes)
