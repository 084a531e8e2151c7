#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, NAMES_MAX = 4096 };

static bool fail_system(struct err *err, const char *what, const char *path)
{
    return err_fail(err, errno == ENOENT ? ERR_MISSING : ERR_IO, NULL, "%s %.100s: %s", what, path,
                    strerror(errno));
}

static bool read_all(int fd, const char *path, size_t limit, struct arena *a, struct span *out,
                     struct err *err)
{
    struct writer w = writer_in(a, CHUNK);

    for (;;) {
        uint8_t *room = write_room(&w, CHUNK);
        ssize_t n = room ? read(fd, room, CHUNK) : -1;

        if (!room)
            return writer_done(&w, out, err);
        if (n < 0 && errno == EINTR)
            n = 0;
        else if (n < 0)
            return fail_system(err, "cannot read", path);
        else if (n == 0) {
            w.n -= CHUNK;
            break;
        }
        w.n -= CHUNK - (size_t)n;
        if (w.n > limit)
            return err_fail(err, ERR_LIMIT, NULL, "%.100s is longer than %zu bytes", path, limit);
    }
    write_u8(&w, 0);
    if (!writer_done(&w, out, err))
        return false;
    out->n--;
    return true;
}

bool file_read(const char *path, size_t limit, struct arena *a, struct span *out, struct err *err)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    bool ok;

    if (fd < 0)
        return fail_system(err, "cannot open", path);
    ok = read_all(fd, path, limit, a, out, err);
    if (fd != STDIN_FILENO)
        close(fd);
    return ok;
}

bool file_read_optional(const char *path, size_t limit, struct arena *a, struct span *out,
                        struct err *err)
{
    *out = (struct span){ 0 };
    return !file_exists(path) || file_read(path, limit, a, out, err);
}

static bool write_all(int fd, struct span bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);

        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            bytes = span_part(bytes, (size_t)n, bytes.n);
    }
    return true;
}

static void sync_dir_of(const char *path)
{
    char dir[FILE_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd;

    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

bool file_replace(const char *path, struct span bytes, unsigned mode, struct err *err)
{
    char beside[FILE_PATH_MAX];
    bool ok;
    int fd, n;

    n = snprintf(beside, sizeof beside, "%s.new-%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof beside)
        return err_fail(err, ERR_LIMIT, NULL, "the path is longer than %d bytes", FILE_PATH_MAX);
    unlink(beside);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return fail_system(err, "cannot create", beside);
    ok = write_all(fd, bytes) && fsync(fd) == 0;
    ok = (close(fd) == 0) && ok;
    if (!ok || rename(beside, path) != 0) {
        fail_system(err, "cannot write", path);
        unlink(beside);
        return false;
    }
    sync_dir_of(path);
    return true;
}

/* Into what is there, without a change of its kind. */
static bool write_into(const char *path, struct span bytes, unsigned mode, struct err *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    bool ok;

    if (fd < 0)
        return fail_system(err, "cannot create", path);
    ok = write_all(fd, bytes) || fail_system(err, "cannot write", path);
    if (close(fd) != 0 && ok)
        ok = fail_system(err, "cannot write", path);
    return ok;
}

bool file_put(const char *path, struct span bytes, unsigned mode, struct err *err)
{
    char behind[PATH_MAX];
    struct stat st;

    if (lstat(path, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
        return file_replace(path, bytes, mode, err);
    if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && realpath(path, behind))
        return file_replace(behind, bytes, mode, err);
    return write_into(path, bytes, mode, err);
}

bool file_make_dir(const char *path, unsigned mode, struct err *err)
{
    if (mkdir(path, (mode_t)mode) == 0 || (errno == EEXIST && file_is_dir(path)))
        return true;
    return fail_system(err, "cannot make the directory", path);
}

/* The lock lies on the directory itself: what is in it may be replaced by a rename. */
bool file_claim_dir(const char *path, bool wait, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return fail_system(err, "cannot open the directory", path);
    while (flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == EWOULDBLOCK)
            err_fail(err, ERR_CONFLICT, NULL, "another process has %.100s", path);
        else
            fail_system(err, "cannot lock the directory", path);
        close(fd);
        return false;
    }
    return true;
}

const char *file_join(struct arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir) + strlen(name) + 2;
    char *p = arena_alloc(a, n, 1);

    if (p)
        snprintf(p, n, "%s/%s", dir, name);
    return p;
}

bool file_is_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool collect(DIR *d, struct arena *a, const char **list, size_t *count, struct err *err)
{
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (*count == NAMES_MAX)
            return err_fail(err, ERR_LIMIT, NULL, "a directory holds more than %d names",
                            NAMES_MAX);
        list[*count] = (const char *)arena_dup(a, span_str(e->d_name)).p;
        if (!list[(*count)++])
            return arena_fail(a, err);
    }
    return true;
}

bool file_list(const char *path, struct arena *a, const char *const **names, size_t *count,
               struct err *err)
{
    const char **list = ARENA_ARRAY(a, const char *, NAMES_MAX);
    DIR *d;
    bool ok;

    if (!list)
        return arena_fail(a, err);
    d = opendir(path);
    if (!d)
        return fail_system(err, "cannot open the directory", path);
    *count = 0;
    ok = collect(d, a, list, count, err);
    closedir(d);
    if (ok && *count > 0)
        qsort(list, *count, sizeof *list, by_name);
    *names = (const char *const *)list;
    return ok;
}
