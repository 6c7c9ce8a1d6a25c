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

#endif
