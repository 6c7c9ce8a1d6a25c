/*
 * get.h - the GetEvent call: one event, by order id, by event id, or by stream and version.
 */
#ifndef PHOTON_GET_H
#define PHOTON_GET_H

#include "store/store.h"
#include "wire/serve.h"

/* Find it; reads the disk. *event is a new reference. NO_SUCH_EVENT: there is none, or it was deleted. */
enum reason get_event(struct store *store, const struct get_request *request, struct bytes **event,
                      struct error *error);

extern const struct serve_method get_method; /* service: struct store * */

#endif
