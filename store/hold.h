/*
 * hold.h - while snapshots are read, what was deleted is not erased, so that each of them sees the store as it was at its head.
 *
 * A hold is kept by being renewed. One whose reader has stalled lapses: space must come back, and that snapshot ends. Threads: any.
 */
#ifndef PHOTON_HOLD_H
#define PHOTON_HOLD_H

#include <stdbool.h>
#include <stdint.h>

enum { HOLD_MS = 30 * 1000 };

struct hold_all;
/* released: called when the last hold is given back. NULL: no memory. */
struct hold_all *hold_all_new(int64_t (*now_ms)(void));
void hold_all_free(struct hold_all *all);
void hold_all_on_release(struct hold_all *all, void (*released)(void *user), void *user);

/* All-zero holds nothing. */
struct hold {
    struct hold_all *all;
    int64_t until_ms;
};
/* May wait for a step of erasing. Whatever is deleted by an order id beyond the head of a later moment stays. */
void hold_begin(struct hold *hold, struct hold_all *all);
/* For another HOLD_MS. false: it has lapsed, and what it held back may be gone. */
bool hold_renew(struct hold *hold);
void hold_end(struct hold *hold); /* an empty one, too */

/* ---- the committer's. NULL: nothing is ever held ---- */

/* How long nothing may be erased yet, at the most; 0: now it may. */
int64_t hold_left_ms(struct hold_all *all);
/* Around a step that erases what is deleted by order ids up to the head: hold_begin waits for its end. false: not now. */
bool hold_erase_begin(struct hold_all *all);
void hold_erase_end(struct hold_all *all);

#endif
