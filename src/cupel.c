/* cupel - the command line */
#include "verbs.h"

int main(int argc, char **argv)
{
    return cli_run("cupel", verbs, verb_count, argc, argv);
}
