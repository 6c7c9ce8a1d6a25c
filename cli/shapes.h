/*
 * shapes.h - what the verbs print with --json: the one table, from which the help and the reference are made, which --format
 * knows its fields from, and which the tests hold against what is printed.
 *
 * To add a verb that prints: a table of its fields and a row in shapes.c.
 */
#ifndef MUON_CLI_SHAPES_H
#define MUON_CLI_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

enum shape_type { SHAPE_TEXT, SHAPE_INTEGER, SHAPE_NUMBER, SHAPE_BOOL, SHAPE_JSON };

struct shape_field {
    const char *name; /* a member, or the way to one: "streams[].stream-name"; "tags[]" is a list */
    enum shape_type type;
    const char *when; /* it is there; NULL: always */
    const char *help;
};

struct shape {
    const char *verbs;  /* which print it, with spaces between them; "": any may */
    const char *what;   /* a line, beginning with "an" or "the" */
    const char *record; /* what --format takes apart: "" the object, "streams[]" each of these */
    const struct shape_field *fields;
    size_t field_count;
};

extern const struct shape shape_rows[];
extern const size_t shape_row_count;

/* As the reference writes it: "text", "integer", … */
const char *shape_type_name(enum shape_type type);

/* Does this verb print it? */
bool shape_is_of(const struct shape *shape, const char *verb);

/* What --format takes apart of a verb; NULL: nothing. */
const struct shape *shape_of_records(const char *verb);

/* A field's name within a record; NULL: it is not in one. */
const char *shape_in_record(const struct shape *shape, const struct shape_field *field);

#endif
