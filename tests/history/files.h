/*
 * files.h - the files of a history, mapped, and where in them each operation and session is.
 */
#ifndef TESTS_HISTORY_FILES_H
#define TESTS_HISTORY_FILES_H

#include <stdio.h>

#include "tests/history/history.h"
#include "tests/history/names.h"

/* A record's place, plus one; 0: there is none. */
typedef uint32_t files_place;

struct file {
    char *name; /* without the folder */
    const struct history_record *records;
    size_t count, bytes;
    files_place *invoked, *returned; /* of each operation */
    uint32_t operations;
    files_place *begun; /* of each session */
    uint32_t sessions;
    uint32_t kinds[HISTORY_KINDS]; /* how many records of each */
};

struct files {
    struct file *files;
    size_t count;
    struct names names;
};

/* All files of a folder. false: there are none, or one is not a history; why says which. */
bool files_open(struct files *files, const char *dir, char why[256]);
void files_close(struct files *files);

/* The first record of an operation; NULL: it was never invoked. */
const struct history_record *files_invoked(const struct file *file, uint32_t number);
/* NULL: it never returned. */
const struct history_record *files_returned(const struct file *file, uint32_t number);
/* What is known of how it ended. */
enum history_outcome files_outcome(const struct file *file, uint32_t number);

#endif
