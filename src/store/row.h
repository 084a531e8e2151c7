/*
 * row - records as tables describe them: columns by name, type, place in the struct and limit
 *
 * Shape    a record is a struct; a table names its columns, the key columns first, the seal last.
 *          One encoding: integers as 8 bytes little-endian, text and bytes with a length of 4
 *          before them. It is what is sealed, hashed into the audit chain and sent over channels
 * Seal     SHA-256 of the table's name, a zero byte, and the encoding of all columns but the seal
 * Borrows  row_read: every span points into what was read
 * Errors   malformed (text that is not UTF-8 or holds a NUL), limit (a column over its limit)
 */
#ifndef CUPEL_STORE_ROW_H
#define CUPEL_STORE_ROW_H

#include "../base/reader.h"
#include "../base/writer.h"
#include "../crypto/crypto.h"

enum { ROW_COLUMNS_MAX = 24, ROW_SEAL_SIZE = SHA256_SIZE };

enum column_type { COLUMN_INT, COLUMN_TEXT, COLUMN_BYTES };

struct column {
    const char *name;
    enum column_type type;
    size_t offset; /* of an int64_t or a struct span */
    size_t most;   /* bytes of text or bytes */
};

struct table {
    const char *name;
    const struct column *columns;
    size_t column_count; /* the last one is the seal */
    size_t key_count;    /* the first columns are the key, in this order */
    size_t second;       /* a text column that rows are found by, too; 0: none */
    size_t size;         /* of the struct */
};

/* The value of a column of that row. */
int64_t row_int(const struct column *c, const void *row);
struct span row_span(const struct column *c, const void *row);
void row_set_int(const struct column *c, void *row, int64_t v);
void row_set_span(const struct column *c, void *row, struct span s);

/* Tells whether a table can hold the row. The path is "table.column". */
bool row_check(const struct table *t, const void *row, struct err *err) MUST_USE;

/* Writes the row without its seal; what row_read reads. */
void row_write(struct writer *w, const struct table *t, const void *row);

/* Reads a row that row_check would pass; the seal stays empty. A failure is the reader's. */
void row_read(struct reader *r, const struct table *t, void *row);

/* The seal of a row. */
bool row_seal(struct crypto *c, const struct table *t, const void *row, uint8_t out[ROW_SEAL_SIZE],
              struct err *err) MUST_USE;

/* Copies every span of the row into the arena. */
bool row_dup(struct arena *a, const struct table *t, void *row, struct err *err) MUST_USE;

/* Orders by the first `count` key columns. */
int row_compare(const struct table *t, const void *a, const void *b, size_t count);

#endif
