/*
 * tempdir.h - a directory of a test's own.
 */
#ifndef TESTS_LIB_TEMPDIR_H
#define TESTS_LIB_TEMPDIR_H

/* A new directory, 0700. Owned by the caller, for tempdir_remove. Fails the test when there is none. */
char *tempdir_new(void);
/* Remove it with all that it holds, and free the name. */
void tempdir_remove(char *dir);

#endif
