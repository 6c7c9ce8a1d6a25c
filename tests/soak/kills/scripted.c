/*
 * scripted.c - runs the script against a photond, and checks it. usage: scripted URL
 *
 * Between two steps it says "step N" and waits for a line: "go" for the next, anything else for the check. It ends with 0 and
 * "N events" when all holds, with 1 and "broken: what" when it does not.
 */
#include "tests/soak/kills/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGE = 250 * 1024, SMALL = 100 };

/* LevelDB's buffer is 1 MiB: four large events and what is small fill it, so that logs are begun anew, and four tables are compacted. */
static void step(struct script *s, int number)
{
    script_batch(s, number % 2, 3, SMALL, false);
    script_batch(s, 3, 2, LARGE, true);
    script_burst(s, 2, 12, 2000);
    if (number % 3 == 2)
        script_delete(s, 3);
    script_burst(s, 4, 3, LARGE);
    script_batch(s, 0, 1, SMALL, true);
}

static bool goes_on(int number)
{
    char line[16];
    printf("step %d\n", number);
    fflush(stdout);
    return fgets(line, sizeof line, stdin) && strcmp(line, "go\n") == 0;
}

int main(int argc, char **argv)
{
    static struct script s;
    muon_error error;
    if (argc != 2 || muon_open(argv[1], NULL, &s.client, &error) != MUON_OK ||
        muon_queue_new(s.client, &s.queue, &error) != MUON_OK)
        return 2;
    for (int number = 0; goes_on(number); number++)
        step(&s, number);
    script_check(&s);
    printf("%zu events\n", s.len);
    muon_queue_free(s.queue);
    muon_close(s.client, 0, NULL);
    muon_free(s.client);
    return 0;
}
