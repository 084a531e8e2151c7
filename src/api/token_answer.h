/*
 * token_answer - answers that are a token: {"token":"<JWT>"}, or the bare string of
 * 2018-09-01-preview
 *
 * Source   rest-api 6, 7, 8, 13
 */
#ifndef CUPEL_API_TOKEN_ANSWER_H
#define CUPEL_API_TOKEN_ANSWER_H

#include "routes.h"

/* Answers with header.payload and its signature; an empty one gives an unsecured token. */
enum api_step token_answer(struct call *call, struct span signing_input, struct span signature);

/* How the answer is made of a whole token. */
typedef enum api_step token_fn(struct call *call, struct span token);

/* Has a token signed, and makes the answer of it. */
enum api_step token_ask_for(struct call *call, struct span signing_input, uint32_t key_index,
                            token_fn *answer);

/* The same with the usual answer. */
enum api_step token_ask(struct call *call, struct span signing_input, uint32_t key_index);

/* The same with a management token of these claims. */
enum api_step token_ask_management(struct call *call, const struct claim_set *claims);

/* A copy of a call for later, in its arena: nothing of the request is in it. NULL: no memory. */
struct call *call_keep(struct call *call) MUST_USE;

#endif
