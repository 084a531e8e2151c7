/*
 * store_test - what the tests of this room share: a crypto context, a folder, and every engine
 */
#ifndef CUPEL_STORE_STORE_TEST_H
#define CUPEL_STORE_STORE_TEST_H

#include "../../tests/check.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite.h"

enum { NOW = 1700000000 };

static char folder[64];
static char store_path[96];
static struct crypto *crypto;

static inline struct store *open_sqlite(enum sqlite_mode mode, struct err *e)
{
    const struct sqlite_wish wish = { .path = store_path, .mode = mode, .now = NOW, .busy_ms = -1 };

    return store_sqlite_open(&wish, crypto, e);
}

static inline struct store *make_sqlite(struct err *e)
{
    return open_sqlite(SQLITE_MAY_MAKE, e);
}

static inline struct store *make_memory(struct err *e)
{
    return store_memory_new(crypto, e);
}

static const struct {
    const char *name;
    struct store *(*make)(struct err *e);
} engines[] = { { "memory", make_memory }, { "sqlite", make_sqlite } };

static inline void setup(void)
{
    struct err e = { 0 };

    snprintf(folder, sizeof folder, "/tmp/cupel-store-XXXXXX");
    CHECK("folder", mkdtemp(folder) != NULL);
    snprintf(store_path, sizeof store_path, "%s/cupel.db", folder);
    crypto = crypto_new(&e);
    CHECK_OK("crypto", crypto != NULL, e);
}

static inline void clear_folder(void)
{
    DIR *d = opendir(folder);
    char path[400];

    for (struct dirent *f = d ? readdir(d) : NULL; f; f = readdir(d)) {
        snprintf(path, sizeof path, "%s/%s", folder, f->d_name);
        if (f->d_name[0] != '.')
            unlink(path);
    }
    if (d)
        closedir(d);
}

static inline void teardown(void)
{
    clear_folder();
    rmdir(folder);
    crypto_free(crypto);
    crypto = NULL;
}

/* Runs a test once for each engine, each time with an empty store. */
/* NOLINTBEGIN(bugprone-macro-parentheses): the arguments are names to declare */
#define FOR_EACH_ENGINE(s, row)                                                                    \
    for (size_t row##_i = 0; row##_i < COUNT(engines); row##_i++)                                  \
        for (struct store *s = open_engine(row##_i); s; s = close_engine(s))                       \
            for (const char *row = engines[row##_i].name; row; row = NULL)
/* NOLINTEND(bugprone-macro-parentheses) */

static inline struct store *open_engine(size_t i)
{
    struct err e = { 0 };
    struct store *s;

    setup();
    s = engines[i].make(&e);
    CHECK_OK(engines[i].name, s != NULL, e);
    return s;
}

static inline struct store *close_engine(struct store *s)
{
    store_free(s);
    teardown();
    return NULL;
}

#endif
