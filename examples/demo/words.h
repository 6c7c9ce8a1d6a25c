/*
 * words.h - what the programs of the demo have in common: the time, names of streams, and a word out of a small JSON payload.
 */
#ifndef DEMO_WORDS_H
#define DEMO_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include <muon/muon.h>

enum { WORDS_ORDERS_MAX = 10000, WORDS_ID_BYTES = 64 };

double words_now_ms(void);

/* The number behind "key": in the payload; 0: none. And the text behind it; "": none, or it is too long. */
int64_t words_number(muon_str json, const char *key);
void words_text(muon_str json, const char *key, char *out, size_t size);

/* "orders/17" of "orders/" and 17; and the 17 of it, 0: it is none of these, or out of range. */
void words_stream(const char *prefix, int number, char out[32]);
int words_order(muon_str stream, const char *prefix);

/* A client of this service (NULL: of none), for $MUON_URL. It waits long: nothing here is decided by time. NULL: it was told
 * why not. */
muon_client *words_open(const char *service);

#endif
