/*
 * certs.h - certificates made on the spot.
 */
#ifndef TESTS_WIRE_CERTS_H
#define TESTS_WIRE_CERTS_H

#include <stdbool.h>

struct pem {
    char *cert, *key;
};

/* A certificate, signed by ca (NULL: by itself, as an authority), valid from from_days to to_days from now. sans: "DNS:a,IP:b" or NULL. */
struct pem certs_make(const struct pem *ca, const char *name, const char *sans, int from_days,
                      int to_days);
void certs_free(struct pem *pem);

/* Write a text to dir/name with the mode; the path goes to out, 256 bytes. */
void certs_write(const char *dir, const char *name, const char *text, unsigned mode, char *out);

#endif
