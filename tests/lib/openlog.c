/*
 * openlog.c - see openlog.h.
 */
#include "tests/lib/openlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/lib/tempdir.h"

const struct log_options openlog_small = {
    .create = true, .write_buffer_bytes = 1 << 20, .file_bytes = 1 << 20, .ballast_bytes = 1 << 16};

struct log *openlog(const char *dir, const struct log_options *options)
{
    enum log_fault fault;
    struct error error = {0};
    struct log *log = log_open(dir, options, &fault, &error);
    if (!log)
        fail_msg("fault %d: %s", fault, error.message);
    return log;
}

enum log_fault openlog_fault(const char *dir, const struct log_options *options,
                             struct error *error)
{
    enum log_fault fault;
    assert_null(log_open(dir, options, &fault, error));
    assert_true(error->message[0]);
    return fault;
}

int openlog_setup(void **state)
{
    *state = tempdir_new();
    return 0;
}

int openlog_teardown(void **state)
{
    tempdir_remove(*state);
    return 0;
}
