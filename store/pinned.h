/*
 * pinned.h - what LevelDB replaces when it opens, kept until that is durable.
 *
 * An opening reads the logs into tables, writes a new MANIFEST, renames a new CURRENT over the old one, and removes the old MANIFEST and the
 * logs. It syncs the files, and not the directory after the renaming. ext4 with data=writeback gives the blocks of a removed file to
 * others before the removal itself is durable; a power cut then leaves the old CURRENT, or an old log, with another file's bytes in
 * it. A file that is open keeps its blocks.
 */
#ifndef PHOTON_PINNED_H
#define PHOTON_PINNED_H

#include <stddef.h>

struct pinned {
    int dir_fd;
    int *fds;
    size_t len;
};

/* dir: LevelDB's directory. 0, and *pinned is to be let go; else the system's error number. */
int pinned_take(struct pinned *pinned, const char *dir);

/* Sync the directory, then let go. 0, or the system's error number: what has become of the directory is not durable. */
int pinned_let_go(struct pinned *pinned);

#endif
