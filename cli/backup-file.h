/*
 * backup-file.h - a history in a file (docs/backup-format.md): blocks with a checksum each, the first says what it is, the last what it
 * comes to. A file that was cut, or in which a byte has changed, is noticed wherever that is.
 */
#ifndef MUON_CLI_BACKUP_FILE_H
#define MUON_CLI_BACKUP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "muon/muon.h"

enum { BACKUP_WHY_BYTES = 512, BACKUP_ID_BYTES = 256 };

/* What a file is of. */
struct backup_head {
    char store_id[BACKUP_ID_BYTES];
    int64_t incarnation;
    int64_t after, up_to; /* order ids: everything behind `after`, up to `up_to` */
    uint8_t after_digest[MUON_DIGEST_BYTES];
};

/* ---- writing: under another name, until it is whole ---- */

struct backup_writer {
    const char *path;
    char *temporary;
    FILE *file;
    uint64_t blocks, bytes;
    uint8_t *packed; /* a block's content */
    size_t packed_bytes;
    char why[BACKUP_WHY_BYTES];
};

/* False: why says what is wrong, and nothing is left behind. */
bool backup_create(struct backup_writer *w, const char *path, const struct backup_head *head);
bool backup_write(struct backup_writer *w, const void *run, size_t len);
/* The last block; then it is synced, and gets its name. */
bool backup_finish(struct backup_writer *w, const muon_sum *sum);
/* Give it up, if it was not finished. Needed in any case. */
void backup_writer_end(struct backup_writer *w);

/* ---- reading ---- */

struct backup_reader {
    const char *path;
    FILE *file;
    uint64_t blocks, offset, size;
    uint8_t *packed, *run;
    size_t packed_bytes, run_bytes;
    struct backup_head head;
    muon_sum sum;   /* of what was read so far, computed from it */
    bool is_at_end; /* the last block was read, and the sum is what it says */
    char why[BACKUP_WHY_BYTES];
};

/* Open it and read the first block. False: why names the file, the place, and what is wrong; end it all the same. */
bool backup_open(struct backup_reader *r, const char *path);
/* The next run; its entries are checked and counted. *len 0: that was all, and all of it was as the last block says. */
bool backup_read(struct backup_reader *r, const void **run, size_t *len);
void backup_reader_end(struct backup_reader *r);

#endif
