/*
 * scan.h - a JSON text taken apart without being rewritten: where its members' values stand, byte for byte.
 *
 * A payload is kept as it was given (semantics 11), so a parser that builds a tree and prints it again is of no use: the
 * scanner checks a text against RFC 8259 and says where its parts are. It never allocates and never recurses.
 */
#ifndef MUON_CLI_SCAN_H
#define MUON_CLI_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum { SCAN_DEPTH_MAX = 512, SCAN_MEMBERS_MAX = 32, SCAN_NAME_BYTES = 256 };

/* A piece of a text that somebody else owns; not NUL-terminated. */
struct scan_text {
    char *ptr;
    size_t len;
};

/* A member of an object. Key: what stands between the quotes, still escaped. Value: from its first byte to its last,
 * quotes included. */
struct scan_member {
    struct scan_text key, value;
};

/* What is wrong with a text: at this byte, why (static). */
struct scan_fault {
    size_t at;
    const char *why;
};

/* Is it one JSON value, perhaps with white space around it? Strict: UTF-8, no lone surrogates, no control characters in
 * strings, at most SCAN_DEPTH_MAX levels deep. Fills *fault when it is not. Two equal keys are no fault here. */
bool scan_check(const char *text, size_t len, struct scan_fault *fault);

/* The same for an object; its members go to members, which holds SCAN_MEMBERS_MAX of them (more: a fault), and their number
 * to *count. Outputs are pieces of text. */
bool scan_object(char *text, size_t len, struct scan_member *members, size_t *count,
                 struct scan_fault *fault);

/* One step into a valid value: the member of an object that has this name (the last one, should there be several), or the
 * element of a list that has this number, from 0. Names are shorter than SCAN_NAME_BYTES. False: there is none. */
bool scan_step(struct scan_text value, const char *name, size_t name_len, struct scan_text *found);

#endif
