/*
 * policy_v1 - the calls about policies, of every version
 *
 * Source   rest-api 7, 13
 */
#ifndef CUPEL_API_POLICY_V1_H
#define CUPEL_API_POLICY_V1_H

#include "routes.h"

route_fn policy_get;
route_fn policy_set;
route_fn policy_reset;

/* 2018-09-01-preview: the type stands in the query, `tee`. */
route_fn policy_2018_get;
route_fn policy_2018_set;
route_fn policy_2018_reset;
route_fn policy_2018_update; /* gives the document back in a token of ours, which set takes */

#endif
