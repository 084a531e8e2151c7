/*
 * provider_v1 - the control plane: instances created, read, listed, changed and deleted
 *
 * Shape    served at the address of the default instance only. A path names subscription, group and
 *          instance; names are unique in the daemon, whatever their group. The default instance is
 *          told as the default provider; it can be read and patched, and not be put or deleted
 * Source   the REST contract, 14
 */
#ifndef CUPEL_API_PROVIDER_V1_H
#define CUPEL_API_PROVIDER_V1_H

#include "routes.h"

route_fn provider_operations;
route_fn provider_list;
route_fn provider_get;
route_fn provider_put;
route_fn provider_patch;
route_fn provider_delete;
route_fn provider_defaults;
route_fn provider_no_links;

/* Finds out which instance a request of the control plane is about, so that roles given there
 * count. False: this is not the address where it is served. */
bool provider_address(struct call *call) MUST_USE;

#endif
