/*
 * start_memory_test.c - a photond that has no memory to start: it says so, does not call it damage, and starts when there is some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/options.h"
#include "tests/lib/allocs.h"
#include "tests/lib/inside.h"
#include "tests/lib/tempdir.h"

enum { ALLOCATIONS_MAX = 20000, TEXT_BYTES = 1024 };

/* false: the nth allocation was not reached. */
static bool start_with_the_nth_failing(const char *dir, long nth, bool all_later)
{
    struct service_options options = inside_options(dir);
    enum log_fault fault;
    struct error error = {0};
    allocs_arm(nth, all_later);
    struct service *service = service_open(&options, &fault, &error);
    bool started = service && service_start(service, &error);
    allocs_disarm();
    assert_true(started || error.message[0]);
    assert_true(service || fault == LOG_FAILED);
    if (started)
        service_stop(service, 1000);
    service_free(service);
    return allocs_hit();
}

/* The first allocations one by one, then with growing steps. */
static void a_start_without_memory_says_so_and_is_not_damage(void **state)
{
    (void)state;
    for (int all_later = 0; all_later < 2; all_later++) {
        char *dir = tempdir_new();
        long nth = 1, rounds = 0;
        for (; start_with_the_nth_failing(dir, nth, all_later != 0); rounds++) {
            nth += 1 + nth / 8;
            assert_true(nth < ALLOCATIONS_MAX);
        }
        assert_true(rounds > 10);
        tempdir_remove(dir);
    }
}

/* What it says is on standard error: the log has not begun. false: the nth allocation was not reached. */
static bool read_settings_with_the_nth_failing(long nth, bool all_later, enum exit_code *code,
                                               char text[TEXT_BYTES])
{
    char program[] = "photond";
    char *argv[] = {program, NULL};
    struct options options;
    struct settings settings;
    FILE *said = tmpfile();
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fileno(said), STDERR_FILENO);
    allocs_arm(nth, all_later);
    options_parse(&options, 1, argv);
    *code = options_load(&options, &settings);
    allocs_disarm();
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(said);
    text[fread(text, 1, TEXT_BYTES - 1, said)] = '\0';
    fclose(said);
    settings_fini(&settings);
    return allocs_hit();
}

static void a_start_without_memory_for_its_settings_says_so(void **state)
{
    (void)state;
    for (int all_later = 0; all_later < 2; all_later++) {
        enum exit_code code;
        char text[TEXT_BYTES];
        long nth = 1;
        while (read_settings_with_the_nth_failing(nth, all_later != 0, &code, text)) {
            bool helpless = nth == 1 && !all_later; /* no help, which nobody has asked for */
            assert_true(helpless || code == EXIT_CODE_FAILED || code == EXIT_CODE_CONFIG);
            assert_true(helpless || strstr(text, "no memory"));
            assert_true(++nth < ALLOCATIONS_MAX);
        }
        assert_true(nth > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_without_memory_says_so_and_is_not_damage),
        cmocka_unit_test(a_start_without_memory_for_its_settings_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
