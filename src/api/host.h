/*
 * host - which instance a request speaks to, by its Host header and nothing else
 *
 * Shape    an address of an instance, "name" or "name:port", without regard to case. The port may
 * be left out or be another one, as long as one instance only has that name; a dot at the end of a
 * name is not part of it. Names of no instance lead to the default one where the configuration says
 * so, and nowhere otherwise Source   the REST contract, 1; RFC 9110, 7.2 and 15.5.20
 */
#ifndef CUPEL_API_HOST_H
#define CUPEL_API_HOST_H

#include "../store/state.h"

/* The name of the instance that the configuration describes. */
#define HOST_DEFAULT_INSTANCE "default"

/* The part before the port, and before a last dot: "[::1]" of "[::1]:8443". */
struct span host_name(struct span host);

/* Tells whether a name is an IP address: four numbers, or something in brackets. */
bool host_is_ip(struct span name);

/* The instance, or NULL. `others` is a list with commas: "ip" stands for every address, "*" for
 * every name, other words for themselves. */
const struct store_instance *host_find(const struct state *s, struct span host, struct span others);

#endif
