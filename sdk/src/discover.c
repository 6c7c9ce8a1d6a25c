/*
 * discover.c - who is there, and what a service offers, as documents: muon_discover, muon_introspect.
 */
#include <muon/muon.h>

#include <inttypes.h>

#include "sdk/src/client.h"
#include "sdk/src/discovery.h"
#include "sdk/src/reply.h"
#include "sdk/src/status.h"
#include "wire/codec.h"
#include "wire/text.h"

enum { DOCUMENT_MAX = 64 << 20 };

/* "name":["…","…"], from a walk over texts. false: malformed. */
static bool put_texts(struct text_out *out, const char *name, struct span rest,
                      int (*next)(struct span *rest, struct span *text))
{
    const char *comma = "";
    struct span text;
    int more;
    text_out_put(out, ",\"%s\":[", name);
    while ((more = next(&rest, &text)) > 0) {
        text_out_put(out, "%s", comma);
        text_out_string(out, text);
        comma = ",";
    }
    text_out_put(out, "]");
    return more == 0;
}

static bool put_endpoints(struct text_out *out, struct span rest)
{
    const char *comma = "";
    struct bus_endpoint endpoint;
    int more;
    text_out_put(out, ",\"endpoints\":[");
    while ((more = instance_endpoint_next(&rest, &endpoint)) > 0) {
        text_out_put(out, "%s{\"path\":", comma);
        text_out_string(out, endpoint.path);
        text_out_put(out, ",\"stream\":%s,\"doc\":", endpoint.stream ? "true" : "false");
        text_out_string(out, endpoint.doc);
        text_out_put(out, "}");
        comma = ",";
    }
    text_out_put(out, "]");
    return more == 0;
}

static bool put_instances(struct text_out *out, struct span rest)
{
    const char *comma = "";
    struct instance_info info;
    bool sound = true;
    int more = 0;
    text_out_put(out, ",\"instances\":[");
    while (sound && (more = service_instance_next(&rest, &info)) > 0) {
        text_out_put(out, "%s{\"instance-id\":", comma);
        text_out_string(out, info.instance_id);
        text_out_put(out, ",\"identity\":");
        text_out_string(out, info.identity);
        sound = put_texts(out, "tags", info.raw, instance_tag_next) && put_endpoints(out, info.raw);
        text_out_put(out, ",\"since\":%" PRId64 ",\"in-flight\":%u,\"draining\":%s}", info.since,
                     info.in_flight, info.draining ? "true" : "false");
        comma = ",";
    }
    text_out_put(out, "]");
    return sound && more == 0;
}

static bool put_services(struct text_out *out, struct span rest, const char **comma)
{
    struct service_entry info;
    bool sound = true;
    int more = 0;
    while (sound && (more = service_entry_next(&rest, &info)) > 0) {
        text_out_put(out, "%s{\"identifier\":", *comma);
        text_out_string(out, info.name);
        sound = put_texts(out, "tags", info.raw, service_tag_next) && put_instances(out, info.raw);
        text_out_put(out, "}");
        *comma = ",";
    }
    return sound && more == 0;
}

static bool put_all(struct text_out *out, struct bytes *const *messages, size_t len)
{
    const char *comma = "";
    bool sound = true;
    text_out_put(out, "{\"services\":[");
    for (size_t i = 0; i < len && sound; i++)
        sound = put_services(out, bytes_span(messages[i]), &comma);
    text_out_put(out, "]}");
    return sound;
}

static bool put_discovered(struct text_out *out, const struct unary *unary, struct span filter)
{
    (void)filter;
    return put_all(out, unary->answer, unary->answer_len);
}

int32_t discovery_document(struct bytes *const *messages, size_t len, muon_reply **out,
                           muon_error *err)
{
    struct text_out text = {.max = DOCUMENT_MAX};
    if (put_all(&text, messages, len))
        return reply_new(&text, "application/json", out, err);
    text_out_fini(&text);
    return status_fail(err, MUON_EPROTO, "photond's answer cannot be read");
}

/* The operations of one kind, as an element of "protocols", if there are any. */
static bool put_protocol(struct text_out *out, struct span rest, bool stream, const char **comma)
{
    const char *inner = "";
    struct bus_endpoint endpoint;
    int more;
    while ((more = introspect_endpoint_next(&rest, &endpoint)) > 0) {
        if (endpoint.stream != stream)
            continue;
        if (!*inner)
            text_out_put(out,
                         "%s{\"protocolScheme\":\"%s\",\"protocolName\":\"%s\","
                         "\"description\":\"%s\",\"operations\":[",
                         *comma, stream ? "stream" : "rpc", stream ? "Streams" : "Request/response",
                         stream ? "Subscribe to what the service publishes"
                                : "Ask the service and get one answer");
        text_out_put(out, "%s{\"resource\":", inner);
        text_out_string(out, endpoint.path);
        text_out_put(out, ",\"doc\":");
        text_out_string(out, endpoint.doc);
        text_out_put(out, "}");
        inner = *comma = ",";
    }
    if (*inner)
        text_out_put(out, "]}");
    return more == 0;
}

static bool put_introspected(struct text_out *out, const struct unary *unary, struct span service)
{
    const char *comma = "";
    struct span name;
    if (unary->answer_len != 1 ||
        introspect_response_decode(bytes_span(unary->answer[0]), &name) != REASON_NONE)
        return false;
    struct span raw = bytes_span(unary->answer[0]);
    text_out_put(out, "{\"serviceName\":");
    text_out_string(out, name.len ? name : service);
    text_out_put(out, ",\"protocols\":[");
    bool sound = put_protocol(out, raw, false, &comma) && put_protocol(out, raw, true, &comma);
    text_out_put(out, "]}");
    return sound;
}

/* Ask, and make a document of the answer. Takes over the request. */
static int32_t ask(muon_client *c, const char *path, struct bytes *request, struct span asked,
                   bool (*put)(struct text_out *out, const struct unary *unary, struct span asked),
                   int32_t timeout_ms, muon_reply **out, muon_error *err)
{
    struct text_out text = {.max = DOCUMENT_MAX};
    struct unary *unary = unary_new(path, request);
    if (!unary)
        return status_fail(err, MUON_ENOMEM, "out of memory for the request");
    unary->answer_bytes_max = DOCUMENT_MAX;
    int32_t status = unary_run(c, unary, timeout_ms, err);
    if (status == MUON_OK && !put(&text, unary, asked))
        status = status_fail(err, MUON_EPROTO, "photond's answer cannot be read");
    unary_free(unary);
    if (status == MUON_OK)
        return reply_new(&text, "application/json", out, err);
    text_out_fini(&text);
    return status;
}

int32_t muon_discover(muon_client *c, const char *filter, int32_t timeout_ms, muon_reply **out,
                      muon_error *err)
{
    const struct discover_request request = {.filter = text_span(filter)};
    const char *fault = text_fault(request.filter);
    if (!out || fault)
        return status_fail(err, MUON_EINVAL, "muon_discover: %s%s",
                           out ? "filter " : "out must not be NULL", out ? fault : "");
    return ask(c, "/muon.v1.BusService/Discover", discover_request_encode(&request), request.filter,
               put_discovered, timeout_ms, out, err);
}

int32_t muon_introspect(muon_client *c, const char *service, int32_t timeout_ms, muon_reply **out,
                        muon_error *err)
{
    const struct span name = text_span(service);
    const char *fault = service ? text_name_fault(name) : "must not be NULL";
    if (!out || fault)
        return status_fail(err, MUON_EINVAL, "muon_introspect: %s%s",
                           out ? "service " : "out must not be NULL", out ? fault : "");
    return ask(c, "/muon.v1.BusService/Introspect", introspect_request_encode(name), name,
               put_introspected, timeout_ms, out, err);
}
