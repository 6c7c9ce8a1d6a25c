/*
 * Fuzz the configuration: the file, the environment, and each kind of value by itself. Every fault must be told, and a value that is let
 * through must be printed so that it is the same value again.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/owners.h"
#include "store/address.h"
#include "store/config.h"
#include "store/quantity.h"
#include "tests/fuzz/fuzz.h"
#include "wire/text.h"

enum { LINES_MAX = 64, ADDRESSES_MAX = 8 };

/* The faults that were counted are the lines that were written. */
static void settle(struct settings *settings, FILE *faults, char **told, size_t *told_len,
                   unsigned counted)
{
    counted += config_check(settings, faults);
    fclose(faults);
    size_t lines = 0;
    for (size_t i = 0; i < *told_len; i++)
        lines += (*told)[i] == '\n';
    assert(lines >= counted);
    free(*told);
    settings_fini(settings);
}

static void file(struct feed *feed)
{
    struct settings settings;
    char path[FUZZ_PATH_BYTES], *told;
    size_t told_len;
    FILE *faults = open_memstream(&told, &told_len);
    int fd = fuzz_file((struct span){feed->at, feed->len}, path);
    if (!faults || !settings_init(&settings))
        abort();
    unsigned counted = config_read_file(&settings, path, faults);
    settle(&settings, faults, &told, &told_len, counted);
    close(fd);
}

static void environment(struct feed *feed)
{
    struct settings settings;
    char *variables[LINES_MAX + 1] = {NULL}, *told;
    size_t told_len, len = 0;
    FILE *faults = open_memstream(&told, &told_len);
    if (!faults || !settings_init(&settings))
        abort();
    while (feed->len && len < LINES_MAX) {
        char *line = feed_text(feed);
        if (line)
            variables[len++] = line;
    }
    unsigned counted = config_read_environment(&settings, variables, faults);
    settle(&settings, faults, &told, &told_len, counted);
    for (size_t i = 0; i < len; i++)
        free(variables[i]);
}

static void quantities(struct feed *feed)
{
    char *text = feed_rest(feed), printed[QUANTITY_TEXT_MAX];
    for (enum quantity quantity = QUANTITY_COUNT; quantity <= QUANTITY_MS; quantity++) {
        int64_t value, again;
        if (!quantity_parse(text, quantity, &value))
            continue;
        quantity_print(value, quantity, printed);
        assert(value >= 0 && quantity_parse(printed, quantity, &again) && again == value);
    }
    free(text);
}

static void lists(struct feed *feed)
{
    struct address addresses[ADDRESSES_MAX];
    char *text = feed_rest(feed), *fault = NULL;
    size_t len = address_list(text, addresses, ADDRESSES_MAX, &fault);
    assert(len <= ADDRESSES_MAX && (len > 0 || (fault && fault[0])));
    for (size_t i = 0; i < len; i++)
        assert(strstr(text, addresses[i].text));
    if (len == 0)
        free(fault);
    if (!owners_fault(text))
        assert(owners_ask(text, text_span("photon"), "anybody") == OWNERS_ANYBODY);
    free(text);
}

static void settings_of(struct feed *feed)
{
    struct settings settings;
    if (!settings_init(&settings))
        abort();
    while (feed->len) {
        enum setting setting = (enum setting)(feed_byte(feed) % SETTING_COUNT);
        char *text = feed_text(feed), *fault = NULL;
        if (text && !settings_set(&settings, setting, text, ORIGIN_FLAG, "--flag", &fault))
            assert(fault && fault[0]);
        free(fault);
        free(text);
        assert(settings.value[setting].text);
        const struct setting_def *def = setting_def(setting);
        if (def->kind == SETTING_KIND_SIZE || def->kind == SETTING_KIND_TIME)
            assert(settings_number(&settings, setting) >= def->min &&
                   settings_number(&settings, setting) <= def->max);
    }
    settings_fini(&settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static void (*const parts[])(struct feed * feed) = {file, environment, quantities, lists,
                                                        settings_of};
    struct feed feed = {data, len};
    parts[feed_byte(&feed) % 5](&feed);
    return 0;
}
