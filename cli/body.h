/*
 * body.h - what services send each other: JSON as a rule, any bytes if need be.
 */
#ifndef MUON_CLI_BODY_H
#define MUON_CLI_BODY_H

#include <stdio.h>

#include "cli/args.h"

enum { BODY_MAX_BYTES = 16 * 1024 * 1024 }; /* of standard input; the server's limit is smaller */

/* A body to be sent. */
struct body {
    const char *ptr;
    size_t len;
    const char *type; /* as --type says; NULL: it is JSON */
    char *buffer;
};

/* Take it from a word of the command line; "-": from standard input; NULL: it is empty. Without --type it must be JSON, or
 * nothing; a word that does not even begin like JSON is a text, and is put into quotes. False: the failure has been told, end with *code. Free it either way. */
bool body_take(struct body *body, const struct args *args, const char *text, int *code);
void body_free(struct body *body);

bool body_is_json(const char *ptr, size_t len);

/* Text that a terminal shows as it is: UTF-8 without control characters, but for line breaks and tabs. */
bool body_is_text(const char *ptr, size_t len);

/* Write it in one line, with the line feed. Raw: as it is. Json: as JSON, whatever it is. With a format: as that says. Else for
 * people: text as it is, what is no text by its size. */
void body_print(FILE *out, const struct args *args, muon_str type, muon_str body);

/* The member "body", or "body-base64" for what is neither JSON nor text, without a comma. */
void body_print_member(FILE *out, muon_str body);

#endif
