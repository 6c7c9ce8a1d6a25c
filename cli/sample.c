/*
 * sample.c - see sample.h.
 *
 * Streams have no counters in photond: how fast they grow is seen from two lists of them, of which each holds the first STREAMS names.
 */
#include "cli/sample.h"

#include <muon/admin.h>
#include <stdlib.h>
#include <string.h>

enum { STREAMS = 2000, SHOWN = 50 };

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* Takes over the reply. NULL: it is no JSON. */
static json_t *document_of(muon_reply *reply)
{
    json_t *document = json_loadb(reply->body.ptr, reply->body.len, 0, NULL);
    muon_reply_free(reply);
    return document;
}

/* ---- rates ---- */

/* Seconds between two samples of one photond; 0: they cannot be compared. */
static double seconds_between(const json_t *before, const json_t *after)
{
    if (!before || number(before, "started") != number(after, "started"))
        return 0;
    return (double)(number(after, "time") - number(before, "time")) / 1000;
}

static json_t *rates_of(const json_t *before, const json_t *after, double seconds)
{
    static const char *const counters[] = {"commits",     "batches",          "events",
                                           "event-bytes", "delivered-events", "delivered-bytes"};
    json_t *rates = json_object();
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        double more = (double)(number(after, counters[i]) - number(before, counters[i]));
        json_object_set_new(rates, counters[i], json_real(more / seconds));
    }
    return rates;
}

/* ---- streams ---- */

static int by_rate(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    double p = json_real_value(json_object_get(*x, "rate"));
    double q = json_real_value(json_object_get(*y, "rate"));
    json_int_t m = number(*x, "last-order-id"), n = number(*y, "last-order-id");
    return p != q ? (p < q) - (p > q) : (m < n) - (m > n);
}

/* The fastest first, then those that were written to last. */
static json_t *sorted(json_t *streams)
{
    size_t len = json_array_size(streams);
    json_t **rows = calloc(len + 1, sizeof(json_t *)), *out = json_array();
    for (size_t i = 0; rows && i < len; i++)
        rows[i] = json_array_get(streams, i);
    if (rows)
        qsort(rows, len, sizeof(json_t *), by_rate);
    for (size_t i = 0; rows && i < len && i < SHOWN; i++)
        json_array_append(out, rows[i]);
    free(rows);
    return out;
}

/* Of each how many it held, by name, for the next sample. */
static json_t *totals_of(const json_t *streams)
{
    json_t *totals = json_object();
    for (size_t i = 0; i < json_array_size(streams); i++) {
        const json_t *stream = json_array_get(streams, i);
        json_object_set(totals, json_string_value(json_object_get(stream, "stream-name")),
                        json_object_get(stream, "last-version"));
    }
    return totals;
}

static void rate_streams(json_t *streams, const json_t *before, double seconds)
{
    for (size_t i = 0; i < json_array_size(streams); i++) {
        json_t *stream = json_array_get(streams, i);
        const char *name = json_string_value(json_object_get(stream, "stream-name"));
        json_int_t had = name ? number(before, name) : 0;
        double more = (double)(number(stream, "last-version") - had);
        if (seconds > 0)
            json_object_set_new(stream, "rate", json_real(more / seconds));
    }
}

/* ---- asked ---- */

static int32_t take_admin(muon_client *client, int32_t timeout_ms, json_t *sample,
                          muon_error *error)
{
    muon_reply *reply;
    int32_t status = muon_admin_stats(client, timeout_ms, &reply, error);
    if (status != MUON_OK)
        return status;
    json_object_set_new(sample, "stats", document_of(reply));
    status = muon_admin_subscriptions(client, timeout_ms, &reply, error);
    if (status != MUON_OK)
        return status;
    json_t *document = document_of(reply);
    json_object_set(sample, "subscriptions", json_object_get(document, "subscriptions"));
    json_decref(document);
    return MUON_OK;
}

static int32_t take_others(muon_client *client, int32_t timeout_ms, json_t *sample,
                           json_t **streams, muon_error *error)
{
    muon_reply *reply;
    int32_t status = muon_discover(client, NULL, timeout_ms, &reply, error);
    if (status != MUON_OK)
        return status;
    json_t *document = document_of(reply);
    json_object_set(sample, "services", json_object_get(document, "services"));
    json_decref(document);
    status = muon_streams(client, NULL, NULL, STREAMS, timeout_ms, &reply, error);
    if (status != MUON_OK)
        return status;
    document = document_of(reply);
    *streams = json_incref(json_object_get(document, "streams"));
    json_decref(document);
    return MUON_OK;
}

int32_t sample_take(muon_client *client, const json_t *before, int32_t timeout_ms, json_t **out,
                    muon_error *error)
{
    json_t *sample = json_object(), *streams = NULL;
    int32_t status = take_admin(client, timeout_ms, sample, error);
    if (status == MUON_OK)
        status = take_others(client, timeout_ms, sample, &streams, error);
    if (status != MUON_OK) {
        json_decref(sample);
        return status;
    }
    const json_t *stats = json_object_get(sample, "stats"), *was = json_object_get(before, "stats");
    double seconds = seconds_between(was, stats);
    if (seconds > 0)
        json_object_set_new(sample, "rates", rates_of(was, stats, seconds));
    rate_streams(streams, json_object_get(before, "totals"), seconds);
    json_object_set_new(sample, "totals", totals_of(streams));
    json_object_set_new(sample, "streams", sorted(streams));
    json_decref(streams);
    *out = sample;
    return MUON_OK;
}
