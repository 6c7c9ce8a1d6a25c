/*
 * codec-store.h - the rest of PhotonService: Info, GetEvent, ListStreams, DeleteStream.
 */
#ifndef MUON_WIRE_CODEC_STORE_H
#define MUON_WIRE_CODEC_STORE_H

#include "wire/codec-emit.h"

struct info {
    char store_id[37];
    uint64_t incarnation, head_order_id;
    struct limits limits;
    char version[32];
    int64_t time_ms; /* the server's clock; 0: not told */
    bool read_only;
    char durability[64]; /* what an acknowledgement is worth; "": not told */
};
struct bytes *info_response_encode(const struct info *info);
enum reason info_response_decode(struct span raw, struct info *out);

enum get_by { GET_BY_ORDER_ID = 1, GET_BY_EVENT_ID = 2, GET_BY_VERSION = 3 };
struct get_request {
    enum get_by by;
    uint64_t order_id;
    struct span event_id;
    struct span stream_name;
    uint64_t version;
};
enum reason get_request_decode(struct span raw, struct get_request *out, struct error *error);
struct bytes *get_request_encode(const struct get_request *request);
struct bytes *get_response_encode(struct span event);
enum reason get_response_decode(struct span raw, struct span *event);

struct list_request {
    struct span pattern; /* "" = all but "__…" */
    struct span after;
    uint64_t max;
};
enum reason list_request_decode(struct span raw, struct list_request *out, struct error *error);
struct bytes *list_request_encode(const struct list_request *request);
struct stream_info {
    struct span stream_name;
    uint64_t total_events, last_version, last_order_id;
};
/* One framed StreamInfo of a ListStreamsResponse; and walking them. */
struct bytes *stream_info_part(const struct stream_info *info);
int stream_info_next(struct span *rest, struct stream_info *info);

struct delete_request {
    struct span stream_name;
    struct expect expect; /* kind EXPECT_NONE: unconditional */
};
enum reason delete_request_decode(struct span raw, struct delete_request *out, struct error *error);
struct bytes *delete_request_encode(const struct delete_request *request);
struct delete_response {
    uint64_t deleted_events, order_id, last_version;
};
struct bytes *delete_response_encode(const struct delete_response *response);
enum reason delete_response_decode(struct span raw, struct delete_response *out);

#endif
