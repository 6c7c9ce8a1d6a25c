/*
 * made.h - what a store would send, made by the tests; and cmocka with what it needs.
 */
#ifndef TESTS_SDK_MADE_H
#define TESTS_SDK_MADE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <muon/muon.h>

#include "wire/bytes.h"

/* An encoded stored event: stream "s", type "T", payload "p<order id>", version = order id. NULL-free. */
struct bytes *made_event(uint64_t order_id);

/* A SubscribeResponse: events with these order ids, then a marker's bytes. */
struct bytes *made_message(const uint64_t *order_ids, size_t n, const uint8_t *marker,
                           size_t marker_len);

/* A client with these settings (key and value, ended by NULL; NULL: none), and the end of one that has nothing to wait for. */
typedef const char *made_settings[2];
muon_client *made_client(const char *url, const made_settings *settings);
void made_close(muon_client *c);

/* Emit one event of type "T" to stream "s". */
int32_t made_emit(muon_client *c, const char *payload, muon_emit_result *result, muon_error *err);

#endif
