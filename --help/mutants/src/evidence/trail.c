#include "trail.h"

const char *check_outcome_name(enum check_outcome o)
{
    static const char *const names[] = { "not_run", "ok", "failed" };

    return names[o];
}
