/*
 * failing.c - see failing.h. Counts calls, says whose they were, and how the process died.
 *
 * Nothing here allocates: it is called by malloc.
 */
#include "failing.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FRAMES = 24 };

static struct failing *plan;
static char store[PATH_MAX];
static size_t store_len;
static const char *own_begin, *own_end;

/* ---- whose ---- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void tell_frames(char *out, size_t used)
{
    void *frames[FRAMES];
    int len = backtrace(frames, FRAMES);
    for (int i = 1; i < len; i++) {
        Dl_info info;
        if (!dladdr(frames[i], &info) || !info.dli_fname)
            continue;
        const char *object = last_part(info.dli_fname);
        if (strstr(object, "failing"))
            continue;
        size_t at = (size_t)((const char *)frames[i] - (const char *)info.dli_fbase);
        int n = snprintf(out + used, FAILING_WORDS - used, "%s+0x%zx ", object, at);
        if (n < 0 || (size_t)n >= FAILING_WORDS - used)
            break;
        used += (size_t)n;
    }
}

/* Threads may fail and die together, and the end of one ends the process: so the others wait until the first has told. */
enum { TELLING = 1, TOLD, YIELDS_MAX = 1000000 };

static bool begin_telling(_Atomic int *state)
{
    int nobody = 0;
    if (atomic_compare_exchange_strong(state, &nobody, TELLING))
        return true;
    for (int i = 0; i < YIELDS_MAX && atomic_load(state) == TELLING; i++)
        sched_yield();
    return false;
}

bool failing_is_own(const void *address)
{
    return (const char *)address >= own_begin && (const char *)address < own_end;
}

static bool is_wanted(const char *path)
{
    return strncmp(path, store, store_len) == 0 && (!plan->only[0] || strstr(path, plan->only));
}

bool failing_is_stores(int dir_fd, const char *name)
{
    char link[64], path[PATH_MAX];
    if (!plan || atomic_load(&plan->kind) == FAIL_NONE)
        return false;
    if (name && name[0] == '/')
        return is_wanted(name);
    if (dir_fd < 0)
        return false;
    snprintf(link, sizeof link, "/proc/self/fd/%d", dir_fd);
    int code = errno;
    ssize_t len = readlink(link, path, sizeof path - 1);
    errno = code;
    if (len < 0)
        return false;
    snprintf(path + len, sizeof path - (size_t)len, "/%s", name ? name : "");
    return is_wanted(path);
}

/* ---- when ---- */

static bool is_armed(enum fail kind)
{
    return plan && atomic_load(&plan->kind) == (int)kind;
}

int failing_due(enum fail kind)
{
    if (!is_armed(kind))
        return 0;
    long left = atomic_fetch_sub(&plan->left, 1);
    if (left > 1 || (left < 1 && !atomic_load(&plan->forever)))
        return 0;
    if (begin_telling(&plan->told)) {
        tell_frames(plan->first, 0);
        atomic_store(&plan->told, TOLD);
    }
    atomic_fetch_add(&plan->hits, 1);
    return atomic_load(&plan->error);
}

bool failing_is_short(enum fail kind)
{
    return is_armed(kind) && atomic_load(&plan->left) == 0 && atomic_load(&plan->hits) == 1;
}

/* ---- how it died ---- */

static void tell_death(const char *how)
{
    static _Thread_local bool dying;
    if (!plan || dying)
        return;
    dying = true;
    if (!begin_telling(&plan->dead))
        return;
    int n = snprintf(plan->death, FAILING_WORDS, "%s: ", how);
    if (n > 0 && n < FAILING_WORDS)
        tell_frames(plan->death, (size_t)n);
    atomic_store(&plan->dead, TOLD);
}

static void on_signal(int number)
{
    tell_death(strsignal(number));
    signal(number, SIG_DFL); /* and the fault happens again */
}

#define EXPORT __attribute__((visibility("default")))
EXPORT _Noreturn void abort(void);
EXPORT _Noreturn void __assert_fail(const char *, const char *, unsigned, const char *);

void abort(void)
{
    tell_death("abort");
    signal(SIGABRT, SIG_DFL);
    raise(SIGABRT);
    _exit(134);
}

void __assert_fail(const char *text, const char *file, unsigned line, const char *function)
{
    char how[512];
    snprintf(how, sizeof how, "assertion %s at %s:%u in %s", text, last_part(file), line, function);
    tell_death(how);
    abort();
}

/* ---- beginning ---- */

static int find_own(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    (void)user;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        own_begin = (const char *)(info->dlpi_addr + part->p_vaddr); // NOLINT: an address
        own_end = own_begin + part->p_memsz;
    }
    return 1; /* the program is the first */
}

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("MUON_FAILING"), *dir = getenv("MUON_FAILING_STORE");
    void *frames[2];
    if (!path || !dir || strlen(dir) >= sizeof store)
        return;
    strcpy(store, dir);
    store_len = strlen(store);
    backtrace(frames, 2); /* it loads a library when it is first used */
    dl_iterate_phdr(find_own, NULL);
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++)
        signal(deadly[i], on_signal);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *page =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (page == MAP_FAILED)
        _exit(99); /* a campaign that does not attack would prove nothing */
    plan = page;
}
