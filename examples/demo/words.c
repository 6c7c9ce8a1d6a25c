/*
 * words.c - see words.h. The payloads are our own, flat and without escapes, so looking for a key is all that is needed.
 */
#include "examples/demo/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

double words_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static const char *behind(muon_str json, const char *key)
{
    char quoted[64];
    snprintf(quoted, sizeof(quoted), "\"%s\":", key);
    const char *found = json.len ? strstr(json.ptr, quoted) : NULL;
    return found ? found + strlen(quoted) : NULL;
}

int64_t words_number(muon_str json, const char *key)
{
    const char *number = behind(json, key);
    return number ? strtoll(number, NULL, 10) : 0;
}

void words_text(muon_str json, const char *key, char *out, size_t size)
{
    const char *text = behind(json, key);
    size_t len = text && *text == '"' ? strcspn(text + 1, "\"") : 0;
    if (len >= size)
        len = 0;
    if (len)
        memcpy(out, text + 1, len);
    out[len] = '\0';
}

void words_stream(const char *prefix, int number, char out[32])
{
    snprintf(out, 32, "%s%d", prefix, number);
}

int words_order(muon_str stream, const char *prefix)
{
    if (strncmp(stream.ptr, prefix, strlen(prefix)) != 0)
        return 0;
    int number = atoi(stream.ptr + strlen(prefix));
    return number >= 1 && number <= WORDS_ORDERS_MAX ? number : 0;
}

muon_client *words_open(const char *service)
{
    muon_config *config = NULL;
    muon_client *client = NULL;
    muon_error error = {.message = "out of memory"};
    if (muon_config_new(&config) != MUON_OK ||
        muon_config_set(config, "timeout.default", "300000", &error) != MUON_OK ||
        (service && muon_config_set(config, "service.name", service, &error) != MUON_OK) ||
        muon_open(NULL, config, &client, &error) != MUON_OK)
        fprintf(stderr, "%s: %s\n", service ? service : "demo", error.message);
    muon_config_free(config);
    return client;
}
