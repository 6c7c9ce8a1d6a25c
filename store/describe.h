/*
 * describe.h - the settings put into words: the values in force, an example file, the reference in
 * docs/.
 */
#ifndef PHOTON_DESCRIBE_H
#define PHOTON_DESCRIBE_H

#include <stdio.h>

#include "store/settings.h"

/* A table for people: each setting, its value, where it came from, what it may be. */
void describe_values(const struct settings *settings, FILE *out);

/* A commented file with every setting: those that differ in origin from the default are set, the
 * others stand behind a #. It reads back as the same values. */
void describe_file(const struct settings *settings, FILE *out);

/* docs/configuration.md's table and docs/operating.md's exit codes, in Markdown. */
void describe_settings_markdown(FILE *out);
void describe_exit_codes_markdown(FILE *out);

/* The value as it would be written: "64 MiB"; borrowed from settings or from out. */
enum { DESCRIBE_VALUE_MAX = 32 };
const char *describe_value(const struct settings *settings, enum setting setting,
                           char out[DESCRIBE_VALUE_MAX]);

#endif
