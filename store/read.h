/*
 * read.h - the Read call: a page of stored events from a place on, in either direction. It ends at the head of the moment it began.
 */
#ifndef PHOTON_READ_H
#define PHOTON_READ_H

#include "wire/serve.h"

extern const struct serve_method read_method; /* service: struct store * */

#endif
