/* cupeld - the attestation daemon. One program in five roles: what was asked for, or what the
 * supervisor starts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "config_check.h"
#include "roles.h"
#include "supervisor.h"

enum { EXIT_USAGE = 64, HELP_ROOM = 65536 };

static int print_help(void)
{
    static char text[HELP_ROOM];
    struct writer w = writer_over(text, sizeof text);

    config_write_help(&w);
    fwrite(text, 1, w.n, stdout);
    return EXIT_SUCCESS;
}

static bool asks_for(const char *flag, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], flag) == 0)
            return true;
    }
    return false;
}

static int complain(struct config *c, const struct err *e)
{
    fprintf(stderr, "cupeld: %s%s%s\n", e->path, e->path[0] != '\0' ? ": " : "", e->text);
    config_fini(c);
    free(c);
    return EXIT_USAGE;
}

static int check(struct config *c)
{
    struct err e = { 0 };

    if (!role_worker_check(c, &e) || !config_check_files(c, &e))
        return complain(c, &e);
    puts("the configuration is in order");
    config_fini(c);
    free(c);
    return EXIT_SUCCESS;
}

static int run(int argc, char **argv)
{
    const struct supervisor_source source = { argc - 1, (const char *const *)argv + 1,
                                              (const char *const *)environ };
    struct config *c = calloc(1, sizeof *c);
    struct err e = { 0 };

    if (!c)
        return SUPERVISOR_EXIT_FAILED;
    if (!config_load(c, source.argc, source.argv, source.environment, &e))
        return complain(c, &e);
    return c->number[CONFIG_CHECK_CONFIG] ? check(c) : supervisor_run(c, &source);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--role=worker") == 0)
        _exit(role_worker());
    if (argc == 2 && strcmp(argv[1], "--role=signer") == 0)
        _exit(role_signer());
    if (argc == 2 && strcmp(argv[1], "--role=keeper") == 0)
        _exit(role_keeper());
    if (argc == 2 && strcmp(argv[1], "--role=fetcher") == 0)
        _exit(role_fetcher());
    if (asks_for("--help", argc, argv))
        return print_help();
    if (asks_for("--version", argc, argv)) {
        puts("cupeld " CUPEL_VERSION);
        return EXIT_SUCCESS;
    }
    return run(argc, argv);
}
