/*
 * manual - the parts of the manual that follow from tables; each prints one of them
 */
#ifndef CUPEL_TESTS_MANUAL_H
#define CUPEL_TESTS_MANUAL_H

/* A part by name. */
struct manual_part {
    const char *name;
    void (*print)(void);
};

/* The reference of the policy language, in Markdown; the last row is empty. */
extern const struct manual_part policy_parts[];

#endif
