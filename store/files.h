/*
 * files.h - small files written so that a crash never leaves half of one.
 */
#ifndef PHOTON_FILES_H
#define PHOTON_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "wire/error.h"

enum { FILES_PATH_MAX = 4096 };

/* "dir/name". false: too long, *error. */
bool files_path(char out[FILES_PATH_MAX], const char *dir, const char *name, struct error *error);
bool files_exist(const char *path); /* anything, a dangling link included */

/* Write beside the path, sync, rename over it, sync the directory. false: *error names the file; what was there is untouched. */
bool files_write(const char *path, const char *data, size_t len, mode_t mode, struct error *error);
/* Make what happened in a directory durable; best effort. */
void files_sync_dir(const char *dir);

#endif
