/*
 * abi.c - prints sizes and offsets of everything in muon.h that a program or a binding relies on; a test compares them with abi.txt.
 */
#include <stddef.h>
#include <stdio.h>

#include <muon/muon.h>

#define SIZE(type)       printf("%s %zu\n", #type, sizeof(type))
#define AT(type, member) printf("%s.%s %zu\n", #type, #member, offsetof(type, member))

static void print_inputs(void)
{
    SIZE(muon_event_in);
    AT(muon_event_in, stream);
    AT(muon_event_in, type);
    AT(muon_event_in, payload);
    AT(muon_event_in, payload_len);
    AT(muon_event_in, metadata);
    AT(muon_event_in, metadata_len);
    AT(muon_event_in, content_type);
    AT(muon_event_in, event_id);
    AT(muon_event_in, id);
    AT(muon_event_in, schema);
    AT(muon_event_in, service);
    AT(muon_event_in, caused_by);
    AT(muon_event_in, caused_by_relation);
    AT(muon_event_in, traceparent);
    AT(muon_event_in, reserved);
    SIZE(muon_expect);
    AT(muon_expect, stream);
    AT(muon_expect, version);
    AT(muon_expect, kind);
    SIZE(muon_emit_opts);
    AT(muon_emit_opts, expects);
    AT(muon_emit_opts, expects_len);
    AT(muon_emit_opts, in_event);
    AT(muon_emit_opts, timeout_ms);
    AT(muon_emit_opts, flags);
    AT(muon_emit_opts, in_call);
    AT(muon_emit_opts, reserved);
    SIZE(muon_sub_opts);
    AT(muon_sub_opts, mode);
    AT(muon_sub_opts, from_kind);
    AT(muon_sub_opts, from);
    AT(muon_sub_opts, limit);
    AT(muon_sub_opts, types);
    AT(muon_sub_opts, types_len);
    AT(muon_sub_opts, prefetch);
    AT(muon_sub_opts, batch_max);
    AT(muon_sub_opts, queue);
    AT(muon_sub_opts, tag);
    AT(muon_sub_opts, reserved);
    SIZE(muon_place);
    AT(muon_place, order_id);
    AT(muon_place, event_id);
    AT(muon_place, stream);
    AT(muon_place, version);
    AT(muon_place, reserved);
}

static void print_outputs(void)
{
    SIZE(muon_error);
    AT(muon_error, code);
    AT(muon_error, flags);
    AT(muon_error, grpc_status);
    AT(muon_error, retry_after_ms);
    AT(muon_error, version);
    AT(muon_error, conflicts);
    AT(muon_error, reason);
    AT(muon_error, message);
    AT(muon_error, request_id);
    SIZE(muon_item);
    AT(muon_item, tag);
    AT(muon_item, kind);
    AT(muon_item, status);
    AT(muon_item, object);
    AT(muon_item, error);
    AT(muon_item, version);
    AT(muon_item, order_id);
    AT(muon_item, time_ms);
    AT(muon_item, state);
    AT(muon_item, flags);
    SIZE(muon_emit_result);
    AT(muon_emit_result, version);
    AT(muon_emit_result, order_id);
    AT(muon_emit_result, time_ms);
    AT(muon_emit_result, flags);
    SIZE(muon_str);
    AT(muon_str, ptr);
    AT(muon_str, len);
    AT(muon_event, order_id);
    AT(muon_event, version);
    AT(muon_event, time_ms);
    AT(muon_event, flags);
    AT(muon_event, stream);
    AT(muon_event, type);
    AT(muon_event, event_id);
    AT(muon_event, id);
    AT(muon_event, service);
    AT(muon_event, schema);
    AT(muon_event, content_type);
    AT(muon_event, caused_by);
    AT(muon_event, caused_by_relation);
    AT(muon_event, traceparent);
    AT(muon_event, payload);
    AT(muon_event, metadata);
    AT(muon_reply, status);
    AT(muon_reply, flags);
    AT(muon_reply, content_type);
    AT(muon_reply, body);
    AT(muon_reply, service);
    AT(muon_reply, instance);
}

static void print_services(void)
{
    SIZE(muon_request_opts);
    AT(muon_request_opts, timeout_ms);
    AT(muon_request_opts, flags);
    AT(muon_request_opts, content_type);
    AT(muon_request_opts, caused_by);
    AT(muon_request_opts, traceparent);
    AT(muon_request_opts, in_call);
    AT(muon_request_opts, in_event);
    AT(muon_request_opts, reserved);
    SIZE(muon_serve_opts);
    AT(muon_serve_opts, max_inflight);
    AT(muon_serve_opts, flags);
    AT(muon_serve_opts, queue);
    AT(muon_serve_opts, tag);
    AT(muon_serve_opts, doc);
    AT(muon_serve_opts, reserved);
    AT(muon_call, kind);
    AT(muon_call, flags);
    AT(muon_call, number);
    AT(muon_call, deadline_ms);
    AT(muon_call, path);
    AT(muon_call, args);
    AT(muon_call, content_type);
    AT(muon_call, body);
    AT(muon_call, traceparent);
    AT(muon_call, caused_by);
    AT(muon_call, caller);
    AT(muon_call, service);
}

static void print_histories(void)
{
    SIZE(muon_entry);
    AT(muon_entry, kind);
    AT(muon_entry, tombstone);
    AT(muon_entry, stream);
    AT(muon_entry, type);
    AT(muon_entry, event_id);
    AT(muon_entry, payload);
    AT(muon_entry, content_type);
    AT(muon_entry, schema);
    AT(muon_entry, id);
    AT(muon_entry, service);
    AT(muon_entry, caused_by);
    AT(muon_entry, caused_by_relation);
    AT(muon_entry, metadata);
    AT(muon_entry, traceparent);
    AT(muon_entry, order_id);
    AT(muon_entry, version);
    AT(muon_entry, time_ms);
    AT(muon_entry, cut_by);
    AT(muon_entry, content_digest);
    AT(muon_entry, event_digest);
    SIZE(muon_sum);
    AT(muon_sum, events);
    AT(muon_sum, first_order_id);
    AT(muon_sum, last_order_id);
    AT(muon_sum, digest);
    SIZE(muon_snapshot_opts);
    AT(muon_snapshot_opts, after);
    AT(muon_snapshot_opts, up_to);
    AT(muon_snapshot_opts, store_id);
    AT(muon_snapshot_opts, digest);
    AT(muon_snapshot_opts, digest_only);
    AT(muon_snapshot_opts, timeout_ms);
    AT(muon_snapshot_opts, reserved);
    SIZE(muon_snapshot_info);
    AT(muon_snapshot_info, store_id);
    AT(muon_snapshot_info, incarnation);
    AT(muon_snapshot_info, after);
    AT(muon_snapshot_info, up_to);
    AT(muon_snapshot_info, after_digest);
    AT(muon_snapshot_info, sum);
}

int main(void)
{
    print_inputs();
    print_outputs();
    print_services();
    print_histories();
    return 0;
}
