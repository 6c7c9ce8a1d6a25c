/*
 * config.h - settings from the file and from the environment, and whether they fit together.
 *
 * Everything that is wrong is reported, not only the first: a line each to `faults`, with its place
 * and what to do.
 */
#ifndef PHOTON_CONFIG_H
#define PHOTON_CONFIG_H

#include <stdio.h>

#include "store/settings.h"

/* Lines of `name = value`, comments behind # or ; . Returns the number of faults. */
unsigned config_read_file(struct settings *settings, const char *path, FILE *faults);

/* Variables PHOTOND_…, of environ's shape. One that is nearly a setting's gets a line but is no
 * fault; others are none of ours. */
unsigned config_read_environment(struct settings *settings, char *const *environment, FILE *faults);

/* The rules that take more than one setting, the safety of the listeners among them. */
unsigned config_check(const struct settings *settings, FILE *faults);

#endif
