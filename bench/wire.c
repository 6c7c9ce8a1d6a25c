/*
 * wire.c - bench_wire: photond by its bare calls, with as little client as possible. verb= says what: wire_verbs.h.
 */
#include <string.h>

#include "bench/wire_verbs.h"
#include "wire/memory.h"

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(const struct args *args);
    } verbs[] = {{"emit", wire_emit}, {"writers", wire_writers},         {"replay", wire_replay},
                 {"load", wire_load}, {"subscribers", wire_subscribers}, {"serve", wire_serve},
                 {"ask", wire_ask}};
    struct args args = {argc, argv};
    const char *verb = args_text(&args, "verb", "");
    memory_keep();
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verb, verbs[i].name) == 0) {
            verbs[i].run(&args);
            return 0;
        }
    }
    die("verb=%s: emit, writers, replay, load, subscribers, serve or ask", verb);
}
