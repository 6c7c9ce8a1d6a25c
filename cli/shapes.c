/*
 * shapes.c - the table of what is printed with --json.
 */
#include "cli/shapes.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What `top` prints is what others print, all in one. */
#define STATS(at)                                                                                  \
    {at "time", SHAPE_INTEGER, NULL, "when this was so, in ms since 1970"},                        \
        {at "started", SHAPE_INTEGER, NULL, "when photond started, likewise"},                     \
        {at "version", SHAPE_TEXT, NULL, "photond's"},                                             \
        {at "store-id", SHAPE_TEXT, NULL, "its own, for ever"},                                    \
        {at "log-level", SHAPE_TEXT, NULL, "what is logged: this and what is graver"},             \
        {at "head-order-id", SHAPE_INTEGER, NULL, "that of the last event; 0: there is none"},     \
        {at "writable", SHAPE_BOOL, NULL, "emits are accepted"},                                   \
        {at "commits", SHAPE_INTEGER, NULL, "how many, since the start"},                          \
        {at "batches", SHAPE_INTEGER, NULL, "how many were stored, since the start"},              \
        {at "events", SHAPE_INTEGER, NULL, "how many were stored, since the start"},               \
        {at "event-bytes", SHAPE_INTEGER, NULL, "the bytes of these"},                             \
        {at "delivered-events", SHAPE_INTEGER, NULL, "how many subscriptions were given"},         \
        {at "delivered-bytes", SHAPE_INTEGER, NULL, "the bytes of these"},                         \
        {at "queue-bytes", SHAPE_INTEGER, NULL, "what waits to be committed"},                     \
        {at "queue-batches", SHAPE_INTEGER, NULL, "how many batches wait to be committed"},        \
        {at "subscriptions", SHAPE_INTEGER, NULL, "how many are open"},                            \
        {at "sessions", SHAPE_INTEGER, NULL, "how many are open"},                                 \
        {at "services", SHAPE_INTEGER, NULL, "how many are there, the store itself among them"},   \
        {at "table-bytes", SHAPE_INTEGER, NULL, "what the store takes on the disk, about"},        \
    {                                                                                              \
        at "disk-free-bytes", SHAPE_INTEGER, NULL, "what is left there"                            \
    }
#define SUBSCRIPTIONS                                                                              \
    {"subscriptions[].number", SHAPE_INTEGER, NULL,                                                \
     "rises from one to the next, from photond's start"},                                          \
        {"subscriptions[].peer", SHAPE_TEXT, NULL, "where its client is"},                         \
        {"subscriptions[].identity", SHAPE_TEXT, NULL, "as its certificate says, or empty"},       \
        {"subscriptions[].stream-name", SHAPE_TEXT, NULL,                                          \
         "what it follows: a stream, a pattern, `__all__`"},                                       \
        {"subscriptions[].stream-type", SHAPE_TEXT, NULL, "`hot-cold`, `hot` or `cold`"},          \
        {"subscriptions[].state", SHAPE_TEXT, NULL,                                                \
         "`reading`: it is behind; `live`; `stuck`: its client takes nothing"},                    \
        {"subscriptions[].position", SHAPE_INTEGER, NULL,                                          \
         "everything up to this order id has been looked at"},                                     \
        {"subscriptions[].lag-ms", SHAPE_INTEGER, NULL,                                            \
         "how long ago that was the last one; 0: it is not behind"},                               \
        {"subscriptions[].events", SHAPE_INTEGER, NULL, "how many it has been given"},             \
        {"subscriptions[].waiting-bytes", SHAPE_INTEGER, NULL, "what is ready and has not left"},  \
    {                                                                                              \
        "subscriptions[].since", SHAPE_INTEGER, NULL, "when it began, in ms since 1970"            \
    }
#define STREAMS                                                                                    \
    {"streams[].stream-name", SHAPE_TEXT, NULL, "its name"},                                       \
        {"streams[].total-events", SHAPE_INTEGER, NULL, "how many events it holds"},               \
        {"streams[].last-version", SHAPE_INTEGER, NULL, "that of its last event"},                 \
        {"streams[].last-order-id", SHAPE_INTEGER, NULL, "that of its last event"},                \
        {"streams[].first-version", SHAPE_INTEGER, NULL, "that of the first event that is kept"},  \
        {"streams[].retention.pattern", SHAPE_TEXT, "it has a policy", "whose policy counts"},     \
        {"streams[].retention.max-age-ms", SHAPE_INTEGER, "it has a policy",                       \
         "how long; 0: for ever"},                                                                 \
        {"streams[].retention.max-count", SHAPE_INTEGER, "it has a policy", "how many; 0: all"},   \
    {                                                                                              \
        "streams[].retention.order-id", SHAPE_INTEGER, "it has a policy", "that of its event"      \
    }
#define SERVICES                                                                                   \
    {"services[].identifier", SHAPE_TEXT, NULL, "its name"},                                       \
        {"services[].tags[]", SHAPE_TEXT, NULL, "those of all its instances"},                     \
        {"services[].instances[].instance-id", SHAPE_TEXT, NULL, "this instance's own"},           \
        {"services[].instances[].identity", SHAPE_TEXT, NULL,                                      \
         "who serves it, as its certificate says; empty: it has none"},                            \
        {"services[].instances[].tags[]", SHAPE_TEXT, NULL, "what it is found by"},                \
        {"services[].instances[].endpoints[].path", SHAPE_TEXT, NULL, "what it answers to"},       \
        {"services[].instances[].endpoints[].stream", SHAPE_BOOL, NULL, "it is a stream"},         \
        {"services[].instances[].endpoints[].doc", SHAPE_TEXT, NULL, "a line; empty: none"},       \
        {"services[].instances[].since", SHAPE_INTEGER, NULL, "when it came, in ms since 1970"},   \
        {"services[].instances[].in-flight", SHAPE_INTEGER, NULL,                                  \
         "requests that it works on now"},                                                         \
    {                                                                                              \
        "services[].instances[].draining", SHAPE_BOOL, NULL, "it takes no more"                    \
    }

static const struct shape_field event_fields[] = {
    {"event-id", SHAPE_TEXT, NULL, "its own; emitting it again stores nothing"},
    {"event-type", SHAPE_TEXT, NULL, "what happened"},
    {"stream-name", SHAPE_TEXT, NULL, "where it is stored"},
    {"id", SHAPE_TEXT, "it was given", "the entity's"},
    {"service-id", SHAPE_TEXT, "it was given", "who emitted it"},
    {"schema", SHAPE_TEXT, "it was given", "the version of the payload's schema"},
    {"payload", SHAPE_JSON, "it is JSON", "byte for byte, but for line breaks"},
    {"payload-base64", SHAPE_TEXT, "`payload` is not exact", "the bytes"},
    {"content-type", SHAPE_TEXT, "it is not application/json", "the payload's"},
    {"caused-by", SHAPE_TEXT, "it was given", "an event id or an order id"},
    {"caused-by-relation", SHAPE_TEXT, "it was given", "how it was caused"},
    {"traceparent", SHAPE_TEXT, "it was given", "as W3C Trace Context has it"},
    {"metadata", SHAPE_JSON, "it was given, and is JSON", "the application's own"},
    {"metadata-base64", SHAPE_TEXT, "`metadata` is not exact", "the bytes"},
    {"order-id", SHAPE_INTEGER, NULL, "its place among all events"},
    {"version", SHAPE_INTEGER, NULL, "its place in its stream, from 1"},
    {"event-time", SHAPE_INTEGER, NULL, "when it was stored, in ms since 1970"},
};

static const struct shape_field emitted_fields[] = {
    {"status", SHAPE_TEXT, NULL, "`PERSISTED`"},
    {"order-id", SHAPE_INTEGER, NULL, "its place among all events"},
    {"version", SHAPE_INTEGER, NULL, "its place in its stream, from 1"},
    {"event-time", SHAPE_INTEGER, NULL, "when it was stored, in ms since 1970"},
    {"event-id", SHAPE_TEXT, NULL, "given, or made up"},
    {"duplicate", SHAPE_BOOL, NULL, "it had been stored before; the rest says where"},
};

static const struct shape_field import_fields[] = {
    {"stored", SHAPE_INTEGER, NULL, "events that are new"},
    {"duplicates", SHAPE_INTEGER, NULL, "events that had been stored before"},
    {"failed", SHAPE_INTEGER, NULL, "events that were refused"},
    {"seconds", SHAPE_NUMBER, NULL, "how long it took"},
};

static const struct shape_field backup_fields[] = {
    {"file", SHAPE_TEXT, NULL, "which file"},
    {"events", SHAPE_INTEGER, NULL, "how many are in it"},
    {"bytes", SHAPE_INTEGER, NULL, "its size"},
    {"after-order-id", SHAPE_INTEGER, NULL,
     "where the backup that it follows upon ends; 0: it is whole"},
    {"last-order-id", SHAPE_INTEGER, NULL, "where it ends itself"},
    {"digest", SHAPE_TEXT, NULL, "that of the store up to there, in hexadecimal"},
    {"seconds", SHAPE_NUMBER, NULL, "how long it took"},
};

static const struct shape_field restore_fields[] = {
    {"events", SHAPE_INTEGER, NULL, "how many were read"},
    {"events-before", SHAPE_INTEGER, NULL, "how many the store had already"},
    {"last-order-id", SHAPE_INTEGER, NULL, "where the store ends now"},
    {"digest", SHAPE_TEXT, NULL, "the store's, in hexadecimal"},
    {"seconds", SHAPE_NUMBER, NULL, "how long it took"},
};

static const struct shape_field verify_fields[] = {
    {"file", SHAPE_TEXT, "files were named", "which file"},
    {"store-id", SHAPE_TEXT, NULL, "the store, or the one the file was made of"},
    {"after-order-id", SHAPE_INTEGER, "files were named",
     "where the backup that it follows upon ends; 0: it is whole"},
    {"events", SHAPE_INTEGER, NULL, "how many are in the file, or in the store up to there"},
    {"last-order-id", SHAPE_INTEGER, NULL, "up to where the digest goes"},
    {"digest", SHAPE_TEXT, NULL, "that of the store up to there, in hexadecimal"},
    {"bytes", SHAPE_INTEGER, "files were named", "the file's size"},
};

static const struct shape_field erased_fields[] = {
    {"erased.event-id", SHAPE_TEXT, NULL, "its own, which stays taken"},
    {"erased.content-digest", SHAPE_TEXT, NULL, "that of its content, in hexadecimal"},
    {"erased.event-digest", SHAPE_TEXT, NULL, "that of the whole event, in hexadecimal"},
    {"order-id", SHAPE_INTEGER, NULL, "its place among all events"},
    {"version", SHAPE_INTEGER, NULL, "its place in its stream"},
    {"event-time", SHAPE_INTEGER, NULL, "when it was stored, in ms since 1970"},
};

static const struct shape_field cut_fields[] = {
    {"cut.stream-name", SHAPE_TEXT, NULL, "the stream whose beginning is gone"},
    {"cut.by-order-id", SHAPE_INTEGER, NULL, "its event, or the last that it took"},
    {"cut.tombstone", SHAPE_BOOL, "it was deleted for good", "`true`"},
    {"order-id", SHAPE_INTEGER, NULL, "up to where nothing of it is left"},
    {"version", SHAPE_INTEGER, NULL, "the same, in the stream"},
};

static const struct shape_field why_fields[] = {
    {"asked", SHAPE_INTEGER, NULL, "the order id of the event that was asked for"},
    {"missing-cause", SHAPE_TEXT, "it is not there", "what has caused the first event"},
    {"events[].order-id", SHAPE_INTEGER, NULL, "its place among all events"},
    {"events[].version", SHAPE_INTEGER, NULL, "its place in its stream, from 1"},
    {"events[].event-time", SHAPE_INTEGER, NULL, "when it was stored, in ms since 1970"},
    {"events[].stream-name", SHAPE_TEXT, NULL, "where it is stored"},
    {"events[].event-type", SHAPE_TEXT, NULL, "what happened"},
    {"events[].event-id", SHAPE_TEXT, NULL, "its own"},
    {"events[].service-id", SHAPE_TEXT, NULL, "who emitted it; empty: not known"},
    {"events[].caused-by", SHAPE_TEXT, NULL, "an event id or an order id; empty: nothing"},
    {"events[].caused-by-relation", SHAPE_TEXT, NULL, "how it was caused; empty: not said"},
};

static const struct shape_field streams_fields[] = {
    STREAMS,
    {"streams[].tombstone", SHAPE_BOOL, "it was deleted for good", "`true`"},
};

static const struct shape_field delete_fields[] = {
    {"correct", SHAPE_BOOL, NULL, "`true`"},
    {"stream-name", SHAPE_TEXT, NULL, "which stream"},
    {"deleted-events", SHAPE_INTEGER, NULL, "how many are gone now that were there"},
    {"tombstone", SHAPE_BOOL, "with --tombstone", "`true`: it takes no more"},
};

static const struct shape_field retention_fields[] = {
    {"retention[].pattern", SHAPE_TEXT, NULL, "which streams"},
    {"retention[].max-age-ms", SHAPE_INTEGER, NULL, "how long events are kept; 0: for ever"},
    {"retention[].max-count", SHAPE_INTEGER, NULL, "how many events are kept; 0: all"},
    {"retention[].order-id", SHAPE_INTEGER, NULL, "that of the event that records it"},
};

static const struct shape_field change_fields[] = {
    {"correct", SHAPE_BOOL, NULL, "`true`"},
};

static const struct shape_field answer_fields[] = {
    {"status", SHAPE_INTEGER, NULL, "200"},
    {"service", SHAPE_TEXT, NULL, "who has answered"},
    {"instance", SHAPE_TEXT, NULL, "which of its instances"},
    {"content-type", SHAPE_TEXT, NULL, "the body's"},
    {"body", SHAPE_JSON, "it is JSON or text", "JSON as it is, anything else as a text"},
    {"body-base64", SHAPE_TEXT, "it is neither", "the bytes"},
};

static const struct shape_field item_fields[] = {
    {"body", SHAPE_JSON, "it is JSON or text", "JSON as it is, anything else as a text"},
    {"body-base64", SHAPE_TEXT, "it is neither", "the bytes"},
    {"content-type", SHAPE_TEXT, NULL, "the body's"},
};

static const struct shape_field serve_fields[] = {
    {"time", SHAPE_INTEGER, NULL, "when it was answered, in ms since 1970"},
    {"path", SHAPE_TEXT, NULL, "what was asked for"},
    {"caller", SHAPE_TEXT, NULL, "who asked, as its certificate says; empty: it has none"},
    {"status", SHAPE_INTEGER, NULL, "the answer's"},
    {"request-bytes", SHAPE_INTEGER, NULL, "size of the request's body"},
    {"answer-bytes", SHAPE_INTEGER, NULL, "size of the answer's"},
    {"milliseconds", SHAPE_NUMBER, NULL, "from the request to the answer"},
};

static const struct shape_field publish_fields[] = {
    {"lines", SHAPE_INTEGER, NULL, "how many were read"},
    {"subscribers", SHAPE_INTEGER, NULL, "how many have been served"},
};

static const struct shape_field discover_fields[] = {
    SERVICES,
};

static const struct shape_field introspect_fields[] = {
    {"serviceName", SHAPE_TEXT, NULL, "its name"},
    {"protocols[].protocolScheme", SHAPE_TEXT, NULL, "`rpc` or `stream`"},
    {"protocols[].protocolName", SHAPE_TEXT, NULL, "the same for people"},
    {"protocols[].description", SHAPE_TEXT, NULL, "a line"},
    {"protocols[].operations[].resource", SHAPE_TEXT, NULL, "its path"},
    {"protocols[].operations[].doc", SHAPE_TEXT, NULL, "a line; empty: none"},
};

static const struct shape_field ping_fields[] = {
    {"correct", SHAPE_BOOL, NULL, "`true`"},
    {"round-trip-ms", SHAPE_NUMBER, NULL, "to the server and back"},
};

static const struct shape_field info_fields[] = {
    {"store-id", SHAPE_TEXT, NULL, "its own, for ever"},
    {"incarnation", SHAPE_INTEGER, NULL, "how often it has been restored, from 1"},
    {"head-order-id", SHAPE_INTEGER, NULL, "that of the last event"},
    {"version", SHAPE_TEXT, NULL, "the server's"},
    {"durability", SHAPE_TEXT, NULL, "what an acknowledgement is worth; empty: not told"},
    {"time", SHAPE_INTEGER, NULL, "the server's clock, in ms since 1970; 0: not told"},
    {"read-only", SHAPE_BOOL, NULL, "it takes no events now"},
    {"limits.event-bytes", SHAPE_INTEGER, NULL, "the largest event"},
    {"limits.batch-bytes", SHAPE_INTEGER, NULL, "the largest batch"},
    {"limits.batch-events", SHAPE_INTEGER, NULL, "the most events in a batch"},
    {"limits.name-bytes", SHAPE_INTEGER, NULL, "the longest name"},
};

static const struct shape_field top_fields[] = {
    STATS("stats."),
    {"rates.commits", SHAPE_NUMBER, "it can be compared with the last", "how many a second"},
    {"rates.batches", SHAPE_NUMBER, "it can be compared with the last", "stored a second"},
    {"rates.events", SHAPE_NUMBER, "it can be compared with the last", "stored a second"},
    {"rates.event-bytes", SHAPE_NUMBER, "it can be compared with the last", "stored a second"},
    {"rates.delivered-events", SHAPE_NUMBER, "it can be compared with the last",
     "given to subscriptions a second"},
    {"rates.delivered-bytes", SHAPE_NUMBER, "it can be compared with the last",
     "given to subscriptions a second"},
    SUBSCRIPTIONS,
    SERVICES,
    STREAMS,
    {"streams[].rate", SHAPE_NUMBER, "it can be compared with the last", "events a second"},
};

static const struct shape_field stats_fields[] = {
    STATS(""),
};

static const struct shape_field subscriptions_fields[] = {
    SUBSCRIPTIONS,
};

static const struct shape_field sessions_fields[] = {
    {"sessions[].number", SHAPE_INTEGER, NULL, "rises from one to the next, from photond's start"},
    {"sessions[].peer", SHAPE_TEXT, NULL, "where its client is"},
    {"sessions[].identity", SHAPE_TEXT, NULL,
     "whose it is, as its certificate says; empty: it has none"},
    {"sessions[].service", SHAPE_TEXT, NULL, "what it serves; empty: it only asks"},
    {"sessions[].instance-id", SHAPE_TEXT, NULL, "which instance of that"},
    {"sessions[].endpoints", SHAPE_INTEGER, NULL, "how many paths it serves"},
    {"sessions[].in-flight", SHAPE_INTEGER, NULL,
     "requests and streams of others that it works on"},
    {"sessions[].calls", SHAPE_INTEGER, NULL, "requests of its own that are under way"},
    {"sessions[].waiting-bytes", SHAPE_INTEGER, NULL, "what is to be sent to it and has not left"},
    {"sessions[].draining", SHAPE_BOOL, NULL, "it takes no more"},
    {"sessions[].since", SHAPE_INTEGER, NULL, "when it came, in ms since 1970"},
};

static const struct shape_field log_level_fields[] = {
    {"level", SHAPE_TEXT, NULL, "what is logged now: this and what is graver"},
    {"was", SHAPE_TEXT, NULL, "what was logged before"},
};

static const struct shape_field compact_fields[] = {
    {"done-bytes", SHAPE_INTEGER, NULL, "what has been gone over, about"},
    {"table-bytes", SHAPE_INTEGER, NULL, "what the store takes on the disk now, about"},
};

static const struct shape_field doctor_fields[] = {
    {"checks[].check", SHAPE_TEXT, NULL, "what was looked at"},
    {"checks[].verdict", SHAPE_TEXT, NULL, "`ok`, `warn` or `fail`"},
    {"checks[].message", SHAPE_TEXT, NULL, "what was found"},
    {"checks[].advice", SHAPE_TEXT, "there is any", "what to do"},
    {"warnings", SHAPE_INTEGER, NULL, "how many there are"},
    {"failures", SHAPE_INTEGER, NULL, "how many there are"},
    {"exit", SHAPE_INTEGER, NULL, "how muon ends: by the first failure"},
};

static const struct shape_field bench_fields[] = {
    {"bench", SHAPE_TEXT, NULL, "`emit`, `request` or `replay`"},
    {"durability", SHAPE_TEXT, NULL, "what an acknowledgement is worth; empty: not told"},
    {"loop", SHAPE_TEXT, NULL, "`open` or `closed`"},
    {"rate", SHAPE_INTEGER, NULL, "how many were due each second; 0: as many as possible"},
    {"in-flight", SHAPE_INTEGER, NULL, "how many could be under way"},
    {"batch", SHAPE_INTEGER, NULL, "events of an emit"},
    {"payload-bytes", SHAPE_INTEGER, NULL, "size of a payload"},
    {"seconds", SHAPE_NUMBER, NULL, "how long it took"},
    {"done", SHAPE_INTEGER, NULL, "how many have succeeded"},
    {"failed", SHAPE_INTEGER, NULL, "how many have not"},
    {"behind", SHAPE_INTEGER, NULL, "were due and not sent, since too many were under way"},
    {"unanswered", SHAPE_INTEGER, NULL, "had no answer in time"},
    {"events", SHAPE_INTEGER, NULL, "emitted, or replayed"},
    {"bytes", SHAPE_INTEGER, NULL, "size of their payloads, or of the answers"},
    {"interrupted", SHAPE_BOOL, NULL, "Ctrl-C has ended it"},
    {"latency-ms.min", SHAPE_NUMBER, NULL, "the fastest"},
    {"latency-ms.mean", SHAPE_NUMBER, NULL, "on average"},
    {"latency-ms.p50", SHAPE_NUMBER, NULL, "half of them took no longer"},
    {"latency-ms.p90", SHAPE_NUMBER, NULL, "90 % took no longer"},
    {"latency-ms.p99", SHAPE_NUMBER, NULL, "99 % took no longer"},
    {"latency-ms.p999", SHAPE_NUMBER, NULL, "99.9 % took no longer"},
    {"latency-ms.max", SHAPE_NUMBER, NULL, "the slowest"},
    {"streams", SHAPE_TEXT, "it is `emit`", "the pattern of those emitted into"},
};

static const struct shape_field bench_delete_fields[] = {
    {"correct", SHAPE_BOOL, NULL, "`true`"},
    {"streams", SHAPE_TEXT, NULL, "the pattern of those deleted"},
    {"deleted-events", SHAPE_INTEGER, NULL, "how many they held"},
};

static const struct shape_field contexts_fields[] = {
    {"current", SHAPE_TEXT, "one is in use", "which"},
    {"contexts[].name", SHAPE_TEXT, NULL, "its name"},
    {"contexts[].server", SHAPE_TEXT, NULL, "the server's URL"},
    {"contexts[].certs", SHAPE_TEXT, "it was given", "the folder of certificates"},
    {"contexts[].ca", SHAPE_TEXT, "it was given", "whom to trust"},
    {"contexts[].cert", SHAPE_TEXT, "it was given", "who you are"},
    {"contexts[].key", SHAPE_TEXT, "it was given", "its key"},
};

static const struct shape_field context_change_fields[] = {
    {"correct", SHAPE_BOOL, NULL, "`true`"},
    {"current", SHAPE_TEXT, "one is in use", "which, from now on"},
};

static const struct shape_field context_show_fields[] = {
    {"context", SHAPE_TEXT, NULL, "which; empty: none"},
    {"from", SHAPE_TEXT, NULL, "who says so; empty: nobody"},
    {"server.value", SHAPE_TEXT, NULL, "the server's URL"},
    {"server.from", SHAPE_TEXT, NULL, "who says so"},
    {"ca.value", SHAPE_TEXT, "it is TLS", "whom to trust; empty: not said"},
    {"ca.from", SHAPE_TEXT, "it is TLS", "who says so"},
    {"cert.value", SHAPE_TEXT, "it is TLS", "who you are; empty: not said"},
    {"cert.from", SHAPE_TEXT, "it is TLS", "who says so"},
    {"key.value", SHAPE_TEXT, "it is TLS", "its key; empty: not said"},
    {"key.from", SHAPE_TEXT, "it is TLS", "who says so"},
};

static const struct shape_field help_fields[] = {
    {"verbs[].name", SHAPE_TEXT, NULL, "the verb"},
    {"verbs[].older", SHAPE_TEXT, "it has one", "a name of former times"},
    {"verbs[].operands", SHAPE_TEXT, NULL, "what stands behind it"},
    {"verbs[].summary", SHAPE_TEXT, NULL, "a line"},
    {"verbs[].whole-name", SHAPE_BOOL, NULL, "its beginning is not enough"},
    {"verbs[].options[]", SHAPE_TEXT, NULL, "the options that it takes"},
    {"verbs[].prints[].what", SHAPE_TEXT, NULL, "what it prints with --json"},
    {"verbs[].prints[].record", SHAPE_TEXT, "there are any", "which parts --format shows"},
    {"verbs[].prints[].fields[].name", SHAPE_TEXT, NULL, "the way to it"},
    {"verbs[].prints[].fields[].type", SHAPE_TEXT, NULL, "as in this table"},
    {"verbs[].prints[].fields[].when", SHAPE_TEXT, "it may be missing", "when it is there"},
    {"verbs[].prints[].fields[].help", SHAPE_TEXT, NULL, "a line"},
    {"options[].name", SHAPE_TEXT, NULL, "without --"},
    {"options[].letter", SHAPE_TEXT, "it has one", "without -"},
    {"options[].value", SHAPE_TEXT, "it takes one", "how it is called"},
    {"options[].help", SHAPE_TEXT, NULL, "a line"},
    {"exit-codes[].code", SHAPE_INTEGER, "no verb was named", "how muon ends"},
    {"exit-codes[].kind", SHAPE_TEXT, "no verb was named", "a word"},
    {"exit-codes[].meaning", SHAPE_TEXT, "no verb was named", "a line"},
    {"exit-codes[].advice", SHAPE_TEXT, "there is any", "what to do"},
};

static const struct shape_field failure_fields[] = {
    {"error.kind", SHAPE_TEXT, NULL, "a word of the table of exit codes"},
    {"error.exit", SHAPE_INTEGER, NULL, "the code"},
    {"error.message", SHAPE_TEXT, NULL, "what happened"},
    {"error.advice", SHAPE_TEXT, "there is any", "what to do"},
    {"error.request-id", SHAPE_TEXT, "the server has answered it",
     "what its log calls this failure"},
};

static const struct shape_field note_fields[] = {
    {"note", SHAPE_TEXT, NULL, "a remark, which --quiet leaves out"},
};

#define SHAPE(verbs, what, record, fields)                                                         \
    {                                                                                              \
        verbs, what, record, fields, COUNT(fields)                                                 \
    }

const struct shape shape_rows[] = {
    SHAPE("emit", "the result of one event", "", emitted_fields),
    SHAPE("emit", "the summary of an import", NULL, import_fields),
    SHAPE("replay tail read get", "an event, a line each", "", event_fields),
    SHAPE("why", "the events that hang together, each behind its cause", "events[]", why_fields),
    SHAPE("streams", "the streams", "streams[]", streams_fields),
    SHAPE("delete truncate", "the result", NULL, delete_fields),
    SHAPE("retention", "the policies", NULL, retention_fields),
    SHAPE("retention", "the result of set and clear", NULL, change_fields),
    SHAPE("rpc", "the answer", "", answer_fields),
    SHAPE("stream", "an item, a line each", "", item_fields),
    SHAPE("serve", "a request that was answered, a line each", NULL, serve_fields),
    SHAPE("publish", "the summary at the end", NULL, publish_fields),
    SHAPE("discover", "the services", "services[]", discover_fields),
    SHAPE("introspect", "the service", NULL, introspect_fields),
    SHAPE("backup", "the result", NULL, backup_fields),
    SHAPE("restore import", "the result", NULL, restore_fields),
    SHAPE("verify", "a file, a line each, or the store", NULL, verify_fields),
    SHAPE("export", "an event, a line each, with or without --json", NULL, event_fields),
    SHAPE("export", "the same of one that was erased", NULL, erased_fields),
    SHAPE("export", "the deletion of a stream, behind the last event that it erased", NULL,
          cut_fields),
    SHAPE("ping", "the answer", "", ping_fields),
    SHAPE("info", "the store", "", info_fields),
    SHAPE("doctor", "the checks and what they have found", NULL, doctor_fields),
    SHAPE("latency bench", "the measurement", NULL, bench_fields),
    SHAPE("bench", "the result of `muon bench delete`", NULL, bench_delete_fields),
    SHAPE("context", "the contexts", NULL, contexts_fields),
    SHAPE("context", "the settings in force, of `muon context show`", NULL, context_show_fields),
    SHAPE("context", "the result of what changes them", NULL, context_change_fields),
    SHAPE("top", "a picture of photond, a line each", "", top_fields),
    SHAPE("admin", "the stats", NULL, stats_fields),
    SHAPE("admin", "the subscriptions", NULL, subscriptions_fields),
    SHAPE("admin", "the sessions", NULL, sessions_fields),
    SHAPE("admin", "the level of the log, when it was changed", NULL, log_level_fields),
    SHAPE("admin", "the compaction", NULL, compact_fields),
    SHAPE("help", "the tables behind the help and the reference", NULL, help_fields),
    SHAPE("", "a failure, on standard error", NULL, failure_fields),
    SHAPE("", "a remark, on standard error", NULL, note_fields),
};

const size_t shape_row_count = COUNT(shape_rows);

const char *shape_type_name(enum shape_type type)
{
    static const char *const names[] = {"text", "integer", "number", "true or false", "JSON"};
    return names[type];
}

bool shape_is_of(const struct shape *shape, const char *verb)
{
    size_t len = strlen(verb);
    for (const char *at = shape->verbs; (at = strstr(at, verb)); at += len)
        if ((at == shape->verbs || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
            return true;
    return false;
}

const struct shape *shape_of_records(const char *verb)
{
    for (size_t i = 0; i < shape_row_count; i++)
        if (shape_rows[i].record && shape_is_of(&shape_rows[i], verb))
            return &shape_rows[i];
    return NULL;
}

const char *shape_in_record(const struct shape *shape, const struct shape_field *field)
{
    size_t len = shape->record ? strlen(shape->record) : 0;
    if (!shape->record || strncmp(field->name, shape->record, len) != 0)
        return NULL;
    if (len == 0)
        return field->name;
    return field->name[len] == '.' ? field->name + len + 1 : NULL;
}
