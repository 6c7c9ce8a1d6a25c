/*
 * check_requests.c - requests: acted upon at most once, exactly once if answered, never if failed for certain; and each answer is to the
 * caller's own request. See check.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/history/check.h"
#include "tests/history/idtable.h"
#include "tests/history/memory.h"

struct request {
    struct history_id id; /* first, for idtable.h */
    uint64_t checksum;
    uint32_t file, number;
    uint32_t acts;
};

struct requests {
    struct request *requests;
    uint32_t count;
    struct idtable ids;
};

/* "request 7 of caller 5", as a request's id has them; static, for up to two at a time. */
static const char *id_text(const struct history_id *id)
{
    static char texts[2][64];
    static unsigned turn;
    uint64_t caller, request;
    memcpy(&caller, id->bytes, sizeof caller);
    memcpy(&request, id->bytes + sizeof caller, sizeof request);
    char *text = texts[turn++ % 2];
    snprintf(text, sizeof *texts, "request %" PRIu64 " of caller %016" PRIx64, request, caller);
    return text;
}

static uint32_t count_asked(const struct files *files)
{
    uint32_t count = 0;
    for (size_t f = 0; f < files->count; f++)
        count += files->files[f].kinds[HISTORY_ASK];
    return count;
}

static void add_asked(struct check *check, struct requests *all, uint32_t f,
                      const struct history_record *record)
{
    all->requests[all->count] =
        (struct request){record->id, record->checksum, f, record->number, 0};
    uint32_t first = idtable_add(&all->ids, all->count++);
    if (first != IDTABLE_NONE)
        verdict_add(&check->verdict, VIOLATION_WRONG_CALLER, "%s (%s) was asked twice",
                    id_text(&record->id), check->files.files[f].name);
}

static void act(struct check *check, struct requests *all, uint32_t f,
                const struct history_record *record)
{
    const struct file *file = &check->files.files[f];
    uint32_t place = idtable_find(&all->ids, &record->id);
    struct request *request = place == IDTABLE_NONE ? NULL : &all->requests[place];
    check->counts.acts++;
    if (!request) {
        verdict_add(&check->verdict, VIOLATION_ASKED_BY_NONE, "%s, seen in %s",
                    id_text(&record->id), file->name);
        return;
    }
    const char *asked = check->files.files[request->file].name;
    if (++request->acts > 1)
        verdict_add(&check->verdict, VIOLATION_ACTED_TWICE, "%s (asked in %s), again in %s",
                    id_text(&record->id), asked, file->name);
    if (request->checksum != record->checksum)
        verdict_add(&check->verdict, VIOLATION_REQUEST_BODY,
                    "%s (asked in %s) had another body in %s", id_text(&record->id), asked,
                    file->name);
}

static void each_of_kind(struct check *check, struct requests *all, uint32_t f,
                         enum history_kind kind,
                         void (*one)(struct check *, struct requests *, uint32_t,
                                     const struct history_record *))
{
    const struct file *file = &check->files.files[f];
    for (size_t i = 0; file->kinds[kind] && i < file->count; i++)
        if (file->records[i].kind == kind)
            one(check, all, f, &file->records[i]);
}

static void check_answer(struct check *check, const struct file *file,
                         const struct request *request, const struct history_record *answer)
{
    if (memcmp(&answer->id, &request->id, sizeof answer->id) != 0)
        verdict_add(&check->verdict, VIOLATION_WRONG_CALLER, "%s in %s got the answer to %s",
                    id_text(&request->id), file->name, id_text(&answer->id));
    else if (answer->checksum != request->checksum)
        verdict_add(&check->verdict, VIOLATION_REQUEST_BODY,
                    "%s in %s was answered to another body", id_text(&request->id), file->name);
    if (request->acts == 0)
        verdict_add(&check->verdict, VIOLATION_NOT_ACTED, "%s in %s was answered by nobody known",
                    id_text(&request->id), file->name);
}

static void check_outcome(struct check *check, const struct request *request)
{
    const struct file *file = &check->files.files[request->file];
    enum history_outcome outcome = files_outcome(file, request->number);
    if (outcome == HISTORY_OK)
        check_answer(check, file, request, files_returned(file, request->number));
    else if (outcome == HISTORY_FAILED && request->acts)
        verdict_add(&check->verdict, VIOLATION_FAILED_ACTED,
                    "%s in %s failed for certain, and was acted upon", id_text(&request->id),
                    file->name);
}

void check_requests(struct check *check)
{
    const struct files *files = &check->files;
    struct requests all = {0};
    uint32_t most = count_asked(files);
    all.requests = memory_new(most, sizeof *all.requests);
    idtable_init(&all.ids, all.requests, sizeof *all.requests, most);
    for (uint32_t f = 0; f < files->count; f++)
        each_of_kind(check, &all, f, HISTORY_ASK, add_asked);
    for (uint32_t f = 0; f < files->count; f++)
        each_of_kind(check, &all, f, HISTORY_ACT, act);
    for (uint32_t i = 0; i < all.count; i++)
        check_outcome(check, &all.requests[i]);
    check->counts.requests = all.count;
    idtable_fini(&all.ids);
    free(all.requests);
}
