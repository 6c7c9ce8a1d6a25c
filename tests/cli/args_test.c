/*
 * args_test.c - the words of a command: options, times, arguments in JSON, guesses, lines.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/exits.h"
#include "cli/guess.h"
#include "cli/lines.h"
#include "cli/replay-args.h"
#include "cli/time-text.h"

static struct args args;
static char why[ARGS_WHY_BYTES];

/* Parse words given up to a NULL. */
static bool parse(const char *first, ...)
{
    char *words[16];
    size_t count = 0;
    va_list list;
    va_start(list, first);
    for (const char *word = first; word; word = va_arg(list, const char *))
        words[count++] = (char *)(uintptr_t)word;
    va_end(list);
    return args_parse(&args, words, count, why);
}

static void options_may_stand_anywhere_and_be_written_in_each_way(void **state)
{
    (void)state;
    assert_true(parse("--server", "muon://a:1", "replay", "-r", "s", "--limit=5", "--timeout",
                      "1.5s", "--type", "A", "--type=B", NULL));
    assert_string_equal(args.server, "muon://a:1");
    assert_int_equal(args.operand_count, 2);
    assert_string_equal(args.operands[1], "s");
    assert_true(args.raw);
    assert_int_equal(args.limit, 5);
    assert_int_equal(args.timeout_ms, 1500);
    assert_int_equal(args.types_len, 2);
    assert_string_equal(args.types[1], "B");
    assert_true(parse("-rql5", "-n", "3", "-", "--", "--raw", NULL));
    assert_true(args.raw && args.quiet);
    assert_int_equal(args.limit, 5);
    assert_string_equal(args.last, "3");
    assert_string_equal(args.operands[0], "-");
    assert_string_equal(args.operands[1], "--raw");
}

static void a_wrong_option_is_named_with_a_guess(void **state)
{
    (void)state;
    assert_false(parse("replay", "--limt", "5", NULL));
    assert_string_equal(why, "there is no option --limt; did you mean --limit?");
    assert_false(parse("--frobnicate", NULL));
    assert_string_equal(why, "there is no option --frobnicate");
    assert_false(parse("-x", NULL));
    assert_string_equal(why, "there is no option -x");
    assert_false(parse("--limit", NULL));
    assert_string_equal(why, "--limit wants a value: N");
    assert_false(parse("--limit", "many", NULL));
    assert_string_equal(why, "--limit cannot be \"many\"");
    assert_false(parse("--limit=-1", NULL));
    assert_false(parse("--raw=yes", NULL));
    assert_string_equal(why, "--raw takes no value, but was given \"yes\"");
    assert_false(parse("--timeout", "0", NULL));
    assert_false(parse("--timeout", "30d", NULL));
    assert_false(parse("--from", "1", "--from-version", "2", NULL));
    assert_string_equal(why, "--from-version: only one place to begin can be given");
    char *words[ARGS_OPERANDS_MAX + 1];
    for (size_t i = 0; i < ARGS_OPERANDS_MAX; i++)
        words[i] = "a";
    words[ARGS_OPERANDS_MAX] = "e";
    assert_false(args_parse(&args, words, ARGS_OPERANDS_MAX + 1, why));
    assert_string_equal(why, "too many words: \"e\"");
}

static void a_place_is_an_order_id_a_version_or_a_time(void **state)
{
    (void)state;
    assert_true(parse("--from", "17", NULL));
    assert_int_equal(args.from.kind, MUON_FROM_ORDER_ID);
    assert_int_equal(args.from.at, 17);
    assert_true(parse("--from-version", "3", NULL));
    assert_int_equal(args.from.kind, MUON_FROM_VERSION);
    assert_true(parse("--from-time", "2011-10-01T00:38:44.546+02:00", NULL));
    assert_int_equal(args.from.kind, MUON_FROM_TIME);
    assert_true(args.from.at == INT64_C(1317422324546));
}

static void an_expectation_is_a_version_none_or_exists(void **state)
{
    (void)state;
    muon_expect expect;
    assert_true(args_expectation("0", &expect));
    assert_int_equal(expect.kind, MUON_EXPECT_VERSION);
    assert_true(args_expectation("12", &expect));
    assert_int_equal(expect.version, 12);
    assert_true(args_expectation("none", &expect));
    assert_int_equal(expect.kind, MUON_EXPECT_NO_STREAM);
    assert_true(args_expectation("exists", &expect));
    assert_int_equal(expect.kind, MUON_EXPECT_EXISTS);
    assert_false(args_expectation("some", &expect));
    assert_false(args_expectation("", &expect));
}

static void times_are_read_as_people_write_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0},
                {"1763914719123", 1763914719123},
                {"1970-01-01", 0},
                {"1970-01-01T00:00", 0},
                {"1970-01-01 00:00:01.5Z", 1500},
                {"2024-02-29T12:00:00Z", 1709208000000},
                {"1970-01-01T01:00:00+01:00", 0},
                {"1969-12-31T23:00-01:00", 0},
                {"5s", 1000000 - 5000},
                {"1.5m", 1000000 - 90000}};
    static const char *const bad[] = {"",
                                      "x",
                                      "-1",
                                      "2023-02-29",
                                      "1970-13-01",
                                      "1970-00-10",
                                      "1970-01-32",
                                      "1970-1-1",
                                      "1970-01-01T24:00",
                                      "1970-01-01T",
                                      "1970-01-01X",
                                      "5 s",
                                      "5y",
                                      "99999999999999999999"};
    int64_t ms;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!time_text_moment(good[i].text, 1000000, &ms) || ms != good[i].ms)
            fail_msg("%s", good[i].text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (time_text_moment(bad[i], 1000000, &ms))
            fail_msg("taken: %s", bad[i]);
}

static void a_time_is_printed_to_the_millisecond(void **state)
{
    (void)state;
    char text[TIME_TEXT_BYTES];
    time_text_print(INT64_C(1317422324546), text);
    assert_string_equal(text, "2011-09-30T22:38:44.546Z");
    time_text_print(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    time_text_print(INT64_C(-42536102400000), text);
    assert_string_equal(text, "0622-02-01T00:00:00.000Z");
    time_text_print(INT64_MAX, text);
    assert_string_equal(text, "9223372036854775807");
}

static struct follow follow;

static bool parse_json(const char *text)
{
    follow = (struct follow){.mode = MUON_COLD};
    return replay_args_parse(text, &follow, why);
}

static void the_json_arguments_of_the_original_are_taken(void **state)
{
    (void)state;
    assert_true(parse_json("{\"stream-type\":\"hot-cold\",\"from\":1763914719000000,\"limit\":5}"));
    assert_int_equal(follow.mode, MUON_HOT_COLD);
    assert_true(follow.from.at == INT64_C(1763914719000000));
    assert_int_equal(follow.limit, 5);
    assert_true(parse_json("{\"stream-type\":\"LIVE_ONLY\"}"));
    assert_int_equal(follow.mode, MUON_HOT);
    assert_true(parse_json("{\"from\":\"17.0\",\"limit\":5e1}"));
    assert_int_equal(follow.from.at, 17);
    assert_int_equal(follow.limit, 50);
    assert_true(parse_json("{\"event-type\":[\"A\",\"B\"],\"from-time\":\"1970-01-02\"}"));
    assert_int_equal(follow.types_len, 2);
    assert_string_equal(follow.types[1], "B");
    assert_int_equal(follow.from.at, 86400000);
    assert_true(parse_json("{}"));
    assert_int_equal(follow.mode, MUON_COLD);
}

static void wrong_json_arguments_are_named(void **state)
{
    (void)state;
    assert_false(parse_json("{\"stream-type\":\"warm\"}"));
    assert_string_equal(why, "the argument \"stream-type\" has a value that it cannot have");
    assert_false(parse_json("{\"streamtype\":\"hot\"}"));
    assert_string_equal(why, "there is no argument \"streamtype\"; did you mean \"stream-type\"?");
    assert_false(parse_json("{\"from\":-1}"));
    assert_false(parse_json("{\"from\":1.5}"));
    assert_false(parse_json("{\"from\":\"x\"}"));
    assert_false(parse_json("{\"from\":1,\"from-version\":1}"));
    assert_false(parse_json("{\"limit\":null}"));
    assert_false(parse_json("{\"event-type\":[1]}"));
    assert_false(parse_json("[]"));
    assert_false(parse_json("{"));
    assert_true(parse_json("{}")); /* frees the last document */
}

static void a_guess_is_a_slip_of_the_finger_away_or_none(void **state)
{
    (void)state;
    static const char *const words[] = {"emit", "replay", "tail", "read", "streams"};
    assert_string_equal(guess_nearest("emti", words, 5), "emit");
    assert_string_equal(guess_nearest("repaly", words, 5), "replay");
    assert_string_equal(guess_nearest("stream", words, 5), "streams");
    assert_string_equal(guess_nearest("raed", words, 5), "read");
    assert_null(guess_nearest("publish", words, 5));
    assert_null(guess_nearest("x", words, 5));
    assert_null(guess_nearest("", words, 5));
    char longest[512];
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_null(guess_nearest(longest, words, 5));
}

static void each_exit_code_is_in_the_table_once_and_each_status_has_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < exit_row_count; i++)
        assert_ptr_equal(exit_row_of(exit_rows[i].code), &exit_rows[i]);
    assert_int_equal(exit_row_of((enum exit_code)77)->code, EXIT_FAILED);
    assert_int_equal(exit_of_status(MUON_OK), EXIT_DONE);
    assert_int_equal(exit_of_status(MUON_EINVAL), EXIT_BAD_INPUT);
    assert_int_equal(exit_of_status(MUON_ENOENT), EXIT_NOT_FOUND);
    assert_int_equal(exit_of_status(MUON_ECONFLICT), EXIT_CONFLICT);
    assert_int_equal(exit_of_status(MUON_EEXIST), EXIT_CONFLICT);
    assert_int_equal(exit_of_status(MUON_EAUTH), EXIT_DENIED);
    assert_int_equal(exit_of_status(MUON_EPERM), EXIT_DENIED);
    assert_int_equal(exit_of_status(MUON_EUNAVAIL), EXIT_UNREACHABLE);
    assert_int_equal(exit_of_status(MUON_ETIMEDOUT), EXIT_TIMED_OUT);
    assert_int_equal(exit_of_status(MUON_ETOOBIG), EXIT_TOO_LARGE);
    assert_int_equal(exit_of_status(MUON_ECORRUPT), EXIT_FAILED);
    assert_int_equal(exit_of_status(-12345), EXIT_FAILED);
}

/* Write text into a pipe and read it back as lines, through a buffer that must grow. */
static void lines_come_whole_whatever_their_length(void **state)
{
    (void)state;
    enum { LONG = 700000 };
    char path[] = "/tmp/muon-lines.XXXXXX";
    int fd = mkstemp(path);
    char *longest = malloc(LONG);
    memset(longest, 'x', LONG);
    assert_true(write(fd, "one\n\n", 5) == 5 && write(fd, longest, LONG) == LONG &&
                write(fd, "\nlast", 5) == 5);
    lseek(fd, 0, SEEK_SET);
    static const size_t lengths[] = {3, 0, LONG, 4};
    struct lines lines;
    const char *line;
    size_t len, count = 0;
    lines_init(&lines, fd);
    for (enum lines_state s; (s = lines_next(&lines, &line, &len)) != LINES_END;) {
        if (s == LINES_MORE) {
            lines_fill(&lines);
            continue;
        }
        assert_int_equal(s, LINES_LINE);
        assert_int_equal(len, lengths[count]);
        count++;
        assert_int_equal(lines.number, count);
    }
    assert_int_equal(count, 4);
    lines_fini(&lines);
    free(longest);
    close(fd);
    unlink(path);
}

static void a_line_that_never_ends_and_an_unreadable_input_are_told(void **state)
{
    (void)state;
    struct lines lines;
    const char *line;
    size_t len;
    FILE *endless = fopen("/dev/zero", "r");
    lines_init(&lines, fileno(endless));
    enum lines_state s;
    while ((s = lines_next(&lines, &line, &len)) == LINES_MORE)
        lines_fill(&lines);
    assert_int_equal(s, LINES_TOO_LONG);
    lines_fini(&lines);
    fclose(endless);
    lines_init(&lines, -1);
    lines_fill(&lines);
    assert_int_equal(lines_next(&lines, &line, &len), LINES_ERROR);
    lines_fini(&lines);
}

static void what_stands_behind_exec_belongs_to_the_command(void **state)
{
    (void)state;
    char *words[] = {"serve", "--tag", "eu", "--tag=fast", "shop", "/x", "--exec", "jq", "-r", "."};
    char *glued[] = {"serve", "--exec=jq", "x"};
    assert_true(args_parse(&args, words, 10, why));
    assert_int_equal(args.operand_count, 3);
    assert_false(args.raw);
    assert_int_equal(args.command_len, 3);
    assert_string_equal(args.command[1], "-r");
    assert_string_equal(args.tags, "eu,fast");
    assert_false(args_parse(&args, glued, 3, why));
    assert_string_equal(why, "--exec wants a space before the command");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere_and_be_written_in_each_way),
        cmocka_unit_test(a_wrong_option_is_named_with_a_guess),
        cmocka_unit_test(a_place_is_an_order_id_a_version_or_a_time),
        cmocka_unit_test(an_expectation_is_a_version_none_or_exists),
        cmocka_unit_test(times_are_read_as_people_write_them),
        cmocka_unit_test(a_time_is_printed_to_the_millisecond),
        cmocka_unit_test(the_json_arguments_of_the_original_are_taken),
        cmocka_unit_test(wrong_json_arguments_are_named),
        cmocka_unit_test(a_guess_is_a_slip_of_the_finger_away_or_none),
        cmocka_unit_test(each_exit_code_is_in_the_table_once_and_each_status_has_one),
        cmocka_unit_test(lines_come_whole_whatever_their_length),
        cmocka_unit_test(what_stands_behind_exec_belongs_to_the_command),
        cmocka_unit_test(a_line_that_never_ends_and_an_unreadable_input_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
