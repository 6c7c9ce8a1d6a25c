/*
 * run.c - spawn, then one loop that feeds and reads the three pipes, so that neither side can block the other.
 */
#include "cli/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/body.h"

enum { IN, OUT, ERR, PIPES, LOOK_MS = 200, PIECE = 64 * 1024, VARIABLES = 6, VARIABLE_BYTES = 640 };

extern char **environ;

struct pump {
    struct run *run;
    muon_call *call;
    pid_t pid;
    int ours[PIPES], theirs[PIPES]; /* -1: closed */
    size_t fed, capacity;
    char said[4 * RUN_WHY_BYTES]; /* the end of its standard error */
    size_t said_len;
    bool told_to_end;
};

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool open_pipes(struct pump *p)
{
    for (int i = 0; i < PIPES; i++)
        p->ours[i] = p->theirs[i] = -1;
    for (int i = 0; i < PIPES; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            return false;
        p->ours[i] = ends[i == IN];
        p->theirs[i] = ends[i != IN];
        fcntl(p->ours[i], F_SETFL, O_NONBLOCK);
    }
    return true;
}

/* ---- its environment ---- */

static bool is_ours(const char *setting)
{
    static const char *const names[VARIABLES] = {
        "MUON_PATH=",      "MUON_CALLER=",  "MUON_CONTENT_TYPE=",
        "MUON_CAUSED_BY=", "MUON_REQUEST=", "MUON_TRACEPARENT="};
    for (size_t i = 0; i < VARIABLES; i++)
        if (strncmp(setting, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

/* Ours, in a row of texts, and what else there is. NULL: no memory. One block, to be freed as one. */
static char **make_environment(const muon_call *call)
{
    size_t count = 0, n = VARIABLES;
    while (environ[count])
        count++;
    size_t pointers = (count + VARIABLES + 1) * sizeof(char *);
    char **made = calloc(1, pointers + VARIABLES * (size_t)VARIABLE_BYTES);
    if (!made)
        return NULL;
    for (size_t i = 0; i < VARIABLES; i++)
        made[i] = (char *)made + pointers + i * VARIABLE_BYTES;
    snprintf(made[0], VARIABLE_BYTES, "MUON_PATH=%s", call->path.ptr);
    snprintf(made[1], VARIABLE_BYTES, "MUON_CALLER=%s", call->caller.ptr);
    snprintf(made[2], VARIABLE_BYTES, "MUON_CONTENT_TYPE=%s", call->content_type.ptr);
    snprintf(made[3], VARIABLE_BYTES, "MUON_CAUSED_BY=%s", call->caused_by.ptr);
    snprintf(made[4], VARIABLE_BYTES, "MUON_REQUEST=rpc://%s%s", call->service.ptr, call->path.ptr);
    snprintf(made[5], VARIABLE_BYTES, "MUON_TRACEPARENT=%s", call->traceparent.ptr);
    for (size_t i = 0; i < count; i++)
        if (!is_ours(environ[i]))
            made[n++] = environ[i];
    return made;
}

/* Signals as a new program expects them: none blocked, none ignored. */
static void set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_init(attributes);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &usual);
    posix_spawnattr_setpgroup(attributes, 0);
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                             POSIX_SPAWN_SETPGROUP);
}

/* 0, or an errno. */
static int spawn(struct pump *p, char *const *command)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    char **variables = make_environment(p->call);
    if (!variables)
        return ENOMEM;
    set_attributes(&attributes);
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < PIPES; i++)
        posix_spawn_file_actions_adddup2(&actions, p->theirs[i], i);
    int error = posix_spawnp(&p->pid, command[0], &actions, &attributes, command, variables);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    free(variables);
    return error;
}

/* ---- the pipes ---- */

static void feed(struct pump *p)
{
    muon_str body = p->call->body;
    ssize_t put = write(p->ours[IN], body.ptr + p->fed, body.len - p->fed);
    p->fed += put > 0 ? (size_t)put : 0;
    if ((put < 0 && errno != EAGAIN && errno != EINTR) || p->fed == body.len)
        shut(&p->ours[IN]);
}

static bool make_room(struct pump *p)
{
    if (p->capacity - p->run->len >= PIECE)
        return true;
    size_t capacity = 2 * p->capacity + PIECE;
    char *bigger = realloc(p->run->output, capacity);
    if (!bigger)
        return false;
    p->run->output = bigger;
    p->capacity = capacity;
    return true;
}

static void tell_to_end(struct pump *p, const char *why)
{
    if (p->told_to_end)
        return;
    p->told_to_end = true;
    snprintf(p->run->why, RUN_WHY_BYTES, "%s", why);
    kill(-p->pid, SIGTERM);
}

static void read_output(struct pump *p)
{
    if (p->run->len > RUN_OUTPUT_MAX_BYTES || !make_room(p)) {
        tell_to_end(p, "the answer is too large");
        shut(&p->ours[OUT]);
        return;
    }
    ssize_t got = read(p->ours[OUT], p->run->output + p->run->len, PIECE);
    p->run->len += got > 0 ? (size_t)got : 0;
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        shut(&p->ours[OUT]);
}

/* Only the end of it is kept. */
static void read_said(struct pump *p)
{
    size_t half = sizeof(p->said) / 2;
    if (p->said_len > half) {
        memmove(p->said, p->said + p->said_len - half, half);
        p->said_len = half;
    }
    ssize_t got = read(p->ours[ERR], p->said + p->said_len, sizeof(p->said) - p->said_len);
    p->said_len += got > 0 ? (size_t)got : 0;
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        shut(&p->ours[ERR]);
}

static void pump_until_closed(struct pump *p)
{
    while (p->ours[OUT] >= 0 || p->ours[ERR] >= 0) {
        struct pollfd fds[PIPES] = {{.fd = p->ours[IN], .events = POLLOUT},
                                    {.fd = p->ours[OUT], .events = POLLIN},
                                    {.fd = p->ours[ERR], .events = POLLIN}};
        int ready = poll(fds, PIPES, LOOK_MS);
        if (muon_call_wait(p->call, 0) == MUON_ECANCELLED)
            tell_to_end(p, "the caller has gone");
        if (ready <= 0)
            continue;
        if (fds[IN].revents)
            feed(p);
        if (fds[OUT].revents)
            read_output(p);
        if (fds[ERR].revents)
            read_said(p);
    }
}

/* ---- its end ---- */

/* The last line that is not empty, if it can be sent as text. */
static bool last_line(const struct pump *p, char why[RUN_WHY_BYTES])
{
    size_t end = p->said_len;
    while (end > 0 && strchr("\r\n\t ", p->said[end - 1]))
        end--;
    size_t begin = end;
    while (begin > 0 && p->said[begin - 1] != '\n' && end - begin < RUN_WHY_BYTES - 1)
        begin--;
    if (begin == end || !body_is_text(p->said + begin, end - begin))
        return false;
    snprintf(why, RUN_WHY_BYTES, "%.*s", (int)(end - begin), p->said + begin);
    return true;
}

static void conclude(struct pump *p, const char *name)
{
    int status;
    pid_t ended;
    do
        ended = waitpid(p->pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    p->run->done = ended == p->pid && !p->told_to_end && status == 0;
    if (p->run->done || p->told_to_end || last_line(p, p->run->why))
        return;
    if (WIFSIGNALED(status))
        snprintf(p->run->why, RUN_WHY_BYTES, "%.100s was ended by signal %d", name,
                 WTERMSIG(status));
    else
        snprintf(p->run->why, RUN_WHY_BYTES, "%.100s ended with code %d", name,
                 WEXITSTATUS(status));
}

void run_command(struct run *run, char *const *command, muon_call *call)
{
    struct pump p = {.run = run, .call = call};
    *run = (struct run){.done = false};
    int error = open_pipes(&p) ? spawn(&p, command) : errno;
    for (int i = 0; i < PIPES; i++)
        shut(&p.theirs[i]);
    if (error == 0) {
        pump_until_closed(&p);
        shut(&p.ours[IN]);
        conclude(&p, command[0]);
    } else {
        snprintf(run->why, RUN_WHY_BYTES, "cannot run %.100s: %s", command[0], strerror(error));
    }
    for (int i = 0; i < PIPES; i++)
        shut(&p.ours[i]);
}

void run_fini(struct run *run)
{
    free(run->output);
    run->output = NULL;
}
