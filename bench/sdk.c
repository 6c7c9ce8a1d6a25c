/*
 * sdk.c - bench_sdk: photond by libmuon, as users use it. verb= says what: sdk_verbs.h.
 */
#include <string.h>

#include "bench/sdk_verbs.h"

int32_t sdk_check(int32_t status, const muon_error *error, const char *what)
{
    if (status < 0)
        die("%s: %s: %s", what, muon_status_name(status), error ? error->message : "");
    return status;
}

muon_client *sdk_open(const struct args *args)
{
    muon_error error;
    muon_config *config;
    muon_client *client;
    sdk_check(muon_config_new(&config), NULL, "muon_config_new");
    static const char *const names[][2] = {{"ca", "tls.ca_file"},
                                           {"cert", "tls.cert_file"},
                                           {"key", "tls.key_file"},
                                           {"service", "service.name"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *file = args_text(args, names[i][0], "");
        if (*file)
            sdk_check(muon_config_set(config, names[i][1], file, &error), &error, names[i][1]);
    }
    sdk_check(muon_open(args_text(args, "url", "muon+insecure://127.0.0.1:10566"), config, &client,
                        &error),
              &error, "muon_open");
    muon_config_free(config);
    sdk_check(muon_ping(client, 30000, &error), &error, "muon_ping");
    return client;
}

void sdk_idle(const struct args *args)
{
    sdk_open(args);
    result_print("rss_mb", rss_mb(), NULL);
    ready_wait();
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct args *args);
    } verbs[] = {{"emit", sdk_emit},   {"emit_one", sdk_emit_one}, {"replay", sdk_replay},
                 {"load", sdk_load},   {"live", sdk_live},         {"idle", sdk_idle},
                 {"serve", sdk_serve}, {"ask", sdk_ask},           {"follow", sdk_follow}};
    struct args args = {argc, argv};
    const char *verb = args_text(&args, "verb", "");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verb, verbs[i].name) == 0) {
            verbs[i].run(&args);
            return 0;
        }
    }
    die("verb=%s: emit, emit_one, replay, load, live, idle, serve, ask or follow", verb);
}
