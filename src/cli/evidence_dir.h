/*
 * evidence_dir - evidence as people keep it: a folder with claims, with what a lab made, with notes
 *
 * Shape    NAME.claims.json is a list of claims; a folder with evidence.json holds what that says,
 * one with quote.bin or oe_report.bin what `cupel lab make` writes; other folders are walked Rule
 * nothing is passed over in silence: what cannot be read is an item with its trouble, and what is
 * no evidence is named Owns     everything is in the arena Source   docs/formats/evidence-dir.md
 */
#ifndef CUPEL_CLI_EVIDENCE_DIR_H
#define CUPEL_CLI_EVIDENCE_DIR_H

#include "../evidence/exhibit.h"

enum { EVIDENCE_DIR_DEPTH = 16, EVIDENCE_DIR_ITEMS = 65536 };

struct evidence_item {
    const char *name;   /* below the folder that was asked for */
    const char *folder; /* where the exhibit's paths begin */
    const char *claims; /* path of a list of claims; NULL: the exhibit is meant */
    struct exhibit exhibit;
    struct err trouble; /* set: it cannot be read */
};

struct evidence_dir {
    struct evidence_item *items;
    size_t count, room;
    const char **aside; /* names of what is no evidence */
    size_t aside_count, aside_room;
};

/* Finds the evidence under a folder, in the order of names. Missing: it is no folder. */
bool evidence_dir_find(const char *dir, struct arena *a, struct evidence_dir *out,
                       struct err *err) MUST_USE;

/* A path that an exhibit names, from where we are; NULL when there is no room. */
const char *evidence_item_path(const struct evidence_item *item, const char *path, struct arena *a);

/* The attestation type whose policy judges that kind of evidence: "SgxEnclave", ... */
const char *evidence_policy_type(enum evidence_kind kind);

#endif
