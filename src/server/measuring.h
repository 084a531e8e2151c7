/*
 * measuring - what a worker judges measured boots by: anchors and demands from the configuration,
 * and what it shares with its siblings
 *
 * Errors   those of tpm_anchors.h; malformed, limit (a value), with the key as path
 */
#ifndef CUPEL_SERVER_MEASURING_H
#define CUPEL_SERVER_MEASURING_H

#include "../api/api.h"
#include "../collateral/tpm_anchors.h"
#include "config.h"
#include "context_keys.h"

struct page;
struct spent;

enum { KNOWN_PCR0_MAX = 64, RETIRED_CHAINS_MAX = 8 };

struct measuring {
    struct tpm_settings settings;
    struct tpm_anchor_list anchors;
    struct span known_pcr0[KNOWN_PCR0_MAX];
    struct attest_key retired[RETIRED_CHAINS_MAX]; /* chains of report keys that sign no more */
    size_t retired_count;
    struct page *page; /* the keys of contexts, and the copy of the turn that was read */
    uint64_t turn;
    struct context_image keys;
    struct spent *table;
    struct tpm_spent spent;
    struct api_tpm api; /* for the api, once connected */
};

/* Reads what comes from configuration and files. */
bool measuring_load(struct measuring *m, const struct config *c, struct crypto *crypto,
                    struct arena *a, struct err *err) MUST_USE;

/* Maps what is shared; the descriptors are closed. */
bool measuring_connect(struct measuring *m, const struct config *c, int keys_fd, int spent_fd,
                       struct err *err) MUST_USE;

#endif
