#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's interface, spelled here because headers are older than kernels. */
struct landlock_wish {
    uint64_t files;
    uint64_t network;
    uint64_t scope;
};
enum {
    LANDLOCK_VERSION_FLAG = 1,
    LANDLOCK_FILES_ABI1 =
        (1 << 13) - 1, /* execute, read, write, list, make and remove of all kinds */
    LANDLOCK_FILE_KEEP =
        1 << 1 | 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8, /* write, read, list, remove, make */
    LANDLOCK_FILE_READ = 1 << 2 | 1 << 3,           /* read, list */
    LANDLOCK_RULE_PATH = 1,
    LANDLOCK_FILE_REFER = 1 << 13,    /* ABI 2 */
    LANDLOCK_FILE_TRUNCATE = 1 << 14, /* ABI 3 */
    LANDLOCK_FILE_IOCTL = 1 << 15,    /* ABI 5 */
    LANDLOCK_NET_ALL = 3,             /* ABI 4: bind and connect with TCP */
    LANDLOCK_NET_BIND = 1,
    LANDLOCK_SCOPE_ALL = 3 /* ABI 6: abstract sockets and signals to others */
};

static bool fail_system(struct err *err, const char *what)
{
    return err_fail(err, ERR_INTERNAL, NULL, "%s: %s", what, strerror(errno));
}

static struct landlock_wish landlock_wish_of(int abi)
{
    struct landlock_wish w = { .files = LANDLOCK_FILES_ABI1 };

    if (abi >= 2)
        w.files |= LANDLOCK_FILE_REFER;
    if (abi >= 3)
        w.files |= LANDLOCK_FILE_TRUNCATE;
    if (abi >= 4)
        w.network = LANDLOCK_NET_ALL;
    if (abi >= 5)
        w.files |= LANDLOCK_FILE_IOCTL;
    if (abi >= 6)
        w.scope = LANDLOCK_SCOPE_ALL;
    return w;
}

static size_t landlock_wish_size(int abi)
{
    return abi < 4 ? sizeof(uint64_t) : abi < 6 ? 2 * sizeof(uint64_t) : 3 * sizeof(uint64_t);
}

static void landlock_missing(struct sandbox_report *out)
{
    if (out->landlock_abi == 0)
        snprintf(out->missing, sizeof out->missing, "Landlock");
    else if (out->landlock_abi < 6)
        snprintf(out->missing, sizeof out->missing, "Landlock's%s%s scopes (its version is %d)",
                 out->landlock_abi < 3 ? " truncation," : "", out->landlock_abi < 4 ? " TCP," : "",
                 out->landlock_abi);
}

struct landlock_path {
    uint64_t allowed;
    int32_t fd;
} __attribute__((packed));

/* What stays allowed: some rights in directories, and connections. */
struct landlock_rest {
    const char *const *dirs; /* ended by NULL */
    uint64_t rights;
    bool may_be_absent; /* a directory that is not there needs no rule */
    bool connects;
};

/* Rights in a directory, as far as this kernel tells them apart. */
static bool landlock_allow(long rules, const struct landlock_wish *wish,
                           const struct landlock_rest *rest, const char *dir, struct err *err)
{
    struct landlock_path p = { .allowed = rest->rights };
    bool is_allowed;

    p.allowed &= wish->files;
    p.fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (p.fd < 0)
        return rest->may_be_absent || fail_system(err, dir);
    is_allowed = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH, &p, 0) == 0 ||
                 fail_system(err, "a Landlock rule");
    close(p.fd);
    return is_allowed;
}

static bool landlock_allow_all(long rules, const struct landlock_wish *wish,
                               const struct landlock_rest *rest, struct err *err)
{
    for (const char *const *dir = rest->dirs; dir && *dir; dir++)
        if (!landlock_allow(rules, wish, rest, *dir, err))
            return false;
    return true;
}

static bool landlock_enter(const struct landlock_rest *rest, int abi, struct err *err)
{
    struct landlock_wish wish = landlock_wish_of(abi);
    bool is_entered;
    long fd;

    if (rest->connects)
        wish.network &= LANDLOCK_NET_BIND;
    fd = syscall(SYS_landlock_create_ruleset, &wish, landlock_wish_size(abi), 0);
    if (fd < 0)
        return fail_system(err, "Landlock rules");
    is_entered = landlock_allow_all(fd, &wish, rest, err) &&
                 (syscall(SYS_landlock_restrict_self, fd, 0) == 0 || fail_system(err, "Landlock"));
    close((int)fd);
    return is_entered;
}

static bool landlock(const struct landlock_rest *rest, struct sandbox_report *out, struct err *err)
{
    long abi;

    *out = (struct sandbox_report){ 0 };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail_system(err, "no_new_privs");
    abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
    out->landlock_abi = abi > 0 ? (int)abi : 0;
    landlock_missing(out);
    return abi <= 0 || landlock_enter(rest, (int)abi, err);
}

bool sandbox_drop_files(struct sandbox_report *out, struct err *err)
{
    return landlock(&(const struct landlock_rest){ 0 }, out, err);
}

bool sandbox_keep_dir(const char *dir, struct sandbox_report *out, struct err *err)
{
    const char *const dirs[] = { dir, NULL };

    return landlock(
        &(const struct landlock_rest){ .dirs = dirs,
                                       .rights = LANDLOCK_FILE_KEEP | LANDLOCK_FILE_TRUNCATE },
        out, err);
}

bool sandbox_keep_names(struct sandbox_report *out, struct err *err)
{
    /* resolv.conf is often a link into one of the last three */
    static const char *const dirs[] = { "/etc",
                                        "/usr/lib",
                                        "/usr/share",
                                        "/run/systemd/resolve",
                                        "/run/resolvconf",
                                        "/run/NetworkManager",
                                        NULL };

    return landlock(
        &(const struct landlock_rest){
            .dirs = dirs, .rights = LANDLOCK_FILE_READ, .may_be_absent = true, .connects = true },
        out, err);
}

/* What every role needs to live: memory, clocks, locks, randomness, the sockets it has, its end.
 * clang-format off: the list is read by eye. */
/* clang-format off */
static const int common_calls[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(close),
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(shutdown),
    SCMP_SYS(poll), SCMP_SYS(ppoll),
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
    SCMP_SYS(mlock), SCMP_SYS(munlock),
    SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(membarrier),
    SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time),
    SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(sigaltstack),
    SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(set_robust_list), SCMP_SYS(rseq),
};
static const int worker_calls[] = {
    SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
};
/* SQLite's files: their locks, their length, and that they are on the disk. */
static const int keeper_calls[] = {
    SCMP_SYS(openat), SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(access),
    SCMP_SYS(lseek), SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
    SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(unlink), SCMP_SYS(fchmod), SCMP_SYS(fchown),
    SCMP_SYS(geteuid), SCMP_SYS(getuid), SCMP_SYS(readlink), SCMP_SYS(getcwd),
};
/* Connections, the resolver's files, and the thread in which curl resolves names. */
static const int fetcher_calls[] = {
    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
    SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(socketpair),
    SCMP_SYS(openat), SCMP_SYS(newfstatat), SCMP_SYS(fstat), SCMP_SYS(stat), SCMP_SYS(access), SCMP_SYS(lseek),
    SCMP_SYS(pread64), SCMP_SYS(readlink), SCMP_SYS(getdents64), SCMP_SYS(uname), SCMP_SYS(geteuid), SCMP_SYS(getuid),
    SCMP_SYS(clone), SCMP_SYS(clone3), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
};
static const int keeper_fcntls[] = { F_GETFD, F_GETLK, F_SETLK };
/* clang-format on */

static int allow_all(scmp_filter_ctx s, const int *calls, size_t count)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, calls[i], 0);
    return rc;
}

/* Memory is never made executable; descriptors change flags only; a signal goes to oneself only
 * (that is how abort ends a process). */
static int allow_some(scmp_filter_ctx s)
{
    int rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

    if (rc == 0)
        rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                              SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (rc == 0)
        rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GETFL));
    if (rc == 0)
        rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_SETFL));
    if (rc == 0)
        rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_SETFD));
    if (rc == 0)
        rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, FIONBIO));
    if (rc == 0)
        rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                              SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    return rc;
}

static int install(scmp_filter_ctx s, enum sandbox_role role)
{
    int rc = seccomp_attr_set(s, SCMP_FLTATR_CTL_TSYNC, 1);

    if (rc == 0)
        rc = allow_all(s, common_calls, COUNT(common_calls));
    if (rc == 0 && role == SANDBOX_WORKER)
        rc = allow_all(s, worker_calls, COUNT(worker_calls));
    if (rc == 0 && role == SANDBOX_KEEPER)
        rc = allow_all(s, keeper_calls, COUNT(keeper_calls));
    if (rc == 0 && role == SANDBOX_FETCHER)
        rc = allow_all(s, fetcher_calls, COUNT(fetcher_calls));
    for (size_t i = 0; rc == 0 && role == SANDBOX_KEEPER && i < COUNT(keeper_fcntls); i++)
        rc = seccomp_rule_add(s, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                              SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)keeper_fcntls[i]));
    if (rc == 0)
        rc = allow_some(s);
    return rc == 0 ? seccomp_load(s) : rc;
}

bool sandbox_enter(enum sandbox_role role, struct err *err)
{
    const struct rlimit none = { 0, 0 };
    scmp_filter_ctx s;
    int rc;

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        return fail_system(err, "no core dumps");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fail_system(err, "no_new_privs");
    s = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!s)
        return err_fail(err, ERR_MEMORY, NULL, "no memory for the list of system calls");
    rc = install(s, role);
    seccomp_release(s);
    errno = -rc;
    return rc == 0 || fail_system(err, "the list of system calls");
}

bool sandbox_become(const char *user, struct err *err)
{
    struct passwd *p;

    if (!user || geteuid() != 0)
        return true;
    p = getpwnam(user);
    if (!p)
        return err_fail(err, ERR_MISSING, NULL, "there is no user \"%.60s\"", user) ||
               err_in(err, "user");
    if (setgroups(0, NULL) != 0 || setresgid(p->pw_gid, p->pw_gid, p->pw_gid) != 0 ||
        setresuid(p->pw_uid, p->pw_uid, p->pw_uid) != 0)
        return fail_system(err, "cannot become that user") || err_in(err, "user");
    return true;
}
