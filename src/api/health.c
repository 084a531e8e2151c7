#include "health.h"

#include "errors.h"

enum api_step health_get(struct call *call)
{
    call->x->answer.status = 204;
    api_common_headers(call);
    return API_ANSWERED;
}
