/*
 * expired.h - which streams a policy has cut, and at which of their events: what a snapshot says behind these, since no event of the store's own
 * does.
 */
#ifndef PHOTON_EXPIRED_H
#define PHOTON_EXPIRED_H

#include "store/hold.h"
#include "store/keys.h"
#include "store/log.h"

struct expired_one {
    uint64_t order_id; /* of the last event that is gone */
    uint64_t version;  /* its version */
    uint8_t *name;
    size_t name_len;
};

/* By rising order ids. All-zero: none. */
struct expired {
    struct expired_one *one;
    size_t len, room;
};

/* Those that were cut by a policy, or an import of such a cut, of an order id up to last. It walks over all streams, and renews the hold. */
enum reason expired_read(struct expired *expired, struct log *log, uint64_t last, struct hold *hold,
                         struct error *error);
void expired_free(struct expired *expired);

/* NULL: the event with this order id is not the last of such. */
const struct expired_one *expired_at(const struct expired *expired, uint64_t order_id);

#endif
