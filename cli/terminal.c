/*
 * terminal.c - see terminal.h. Plain ANSI: another screen, no cursor, lines written over the ones before.
 */
#include "cli/terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l"
#define LEAVE "\033[?25h\033[?1049l"

enum { ROWS = 24, COLUMNS = 80 };

static void mask_of(sigset_t *mask)
{
    sigemptyset(mask);
    sigaddset(mask, SIGINT);
    sigaddset(mask, SIGTERM);
    sigaddset(mask, SIGHUP);
    sigaddset(mask, SIGWINCH);
}

bool terminal_open(struct terminal *t)
{
    sigset_t mask;
    *t = (struct terminal){.drawn = false};
    mask_of(&mask);
    sigprocmask(SIG_BLOCK, &mask, NULL);
    t->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    if (t->signals < 0)
        sigprocmask(SIG_UNBLOCK, &mask, NULL);
    return t->signals >= 0;
}

void terminal_close(struct terminal *t)
{
    sigset_t mask;
    terminal_leave(t);
    close(t->signals);
    mask_of(&mask);
    sigprocmask(SIG_UNBLOCK, &mask, NULL);
}

void terminal_enter(struct terminal *t)
{
    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &t->before) != 0)
        return;
    struct termios raw = t->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    fputs(ENTER, stdout);
    fflush(stdout);
    t->drawn = true;
}

void terminal_leave(struct terminal *t)
{
    if (!t->drawn)
        return;
    t->drawn = false;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &t->before);
    fputs(LEAVE, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return;
    signal(SIGHUP, SIG_IGN); /* the terminal is gone, and with it whoever could be told so */
    if (!freopen("/dev/null", "w", stdout))
        clearerr(stdout);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* TERMINAL_TIME: nothing that matters. */
static enum terminal_event on_signal(struct terminal *t)
{
    struct signalfd_siginfo info;
    enum terminal_event event = TERMINAL_TIME;
    while (event != TERMINAL_END && read(t->signals, &info, sizeof(info)) == sizeof(info))
        event = info.ssi_signo == SIGWINCH ? TERMINAL_RESIZED : TERMINAL_END;
    return event;
}

static enum terminal_event on_input(short happened)
{
    char keys[64];
    ssize_t len = read(STDIN_FILENO, keys, sizeof(keys));
    if (len < 0)
        return errno == EAGAIN || errno == EINTR ? TERMINAL_TIME : TERMINAL_END;
    if (len == 0)
        return happened & (POLLHUP | POLLERR) ? TERMINAL_END : TERMINAL_TIME;
    return memchr(keys, 'q', (size_t)len) || memchr(keys, 'Q', (size_t)len) ? TERMINAL_END
                                                                            : TERMINAL_TIME;
}

enum terminal_event terminal_wait(struct terminal *t, int64_t timeout_ms)
{
    int64_t until = now_ms() + timeout_ms;
    for (int64_t left = timeout_ms; left >= 0; left = until - now_ms()) {
        struct pollfd fds[] = {{.fd = t->signals, .events = POLLIN},
                               {.fd = t->drawn ? STDIN_FILENO : -1, .events = POLLIN}};
        enum terminal_event event = TERMINAL_TIME;
        if (poll(fds, 2, (int)left) <= 0)
            continue;
        if (fds[0].revents)
            event = on_signal(t);
        if (event == TERMINAL_TIME && fds[1].revents)
            event = on_input(fds[1].revents);
        if (event != TERMINAL_TIME)
            return event;
    }
    return TERMINAL_TIME;
}

/* So many columns of a line; a character of several bytes takes one. */
static size_t cut(const char *line, size_t len, size_t columns)
{
    size_t at = 0;
    while (at < len && columns > 0) {
        columns--;
        at++;
        while (at < len && ((unsigned char)line[at] & 0xc0) == 0x80)
            at++;
    }
    return at;
}

bool terminal_draw(struct terminal *t, const char *text)
{
    struct winsize size = {0};
    (void)t;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0)
        size = (struct winsize){.ws_row = ROWS, .ws_col = COLUMNS};
    fputs("\033[H", stdout);
    for (unsigned row = 0; row < size.ws_row && *text; row++) {
        size_t len = strcspn(text, "\n");
        fwrite(text, 1, cut(text, len, size.ws_col), stdout);
        fputs(row + 1 < size.ws_row ? "\033[K\r\n" : "\033[K", stdout);
        text += len + (text[len] == '\n');
    }
    fputs("\033[J", stdout);
    return fflush(stdout) == 0 && !ferror(stdout);
}
