/*
 * shelf.h - the lines that subscribers are still to get, each with its number from 0: the last of them (hot), or all (cold).
 */
#ifndef MUON_CLI_SHELF_H
#define MUON_CLI_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SHELF_HOT_LINES = 1024, SHELF_HOT_BYTES = 64 << 20, SHELF_COLD_BYTES = 1 << 30 };

struct shelf_line {
    char *text;
    size_t len;
};

struct shelf {
    bool cold;
    struct shelf_line *lines; /* number n is at n % capacity */
    size_t capacity, bytes;
    uint64_t first, next; /* numbers: of the oldest that is kept; of the one to come */
};

void shelf_init(struct shelf *shelf, bool cold);
void shelf_fini(struct shelf *shelf);

/* Must something go before another line is put? Of a hot one: shelf_drop; a cold one has all it can keep. */
bool shelf_is_full(const struct shelf *shelf);

/* Copy a line. False: no memory. */
bool shelf_put(struct shelf *shelf, const char *text, size_t len);

/* Lines before this number are needed no more. */
void shelf_drop(struct shelf *shelf, uint64_t before);

/* A line that is kept. */
const struct shelf_line *shelf_at(const struct shelf *shelf, uint64_t number);

#endif
