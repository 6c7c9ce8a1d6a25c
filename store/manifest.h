/*
 * manifest.h - what LevelDB's MANIFEST names: is it there?
 *
 * A MANIFEST is a log of changes: tables that came and went, and the log from which on logs count. LevelDB takes what is missing at its end
 * for a change that a crash has interrupted, and then removes the tables that it does not know of. But a change removes files only when it is
 * durable. So when everything is there that was before a change, it may be left away, whether it was made or not; and when something is
 * missing, it was made, and its loss is damage.
 *
 * The format: https://github.com/google/leveldb/blob/1.23/db/version_edit.cc
 */
#ifndef PHOTON_MANIFEST_H
#define PHOTON_MANIFEST_H

#include <stdbool.h>

#include "wire/bytes.h"

enum manifest_state {
    MANIFEST_UNKNOWN, /* it cannot be told: there is none yet, or it cannot be read; LevelDB will say */
    MANIFEST_WHOLE, /* and all that it names is there */
    MANIFEST_TORN, /* at its end is a change that is not whole; all that is named before it is there */
    MANIFEST_NO_MEMORY,
    MANIFEST_DAMAGED, /* within */
    MANIFEST_BEHIND   /* it ends before a change that was made: a file is missing that it names */
};

enum { MANIFEST_NAME_BYTES = 64 };
struct manifest {
    char name[MANIFEST_NAME_BYTES];    /* the file's, in the directory */
    char missing[MANIFEST_NAME_BYTES]; /* MANIFEST_BEHIND: which file */
    size_t whole;                      /* so many bytes of changes are whole */
};

/* dir_fd: LevelDB's directory, which nobody works on. *manifest is set unless the answer is MANIFEST_UNKNOWN. */
enum manifest_state manifest_look(int dir_fd, struct manifest *manifest);

/* Of a MANIFEST in memory: what its changes come to. */
struct manifest_files {
    uint64_t log_number; /* logs count from this one on; 0: LevelDB has none yet */
    uint64_t *tables;    /* their numbers, rising */
    size_t tables_len;
    size_t whole; /* so many bytes of changes are whole */
};
/* Not MANIFEST_BEHIND. *files is to be freed if it is MANIFEST_WHOLE or MANIFEST_TORN. */
enum manifest_state manifest_read(const uint8_t *data, size_t len, struct manifest_files *files);
void manifest_files_free(struct manifest_files *files);

#endif
