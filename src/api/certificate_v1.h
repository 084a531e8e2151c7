/*
 * certificate_v1 - the calls about policy management certificates, of every version
 *
 * Source   rest-api 8, 13
 */
#ifndef CUPEL_API_CERTIFICATE_V1_H
#define CUPEL_API_CERTIFICATE_V1_H

#include "routes.h"

route_fn certificate_get;
route_fn certificate_add;
route_fn certificate_remove;

#endif
