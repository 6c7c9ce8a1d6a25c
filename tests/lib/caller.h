/*
 * caller.h - raw gRPC calls that wait: for tests that say exactly what goes over the wire.
 */
#ifndef TESTS_LIB_CALLER_H
#define TESTS_LIB_CALLER_H

#include "wire/client.h"

struct caller;

/* A channel of its own with one poller. tls NULL: plain text. */
struct caller *caller_open(const char *target, const struct tls_client_options *tls);
void caller_close(struct caller *caller);

/* One request, one answer. REASON_NONE: *answer is the caller's. request is given back. */
enum reason caller_ask(struct caller *caller, const char *path, struct bytes *request,
                       struct bytes **answer, struct error *error);

/* A call with streams, either way. */
struct caller_stream;
struct caller_stream *caller_stream_open(struct caller *caller, const char *path);
/* Send and wait until it has left. message is given back. false: the call is broken. */
bool caller_stream_send(struct caller_stream *stream, struct bytes *message, bool last);
/* The next message, or NULL: there will be no more. */
struct bytes *caller_stream_read(struct caller_stream *stream);
/* Wait for the end; REASON_NONE: OK. */
enum reason caller_stream_end(struct caller_stream *stream, struct error *error);
void caller_stream_cancel(struct caller_stream *stream);
void caller_stream_free(struct caller_stream *stream); /* cancels what still runs */

#endif
