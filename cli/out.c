/*
 * out.c - standard output.
 *
 * `muon replay … | head` is no failure: whoever closes the pipe has what he wanted. A full disk is one, and must not end with 0.
 */
#include "cli/out.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/say.h"

void out_init(void)
{
    static char buffer[256 * 1024];
    setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
    signal(SIGPIPE, SIG_IGN);
}

static int lost; /* an errno; 0: nothing is */

void out_lose(int error)
{
    lost = error;
}

bool out_flush(const struct args *args, int *code)
{
    static bool over;
    static int over_code; /* a failure is told once */
    errno = 0;
    if (!over && (fflush(stdout) != 0 || ferror(stdout) || lost)) {
        int error = lost ? lost : errno ? errno : EIO;
        over = true;
        over_code = EXIT_DONE;
        if (error != EPIPE)
            over_code = say_failure(args, EXIT_FAILED, "Make room, or write elsewhere.",
                                    "cannot write the output: %s", strerror(error));
    }
    *code = over_code;
    return !over;
}

size_t out_columns(int fd)
{
    struct winsize size;
    if (!isatty(fd))
        return SIZE_MAX;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}
