/*
 * sign_channel - requests to the signing process, many at once, answered in any order
 *
 * Shape    packets of signer_message.h over a SOCK_SEQPACKET descriptor in the event loop; at most
 *          SIGNATURES_OUTSTANDING_MAX are waited for
 * Owns     the descriptor; a job's context stays the caller's
 */
#ifndef CUPEL_SERVER_SIGN_CHANNEL_H
#define CUPEL_SERVER_SIGN_CHANNEL_H

#include "limits.h"
#include "signer_message.h"

#include <uv.h>

struct sign_channel;

/* Called once for each request that was taken: the signature, or an empty span when there is none.
 */
typedef void sign_done_fn(void *context, struct span signature);

/* A channel on the loop; `lost` is called when the other side is gone, after every waiting request
 * has been told so. NULL with io or memory. */
struct sign_channel *sign_channel_new(uv_loop_t *loop, int fd, void (*lost)(void *arg), void *arg,
                                      struct err *err) MUST_USE;

/* Asks for a signature of a hash. False (nothing will be called) when too many are waited for, the
 * bytes are too many or the other side is gone. *ticket names the request for sign_channel_forget.
 */
bool sign_channel_ask(struct sign_channel *c, uint32_t key_index, struct span hash,
                      sign_done_fn *done, void *context, uint64_t *ticket) MUST_USE;

/* Nobody wants that answer any more: done will not be called. */
void sign_channel_forget(struct sign_channel *c, uint64_t ticket);

/* How many are waited for. */
size_t sign_channel_waiting(const struct sign_channel *c);

/* Closes; whoever waits is not called. The memory is freed once the loop has run its callbacks. */
void sign_channel_free(struct sign_channel *c);

#endif
