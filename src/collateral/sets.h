/*
 * sets - all collateral of a service, from a folder
 *
 * Shape    a folder that holds a set itself, or folders that each hold one (disk.h); a folder in it
 *          without any of the files is left out and counted
 * Limits   COLLATERAL_SETS_MAX sets, COLLATERAL_FILE_MAX bytes a file
 * Errors   missing (no folder, no set in it), limit, io, memory; the folder's name as path
 */
#ifndef CUPEL_COLLATERAL_SETS_H
#define CUPEL_COLLATERAL_SETS_H

#include "disk.h"

struct collateral_sets {
    struct dcap_collateral **items;
    size_t count;
    size_t left_out; /* folders without a set */
};

/* Loads and prepares all sets. Bad collateral is no error here: the check it breaks reports it. */
bool collateral_sets_load(struct crypto *c, const char *dir, const struct root_list *roots,
                          struct collateral_sets *out, struct err *err) MUST_USE;

/* Gives the list and its sets back; all-zero is fine. */
void collateral_sets_fini(struct collateral_sets *s);

#endif
