/*
 * event-out.h - a stored event as one line of JSON, such that emitting the line again would be the same event.
 */
#ifndef MUON_CLI_EVENT_OUT_H
#define MUON_CLI_EVENT_OUT_H

#include <stdio.h>

#include "muon/muon.h"

/* Write the event and a line feed. The client's fields come first, those that are empty left out, then the store's.
 * A payload that is JSON goes out byte for byte; one that is not, as "payload-base64"; JSON that would not survive in a line
 * (line breaks, white space around it) as both: readable, and exact. The same holds for metadata. */
void event_out_print(FILE *out, const muon_event *event);

/* The same, but a content type is written whenever one is given, be it the default one: a history is kept as it was. */
void event_out_print_exact(FILE *out, const muon_event *event);

/* The event's payload for people, in a line: at most max_bytes bytes of it. */
void event_out_print_payload(FILE *out, const muon_event *event, size_t max_bytes);

/* A text in a line: a character that would move the cursor or break the line shows as a dot or a space, those of two bytes
 * (U+0080 to U+009F), too. */
void event_out_print_visible(FILE *out, const char *text, size_t len);

#endif
