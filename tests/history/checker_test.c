/*
 * checker_test.c - the checker lets pass what is sound, and finds and names each violation that is planted.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "tests/history/check.h"
#include "tests/history/plants.h"
#include "tests/history/recorder.h"
#include "tests/lib/tempdir.h"

#define COUNTED                                                                                    \
    "log: 16 events; 17 emits of 21 events: 11 ok, 2 refused, 1 failed, 3 unknown; 2 reads; "      \
    "4 sessions (2 from history to live): 30 deliveries; 6 requests, 4 acted upon; 5 clients "     \
    "alive in the end"

/* What the checker says of a story, to be freed; counts may be NULL. */
static char *check_story(const struct story *story, bool *sound, uint64_t counts[VIOLATIONS])
{
    struct check check;
    char *dir = tempdir_new(), *said = NULL;
    size_t len;
    FILE *out = open_memstream(&said, &len);
    assert_non_null(out);
    story_save(story, dir);
    *sound = check_run(&check, dir, out);
    if (counts)
        memcpy(counts, check.verdict.counts, sizeof check.verdict.counts);
    check_free(&check);
    fclose(out);
    tempdir_remove(dir);
    return said;
}

static void assert_sound(const struct story *story)
{
    bool sound;
    char *said = check_story(story, &sound, NULL);
    if (!sound)
        fail_msg("%s", said);
    free(said);
}

static void a_sound_history_passes(void **state)
{
    (void)state;
    static struct story story;
    bool sound;
    story_tell(&story);
    char *said = check_story(&story, &sound, NULL);
    if (!sound || !strstr(said, COUNTED))
        fail_msg("%s", said);
    free(said);
}

static void plant_and_find(void **state)
{
    const struct plant *plant = *state;
    static struct story story;
    uint64_t counts[VIOLATIONS];
    char line[64];
    bool sound;
    story_tell(&story);
    plant->plant(&story);
    char *said = check_story(&story, &sound, counts);
    assert_false(sound);
    snprintf(line, sizeof line, "%s: ", verdict_name(plant->violation));
    const char *found = strstr(said, line);
    if (!found || !strstr(found, plant->named))
        fail_msg("\"%s\" is not named as \"%s\" in:\n%s", plant->named, line, said);
    for (int i = 0; i < VIOLATIONS; i++)
        if (counts[i] && i != (int)plant->violation && i != plant->also)
            fail_msg("more is found than was planted:\n%s", said);
    free(said);
}

static void each_kind_of_violation_is_planted(void **state)
{
    (void)state;
    for (int kind = 0; kind < VIOLATIONS; kind++) {
        size_t i = 0;
        while (i < plants_count && (int)plants[i].violation != kind)
            i++;
        if (i == plants_count)
            fail_msg("nothing plants \"%s\"", verdict_name((enum violation)kind));
    }
}

/* ---- what must not be taken for a violation ---- */

static void what_never_returned_is_unknown(void **state)
{
    (void)state;
    static struct story story;
    story_tell(&story);
    story_erase(&story, STORY_WRITER, story_find(&story, STORY_WRITER, HISTORY_EMITTED, 0));
    story_erase(&story, STORY_RACER, story_find(&story, STORY_RACER, HISTORY_EMITTED, 3));
    story_erase(&story, STORY_CALLER, story_find(&story, STORY_CALLER, HISTORY_ANSWER, 0));
    assert_sound(&story);
}

static void a_refusal_is_legal_if_it_was_true_at_some_moment(void **state)
{
    (void)state;
    static struct story story;
    story_tell(&story);
    struct history_record *refused = story_find(&story, STORY_RACER, HISTORY_EMITTED, 2);
    refused->version =
        1; /* as it was when the call began: of another expectation it would be true */
    story_find(&story, STORY_RACER, HISTORY_EMIT, 2)->version = 2;
    assert_sound(&story);
}

static void a_history_that_was_cut_off_passes(void **state)
{
    (void)state;
    static struct story story;
    story_tell(&story);
    /* the follower was killed when it had seen a part */
    struct story_file *follower = &story.files[STORY_FOLLOWER];
    follower->count = (size_t)(story_delivery(&story, STORY_FOLLOWER, 3, 1) - follower->records);
    assert_sound(&story);
}

static void a_folder_without_a_final_log_does_not_pass(void **state)
{
    (void)state;
    static struct story story;
    bool sound;
    story_tell(&story);
    story_erase(&story, STORY_FINAL, story_find(&story, STORY_FINAL, HISTORY_ENDED, 0));
    char *said = check_story(&story, &sound, NULL);
    assert_false(sound);
    assert_non_null(strstr(said, "no final log"));
    free(said);
}

static void what_the_recorder_writes_is_read(void **state)
{
    (void)state;
    struct files files;
    char why[256], *dir = tempdir_new(), name[100];
    struct recorder *recorder = recorder_open(dir, "a");
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    uint64_t value = recorder_name(recorder, name);
    struct history_record record = {.kind = HISTORY_EMIT, .count = 1, .stream = value};
    recorder_put(recorder, &record, 1);
    recorder_close(recorder);
    assert_true(files_open(&files, dir, why));
    assert_int_equal(files.count, 1);
    assert_string_equal(names_text(&files.names, names_find(&files.names, value)), name);
    assert_int_equal(files_invoked(&files.files[0], 0)->stream, value);
    assert_null(files_returned(&files.files[0], 0));
    assert_int_equal(files_outcome(&files.files[0], 0), HISTORY_UNKNOWN);
    files_close(&files);
    tempdir_remove(dir);
}

static void patterns_match_as_the_store_says(void **state)
{
    (void)state;
    assert_true(names_match("__all__", "__store__"));
    assert_true(names_match("a/**", "a/"));
    assert_true(names_match("a/**/c", "a/b/c/c"));
    assert_true(names_match("**", "a"));
    assert_false(names_match("**", "__store__"));
    assert_false(names_match("a/**", "a"));
    assert_false(names_match("a/**/c", "a/b/d"));
    assert_false(names_match("a", "ab"));
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_sound_history_passes),
        cmocka_unit_test(each_kind_of_violation_is_planted),
        cmocka_unit_test(what_never_returned_is_unknown),
        cmocka_unit_test(a_refusal_is_legal_if_it_was_true_at_some_moment),
        cmocka_unit_test(a_history_that_was_cut_off_passes),
        cmocka_unit_test(a_folder_without_a_final_log_does_not_pass),
        cmocka_unit_test(what_the_recorder_writes_is_read),
        cmocka_unit_test(patterns_match_as_the_store_says),
    };
    struct CMUnitTest *tests = calloc(plants_count, sizeof *tests);
    for (size_t i = 0; tests && i < plants_count; i++)
        tests[i] = (struct CMUnitTest){.name = plants[i].name,
                                       .test_func = plant_and_find,
                                       .initial_state = (void *)&plants[i]};
    int failed = cmocka_run_group_tests_name("sound", others, NULL, NULL);
    failed += _cmocka_run_group_tests("planted", tests, plants_count, NULL, NULL);
    free(tests);
    return failed;
}
