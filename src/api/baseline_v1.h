/*
 * baseline_v1 - the TCB baselines that evidence can be judged by
 *
 * Shape    a list, by TCB evaluation data number: those that there is collateral for, and which of
 *          them the policy in force chooses. When a baseline was released, and which platform
 *          software it needs, is told where it was published
 * Source   the REST contract, 10
 */
#ifndef CUPEL_API_BASELINE_V1_H
#define CUPEL_API_BASELINE_V1_H

#include "routes.h"

route_fn baseline_get;

#endif
