#include "cli.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_overview(const char *program, const struct verb *const *verbs, size_t count)
{
    printf("%s - attestation: evidence in, a verdict with its reasons out\n\nusage:\n", program);
    for (size_t i = 0; i < count; i++)
        printf("  %s %-24s %s\n", program, verbs[i]->words, verbs[i]->summary);
    printf("\n\"%s VERB --help\" tells more about one of them.\n", program);
}

static bool is_of_group(const struct verb *v, const char *word)
{
    size_t n = strlen(word);

    return strncmp(v->words, word, n) == 0 && v->words[n] == ' ';
}

/* The verbs that begin with a word, and nothing when there is none. */
static size_t print_group(FILE *out, const char *program, const struct verb *const *verbs,
                          size_t count, const char *word)
{
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        if (is_of_group(verbs[i], word))
            fprintf(out, "%s  %s %-24s %s\n", found++ ? "" : "usage:\n", program, verbs[i]->words,
                    verbs[i]->summary);
    if (found > 0)
        fprintf(out, "\n\"%s VERB --help\" tells more about one of them.\n", program);
    return found;
}

static void print_option(const struct option_def *o)
{
    char left[64];

    snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    printf("  %-30s %s%s\n", left, o->meaning, o->kind == OPTION_MANY ? " (may be repeated)" : "");
}

static void print_help(const char *program, const struct verb *v)
{
    printf("%s %s - %s\n\nusage: %s %s%s%s [options]\n", program, v->words, v->summary, program,
           v->words, v->arguments[0] ? " " : "", v->arguments);
    if (v->option_count > 0)
        printf("\noptions:\n");
    for (size_t i = 0; i < v->option_count; i++)
        print_option(&v->options[i]);
    if (v->details)
        printf("\n%s\n", v->details);
    if (v->examples)
        printf("\nexamples:\n%s\n", v->examples);
}

/* How many words of argv name the verb; 0 when they do not. */
static int match_words(const struct verb *v, int argc, char **argv)
{
    const char *at = v->words;
    int used = 0;

    while (*at) {
        size_t n = strcspn(at, " ");

        if (used >= argc || strlen(argv[used]) != n || strncmp(argv[used], at, n) != 0)
            return 0;
        used++;
        at += n;
        at += strspn(at, " ");
    }
    return used;
}

static const struct option_def *find_option(const struct verb *v, const char *name, size_t n)
{
    for (size_t i = 0; i < v->option_count; i++)
        if (strlen(v->options[i].name) == n && strncmp(v->options[i].name, name, n) == 0)
            return &v->options[i];
    return NULL;
}

/* Reads one option at argv[*at]; moves *at past its value. */
static bool take_option(struct cli *c, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    size_t n = strcspn(name, "=");
    const struct option_def *o = find_option(c->verb, name, n);
    const char *value = name[n] == '=' ? name + n + 1 : NULL;
    struct option_values *values;

    if (!o)
        return cli_fail(c, EXIT_USAGE, "there is no option --%.*s; see --help", (int)n, name) ==
               EXIT_OK;
    values = &c->options[o - c->verb->options];
    if (o->kind == OPTION_FLAG) {
        if (value)
            return cli_fail(c, EXIT_USAGE, "--%s takes no value", o->name) == EXIT_OK;
        values->count++;
        return true;
    }
    if (!value && *at + 1 < argc)
        value = argv[++*at];
    if (!value)
        return cli_fail(c, EXIT_USAGE, "--%s needs a value: %s", o->name, o->value) == EXIT_OK;
    if (o->kind == OPTION_VALUE && values->count > 0)
        return cli_fail(c, EXIT_USAGE, "--%s is given twice", o->name) == EXIT_OK;
    if (values->count == CLI_VALUES_MAX)
        return cli_fail(c, EXIT_USAGE, "--%s is given more than %d times", o->name,
                        CLI_VALUES_MAX) == EXIT_OK;
    values->values[values->count++] = value;
    return true;
}

static bool take_argument(struct cli *c, const char *argument)
{
    if (c->argument_count == c->verb->most)
        return cli_fail(c, EXIT_USAGE, "\"%s\" is one argument too many; see --help", argument) ==
               EXIT_OK;
    c->arguments[c->argument_count++] = argument;
    return true;
}

static bool take_all(struct cli *c, int argc, char **argv)
{
    bool only_arguments = false;

    for (int i = 0; i < argc; i++) {
        bool is_option = !only_arguments && strncmp(argv[i], "--", 2) == 0;

        if (is_option && argv[i][2] == '\0') {
            only_arguments = true;
            continue;
        }
        if (is_option ? !take_option(c, argc, argv, &i) : !take_argument(c, argv[i]))
            return false;
    }
    if (c->argument_count < c->verb->least)
        return cli_fail(c, EXIT_USAGE, "needs %s; see --help", c->verb->arguments) == EXIT_OK;
    return true;
}

/* What was lost on the way out must not look like success. */
static int flush_out(const char *program, const struct verb *v, int status)
{
    bool had_error = ferror(stdout) != 0;

    if (fflush(stdout) == 0 && !had_error)
        return status;
    fprintf(stderr, "%s %s: cannot write standard output\n", program, v->words);
    return status == EXIT_OK ? EXIT_OURS : status;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int run_verb(const char *program, const struct verb *v, int argc, char **argv)
{
    struct cli c = { .verb = v, .arena = arena_over(CLI_MEMORY), .is_tty = isatty(STDERR_FILENO) };
    const char *term = getenv("TERM");
    int status = EXIT_USAGE;

    assert(v->option_count <= CLI_OPTIONS_MAX && v->most <= CLI_ARGUMENTS_MAX);
    c.has_color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && term && strcmp(term, "dumb") != 0;
    if (asks_for_help(argc, argv)) {
        print_help(program, v);
        status = EXIT_OK;
    } else if (take_all(&c, argc, argv)) {
        status = v->run(&c);
    }
    arena_fini(&c.arena);
    return flush_out(program, v, status);
}

int cli_run(const char *program, const struct verb *const *verbs, size_t count, int argc,
            char **argv)
{
    if (argc < 2) {
        print_overview(program, verbs, count);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", program, CUPEL_VERSION);
        return EXIT_OK;
    }
    for (size_t i = 0; i < count; i++) {
        int used = match_words(verbs[i], argc - 1, argv + 1);

        if (used > 0)
            return run_verb(program, verbs[i], argc - 1 - used, argv + 1 + used);
    }
    if (argv[1][0] == '-' && asks_for_help(1, argv + 1)) {
        print_overview(program, verbs, count);
        return EXIT_OK;
    }
    if (asks_for_help(argc - 2, argv + 2) && print_group(stdout, program, verbs, count, argv[1]))
        return EXIT_OK;
    fprintf(stderr, "%s: there is no verb \"%s%s%s\"; \"%s --help\" lists them\n", program, argv[1],
            argc > 2 ? " " : "", argc > 2 ? argv[2] : "", program);
    print_group(stderr, program, verbs, count, argv[1]);
    return EXIT_USAGE;
}

const struct option_values *cli_options(const struct cli *c, const char *name)
{
    const struct option_def *o = find_option(c->verb, name, strlen(name));

    assert(o);
    return &c->options[o - c->verb->options];
}

const char *cli_option(const struct cli *c, const char *name)
{
    const struct option_values *v = cli_options(c, name);

    return v->count > 0 ? v->values[0] : NULL;
}

bool cli_flag(const struct cli *c, const char *name)
{
    return cli_options(c, name)->count > 0;
}

int cli_fail(const struct cli *c, int status, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "cupel %s: ", c->verb->words);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status;
}

int cli_fail_err(const struct cli *c, const struct err *err)
{
    bool is_ours = err_is_ours(err);

    return cli_fail(c, is_ours ? EXIT_OURS : EXIT_USAGE, "%s%s%s", err->path,
                    err->path[0] ? ": " : "", err->text);
}

int cli_refuse_err(const struct cli *c, const struct err *err)
{
    if (err->code == ERR_MISSING || err_is_ours(err))
        return cli_fail_err(c, err);
    return cli_fail(c, EXIT_REFUSED, "%s%s%s", err->path, err->path[0] ? ": " : "", err->text);
}

void cli_print(struct span text)
{
    fwrite(text.p, 1, text.n, stdout);
}

const char *cli_color(const struct cli *c, const char *code)
{
    return c->has_color ? code : "";
}
