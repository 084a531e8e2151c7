/*
 * disk - collateral in folders
 *
 * Shape    one folder per platform: tcb_info.json, qe_identity.json, pck_crl.der, root_ca_crl.der,
 * *_issuer_chain.pem; a file that is not there is an empty span, and the check that needs it says
 * so Borrows  bytes are in the arena
 */
#ifndef CUPEL_COLLATERAL_DISK_H
#define CUPEL_COLLATERAL_DISK_H

#include "../evidence/dcap/collateral.h"

/* The largest file of a set, and how many sets one folder may hold. */
enum { COLLATERAL_FILE_MAX = 32 * 1024 * 1024, COLLATERAL_SETS_MAX = 4096 };

/* Reads one set. Missing: the folder is not there, or holds none of the files. */
bool collateral_read_dir(const char *dir, struct arena *a, struct dcap_collateral_files *out,
                         struct err *err) MUST_USE;

#endif
