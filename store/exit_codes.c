/* exit_codes.c - see exit_codes.h. */
#include "store/exit_codes.h"

#include <assert.h>

static const struct exit_code_entry TABLE[] = {
    {EXIT_CODE_OK, "ok", "done; or stopped as asked", "nothing"},
    {EXIT_CODE_FAILED, "failed", "something that has no code of its own: no memory, no threads",
     "read the message"},
    {EXIT_CODE_USAGE, "usage", "the command line is wrong", "read photond --help"},
    {EXIT_CODE_CONFIG, "config", "a setting is wrong, or settings do not fit together",
     "run photond check-config with the same flags"},
    {EXIT_CODE_CERTS, "certificates",
     "a certificate or key is missing, unreadable, expired or open to others",
     "the message names the file; photond cert makes new ones"},
    {EXIT_CODE_ADDRESS, "address", "a listener's address is in use or cannot be used",
     "stop what uses it, or choose another with --listen"},
    {EXIT_CODE_EXISTS, "exists", "init or cert would overwrite what is there",
     "choose another directory, or give --force"},
    {EXIT_CODE_CLOCK, "clock",
     "the system's clock is before 2020 or after 2199: what is stored would have that time for "
     "ever",
     "set the clock"},
    {EXIT_CODE_STORE_UNREADABLE, "store-unreadable",
     "the data directory is missing, not a directory, or not permitted",
     "check --data-dir, its owner and its permissions"},
    {EXIT_CODE_STORE_LOCKED, "store-locked", "another photond works on the data directory",
     "stop it first; one process a directory"},
    {EXIT_CODE_STORE_FOREIGN, "store-foreign", "the data directory holds something else",
     "choose an empty or a new directory"},
    {EXIT_CODE_STORE_FORMAT, "store-format",
     "the store has a format that this photond does not know: a newer one wrote it, or one that is "
     "too old",
     "newer: run that version or a later one; older: the message says how to bring it over"},
    {EXIT_CODE_STORE_DAMAGED, "store-damaged",
     "a checksum, a number or an index of the store is wrong",
     "run photond verify; restore a backup; nothing is repaired by itself"},
    {EXIT_CODE_STORE_FULL, "store-full", "no room on the disk to open the store",
     "free some space and start again"},
    {EXIT_CODE_STORE_FAILED, "store-failed", "the system refused something else to the store",
     "read the message"},
};

const struct exit_code_entry *exit_codes(size_t *len)
{
    *len = sizeof TABLE / sizeof TABLE[0];
    return TABLE;
}

const struct exit_code_entry *exit_code_entry(enum exit_code code)
{
    size_t i = 0;
    while (i < sizeof TABLE / sizeof TABLE[0] && TABLE[i].code != code)
        i++;
    assert(i < sizeof TABLE / sizeof TABLE[0]);
    return &TABLE[i];
}

enum exit_code exit_code_of_fault(enum log_fault fault)
{
    switch (fault) {
    case LOG_OK:
        return EXIT_CODE_OK;
    case LOG_UNREADABLE:
        return EXIT_CODE_STORE_UNREADABLE;
    case LOG_LOCKED:
        return EXIT_CODE_STORE_LOCKED;
    case LOG_FOREIGN:
        return EXIT_CODE_STORE_FOREIGN;
    case LOG_FORMAT:
        return EXIT_CODE_STORE_FORMAT;
    case LOG_DAMAGED:
        return EXIT_CODE_STORE_DAMAGED;
    case LOG_FULL:
        return EXIT_CODE_STORE_FULL;
    case LOG_FAILED:
        break;
    }
    return EXIT_CODE_STORE_FAILED;
}
