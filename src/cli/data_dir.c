#include "data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "../host/file.h"

const char *data_dir_path(struct cli *c, const char *name)
{
    const char *dir = cli_option(c, "data-dir");

    return file_join(&c->arena, dir ? dir : DATA_DIR_DEFAULT, name);
}

bool data_dir_lock(struct cli *c, const char *what, struct err *err)
{
    const char *run = data_dir_path(c, "run"), *lock = data_dir_path(c, "run/lock"),
               *store = data_dir_path(c, "store");
    int fd;

    if (!run || !lock || !store)
        return arena_fail(&c->arena, err);
    if (!file_make_dir(run, 0755, err))
        return false;
    fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        return !file_is_dir(store) || file_claim_dir(store, false, err);
    return err_fail(err, ERR_CONFLICT, NULL,
                    "a cupeld is running in that directory; stop it before %s", what);
}

struct store *data_dir_store(struct cli *c, enum sqlite_mode mode, struct crypto *crypto,
                             struct err *err)
{
    const struct sqlite_wish wish = { .path = data_dir_path(c, DATA_DIR_STORE),
                                      .mode = mode,
                                      .now = (int64_t)time(NULL) };

    if (!crypto)
        return NULL;
    if (!wish.path) {
        arena_fail(&c->arena, err);
        return NULL;
    }
    return store_sqlite_open(&wish, crypto, err);
}
