/*
 * serve.c - `muon serve SERVICE PATH`: workers take calls and answer them; the main thread waits for the end.
 *
 * The end is Ctrl-C or SIGTERM, the last of --count calls, or that photond does not accept us. Then the server is closed, which
 * refuses the calls that nobody has taken, and every worker finishes the one it has. A restart of photond is a pause.
 */
#include "cli/serve.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/body.h"
#include "cli/connect.h"
#include "cli/interrupts.h"
#include "cli/run.h"
#include "cli/say.h"
#include "cli/served.h"

enum { WORKERS_DEFAULT = 4, WORKERS_MAX = 64 };

struct serve {
    const struct args *args;
    const char *path;
    muon_client *client;
    muon_server *server;
    int interrupts, over; /* descriptors: Ctrl-C; a worker has ended */
    pthread_mutex_t taking;
    uint64_t calls;   /* that workers have taken */
    muon_error error; /* why photond has ended it; code 0: it has not */
};

/* ---- answers ---- */

static void reply(const struct args *args, muon_call *call, const struct served *served,
                  int32_t status, const char *type, const char *body, size_t len)
{
    muon_error error;
    if (muon_call_reply(call, status, type, body, len, &error) == MUON_ETOOBIG) {
        status = 500;
        len = strlen(error.message);
        muon_call_reply(call, status, "text/plain", error.message, len, NULL);
    }
    served_print(served, args, status, len);
}

static void answer_by_command(const struct args *args, muon_call *call, const struct served *served)
{
    struct run run;
    const char *type = args->types_len ? args->types[0] : NULL;
    run_command(&run, args->command, call);
    if (run.done && !type && run.len > 0 && !body_is_json(run.output, run.len))
        type = "text/plain";
    if (run.done)
        reply(args, call, served, 200, type, run.output, run.len);
    else
        reply(args, call, served, 500, "text/plain", run.why, strlen(run.why));
    run_fini(&run);
}

static void answer(const struct args *args, muon_call *call)
{
    const char *type = args->types_len ? args->types[0] : NULL;
    struct served served;
    served_begin(&served, call);
    if (args->command)
        answer_by_command(args, call, &served);
    else if (args->answer)
        reply(args, call, &served, 200, type, args->answer, strlen(args->answer));
    else
        reply(args, call, &served, 200, type ? type : call->content_type.ptr, call->body.ptr,
              call->body.len);
}

/* ---- workers ---- */

/* Why photond has ended it, if it was not us. */
static void note_end(struct serve *s, const muon_error *error)
{
    if (error->code != MUON_ECLOSED && s->error.code == MUON_OK)
        s->error = *error;
    eventfd_write(s->over, 1);
}

/* Wait for a call, one worker at a time, so that behind the last of --count none is taken. NULL: it is over. */
static muon_call *take_call(struct serve *s)
{
    muon_call *call = NULL;
    muon_error error;
    pthread_mutex_lock(&s->taking);
    if (muon_server_next(s->server, &call, MUON_FOREVER, &error) != MUON_OK)
        note_end(s, &error);
    else if (++s->calls == s->args->count)
        muon_server_close(s->server);
    pthread_mutex_unlock(&s->taking);
    return call;
}

static void *work(void *serve)
{
    struct serve *s = serve;
    muon_call *call;
    while ((call = take_call(s)))
        answer(s->args, call);
    return NULL;
}

static void wait_for_end(struct serve *s)
{
    struct pollfd fds[] = {{.fd = s->over, .events = POLLIN},
                           {.fd = s->interrupts, .events = POLLIN}};
    while (!fds[0].revents && !fds[1].revents)
        poll(fds, 2, -1);
    if (fds[1].revents && interrupts_take(&s->interrupts))
        say_note(s->args, "ending: what is being served is finished first");
}

static int work_until_end(struct serve *s)
{
    pthread_t threads[WORKERS_MAX];
    uint64_t wanted = s->args->given & OPTION_WORKERS ? s->args->workers : WORKERS_DEFAULT;
    uint64_t begun = 0;
    while (begun < wanted && pthread_create(&threads[begun], NULL, work, s) == 0)
        begun++;
    if (begun > 0)
        wait_for_end(s);
    muon_server_close(s->server);
    for (uint64_t i = 0; i < begun; i++)
        pthread_join(threads[i], NULL);
    if (begun == 0)
        return say_failure(s->args, EXIT_FAILED, NULL, "no thread can be started");
    return s->error.code == MUON_OK ? EXIT_DONE : say_service_error(s->args, &s->error);
}

/* ---- begin ---- */

/* Wait until photond has registered it. False: *error says why it has not. */
static bool wait_registered(struct serve *s, muon_error *error)
{
    muon_call *call = NULL;
    muon_error refused;
    if (muon_ping(s->client, connect_timeout_ms(s->args), error) == MUON_OK)
        return true;
    int32_t status = muon_server_next(s->server, &call, 0, &refused);
    muon_call_free(call);
    if (status < 0 && status != MUON_EAGAIN)
        *error = refused; /* which says more */
    return false;
}

static int serve_path(struct serve *s)
{
    muon_error error;
    int code;
    const muon_serve_opts opts = {.doc = s->args->doc};
    if (muon_serve(s->client, s->path, &opts, &s->server, &error) != MUON_OK)
        return say_service_error(s->args, &error);
    if (wait_registered(s, &error)) {
        say_note(s->args, "serving rpc://%s%s; Ctrl-C ends", s->args->service, s->path);
        code = work_until_end(s);
    } else {
        code = say_service_error(s->args, &error);
    }
    muon_server_free(s->server);
    return code;
}

static bool check(const struct args *args, int *code)
{
    if (args->answer && args->command)
        *code = say_failure(args, EXIT_USAGE, "Leave one of them out.",
                            "--answer and --exec each say what the answer is");
    else if (args->answer && args->types_len == 0 &&
             !body_is_json(args->answer, strlen(args->answer)))
        *code = say_failure(args, EXIT_USAGE, "Say with --type what it is, if it is not JSON.",
                            "--answer is no JSON");
    else if ((args->given & OPTION_WORKERS) && (args->workers < 1 || args->workers > WORKERS_MAX))
        *code = say_failure(args, EXIT_USAGE, NULL, "--workers is 1 to %d", WORKERS_MAX);
    else
        return true;
    return false;
}

int serve_run(const struct args *given)
{
    struct args args;
    struct serve s = {.args = &args, .taking = PTHREAD_MUTEX_INITIALIZER};
    int code;
    if (!connect_service(given, &args, &s.path, &code) || !check(&args, &code))
        return code;
    s.over = eventfd(0, EFD_CLOEXEC);
    s.interrupts = interrupts_open(true);
    if (s.over < 0)
        return say_failure(&args, EXIT_FAILED, NULL, "no file descriptor is left");
    if (connect_open(&args, &s.client, &code)) {
        code = serve_path(&s);
        connect_close(s.client);
    }
    close(s.over);
    return code;
}
