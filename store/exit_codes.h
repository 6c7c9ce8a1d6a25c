/*
 * exit_codes.h - what photond's exit status says, in one table: for scripts, service managers and
 * docs/operating.md.
 *
 * The numbers are part of the interface: a code may be added, none may change its meaning.
 */
#ifndef PHOTON_EXIT_CODES_H
#define PHOTON_EXIT_CODES_H

#include <stddef.h>

#include "store/log.h"

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_FAILED = 1,
    EXIT_CODE_USAGE = 2,
    EXIT_CODE_CONFIG = 3,
    EXIT_CODE_CERTS = 4,
    EXIT_CODE_ADDRESS = 5,
    EXIT_CODE_EXISTS = 6,
    EXIT_CODE_CLOCK = 7,
    EXIT_CODE_STORE_UNREADABLE = 10,
    EXIT_CODE_STORE_LOCKED = 11,
    EXIT_CODE_STORE_FOREIGN = 12,
    EXIT_CODE_STORE_FORMAT = 13,
    EXIT_CODE_STORE_DAMAGED = 14,
    EXIT_CODE_STORE_FULL = 15,
    EXIT_CODE_STORE_FAILED = 16
};

struct exit_code_entry {
    enum exit_code code;
    const char *name; /* "store-locked" */
    const char *meaning;
    const char *remedy;
};

/* All of them, by ascending code. */
const struct exit_code_entry *exit_codes(size_t *len);
/* One of them; the code is one of the enumerators. */
const struct exit_code_entry *exit_code_entry(enum exit_code code);
/* LOG_OK gives EXIT_CODE_OK. */
enum exit_code exit_code_of_fault(enum log_fault fault);

#endif
