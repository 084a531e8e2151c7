/*
 * health - /servicehealth: the service answers
 *
 * Source   rest-api 12
 */
#ifndef CUPEL_API_HEALTH_H
#define CUPEL_API_HEALTH_H

#include "routes.h"

route_fn health_get;

#endif
