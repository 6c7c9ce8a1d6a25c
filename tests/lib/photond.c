/*
 * photond.c - see photond.h.
 *
 * A thread reads what the process says until its end, so that it never blocks; whoever waits is told of every new line.
 */
#include "tests/lib/photond.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/tempdir.h"

enum { PATIENCE_S = 60, ARGS_MAX = 64, ENV_MAX = 256, TLS_NAMES_MAX = 16, EXIT_ADDRESS = 5 };

struct photond {
    struct photond_options options;
    char *dir, *conf;
    char *tls[TLS_NAMES_MAX];
    int port;
    char address[64], url[80];
    pid_t pid; /* 0: does not run */
    int exit_code;
    bool ever_started;

    pthread_t reader;
    int fd;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    char *log;
    size_t log_len;
    bool ended; /* the process has closed its outputs */
};

extern char **environ;

static void die(const char *what, const char *log)
{
    fprintf(stderr, "%s\n%s", what, log ? log : "");
    abort();
}

/* ---- processes ---- */
static const char *program_of(const struct photond_options *options)
{
    return options && options->program ? options->program : PHOTOND_PROGRAM;
}

/* Both lists, and a NULL. */
static void join(const char **out, size_t max, char *const *a, const char *const *b)
{
    size_t n = 0;
    for (; a && *a && n < max - 1; a++)
        out[n++] = *a;
    for (; b && *b && n < max - 1; b++)
        out[n++] = *b;
    if ((a && *a) || (b && *b))
        die("too many arguments or variables", NULL);
    out[n] = NULL;
}

/* Between fork and exec only what is safe there. */
static void become(const char *program, const char **argv, const char **env, int fd, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execve(program, (char *const *)argv, (char *const *)env);
    _exit(127);
}

/* *fd: what it says, to be read. argv[0] is filled in. */
static pid_t spawn(const struct photond_options *options, const char **argv, int *fd)
{
    const char *env[ENV_MAX];
    int ends[2];
    argv[0] = program_of(options);
    /* The later of two equal names would win nowhere for sure: ours come first. */
    join(env, ENV_MAX, (char *const *)(options ? options->env : NULL),
         (const char *const *)environ);
    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe2", NULL);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        become(argv[0], argv, env, ends[1], parent);
    if (pid < 0)
        die("fork", NULL);
    close(ends[1]);
    *fd = ends[0];
    return pid;
}

static int reap(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            die("waitpid", NULL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int photond_run(const struct photond_options *options, const char *const *args, char **output)
{
    const char *argv[ARGS_MAX] = {NULL};
    char *said = NULL, buffer[4096];
    size_t len = 0;
    int fd;
    join(argv + 1, ARGS_MAX - 1, NULL, args);
    pid_t pid = spawn(options, argv, &fd);
    FILE *out = open_memstream(&said, &len);
    for (ssize_t n; (n = read(fd, buffer, sizeof buffer)) > 0;)
        fwrite(buffer, 1, (size_t)n, out);
    fclose(out);
    close(fd);
    if (output)
        *output = said;
    else
        free(said);
    return reap(pid);
}

/* ---- the log ---- */
static void *read_log(void *arg)
{
    struct photond *p = arg;
    char buffer[4096];
    for (ssize_t n; (n = read(p->fd, buffer, sizeof buffer)) != 0;) {
        if (n < 0)
            continue;
        pthread_mutex_lock(&p->mutex);
        p->log = realloc(p->log, p->log_len + (size_t)n + 1);
        if (!p->log)
            die("no memory", NULL);
        memcpy(p->log + p->log_len, buffer, (size_t)n);
        p->log_len += (size_t)n;
        p->log[p->log_len] = '\0';
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->mutex);
    }
    pthread_mutex_lock(&p->mutex);
    p->ended = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->mutex);
    return NULL;
}

/* A whole line that contains text, to be freed; NULL: none yet. */
static char *find_line(const char *log, const char *text)
{
    for (const char *line = log; line && *line;) {
        const char *end = strchr(line, '\n');
        if (!end)
            return NULL;
        char *copy = strndup(line, (size_t)(end - line));
        if (strstr(copy, text))
            return copy;
        free(copy);
        line = end + 1;
    }
    return NULL;
}

static char *wait_line(struct photond *p, const char *text)
{
    struct timespec until;
    char *line;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&p->mutex);
    while (!(line = find_line(p->log, text)) && !p->ended) {
        if (pthread_cond_timedwait(&p->changed, &p->mutex, &until) == ETIMEDOUT)
            die(text, p->log);
    }
    pthread_mutex_unlock(&p->mutex);
    return line;
}

bool photond_wait_log(struct photond *p, const char *text)
{
    char *line = wait_line(p, text);
    free(line);
    return line != NULL;
}

char *photond_log(struct photond *p)
{
    pthread_mutex_lock(&p->mutex);
    char *copy = strdup(p->log ? p->log : "");
    pthread_mutex_unlock(&p->mutex);
    return copy;
}

/* ---- making ---- */
static bool port_is_free(int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool is_free = bind(fd, (struct sockaddr *)&in, sizeof in) == 0;
    close(fd);
    return is_free;
}

/* Different programs that run at the same time begin at different places. */
static int choose_port(void)
{
    enum { FIRST = 15000, PORTS = 15000, STEP = 37 };
    static _Atomic unsigned count;
    for (int i = 0; i < PORTS; i++) {
        unsigned n = (unsigned)getpid() * 101 + count++ * STEP;
        int port = FIRST + (int)(n % PORTS);
        if (port_is_free(port))
            return port;
    }
    die("no free port", NULL);
    return 0;
}

static void write_plain_conf(struct photond *p)
{
    char text[128];
    snprintf(text, sizeof text, "data-dir = data\nlisten = 127.0.0.1:%d\n", p->port);
    tempdir_write(p->conf, text);
}

static void init(struct photond *p)
{
    char listen[32];
    char *said;
    snprintf(listen, sizeof listen, "127.0.0.1:%d", p->port);
    const char *args[] = {"init",   p->dir,     "--listen", listen,    "--client",
                          "client", "--client", "other",    "--force", NULL};
    if (photond_run(&p->options, args, &said) != 0)
        die("photond init failed", said);
    free(said);
}

static void use_another_port(struct photond *p)
{
    p->port = choose_port();
    if (p->options.plain)
        write_plain_conf(p);
    else
        init(p);
}

struct photond *photond_new(const struct photond_options *options)
{
    struct photond *p = calloc(1, sizeof *p);
    if (!p)
        die("no memory", NULL);
    if (options)
        p->options = *options;
    p->dir = tempdir_new();
    p->conf = tempdir_path(p->dir, "photond.conf");
    pthread_mutex_init(&p->mutex, NULL);
    pthread_cond_init(&p->changed, NULL);
    use_another_port(p);
    return p;
}

void photond_free(struct photond *p)
{
    if (!p)
        return;
    photond_kill(p);
    for (size_t i = 0; i < TLS_NAMES_MAX; i++)
        free(p->tls[i]);
    tempdir_remove(p->dir);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->mutex);
    free(p->conf);
    free(p->log);
    free(p);
}

/* ---- running ---- */
static void take_ready(struct photond *p, const char *line)
{
    json_t *o = json_loads(line, 0, NULL);
    const char *address = json_string_value(json_object_get(o, "address"));
    if (!address)
        die("a ready line without an address", line);
    snprintf(p->address, sizeof p->address, "%.*s", (int)strcspn(address, ","), address);
    snprintf(p->url, sizeof p->url, "%s://%s", p->options.plain ? "muon+insecure" : "muon",
             p->address);
    json_decref(o);
}

static bool start_once(struct photond *p)
{
    const char *argv[ARGS_MAX] = {NULL};
    char *own[] = {"run", "--config", p->conf, NULL};
    if (p->pid)
        die("it runs already", NULL);
    join(argv + 1, ARGS_MAX - 1, own, p->options.args);
    free(p->log);
    p->log = NULL;
    p->log_len = 0;
    p->ended = false;
    p->pid = spawn(&p->options, argv, &p->fd);
    if (pthread_create(&p->reader, NULL, read_log, p) != 0)
        die("no thread", NULL);
    char *ready = wait_line(p, "\"message\":\"ready\"");
    if (ready)
        take_ready(p, ready);
    else
        photond_wait(p);
    free(ready);
    return p->pid != 0;
}

bool photond_start(struct photond *p)
{
    enum { TRIES = 10 };
    bool ok = start_once(p);
    for (int i = 0; i < TRIES && !ok && !p->ever_started && p->exit_code == EXIT_ADDRESS &&
                    !port_is_free(p->port);
         i++) {
        use_another_port(p); /* somebody was faster */
        ok = start_once(p);
    }
    p->ever_started = p->ever_started || ok;
    return ok;
}

void photond_set_args(struct photond *p, const char *const *args)
{
    p->options.args = args;
}

void photond_signal(struct photond *p, int sig)
{
    if (p->pid)
        kill(p->pid, sig);
}

int photond_wait(struct photond *p)
{
    if (!p->pid)
        return p->exit_code;
    free(wait_line(p, "\n")); /* no line contains that: until the end */
    p->exit_code = reap(p->pid);
    p->pid = 0;
    pthread_join(p->reader, NULL);
    close(p->fd);
    return p->exit_code;
}

void photond_kill(struct photond *p)
{
    photond_signal(p, SIGKILL);
    photond_wait(p);
}

int photond_stop(struct photond *p)
{
    photond_signal(p, SIGTERM);
    return photond_wait(p);
}

int photond_exit_code(const struct photond *p)
{
    return p->exit_code;
}

int photond_pid(const struct photond *p)
{
    return p->pid;
}

const char *photond_address(const struct photond *p)
{
    return p->address;
}

const char *photond_url(const struct photond *p)
{
    return p->url;
}

const char *photond_dir(const struct photond *p)
{
    return p->dir;
}

const char *photond_conf(const struct photond *p)
{
    return p->conf;
}

const char *photond_tls(struct photond *p, const char *name)
{
    char *tls = tempdir_path(p->dir, "tls");
    char *path = tempdir_path(tls, name);
    size_t i = 0;
    free(tls);
    while (i < TLS_NAMES_MAX && p->tls[i] && strcmp(p->tls[i], path) != 0)
        i++;
    if (i == TLS_NAMES_MAX)
        die("too many names", NULL);
    if (p->tls[i])
        free(path);
    else
        p->tls[i] = path;
    return p->tls[i];
}
