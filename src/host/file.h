/*
 * file - whole files, read with a limit and replaced atomically
 *
 * Why      keys, collateral, server and cli all read files and may not include one another; this
 * room is the one place under them, and above the purity line, where a path becomes bytes Errors
 * missing (no such file), limit, io; the path in the text
 */
#ifndef CUPEL_HOST_FILE_H
#define CUPEL_HOST_FILE_H

#include "../base/arena.h"
#include "../base/writer.h"

enum { FILE_PATH_MAX = 4096 };

/* The bytes of a file ("-": standard input), at most `limit`, in the arena, with a NUL behind them
 * that is not counted. */
bool file_read(const char *path, size_t limit, struct arena *a, struct span *out,
               struct err *err) MUST_USE;

/* As file_read; a file that is not there gives an empty span and true. */
bool file_read_optional(const char *path, size_t limit, struct arena *a, struct span *out,
                        struct err *err) MUST_USE;

/* Writes beside the path, syncs and renames, so that a reader sees the old bytes or the new, never
 * a part. */
bool file_replace(const char *path, struct span bytes, unsigned mode, struct err *err) MUST_USE;

/* For a path that a person named: as file_replace where a file is or nothing; through a link, to
 * the file behind it; and into a device or a pipe, which stays what it is. */
bool file_put(const char *path, struct span bytes, unsigned mode, struct err *err) MUST_USE;

/* Makes a directory unless it is there. */
bool file_make_dir(const char *path, unsigned mode, struct err *err) MUST_USE;

/* "dir/name" in the arena; NULL when there is no room. */
const char *file_join(struct arena *a, const char *dir, const char *name);

/* Takes a directory for this process alone, among those that ask, until the process ends; `wait`:
 * until the one that has it lets go. Errors: conflict (another has it), missing, io. */
bool file_claim_dir(const char *path, bool wait, struct err *err) MUST_USE;

bool file_is_dir(const char *path);
bool file_exists(const char *path);

/* The names in a directory, sorted, without "." and "..". */
bool file_list(const char *path, struct arena *a, const char *const **names, size_t *count,
               struct err *err) MUST_USE;

#endif
