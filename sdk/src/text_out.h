/*
 * text_out.h - a text that grows, with what JSON needs.
 *
 * A failure (no memory, or over max bytes) sticks: append on, and look at failed at the end.
 */
#ifndef MUON_SDK_TEXT_OUT_H
#define MUON_SDK_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/bytes.h"

struct text_out {
    char *text; /* NUL-terminated once something was put */
    size_t len, room, max;
    bool failed;
    bool too_big;
};

void text_out_put(struct text_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A JSON string, quotes included. What is not UTF-8 becomes '?'. */
void text_out_string(struct text_out *out, struct span text);

void text_out_fini(struct text_out *out);

#endif
