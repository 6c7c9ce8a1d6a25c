/*
 * address.h - the addresses in the setting `listen`: their shape, and who can reach them.
 */
#ifndef PHOTON_ADDRESS_H
#define PHOTON_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

enum { ADDRESS_TEXT_MAX = 300 };
struct address {
    char text[ADDRESS_TEXT_MAX]; /* as gRPC takes it */
    bool is_unix;                /* "unix:/path" */
    bool is_loopback;            /* 127.0.0.0/8, ::1 or "localhost": nobody from outside */
};

/* Split and check a list. The number of addresses; 0: *fault is a sentence, to be freed, or NULL
 * for no memory. */
size_t address_list(const char *list, struct address *out, size_t max, char **fault);

#endif
