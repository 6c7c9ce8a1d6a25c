/*
 * tempdir.h - a directory of a test's own, and files in it.
 */
#ifndef TESTS_LIB_TEMPDIR_H
#define TESTS_LIB_TEMPDIR_H

#include <stddef.h>

/* A new directory, 0700. Owned by the caller, for tempdir_remove. Fails the test when there is none. */
char *tempdir_new(void);
/* Remove it with all that it holds, also where a test took permissions away, and free the name. NULL is fine. */
void tempdir_remove(char *dir);

/* "dir/name", to be freed. */
char *tempdir_path(const char *dir, const char *name);
/* Write a file; what was in it is gone. */
void tempdir_write(const char *path, const char *text);
/* A file's bytes with a NUL behind them, to be freed; len may be NULL. NULL: it cannot be read. */
char *tempdir_read(const char *path, size_t *len);

#endif
