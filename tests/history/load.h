/*
 * load.h - what the threads of soak_load share: how they stop, what was acknowledged, and how each uses libmuon and records it.
 *
 * Three phases. Load: until its time is over or it is told to stop. Then all is taken to be well again, and each client has to succeed once
 * more within LOAD_ALIVE_S: first who emits and asks, then, when it is known what was acknowledged, who subscribes.
 */
#ifndef TESTS_HISTORY_LOAD_H
#define TESTS_HISTORY_LOAD_H

#include <muon/muon.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "tests/history/recorder.h"

enum {
    LOAD_ALIVE_S = 90,
    LOAD_STREAMS = 16,
    LOAD_RECENT = 1024,
    LOAD_BATCH_MAX = 8,
    LOAD_SETS = 8
};

struct load_options {
    const char *url, *certs, *dir, *name;
    const char
        *set[LOAD_SETS][2]; /* of each client: a configuration key, its value; NULL at the end */
    uint64_t seed, seconds, writers, racers, subscribers, services, rate;
    bool final, log;
};

struct load {
    struct load_options options;
    int stop_fd;                    /* readable from the end of the load on */
    atomic_int_fast64_t stopped_ns; /* set before stop */
    atomic_bool stop;               /* the load is over */
    atomic_bool drain;              /* everything is acknowledged that will be */
    atomic_bool done;               /* nobody asks any more */
    atomic_bool not_alive;          /* somebody never succeeded again */
    atomic_uint_fast64_t ok, unknown, failed, refused, delivered, sessions, crossings, answered;
    atomic_uint_fast64_t races; /* emits by racers: which stream is raced for */
    char streams[LOAD_STREAMS][64];
    atomic_int_fast64_t last[LOAD_STREAMS]; /* order ids acknowledged, of a stream */
    atomic_int_fast64_t last_of_all;
    atomic_int_fast64_t recent[LOAD_RECENT]; /* some of them */
    atomic_uint_fast64_t recents;
};

/* One thread of a role. */
struct load_thread {
    struct load *load;
    pthread_t thread;
    void (*run)(struct load_thread *self);
    const char *role;
    uint32_t number; /* within its role */
    uint64_t random;
    struct recorder *recorder;
    muon_client *client; /* may be shared */
};

/* The roles. */
void load_write(struct load_thread *self);  /* emits, many at a time, batches too */
void load_race(struct load_thread *self);   /* emits that expect a version */
void load_follow(struct load_thread *self); /* subscriptions, for long and for a moment */
void load_serve(struct load_thread *self);  /* answers requests */
void load_ask(struct load_thread *self);    /* makes them */
/* The whole log; false: it could not be read to its end. */
bool load_final(struct load *load);

/* What is wrong with how it was started, or with libmuon, ends the process. */
void load_die(const char *what, const char *why) __attribute__((noreturn));
muon_client *load_open(const struct load *load, const char *service);
uint64_t load_random(struct load_thread *self, uint64_t below);
/* Until the load is over, at most; then, and in any case, not longer than this. */
void load_pause(const struct load *load, int ms);
/* Is it the load's time still, or the time in which all have to succeed once more? */
bool load_has_time(const struct load *load);
void load_healed(struct load_thread *self); /* writes HISTORY_HEALED */
void load_not_alive(struct load_thread *self);

enum history_outcome load_outcome(int32_t status, const muon_error *error);
void load_count(struct load *load, enum history_outcome outcome);
/* An emit to one of load->streams (or -1: to another) was acknowledged. */
void load_acknowledged(struct load *load, int stream, int64_t order_id);
/* An order id that was acknowledged lately; 0: none yet. */
int64_t load_some_recent(struct load_thread *self);

/* An event as it is made of its id: the same id, the same content. type and payload of *in are set; buffer holds the payload. */
enum { LOAD_PAYLOAD_MAX = 65536 };
void load_make(const char *id, char *buffer, muon_event_in *in);

#endif
