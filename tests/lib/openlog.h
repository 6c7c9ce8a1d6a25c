/*
 * openlog.h - a log that a test opens in a directory of its own: it must open, or there must be a fault. Each test program
 * that wants it lists openlog.c among its sources.
 */
#ifndef TESTS_LIB_OPENLOG_H
#define TESTS_LIB_OPENLOG_H

#include "store/log.h"

/* A log of small files, which is made where there is none. */
extern const struct log_options openlog_small;

/* Open it; fails the test with log.c's words when it does not. */
struct log *openlog(const char *dir, const struct log_options *options);

/* Open it where it must not: returns why, with *error saying so. */
enum log_fault openlog_fault(const char *dir, const struct log_options *options,
                             struct error *error);

/* cmocka's: *state is a new directory, until the test is over. */
int openlog_setup(void **state);
int openlog_teardown(void **state);

#endif
