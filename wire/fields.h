/*
 * fields.h - small messages by table: which field of the message is which member of a struct.
 *
 * One table serves for decoding, for the size, and for encoding, so these cannot disagree. Texts are checked as
 * they are decoded; what a message means beyond its fields is its codec's to check. Unknown fields are passed over.
 */
#ifndef MUON_WIRE_FIELDS_H
#define MUON_WIRE_FIELDS_H

#include "wire/error.h"
#include "wire/pb.h"

enum { URL_BYTES_MAX = 4096 };

enum field_kind {
    FIELD_TEXT, /* struct span: UTF-8 without control characters, at most 255 bytes */
    FIELD_NAME, /* the same, and not empty if it is there */
    FIELD_URL,  /* the same, up to URL_BYTES_MAX */
    FIELD_BODY, /* struct span: any bytes. Encoded last, and without its content, which must follow */
    FIELD_U32,
    FIELD_U64,
    FIELD_BOOL
};
struct field_rule {
    uint32_t number;
    enum field_kind kind;
    size_t offset;
    const char *name; /* in messages */
};
#define FIELD_RULE(number, kind, type, member, name)                                               \
    {                                                                                              \
        number, FIELD_##kind, offsetof(struct type, member), name                                  \
    }

struct fields {
    const char *message; /* its name */
    const struct field_rule *rule;
    size_t len;
};

/* Take one field, or all of a message, into out. INVALID_ARGUMENT: *error (may be NULL) says which. */
enum reason fields_take(const struct fields *fields, const struct pb_field *field, void *out,
                        struct error *error);
enum reason fields_decode(const struct fields *fields, struct span raw, void *out,
                          struct error *error);

/* The size with the body; members that are zero or empty are left out. fields_put leaves the place where the body
 * must follow. */
size_t fields_size(const struct fields *fields, const void *in);
uint8_t *fields_put(uint8_t *at, const struct fields *fields, const void *in);
struct span fields_body(const struct fields *fields, const void *in);

#endif
