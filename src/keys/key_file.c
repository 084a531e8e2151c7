#include "key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../format/pem.h"
#include "../host/file.h"

enum { KEY_FILE_MAX = 16384, CERT_FILE_MAX = 65536 };

static bool fail_file(struct err *err, const char *path, const char *what)
{
    return err_fail(err, ERR_IO, NULL, "%.120s %s: %s", path, what, strerror(errno));
}

/* A key file must be a plain file that nobody else can read. */
static bool key_file_is_private(int fd, const char *path, size_t *size, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return fail_file(err, path, "cannot be looked at");
    if (!S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > KEY_FILE_MAX)
        return err_fail(err, ERR_MALFORMED, NULL, "%.120s is not a file of 1 to %d bytes", path,
                        KEY_FILE_MAX);
    if ((st.st_mode & 077) != 0)
        return err_fail(err, ERR_UNTRUSTED, NULL,
                        "%.100s can be used by others (mode %03o, must be 600)", path,
                        (unsigned)st.st_mode & 0777);
    *size = (size_t)st.st_size;
    return true;
}

/* The file's bytes, which are seen by locked memory only. */
static bool read_private(const char *path, struct secret *out, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is_read = false;
    size_t size = 0;

    if (fd < 0)
        return fail_file(err, path, "cannot be opened");
    if (key_file_is_private(fd, path, &size, err) && secret_new(size, out, err)) {
        is_read = read(fd, out->p, size) == (ssize_t)size;
        if (!is_read) {
            fail_file(err, path, "cannot be read whole");
            secret_free(out);
        }
    }
    close(fd);
    return is_read;
}

struct signkey *key_file_read(struct crypto *c, const char *path, struct err *err)
{
    struct secret pem = { 0 };
    struct signkey *key;

    if (!read_private(path, &pem, err))
        return NULL;
    key = signkey_read_pem(c, span_of(pem.p, pem.n), err);
    secret_free(&pem);
    if (!key)
        err_in(err, path);
    return key;
}

bool key_file_make(struct crypto *c, const char *path, enum signkey_kind kind, struct err *err)
{
    struct secret pem = { 0 };
    struct signkey *key = signkey_new(c, kind, err);
    bool is_made = key && signkey_write_pem(key, &pem, err) &&
                   file_replace(path, span_of(pem.p, pem.n), 0600, err);

    secret_free(&pem);
    signkey_free(key);
    return is_made;
}

bool cert_file_read(const char *path, size_t most, struct arena *a, struct span *out, size_t *count,
                    struct err *err)
{
    struct pem_block *blocks = ARENA_ARRAY(a, struct pem_block, most);
    struct span text = { 0 };
    size_t n = 0;

    if (!blocks)
        return arena_fail(a, err);
    if (!file_read(path, CERT_FILE_MAX, a, &text, err))
        return false;
    if (!pem_parse(text, "CERTIFICATE", false, most, a, blocks, &n, err))
        return err_in(err, path);
    for (size_t i = 0; i < n; i++)
        out[i] = blocks[i].der;
    *count = n;
    return true;
}

bool cert_file_write(const char *path, const struct span *certs, size_t count, struct arena *a,
                     struct err *err)
{
    struct writer w = writer_in(a, 4096);
    struct span text;

    for (size_t i = 0; i < count; i++)
        pem_write(&w, "CERTIFICATE", certs[i]);
    return writer_done(&w, &text, err) && file_replace(path, text, 0644, err);
}
