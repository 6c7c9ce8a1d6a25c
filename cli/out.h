/*
 * out.h - standard output: buffered by us, and checked.
 */
#ifndef MUON_CLI_OUT_H
#define MUON_CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/args.h"

/* Give standard output a large buffer, keep descriptors that are closed from being given to others, and make a closed pipe an
 * error of the write instead of a signal. Once, first. */
void out_init(void);

/* Something could not even be made ready for output: an errno. The next flush tells it. */
void out_lose(int error);

/* Write out what is buffered. False: stop, and end with *code – EXIT_DONE when the reader has closed the pipe, who has had
 * enough; else the failure has been told. */
bool out_flush(const struct args *args, int *code);

/* How many columns a line of this output may have now; SIZE_MAX when nobody watches. */
size_t out_columns(int fd);

#endif
