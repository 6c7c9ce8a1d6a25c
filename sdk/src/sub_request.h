/*
 * sub_request.h - what a subscription asks for, and how that changes as it gets on. Pure: no locks, no network.
 */
#ifndef MUON_SDK_SUB_REQUEST_H
#define MUON_SDK_SUB_REQUEST_H

#include <stdbool.h>

#include <muon/muon.h>

#include "sdk/src/held.h"
#include "wire/codec.h"

struct sub_request {
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

/* The SubscribeRequest of the next call, to the store that info is of. NULL: no memory. */
struct bytes *sub_request_encode(struct sub_request *request, const struct info *info);

/* A message was received. */
void sub_request_advance(struct sub_request *request, const struct held *held);

/* Has the limit been reached? */
bool sub_request_is_done(const struct sub_request *request);

/* from_kind and from of the public functions, as the contract has them. false: no such kind, or from < 0. */
bool sub_request_from(int32_t from_kind, int64_t from, enum from_kind *kind, uint64_t *out);

#endif
