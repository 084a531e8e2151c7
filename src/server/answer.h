/*
 * answer - an answer becomes bytes: head and body in one piece
 *
 * Source   RFC 9110, 6.6.1 (Date), 8.6 (Content-Length), 9.3.2 (HEAD); RFC 9112, 9.3 (Connection)
 */
#ifndef CUPEL_SERVER_ANSWER_H
#define CUPEL_SERVER_ANSWER_H

#include "../api/message.h"
#include "../base/writer.h"

enum { ANSWER_DATE = 30, ANSWER_REFUSAL = 512, ANSWER_REQUEST_ID = 56 };

enum answer_connection { ANSWER_GOES_ON, ANSWER_KEEPS_ALIVE, ANSWER_CLOSES };

/* What the connection adds to the handler's answer. */
struct answer_frame {
    const char *date;
    const char *server; /* NULL: not named */
    bool is_to_head;    /* the length of the body is told, the body is not */
    enum answer_connection connection;
};

/* The moment as "Sun, 06 Nov 1994 08:49:37 GMT". */
void answer_date(int64_t t, char date[ANSWER_DATE]);

/* The bytes of an answer, from malloc; p is NULL when memory is short. A header whose value holds a
 * line break is left out. */
struct span answer_bytes(const struct http_answer *a, const struct answer_frame *f) MUST_USE;

/* What an answer of the server itself points into. */
struct answer_room {
    char body[ANSWER_REFUSAL];
    char request_id[ANSWER_REQUEST_ID];
};

/* An answer of the server itself: the status, an error object with the text and a new
 * x-ms-request-id. */
struct http_answer answer_refusal(int status, const char *text, struct answer_room *room);

#endif
