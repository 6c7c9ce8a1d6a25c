/*
 * format.h - --format: a record as the user wants it written.
 *
 * A record is an object of JSON, the same as with --json. A format is a text in which {FIELD} stands for what the record holds
 * there, \t and \n for a tab and a line feed, {{ and }} for braces; or, without any brace, fields with commas between them, which
 * come out with tabs between them. A field is a member or the way to one: payload.order.items.0.sku; a member whose own
 * name has a dot in it stands in double quotes. Texts come out without quotes and escapes, all else as the JSON that it is,
 * what is not there as nothing.
 */
#ifndef MUON_CLI_FORMAT_H
#define MUON_CLI_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli/shapes.h"

enum {
    FORMAT_TEXT_BYTES = 4096,
    FORMAT_PARTS_MAX = 128,
    FORMAT_STEPS_MAX = 16,
    FORMAT_NAME_BYTES = 256,
    FORMAT_WHY_BYTES = 384
};

/* Text as it stands, or a field: the names on the way to it. The pieces are in format.text. */
struct format_part {
    const char *step[FORMAT_STEPS_MAX];
    size_t len[FORMAT_STEPS_MAX];
    size_t steps; /* 0: text, in step[0] */
    bool as_time; /* ms since 1970, for people */
};

struct format {
    char text[FORMAT_TEXT_BYTES]; /* a copy, in which escapes are undone */
    struct format_part parts[FORMAT_PARTS_MAX];
    size_t part_count;
};

/* Take a format for such records. Beside their fields, the headings of the tables work, in small letters. False: why is a sentence. */
bool format_parse(struct format *format, const char *text, const struct shape *shape,
                  char why[FORMAT_WHY_BYTES]);

/* The fields there are, for an advice; NULL: no memory. To be freed. */
char *format_fields(const struct shape *shape);

/* Print a record, an object of valid JSON, with a line feed behind it. Visible: characters that would move a terminal's
 * cursor show as dots. */
void format_print(const struct format *format, FILE *out, bool visible, char *record, size_t len);

/* The same to standard output, of a record as write prints it; without memory for it the output is lost (out.h). */
void format_show(const struct format *format, void (*write)(FILE *out, const void *what),
                 const void *what);

#endif
