/*
 * out.c - standard output.
 *
 * `muon replay … | head` is no failure: whoever closes the pipe has what he wanted. A full disk is one, and must not end with 0.
 */
#include "cli/out.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/say.h"

/* A standard descriptor that is closed would be given to the next file or socket, which then got our output: it becomes one
 * that cannot be used instead. */
static void keep_place(int fd)
{
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
        open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void out_init(void)
{
    static char buffer[256 * 1024];
    keep_place(STDIN_FILENO);
    keep_place(STDOUT_FILENO);
    keep_place(STDERR_FILENO);
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
