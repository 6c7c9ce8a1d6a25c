/*
 * say.h - what is said beside the answer itself: failures, notes; all on standard error.
 *
 * A failure is one line that tells what happened and one that tells what to do. With --json it is one object:
 * {"error":{"kind":…,"exit":…,"message":…,"advice":…,"request-id":…}}, kind and exit as in the table of exits.h.
 */
#ifndef MUON_CLI_SAY_H
#define MUON_CLI_SAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/args.h"
#include "cli/exits.h"

/* Tell a failure; advice NULL: that of the table. Returns code, so that a verb can end with it. */
int say_failure(const struct args *args, enum exit_code code, const char *advice,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The same of one that the server may have answered; request: what its log calls it, muon_error.request_id, or "". */
int say_answer(const struct args *args, enum exit_code code, const char *advice,
               const char *request, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Tell what libmuon has reported, in its or the server's own words. */
int say_error(const struct args *args, const muon_error *error);

/* The same of a call that concerns a service: with its number in Muon, where it has one, and what to do about services. */
int say_service_error(const struct args *args, const muon_error *error);

/* A remark that --quiet leaves out; with --json the object {"note":…}. */
void say_note(const struct args *args, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The end of a word of which there are so many: "" or "s". */
const char *say_plural(int64_t count);

/* What --color says: "always", "never" or "auto". False: none of them. */
bool say_set_colour(const char *when);

/* May this stream be coloured? With "auto" only a terminal, and not with NO_COLOR or TERM=dumb. */
bool say_in_colour(FILE *stream);

#endif
