/*
 * list.h - the ListStreams call: the streams, in the order of their names' bytes.
 */
#ifndef PHOTON_LIST_H
#define PHOTON_LIST_H

#include "store/names.h"
#include "store/parts.h"
#include "store/store.h"
#include "wire/serve.h"

/* A walk over the streams. Threads: one at a time, a reader thread. */
struct list {
    struct store *store;
    struct names names; /* pattern "": all but the store's own */
    bool deleted;       /* also those that hold no event any more */
    uint64_t left;
    uint64_t last; /* the head when it began */
};

/* request's pattern must stay. */
void list_start(struct list *list, struct store *store, const struct list_request *request);
/* One bounded step: some framed streams. *done: there are no more. On success the parts are the caller's. */
enum reason list_step(struct list *list, struct parts *parts, bool *done, struct error *error);

extern const struct serve_method list_method; /* service: struct store * */

#endif
