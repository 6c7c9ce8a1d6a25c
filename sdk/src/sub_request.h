/*
 * sub_request.h - what a subscription asks for, and how that changes as it gets on. Pure: no locks, no network.
 */
#ifndef MUON_SDK_SUB_REQUEST_H
#define MUON_SDK_SUB_REQUEST_H

#include <stdbool.h>

#include <muon/muon.h>

#include "sdk/src/held.h"
#include "wire/codec.h"

/* A stream of the store, or (service not NULL) one that a service publishes: then only encoded is used, and nothing is resumed. */
struct sub_request {
    struct bytes *service;        /* its URL, NUL included */
    struct subscribe_request ask; /* as the application asked; its texts are views of encoded */
    struct bytes *encoded;
    uint64_t received; /* events, over all calls */
    bool placed;       /* position is known: resume after it */
    int64_t position;
    bool live;         /* the head was reached once */
    char store_id[37]; /* the store that the position is of */
    uint64_t incarnation;
};

/* MUON_EINVAL: what is wrong with stream or opts, by the store's own rules. */
int32_t sub_request_init(struct sub_request *request, const char *stream, const muon_sub_opts *opts,
                         muon_error *err);
void sub_request_fini(struct sub_request *request);

/* The call that asks, and the request of the next one, to the store that info is of. NULL: no memory. */
const char *sub_request_call(const struct sub_request *request);
struct bytes *sub_request_encode(struct sub_request *request, const struct info *info);

/* Look a message over, and take events from it: held_new and held_take, or items_hold and items_take. last: as for them. */
struct held *sub_request_hold(const struct sub_request *request, struct bytes *message,
                              bool *malformed);
muon_batch *sub_request_take(const struct sub_request *request, struct held *held, size_t max,
                             int64_t *last, size_t *taken, bool *malformed);

/* A message of the store was received. */
void sub_request_advance(struct sub_request *request, const struct held *held);

/* A call has ended like this. MUON_OK: begin another one; MUON_END: it is over; else it has failed, and err tells how. */
int32_t sub_request_end(const struct sub_request *request, const struct error *status,
                        muon_error *err);

/* from_kind and from of the public functions, as the contract has them. false: no such kind, or from < 0. */
bool sub_request_from(int32_t from_kind, int64_t from, enum from_kind *kind, uint64_t *out);

#endif
