/*
 * photond.h - a real photond of a test's own: started, killed, started again on the same port, stopped.
 *
 * It lives in a directory of its own, with certificates by `photond init`, and listens on a loopback port below the range from which the
 * system takes ports for outgoing connections: while it is down, nobody can get its port by chance, not even a client that tries to
 * connect to it. Nothing here sleeps: what is waited for is a line of its log or its end; after 60 s of silence the test is aborted with
 * the log printed. Threads: one at a time for each photond; photond_start's thread must live as long as the process it starts.
 */
#ifndef TESTS_LIB_PHOTOND_H
#define TESTS_LIB_PHOTOND_H

#include <stdbool.h>

struct photond;

/* All may be NULL or false. */
struct photond_options {
    const char *program;     /* NULL: the photond of this build */
    bool plain;              /* no TLS */
    const char *const *args; /* more flags, NULL at the end; they win over the file */
    const char *const *env;  /* "NAME=value", NULL at the end */
};

/* Make the directory, the certificates (clients "client" and "other") and the settings. Starts nothing. */
struct photond *photond_new(const struct photond_options *options);
/* Kill it if it runs, and remove everything. NULL is fine. */
void photond_free(struct photond *p);

/* Start it and wait until it is ready. false: it ended instead; photond_exit_code says how. */
bool photond_start(struct photond *p);
/* From the next start on, other flags (borrowed) than those of the options. */
void photond_set_args(struct photond *p, const char *const *args);

void photond_signal(struct photond *p, int signal);
/* SIGKILL, and wait. Does nothing if it does not run. */
void photond_kill(struct photond *p);
/* SIGTERM, wait; the exit code. */
int photond_stop(struct photond *p);
/* Wait until it ends by itself; the exit code. */
int photond_wait(struct photond *p);
/* Of the last that ended; 128 + N: killed by signal N. */
int photond_exit_code(const struct photond *p);
int photond_pid(const struct photond *p); /* 0: it does not run */

/* "127.0.0.1:20123", as its ready line says; the same after each start, unless flags say otherwise. */
const char *photond_address(const struct photond *p);
/* "muon://127.0.0.1:20123" or "muon+insecure://…", for clients. */
const char *photond_url(const struct photond *p);
const char *photond_dir(const struct photond *p); /* holds photond.conf, tls/, data/ */
const char *
photond_conf(const struct photond *p); /* the settings' file; a test may write it anew */
/* The path of a file in tls/, e.g. "ca.crt", "client.key"; valid as long as p, for at most 16 names. */
const char *photond_tls(struct photond *p, const char *name);

/* Wait until a line of the log since the last start contains text. false: it ended without. */
bool photond_wait_log(struct photond *p, const char *text);
/* Everything said since the last start, to be freed. */
char *photond_log(struct photond *p);

/* Run photond with these arguments (NULL at the end) to its end; the exit code, and if output is not NULL what it said on both outputs,
 * to be freed. */
int photond_run(const struct photond_options *options, const char *const *args, char **output);

#endif
