/*
 * pace.c - many short pauses instead of one long one.
 *
 * LevelDB compacts one thing at a time, and when it is busy with the lower levels, files gather in level 0. With 12 of them it stops all writes
 * until it has merged them, which takes seconds; before that it slows each write down by 1 ms, which a commit of many events does not
 * feel. So the committer slows down by itself, the more the closer it comes: with 11 files to a fifteenth of its speed, which gives LevelDB the
 * time that it needs. (kL0_SlowdownWritesTrigger and kL0_StopWritesTrigger in LevelDB's db/dbformat.h.)
 */
#include "store/pace.h"

#include <stdlib.h>
#include <time.h>

enum { FILES_MIN = 8, QUARTERS = 4 };

uint64_t pace_us(unsigned files, uint64_t busy_us)
{
    static const unsigned quarters[] = {2, 6, 16, 60}; /* of the time that the commit took */
    enum { STEPS = sizeof quarters / sizeof *quarters };
    if (files < FILES_MIN)
        return 0;
    unsigned step = files - FILES_MIN < STEPS ? files - FILES_MIN : STEPS - 1;
    uint64_t busy = busy_us < PACE_MAX_US ? busy_us : PACE_MAX_US;
    uint64_t us = busy * quarters[step] / QUARTERS;
    return us < PACE_MAX_US ? us : PACE_MAX_US;
}

void pace(struct log *log, uint64_t busy_us)
{
    char files[16];
    if (!log_property(log, "leveldb.num-files-at-level0", files, sizeof files))
        return;
    uint64_t us = pace_us((unsigned)strtoul(files, NULL, 10), busy_us);
    const struct timespec wait = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    if (us > 0)
        nanosleep(&wait, NULL);
}
