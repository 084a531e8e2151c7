/*
 * test_vectors - the logs of the reference vectors one by one, for the tests of this room
 */
#ifndef CUPEL_EVIDENCE_TPM_TEST_VECTORS_H
#define CUPEL_EVIDENCE_TPM_TEST_VECTORS_H

#include "../../../tests/check.h"
#include "../../format/json.h"
#include "boot.h"

#include <dirent.h>

/* Its header says four vendor bytes, and they stand behind it instead of in it. */
#define VECTOR_BROKEN "t2-specid-vendordata"

struct vector_log {
    char name[512]; /* "tpm/linux/t2-event" */
    struct span bytes;
    const struct json *facts; /* of the expected.json beside it */
    struct arena arena;
};

typedef void vector_visit(const struct vector_log *v, void *arg);

static inline bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);

    return n > m && strcmp(s + n - m, tail) == 0;
}

/* The member "facts", or for the lab's folders the member "log". */
static inline void vector_run(const char *log, const char *expected, vector_visit *visit, void *arg)
{
    struct vector_log v = { .arena = arena_over(64u << 20) };
    struct span json = check_vector(expected);
    const struct json *root = NULL;
    struct err e = { 0 };

    snprintf(v.name, sizeof v.name, "%s", log);
    v.bytes = check_vector(log);
    CHECK_OK(log, json_parse(json, NULL, &v.arena, &root, &e), e);
    v.facts = json_member(root, "facts") ? json_member(root, "facts") : json_member(root, "log");
    CHECK(log, v.bytes.n > 0);
    CHECK(log, v.facts != NULL);
    visit(&v, arg);
    arena_fini(&v.arena);
    free((void *)(uintptr_t)v.bytes.p);
    free((void *)(uintptr_t)json.p);
}

static inline size_t vector_folder(const char *folder, vector_visit *visit, void *arg)
{
    char path[600], log[700];
    struct dirent *entry;
    size_t count = 0;
    DIR *dir;

    snprintf(path, sizeof path, "%s/%s", check_vectors(), folder);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_DIR) {
            count += vector_folder(path, visit, arg);
        } else if (ends_with(path, VECTOR_BROKEN ".expected.json")) {
            continue;
        } else if (ends_with(path, ".expected.json")) {
            snprintf(log, sizeof log, "%.*s.bin", (int)(strlen(path) - strlen(".expected.json")),
                     path);
            vector_run(log, path, visit, arg);
            count++;
        }
    }
    if (dir)
        closedir(dir);
    return count;
}

/* Visits every log of the vectors with its expected facts; how many there were. */
static inline size_t vector_each(vector_visit *visit, void *arg)
{
    static const char *const lab[] = { "sbon", "sboff", "snake" };
    size_t count =
        vector_folder("tpm/linux", visit, arg) + vector_folder("tpm/windows", visit, arg);

    for (size_t i = 0; i < COUNT(lab); i++) {
        char log[64], expected[64];

        snprintf(log, sizeof log, "tpm/lab/%s/log.bin", lab[i]);
        snprintf(expected, sizeof expected, "tpm/lab/%s/expected.json", lab[i]);
        vector_run(log, expected, visit, arg);
        count++;
    }
    return count;
}

#endif
