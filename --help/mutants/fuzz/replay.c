/* Runs a harness over the files and folders named on the command line: an ordinary test of a
 * corpus. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static int replayed;

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p;
    size_t n;
    struct stat st;

    if (!f || fstat(fileno(f), &st) != 0)
        exit(1);
    p = malloc((size_t)st.st_size + 1);
    if (!p)
        exit(1);
    n = fread(p, 1, (size_t)st.st_size, f);
    fclose(f);
    p = realloc(p, n ? n : 1); /* exactly as large, so that a sanitizer sees a read past the end */
    LLVMFuzzerTestOneInput(p, n);
    free(p);
    replayed++;
}

static void replay(const char *path)
{
    struct dirent *e;
    DIR *d = opendir(path);

    if (!d) {
        replay_file(path);
        return;
    }
    while ((e = readdir(d))) {
        char name[4096];

        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        replay(name);
    }
    closedir(d);
}

int main(int argc, char **argv)
{
    printf("1..1\n");
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    printf("%s 1 - %d inputs replayed\n", replayed > 0 ? "ok" : "not ok", replayed);
    return replayed > 0 ? 0 : 1;
}
