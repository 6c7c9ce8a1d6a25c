/*
 * doctor.c - the checks in their order, and how they are told.
 *
 * A check that fails ends the way for its address, since what comes behind it could only fail, too. Warnings do not change the
 * exit code.
 */
#include "cli/doctor.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/json-string.h"
#include "cli/out.h"
#include "cli/say.h"

enum { LIMIT_MS = 5000, CHECK_WIDTH = 11, TARGETS_MAX = 16, TEXT_BYTES = 1024 };

int64_t doctor_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool doctor_wait(int fd, short events, int64_t until_ms)
{
    for (;;) {
        struct pollfd waits = {.fd = fd, .events = events};
        int64_t left_ms = until_ms - doctor_now_ms();
        if (left_ms <= 0)
            return false;
        if (poll(&waits, 1, (int)left_ms) > 0)
            return true;
    }
}

/* ---- what is told ---- */

static void tell_json(struct doctor *d, const char *word, const char *check, const char *text,
                      const char *advice)
{
    printf("%s\n{\"check\":\"%s\",\"verdict\":\"%s\",\"message\":", d->checks ? "," : "", check,
           word);
    json_string_print(stdout, text, strlen(text));
    if (advice) {
        fputs(",\"advice\":", stdout);
        json_string_print(stdout, advice, strlen(advice));
    }
    putchar('}');
}

static void tell_text(const char *word, const char *colour, const char *check, const char *text,
                      const char *advice)
{
    bool coloured = say_in_colour(stdout);
    printf("%s%-4s%s  %-*s  %s\n", coloured ? colour : "", word, coloured ? "\033[0m" : "",
           CHECK_WIDTH, check, text);
    if (advice)
        printf("%*s%s\n", 4 + 2 + CHECK_WIDTH + 2, "", advice);
}

void doctor_tell(struct doctor *d, enum doctor_verdict verdict, const char *check,
                 enum exit_code code, const char *advice, const char *format, ...)
{
    static const struct {
        const char *word, *json, *colour;
    } verdicts[] = {
        {"ok", "ok", "\033[32m"}, {"warn", "warn", "\033[33m"}, {"FAIL", "fail", "\033[31m"}};
    char text[TEXT_BYTES];
    va_list list;
    int stop;
    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    if (d->args->json)
        tell_json(d, verdicts[verdict].json, check, text, advice);
    else if (verdict != DOCTOR_OK || !d->args->quiet)
        tell_text(verdicts[verdict].word, verdicts[verdict].colour, check, text, advice);
    d->checks++;
    d->warnings += verdict == DOCTOR_WARN;
    if (verdict == DOCTOR_FAIL && d->failures++ == 0)
        d->code = code;
    out_flush(d->args, &stop); /* whoever watches sees what takes long */
}

/* ---- the URL ---- */

/* "host:port" or "[v6]:port". */
static bool parse_target(const char *text, size_t len, struct doctor_target *target)
{
    const char *colon = memrchr(text, ':', len);
    size_t host_len = colon ? (size_t)(colon - text) : 0, port_len = colon ? len - host_len - 1 : 0;
    if (host_len > 2 && text[0] == '[' && colon[-1] == ']') {
        text++;
        host_len -= 2;
    }
    if (host_len == 0 || host_len >= DOCTOR_HOST_BYTES || port_len == 0 ||
        port_len >= DOCTOR_PORT_BYTES || strspn(colon + 1, "0123456789") < port_len)
        return false;
    snprintf(target->host, sizeof(target->host), "%.*s", (int)host_len, text);
    snprintf(target->port, sizeof(target->port), "%.*s", (int)port_len, colon + 1);
    return true;
}

/* The addresses of a URL; 0: there is something in it that is none. */
static size_t parse_url(const char *url, struct doctor_target targets[TARGETS_MAX])
{
    const char *rest = strstr(url, "://");
    size_t count = 0, scheme = rest ? (size_t)(rest - url) : 0;
    if (!(scheme == 4 && strncmp(url, "muon", scheme) == 0) &&
        !(scheme == 13 && strncmp(url, "muon+insecure", scheme) == 0))
        return 0;
    for (rest += 3; count < TARGETS_MAX; rest++) {
        size_t len = strcspn(rest, ",/");
        if (!parse_target(rest, len, &targets[count++]))
            return 0;
        rest += len;
        if (*rest != ',')
            return *rest && rest[1] ? 0 : count;
    }
    return 0;
}

/* ---- the way ---- */

static bool check_target(struct doctor *d, const struct doctor_target *target)
{
    int fd = doctor_reach(d, target);
    if (fd < 0 || (d->where.tls && !d->tls)) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = d->where.tls ? doctor_tls(d, target, fd) : doctor_plain(d, target, fd);
    close(fd);
    return ok;
}

/* Does libmuon have a way to go, since all checks of it have succeeded? */
static bool check_way(struct doctor *d)
{
    static const char local[] = "muon+unix://";
    struct doctor_target targets[TARGETS_MAX];
    const struct where_value *server = &d->where.value[WHERE_SERVER];
    bool is_local = strncmp(server->text, local, strlen(local)) == 0, reached = false;
    size_t count = is_local ? 0 : parse_url(server->text, targets);
    if (count == 0 && !is_local) {
        doctor_tell(d, DOCTOR_FAIL, "settings", EXIT_USAGE,
                    "A server is named like muon://host:port, muon+insecure://host:port without "
                    "TLS, or muon+unix:///path.",
                    "\"%.200s\" (%s) is no server's URL", server->text, server->from);
        return false;
    }
    doctor_tell(d, DOCTOR_OK, "settings", EXIT_DONE, NULL, "%.200s (%s)", server->text,
                server->from);
    if (is_local)
        return doctor_socket(d, server->text + strlen(local));
    if (d->where.tls)
        doctor_files(d);
    for (size_t i = 0; i < count; i++)
        reached |= check_target(d, &targets[i]);
    return reached;
}

int doctor_run(const struct args *args)
{
    struct doctor *d = calloc(1, sizeof(*d));
    int code;
    if (!d)
        return say_failure(args, EXIT_FAILED, NULL, "out of memory");
    d->args = args;
    d->limit_ms = args->timeout_ms ? (int32_t)args->timeout_ms : LIMIT_MS;
    if (!where_find(args, &d->where, &code)) {
        free(d);
        return code;
    }
    if (args->json)
        fputs("{\"checks\":[", stdout);
    if (check_way(d))
        doctor_server(d);
    code = (int)d->code;
    if (args->json)
        printf("],\n\"warnings\":%zu,\"failures\":%zu,\"exit\":%d}\n", d->warnings, d->failures,
               code);
    else if (d->failures == 0 && !args->quiet)
        puts(d->warnings ? "It works; see the warnings." : "All is well.");
    SSL_CTX_free(d->tls);
    free(d);
    return code;
}
