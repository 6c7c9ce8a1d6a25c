/*
 * codec-admin.h - AdminService: what an operator asks, and what is answered.
 */
#ifndef MUON_WIRE_CODEC_ADMIN_H
#define MUON_WIRE_CODEC_ADMIN_H

#include <stdbool.h>

#include "wire/error.h"

/* ---- SetLogLevel ---- */

/* The numbers are the contract's. */
enum admin_log_level {
    ADMIN_LOG_SETTINGS = 0, /* in a request: what the settings say */
    ADMIN_LOG_ERROR = 1,
    ADMIN_LOG_WARNING = 2,
    ADMIN_LOG_INFO = 3,
    ADMIN_LOG_DEBUG = 4
};
/* "error", …; "settings"; NULL: there is no such level. */
const char *admin_log_level_name(enum admin_log_level level);

struct log_level_response {
    uint32_t level, was; /* enum admin_log_level, or younger */
};
/* INVALID_ARGUMENT: malformed, or a level that is not one of these. */
enum reason log_level_request_decode(struct span raw, enum admin_log_level *level,
                                     struct error *error);
struct bytes *log_level_request_encode(enum admin_log_level level);
enum reason log_level_response_decode(struct span raw, struct log_level_response *out);
struct bytes *log_level_response_encode(const struct log_level_response *response);

/* ---- Compact ---- */

struct compact_response {
    uint64_t done_bytes, table_bytes;
    bool done;
};
enum reason compact_response_decode(struct span raw, struct compact_response *out);
struct bytes *compact_response_encode(const struct compact_response *response);

#endif
