/*
 * Everything made again and compared with a table of golden hashes.
 */
#include "lab_in.h"

#include "../src/base/hex.h"
#include "../src/base/utf8.h"
#include "../src/format/json.h"

#include <string.h>

enum { SCENARIO_MEMORY = 16 * 1024 * 1024, NAME_ROOM = 64 };

struct comparison {
    struct writer *report;
    struct lab_golden_result *result;
    struct err *err;
};

/* One line of the report. */
static void differ(const struct comparison *c, const char *name, const char *what, struct span got,
                   struct span want)
{
    c->result->differences++;
    write_format(c->report, "%s: %s is ", name, what);
    write_bytes(c->report, got);
    write_text(c->report, ", golden is ");
    write_bytes(c->report, want);
    write_text(c->report, "\n");
}

static struct span text_of(const char *s)
{
    return s ? span_str(s) : span_str("none");
}

/* The member's text; "none" where it is absent. */
static struct span member_text(const struct json *object, const char *name)
{
    const struct json *m = json_member(object, name);

    return m && m->type == JSON_STRING ? m->text : span_str("none");
}

static void compare_outcome(const struct comparison *c, const struct lab_scenario *row,
                            const struct json *golden)
{
    const struct json *expect = json_member(golden, "expect");
    struct span status = member_text(expect, "status"), reason = member_text(expect, "reason");

    if (!span_equal(text_of(row->status), status))
        differ(c, row->name, "status", text_of(row->status), status);
    if (!span_equal(text_of(row->reason), reason))
        differ(c, row->name, "reason", text_of(row->reason), reason);
}

static bool compare_artifact(const struct comparison *c, const struct lab_scenario *row,
                             const struct lab_artifact *made, const struct json *hashes)
{
    uint8_t hash[32], text[64];
    struct writer w = writer_over(text, sizeof text);
    struct span want = member_text(hashes, made->name);

    if (!lab_sha256(made->bytes, hash, c->err))
        return false;
    hex_write(&w, span_of(hash, sizeof hash));
    c->result->artifacts++;
    if (!span_equal(writer_span(&w), want))
        differ(c, row->name, made->name, writer_span(&w), want);
    return true;
}

static bool compare_made(const struct comparison *c, const struct lab_scenario *row,
                         const struct json *golden, struct arena *a)
{
    struct lab_sgx_set set;
    struct lab_artifact list[LAB_SGX_ARTIFACTS];
    const struct json *hashes = json_member(golden, "sha256");

    if (!lab_sgx_make_scenario(row->name, 0, a, &set, c->err))
        return false;
    lab_sgx_artifacts(&set, list);
    for (size_t i = 0; i < COUNT(list); i++)
        if (!compare_artifact(c, row, &list[i], hashes))
            return false;
    return true;
}

/* Only kinds that the lab makes are compared byte for byte; every outcome is. */
static bool compare_scenario(const struct comparison *c, const struct json *golden)
{
    char name[NAME_ROOM];
    struct span id = member_text(golden, "id");
    const struct lab_scenario *row = lab_scenario_find(utf8_show(id, name, sizeof name));
    struct arena a = arena_over(SCENARIO_MEMORY);
    bool ok = true;

    c->result->scenarios++;
    if (!row) {
        differ(c, name, "the scenario", span_str("unknown here"), id);
        return true;
    }
    compare_outcome(c, row, golden);
    if (strcmp(row->kind, "sgx") == 0)
        ok = compare_made(c, row, golden, &a) || err_in(c->err, row->name);
    else
        c->result->skipped++;
    arena_fini(&a);
    return ok;
}

static bool compare_all(const struct comparison *c, struct span json, struct arena *a)
{
    const struct json *root, *list;

    if (!json_parse(json, &json_limits_default, a, &root, c->err) ||
        !json_get_array(root, "scenarios", &list, c->err))
        return false;
    for (const struct json *s = list->child; s; s = s->next)
        if (!compare_scenario(c, s))
            return false;
    return true;
}

/* A row that the table does not have would never be compared. */
static void compare_count(const struct comparison *c)
{
    size_t rows = 0;

    (void)lab_scenarios(&rows);
    if (rows == c->result->scenarios)
        return;
    c->result->differences++;
    write_format(c->report, "the lab knows %zu scenarios, the golden table has %zu\n", rows,
                 c->result->scenarios);
}

bool lab_verify_golden(struct span json, struct writer *report, struct lab_golden_result *out,
                       struct err *err)
{
    struct arena a = arena_over(64 * 1024 * 1024);
    struct lab_golden_result result = { 0 };
    struct comparison c = { .report = report, .result = &result, .err = err };
    struct span written = { 0 };
    bool ok = compare_all(&c, json, &a);

    arena_fini(&a);
    if (!ok)
        return err_in(err, "golden");
    compare_count(&c);
    if (!writer_done(report, &written, err))
        return false;
    *out = result;
    return true;
}
