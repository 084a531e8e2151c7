/*
 * analysis - what the analysers cannot see from one file: a failure is always false
 *
 * Given to them with -include, before the file. Without it they follow a caller that goes on after
 * a parser failed.
 */
#ifndef CUPEL_TOOLS_ANALYSIS_H
#define CUPEL_TOOLS_ANALYSIS_H

#include "../src/base/err.h"

#define err_fail(...)    (err_fail(__VA_ARGS__), false)
#define err_fail_at(...) (err_fail_at(__VA_ARGS__), false)
#define err_in(...)      (err_in(__VA_ARGS__), false)

#endif
