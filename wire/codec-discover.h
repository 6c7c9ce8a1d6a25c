/*
 * codec-discover.h - who is there: DiscoverResponse and IntrospectResponse.
 *
 * Both are written from the beginning to the end into a buffer that grows, and read by walking.
 */
#ifndef MUON_WIRE_CODEC_DISCOVER_H
#define MUON_WIRE_CODEC_DISCOVER_H

#include "wire/codec-bus.h"

/* ---- written ---- */

/* All-zero at first. failed: there was no memory; the rest does nothing then. */
struct discover_writer {
    uint8_t *data;
    size_t len, room;
    bool failed;
};

/* InstanceInfo, but for its tags and endpoints. */
struct instance_info {
    struct span instance_id, identity;
    int64_t since; /* ms since 1970 */
    uint32_t in_flight;
    bool draining;
    struct span raw; /* when read: for instance_tag_next and instance_endpoint_next */
};

/* A service is begun, its instances are written one after the other, then its tags and the ids of its instances, and it is done.
 * Begin gives the place that done needs. */
size_t discover_service_begin(struct discover_writer *w, struct span name);
void discover_service_tag(struct discover_writer *w, struct span tag);
void discover_service_instance_id(struct discover_writer *w, struct span instance_id);
void discover_service_done(struct discover_writer *w, size_t place);
size_t discover_instance_begin(struct discover_writer *w, const struct instance_info *info);
void discover_instance_tag(struct discover_writer *w, struct span tag);
void discover_instance_endpoint(struct discover_writer *w, const struct bus_endpoint *endpoint);
void discover_instance_done(struct discover_writer *w, size_t place);
/* IntrospectResponse: its name first. */
void introspect_name(struct discover_writer *w, struct span name);
void introspect_endpoint(struct discover_writer *w, const struct bus_endpoint *endpoint);
/* What was written, and the writer is empty again; NULL: it has failed. */
struct bytes *discover_message(struct discover_writer *w);

/* ---- read: 1: taken; 0: the end; -1: malformed ---- */

struct service_entry {
    struct span name;
    struct span raw; /* for service_tag_next, service_instance_next */
};
int service_entry_next(struct span *rest, struct service_entry *info);
int service_tag_next(struct span *rest, struct span *tag);
int service_instance_next(struct span *rest, struct instance_info *info);
int instance_tag_next(struct span *rest, struct span *tag);
int instance_endpoint_next(struct span *rest, struct bus_endpoint *endpoint);
/* IntrospectResponse. */
enum reason introspect_response_decode(struct span raw, struct span *name);
int introspect_endpoint_next(struct span *rest, struct bus_endpoint *endpoint);

#endif
