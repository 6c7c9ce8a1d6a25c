/*
 * history_check.c - history_check DIR: compares all histories in a folder with the log in its end. Prints what it counted, or the
 * violations; ends with 0 or 1.
 */
#include <stdio.h>

#include "tests/history/check.h"

int main(int argc, char **argv)
{
    struct check check;
    if (argc != 2) {
        fputs("usage: history_check DIR\n", stderr);
        return 2;
    }
    bool ok = check_run(&check, argv[1], stdout);
    check_free(&check);
    return ok ? 0 : 1;
}
