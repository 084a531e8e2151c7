#include "../../tests/check.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../store/note.h"
#include "../store/sqlite.h"
#include "sandbox.h"

static char key_file[64];
static int listener, pair[2];

/* What a confined process tries. Each returns 0 or more when it succeeded. */
static int open_the_key(void)
{
    return open(key_file, O_RDONLY);
}

static int open_by_old_call(void)
{
#ifdef SYS_open
    return (int)syscall(SYS_open, key_file, O_RDONLY);
#else
    return -1;
#endif
}

static int open_by_new_call(void)
{
    uint64_t how[3] = { O_RDONLY, 0, 0 };

    return (int)syscall(SYS_openat2, AT_FDCWD, key_file, how, sizeof how);
}

static int make_a_file(void)
{
    return open("/tmp/cupel-sandbox-made", O_WRONLY | O_CREAT, 0600);
}

static int remove_the_key(void)
{
    return unlink(key_file);
}

static int look_at_the_key(void)
{
    struct stat st;

    return stat(key_file, &st);
}

static int run_a_program(void)
{
    char *const argv[] = { (char[]){ "true" }, NULL };

    return execv("/bin/true", argv);
}

static int start_a_process(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static int trace_the_parent(void)
{
    return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int read_the_parent(void)
{
    char here[8];
    struct iovec local = { here, sizeof here }, remote = { here, sizeof here };

    return (int)syscall(SYS_process_vm_readv, getppid(), &local, 1UL, &remote, 1UL, 0UL);
}

static int signal_the_parent(void)
{
    return kill(getppid(), 0);
}

static int make_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int make_a_local_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int connect_somewhere(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };

    return connect(listener, (struct sockaddr *)&to, sizeof to);
}

static int execute_memory(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p == MAP_FAILED ? -1 : 0;
}

static int be_dumpable_again(void)
{
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int use_io_uring(void)
{
    char params[256] = { 0 };

    return (int)syscall(SYS_io_uring_setup, 1, params);
}

static int accept_a_connection(void)
{
    int s = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

    return s < 0 && errno == EAGAIN ? 0 : s;
}

static int talk_on_a_pair(void)
{
    char back;

    return send(pair[0], "x", 1, 0) == 1 && recv(pair[1], &back, 1, 0) == 1 ? 0 : -1;
}

static int use_memory(void)
{
    void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return p != MAP_FAILED && munmap(p, 1 << 20) == 0 ? 0 : -1;
}

/* clang-format off */
static const struct attempt {
    const char *name;
    int (*run)(void);
    bool worker_may, signer_may;
} attempts[] = {
    { "open the key",        open_the_key,        false, false },
    { "open, the old call",  open_by_old_call,    false, false },
    { "open, the new call",  open_by_new_call,    false, false },
    { "make a file",         make_a_file,         false, false },
    { "remove the key",      remove_the_key,      false, false },
    { "look at the key",     look_at_the_key,     false, false },
    { "run a program",       run_a_program,       false, false },
    { "start a process",     start_a_process,     false, false },
    { "trace the parent",    trace_the_parent,    false, false },
    { "read the parent",     read_the_parent,     false, false },
    { "signal the parent",   signal_the_parent,   false, false },
    { "make a socket",       make_a_socket,       false, false },
    { "make a local socket", make_a_local_socket, false, false },
    { "connect",             connect_somewhere,   false, false },
    { "execute memory",      execute_memory,      false, false },
    { "be dumpable again",   be_dumpable_again,   false, false },
    { "use io_uring",        use_io_uring,        false, false },
    { "accept",              accept_a_connection, true,  false },
    { "talk on a pair",      talk_on_a_pair,      true,  true  },
    { "use memory",          use_memory,          true,  true  },
};
/* clang-format on */

/* Exit status of the child: 0 it could, 1 the sandbox forbade it, 2 there was no sandbox, 3 nor
 * Landlock, 4 it failed for another reason, which proves nothing. */
static int outcome_of(const struct attempt *a, enum sandbox_role role, bool has_landlock_only)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct sandbox_report report;
        struct err e = { 0 };
        bool is_in =
            sandbox_drop_files(&report, &e) && (has_landlock_only || sandbox_enter(role, &e));

        if (has_landlock_only && report.landlock_abi == 0)
            _exit(3);
        if (!is_in)
            _exit(2);
        _exit(a->run() >= 0 ? 0 : errno == (has_landlock_only ? EACCES : EPERM) ? 1 : 4);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static void start(void)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd;

    snprintf(key_file, sizeof key_file, "/tmp/cupel-sandbox-XXXXXX");
    fd = mkstemp(key_file);
    CHECK("key file", fd >= 0 && write(fd, "key", 3) == 3);
    close(fd);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK("listener", listener >= 0 && bind(listener, (struct sockaddr *)&at, sizeof at) == 0 &&
                          listen(listener, 1) == 0);
    CHECK("pair", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
}

static void end(void)
{
    unlink(key_file);
    close(listener);
    close(pair[0]);
    close(pair[1]);
}

static void without_a_sandbox_the_key_opens(void **state)
{
    int fd;
    (void)state;

    start();
    fd = open_the_key();
    CHECK("control", fd >= 0);
    close(fd);
    end();
}

static void worker_can_do_what_it_must_and_nothing_else(void **state)
{
    (void)state;

    start();
    for (size_t i = 0; i < COUNT(attempts); i++)
        CHECK_INT(attempts[i].name, outcome_of(&attempts[i], SANDBOX_WORKER, false),
                  attempts[i].worker_may ? 0 : 1);
    end();
}

static void signer_can_do_what_it_must_and_nothing_else(void **state)
{
    (void)state;

    start();
    for (size_t i = 0; i < COUNT(attempts); i++)
        CHECK_INT(attempts[i].name, outcome_of(&attempts[i], SANDBOX_SIGNER, false),
                  attempts[i].signer_may ? 0 : 1);
    end();
}

static void landlock_alone_keeps_files_shut(void **state)
{
    int outcome;
    (void)state;

    start();
    outcome = outcome_of(&attempts[0], SANDBOX_WORKER, true);
    end();
    if (outcome == 3)
        SKIP("this kernel has no Landlock");
    CHECK_INT("open", outcome, 1);
}

static int thread_outcome;
static pthread_barrier_t gate;

static void *try_in_thread(void *unused)
{
    (void)unused;
    pthread_barrier_wait(&gate); /* the sandbox is not there yet */
    pthread_barrier_wait(&gate); /* now it is */
    thread_outcome = open_the_key();
    return NULL;
}

static void threads_started_before_are_in_it_too(void **state)
{
    pid_t child;
    int status = 0;
    (void)state;

    start();
    child = fork();
    if (child == 0) {
        struct err e = { 0 };
        pthread_t t;

        pthread_barrier_init(&gate, NULL, 2);
        if (pthread_create(&t, NULL, try_in_thread, NULL) != 0)
            _exit(2);
        pthread_barrier_wait(&gate);
        if (!sandbox_enter(SANDBOX_SIGNER, &e))
            _exit(3);
        pthread_barrier_wait(&gate);
        pthread_join(t, NULL);
        _exit(thread_outcome < 0 ? 0 : 1);
    }
    CHECK("child", child > 0 && waitpid(child, &status, 0) == child);
    CHECK_INT("child", status, 0);
    end();
}

/* 0: as it should be; 3: no Landlock here; others: which step was wrong. */
static int keep_a_store(const char *dir, const char *path)
{
    const struct sqlite_wish wish = { .path = path, .mode = SQLITE_MAY_MAKE };
    const struct store_note n = { .action = span_str("verdict"), .explanation = span_str("{}") };
    struct sandbox_report report;
    struct err e = { 0 };
    struct store *s = store_sqlite_open(&wish, crypto_new(&e), &e);

    if (!s || !sandbox_keep_dir(dir, &report, &e) || !sandbox_enter(SANDBOX_KEEPER, &e))
        return 10;
    for (int i = 0; i < 2000; i++) { /* beyond a checkpoint of the write-ahead log */
        if (!store_note_all(s, &n, 1, &e))
            return 11;
    }
    store_free(s);
    s = store_sqlite_open(&wish, crypto_new(&e), &e); /* its files are opened and made again */
    if (!s || !store_note_all(s, &n, 1, &e))
        return 12;
    if (run_a_program() >= 0 || start_a_process() >= 0 || socket(AF_INET, SOCK_STREAM, 0) >= 0)
        return 13;
    if (report.landlock_abi == 0)
        return 3;
    return open_the_key() >= 0 || make_a_file() >= 0 || remove_the_key() >= 0 ? 14 : 0;
}

static void a_keeper_reaches_its_store_and_nothing_else(void **state)
{
    char dir[] = "/tmp/cupel-sandbox-store-XXXXXX", path[64], command[80];
    int status = 0;
    pid_t child;
    (void)state;

    start();
    CHECK("folder", mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/cupel.db", dir);
    child = fork();
    if (child == 0)
        _exit(keep_a_store(dir, path));
    CHECK("child", child > 0 && waitpid(child, &status, 0) == child);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    CHECK_INT("clean", system(command), 0);
    end();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
        SKIP("this kernel has no Landlock");
    CHECK_INT("child", status, 0);
}

static void unknown_user_is_refused(void **state)
{
    struct err e = { 0 };
    (void)state;

    CHECK_OK("nobody named", sandbox_become(NULL, &e), e);
    if (geteuid() != 0)
        SKIP("only root can become somebody else");
    CHECK("no such user", !sandbox_become("no-such-user-here", &e));
    CHECK_ERR("no such user", e, ERR_MISSING, "user");
}

TEST_MAIN(without_a_sandbox_the_key_opens, worker_can_do_what_it_must_and_nothing_else,
          signer_can_do_what_it_must_and_nothing_else, landlock_alone_keeps_files_shut,
          threads_started_before_are_in_it_too, a_keeper_reaches_its_store_and_nothing_else,
          unknown_user_is_refused)
