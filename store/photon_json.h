/*
 * photon_json.h - events as the JSON of the originals: kebab-case names; and what is asked in JSON.
 */
#ifndef PHOTON_PHOTON_JSON_H
#define PHOTON_PHOTON_JSON_H

#include <jansson.h>

#include "wire/event.h"

/* Read an event. *parsed keeps the texts that event has as spans, and is to be given back (json_decref) in any case; the payload is a view
 * of text, as it stands there. What the store sets itself, and `provider` and `token`, is read over; what is unknown is refused.
 * INVALID_ARGUMENT, located. */
enum reason photon_json_event(struct span text, struct event *event, json_t **parsed,
                              struct error *error);

/* An event as text, to be freed; NULL: no memory. A payload that is not JSON is in "payload-base64". */
char *photon_json_print(const struct event *event);

/* An object, or an empty one for no text; NULL: *error. */
json_t *photon_json_object(struct span text, struct error *error);

#endif
