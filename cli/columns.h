/*
 * columns.h - rows of JSON as a table, and numbers as people read them.
 */
#ifndef MUON_CLI_COLUMNS_H
#define MUON_CLI_COLUMNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct column {
    const char *title;
    const char *name; /* of the member */
    bool right;       /* aligned */
};

enum { COLUMNS_TEXT_BYTES = 256, COLUMNS_MAX = 16 };

/* A member's value by the end of its name: "…-bytes" as 1.5 MiB, "…-ms" as 2.5 s, "since", "started" and "time" as a time; else as it
 * is, longer texts cut. "" and null are "-". */
void columns_text(const char *name, const json_t *value, char text[COLUMNS_TEXT_BYTES]);
/* 1536 as "1.5 KiB"; 2500 as "2.5 s". */
void columns_bytes(double bytes, char text[COLUMNS_TEXT_BYTES]);
void columns_ms(double ms, char text[COLUMNS_TEXT_BYTES]);

/* A line each, under titles if they are wanted. At most COLUMNS_MAX columns. */
void columns_print(FILE *out, const json_t *rows, const struct column *columns, size_t count,
                   bool titles);

#endif
