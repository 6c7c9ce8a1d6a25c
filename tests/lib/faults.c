/*
 * faults.c - see faults.h. A program's own functions come before those of the C library; these go to the kernel directly.
 */
#include "faults.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int armed_fault = -1;
static atomic_int armed_error;
static atomic_long calls_left;
static atomic_bool hit;

static pthread_mutex_t hold_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t let_go = PTHREAD_COND_INITIALIZER;
static bool hold;
static unsigned held, permits;

#define EXPORT __attribute__((visibility("default")))

EXPORT ssize_t write(int fd, const void *data, size_t len);
EXPORT int fsync(int fd);
EXPORT int fdatasync(int fd);

void faults_arm(enum fault fault, unsigned nth, int error)
{
    atomic_store(&hit, false);
    atomic_store(&armed_error, error);
    atomic_store(&calls_left, (long)nth);
    atomic_store(&armed_fault, (int)fault);
}

bool faults_hit(void)
{
    return atomic_load(&hit);
}

void faults_clear(void)
{
    atomic_store(&armed_fault, -1);
}

/* 0: let it pass; 1: this is the nth call; 2: a later one. */
static int faults_due(void)
{
    long left = atomic_fetch_sub(&calls_left, 1);
    if (left > 1)
        return 0;
    atomic_store(&hit, true);
    return left == 1 ? 1 : 2;
}

ssize_t write(int fd, const void *data, size_t len)
{
    int armed = atomic_load(&armed_fault);
    int due = armed == FAULT_WRITE || armed == FAULT_SHORT_WRITE ? faults_due() : 0;
    if (due == 1 && armed == FAULT_SHORT_WRITE && len > 1)
        return syscall(SYS_write, fd, data, len / 2);
    if (due) {
        errno = atomic_load(&armed_error);
        return -1;
    }
    return syscall(SYS_write, fd, data, len);
}

void faults_hold_syncs(void)
{
    pthread_mutex_lock(&hold_lock);
    hold = true;
    pthread_mutex_unlock(&hold_lock);
}

void faults_let_syncs_go(void)
{
    pthread_mutex_lock(&hold_lock);
    hold = false;
    pthread_cond_broadcast(&let_go);
    pthread_mutex_unlock(&hold_lock);
}

void faults_let_one_sync_go(void)
{
    pthread_mutex_lock(&hold_lock);
    permits = 1;
    pthread_cond_broadcast(&let_go);
    while (hold && permits)
        pthread_cond_wait(&let_go, &hold_lock);
    permits = 0;
    pthread_mutex_unlock(&hold_lock);
}

unsigned faults_syncs_held(void)
{
    pthread_mutex_lock(&hold_lock);
    unsigned now = held;
    pthread_mutex_unlock(&hold_lock);
    return now;
}

static void wait_while_held(void)
{
    pthread_mutex_lock(&hold_lock);
    held++;
    while (hold && !permits)
        pthread_cond_wait(&let_go, &hold_lock);
    permits = 0;
    held--;
    pthread_cond_broadcast(&let_go);
    pthread_mutex_unlock(&hold_lock);
}

static int sync_by(long number, int fd)
{
    wait_while_held();
    if (atomic_load(&armed_fault) == FAULT_SYNC && faults_due()) {
        errno = atomic_load(&armed_error);
        return -1;
    }
    return (int)syscall(number, fd);
}

int fsync(int fd)
{
    return sync_by(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_by(SYS_fdatasync, fd);
}
