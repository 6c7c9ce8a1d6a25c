/*
 * codec-admin.c - see codec-admin.h. Small messages, by table.
 */
#include "wire/codec-admin.h"

#include <string.h>

#include "wire/codec-parts.h"
#include "wire/fields.h"

static struct bytes *whole(const struct fields *fields, const void *in)
{
    struct bytes *b = bytes_new(fields_size(fields, in));
    if (b)
        fields_put(b->data, fields, in);
    return b;
}

/* ---- SetLogLevel ---- */

static const struct field_rule level_request_rules[] = {{1, FIELD_U32, 0, "level"}};
static const struct field_rule level_response_rules[] = {
    FIELD_RULE(1, U32, log_level_response, level, "level"),
    FIELD_RULE(2, U32, log_level_response, was, "was"),
};
static const struct fields level_request_fields = {"SetLogLevelRequest", level_request_rules, 1};
static const struct fields level_response_fields = {"SetLogLevelResponse", level_response_rules, 2};

const char *admin_log_level_name(enum admin_log_level level)
{
    static const char *const names[] = {"settings", "error", "warning", "info", "debug"};
    return (unsigned)level < sizeof names / sizeof *names ? names[level] : NULL;
}

enum reason log_level_request_decode(struct span raw, enum admin_log_level *level,
                                     struct error *error)
{
    uint32_t number = 0;
    enum reason reason = fields_decode(&level_request_fields, raw, &number, error);
    if (reason == REASON_NONE && number > ADMIN_LOG_DEBUG)
        reason = codec_refuse(error, "level", "level",
                              "is not one that this server knows: error, warning, info or debug");
    *level = (enum admin_log_level)number;
    return reason;
}

struct bytes *log_level_request_encode(enum admin_log_level level)
{
    uint32_t number = level;
    return whole(&level_request_fields, &number);
}

enum reason log_level_response_decode(struct span raw, struct log_level_response *out)
{
    memset(out, 0, sizeof *out);
    return fields_decode(&level_response_fields, raw, out, NULL);
}

struct bytes *log_level_response_encode(const struct log_level_response *response)
{
    return whole(&level_response_fields, response);
}

/* ---- Compact ---- */

static const struct field_rule compact_response_rules[] = {
    FIELD_RULE(1, U64, compact_response, done_bytes, "done-bytes"),
    FIELD_RULE(2, U64, compact_response, table_bytes, "table-bytes"),
    FIELD_RULE(3, BOOL, compact_response, done, "done"),
};
static const struct fields compact_response_fields = {"CompactResponse", compact_response_rules, 3};

enum reason compact_response_decode(struct span raw, struct compact_response *out)
{
    memset(out, 0, sizeof *out);
    return fields_decode(&compact_response_fields, raw, out, NULL);
}

struct bytes *compact_response_encode(const struct compact_response *response)
{
    return whole(&compact_response_fields, response);
}
