/*
 * provider - an instance as the control plane tells it, and what its requests ask for
 *
 * Shape    a resource: id, name, type, location, properties, tags. Members of a request are matched
 *          without regard to case; null equals absent; those that nobody knows are passed over
 * Errors   malformed with the member's path; limit
 * Source   the REST contract, 14
 */
#ifndef CUPEL_API_PROVIDER_H
#define CUPEL_API_PROVIDER_H

#include "../format/json.h"
#include "../store/change.h"

enum { PROVIDER_NAME_LEAST = 3, PROVIDER_NAME_MOST = 24 };

/* The group that instances without one are shown in. */
#define PROVIDER_GROUP_NONE "default"

/* What a request says; empty or absent members were not said. Lives in the arena. */
struct provider_wish {
    struct span location, tags; /* tags: a JSON object, written compactly */
    bool has_public_network, has_tpm_authentication;
    int64_t public_network, tpm_authentication;
    const struct json *keys; /* policySigningCertificates.keys: an array of one or more */
};

bool provider_parse(struct span body, struct arena *a, struct provider_wish *out,
                    struct err *err) MUST_USE;

/* Puts what was said in place of what stands there. */
void provider_apply(const struct provider_wish *wish, struct store_instance *to);

/* Tells whether an instance may be called that: a label of DNS of 3 to 24 letters, digits and
 * hyphens. */
bool provider_name_fits(struct span name);

/* The resource; a subscription that the instance does not have is the one that was asked. */
void provider_write(struct writer *w, const struct store_instance *i, struct span subscription);

#endif
