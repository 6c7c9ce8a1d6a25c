/*
 * meet.h - a bus with a server in the test's own process, and parties: raw sessions that say exactly what goes over the wire.
 */
#ifndef TESTS_BUS_MEET_H
#define TESTS_BUS_MEET_H

#include <pthread.h>
#include <stdatomic.h>

#include "bus/bus.h"
#include "tests/lib/caller.h"
#include "tests/wire/raw.h"
#include "wire/codec.h"

enum { MEET_QUIET_BEAT_MS = 60000, MEET_BODY_BYTES = 1024 * 1024 };

struct meet {
    struct cq *cq;
    struct bus *bus;
    struct serve *serve;
    struct serve_method methods[BUS_METHODS];
    struct serve_service service;
    struct caller *caller;
    char target[64];
    bool draining;
    struct {
        struct cq_op op;
        pthread_mutex_t lock;
        pthread_cond_t changed;
        bool done;
    } stopped;
};

struct tls_server;

/* How many failures the server has told of, in all. */
extern _Atomic uint64_t meet_failures;

/* Beats so rare that no test meets one; up to 50 sessions. */
void meet_open(struct meet *meet);
void meet_open_with(struct meet *meet, const struct bus_options *options, struct tls_server *tls);
/* Drain; do not wait. */
void meet_drain(struct meet *meet);
/* Drained, until no call is left by itself. */
void meet_await_stopped(struct meet *meet);
/* Sessions and calls of the test have been freed. */
void meet_close(struct meet *meet);

/* A session. */
struct party {
    struct caller_stream *stream;
    struct bytes *message;
    struct span rest;
    struct raw out; /* what is gathered for one message */
};
void party_open(struct party *party, struct caller *caller);
/* Hello, and wait for the Welcome. */
void party_hello(struct party *party, const char *service, const char *instance);
/* Open, hello, and serve a path: request/response, or a stream when it begins with "stream:". */
void party_serve(struct party *party, struct meet *meet, const char *service, const char *instance,
                 const char *path);
/* Open and hello, to ask. */
void party_ask(struct party *party, struct meet *meet);

/* Gather a frame; its body is the one that it has. Send what was gathered. */
void party_gather(struct party *party, const struct frame *frame);
void party_flush(struct party *party);
/* Both, for one. */
void party_say(struct party *party, const struct frame *frame);
void party_call(struct party *party, uint64_t exchange, const char *url, const char *body);
void party_answer(struct party *party, uint64_t exchange, uint32_t status, const char *body);

/* The next frame, which stays until the next is asked for; beats are passed over. false: the session is over. */
bool party_next(struct party *party, struct frame *frame);
/* The next frame is of this kind and exchange. */
void party_hear(struct party *party, enum frame_kind kind, uint64_t exchange, struct frame *frame);
/* The next frame is an Error of this exchange. */
void party_hear_error(struct party *party, uint64_t exchange, enum reason reason,
                      struct error *error);
/* The session ends with an Error of exchange 0, and then so does the call. */
void party_hear_end(struct party *party, enum reason reason);
void party_close(struct party *party);  /* half-close, wait for the end, free */
void party_vanish(struct party *party); /* cancel and free */

/* Request, as a plain call. *answer (which is decoded) stays as long as *raw. */
enum reason meet_request(struct meet *meet, const char *url, struct span body, struct bytes **raw,
                         struct bus_answer *answer, struct error *error);
/* A plain call that has been sent, to be read and ended. */
struct caller_stream *meet_begin(struct meet *meet, const char *method, struct bytes *request);

#endif
