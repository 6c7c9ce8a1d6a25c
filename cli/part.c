/*
 * part.c - see part.h.
 *
 * The last event goes, for its line may be cut in the middle, or its cut (the next line) be missing. Anything wrong before that was
 * not left behind by us.
 */
#include "cli/part.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/entry-in.h"
#include "cli/kept.h"
#include "cli/lines.h"

struct part {
    struct lines lines;
    struct entry_in in;
    struct kept kept;
    off_t at;        /* behind the lines read so far */
    off_t event_at;  /* where the last event begins */
    muon_sum before; /* what comes before it */
};

/* false: the rest is not whole. */
static bool take_line(struct part *p, const char *line, size_t len)
{
    struct event_fault fault;
    muon_error error;
    if (!entry_in_parse(&p->in, line, len, &fault))
        return false;
    if (p->in.entry.kind != MUON_ENTRY_CUT) {
        p->event_at = p->at;
        p->before = p->kept.sum;
    }
    kept_clear(&p->kept);
    p->at += (off_t)len + 1;
    return kept_add(&p->kept, &p->in.entry, &error);
}

static bool read_all(struct part *p, char why[PART_WHY_BYTES])
{
    const char *line;
    size_t len;
    enum lines_state state;
    uint64_t torn = 0; /* a line that is no entry: only the last one may be */
    while ((state = lines_next(&p->lines, &line, &len)) != LINES_END) {
        if (state == LINES_MORE) {
            lines_fill(&p->lines);
        } else if (state != LINES_LINE || torn) {
            snprintf(why, PART_WHY_BYTES, "line %llu is not an export's",
                     (unsigned long long)(torn ? torn : p->lines.number + 1));
            return false;
        } else if (!take_line(p, line, len)) {
            torn = p->lines.number;
        }
    }
    return true;
}

bool part_recall(int fd, muon_sum *have, char why[PART_WHY_BYTES])
{
    struct part p = {.at = 0};
    lines_init(&p.lines, fd);
    bool ok = read_all(&p, why);
    if (ok && (ftruncate(fd, p.event_at) != 0 || lseek(fd, 0, SEEK_END) < 0)) {
        snprintf(why, PART_WHY_BYTES, "%s", strerror(errno));
        ok = false;
    }
    *have = p.before;
    lines_fini(&p.lines);
    entry_in_free(&p.in);
    kept_fini(&p.kept);
    return ok;
}
