/*
 * disk.c - a disk that remembers in which order it was written to and flushed.
 *
 *   power_disk DIR IMAGE [LOG]
 *
 * Mounts at DIR a file system that offers one file, "disk": a loop device over it is the disk. Its content begins as IMAGE's, and IMAGE
 * is never written to: what changes is private, and gone at the end. "ready" is printed once it is mounted; SIGTERM ends it.
 *
 * LOG gets every write and every flush, in the order in which they came, each before it is answered: a struct entry, in the machine's
 * byte order, and after a write's its data. One thread serves all, so a flush comes after every write that was answered before it.
 */
#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { DISK = 2, FOREVER_S = 3600 };
enum kind { ENTRY_WRITE = 1, ENTRY_FLUSH = 2 };

struct entry {
    uint64_t time_ns; /* CLOCK_MONOTONIC, when it came */
    uint64_t offset;
    uint32_t length;
    uint32_t kind;
};

static struct {
    char *bytes;
    size_t size;
    int log; /* -1: none */
} disk;

static int note(enum kind kind, const void *data, size_t length, off_t offset)
{
    struct timespec now;
    struct entry entry = {.offset = (uint64_t)offset, .length = (uint32_t)length, .kind = kind};
    struct iovec parts[] = {{&entry, sizeof entry}, {(void *)(uintptr_t)data, length}};
    if (disk.log < 0)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    entry.time_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
    return writev(disk.log, parts, 2) == (ssize_t)(sizeof entry + length) ? 0 : EIO;
}

static struct stat attributes(fuse_ino_t ino)
{
    if (ino == FUSE_ROOT_ID)
        return (struct stat){.st_ino = ino, .st_mode = S_IFDIR | 0700, .st_nlink = 2};
    return (struct stat){
        .st_ino = ino, .st_mode = S_IFREG | 0600, .st_nlink = 1, .st_size = (off_t)disk.size};
}

static void disk_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
    (void)file;
    struct stat stat = attributes(ino);
    fuse_reply_attr(req, &stat, FOREVER_S);
}

/* Times and modes: whatever is wanted, nobody looks. */
static void disk_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *wanted, int which,
                         struct fuse_file_info *file)
{
    (void)wanted;
    (void)which;
    disk_getattr(req, ino, file);
}

static void disk_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry = {
        .ino = DISK, .attr_timeout = FOREVER_S, .entry_timeout = FOREVER_S};
    if (parent != FUSE_ROOT_ID || strcmp(name, "disk") != 0) {
        fuse_reply_err(req, ENOENT);
        return;
    }
    entry.attr = attributes(DISK);
    fuse_reply_entry(req, &entry);
}

static void disk_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file)
{
    (void)ino;
    file->direct_io = 1; /* no cache of the kernel's between the loop device and us */
    fuse_reply_open(req, file);
}

static void disk_read(fuse_req_t req, fuse_ino_t ino, size_t length, off_t offset,
                      struct fuse_file_info *file)
{
    (void)ino;
    (void)file;
    size_t at = (size_t)offset < disk.size ? (size_t)offset : disk.size;
    size_t left = disk.size - at;
    fuse_reply_buf(req, disk.bytes + at, length < left ? length : left);
}

static void disk_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t length,
                       off_t offset, struct fuse_file_info *file)
{
    (void)ino;
    (void)file;
    if ((size_t)offset > disk.size || length > disk.size - (size_t)offset) {
        fuse_reply_err(req, ENOSPC);
        return;
    }
    int error = note(ENTRY_WRITE, data, length, offset);
    if (error) {
        fuse_reply_err(req, error);
        return;
    }
    memcpy(disk.bytes + offset, data, length);
    fuse_reply_write(req, length);
}

static void disk_fsync(fuse_req_t req, fuse_ino_t ino, int data_only, struct fuse_file_info *file)
{
    (void)ino;
    (void)data_only;
    (void)file;
    fuse_reply_err(req, note(ENTRY_FLUSH, NULL, 0, 0));
}

static const struct fuse_lowlevel_ops ops = {
    .lookup = disk_lookup,
    .getattr = disk_getattr,
    .setattr = disk_setattr,
    .open = disk_open,
    .read = disk_read,
    .write = disk_write,
    .fsync = disk_fsync,
};

static int fail(const char *what)
{
    perror(what);
    return 1;
}

static int load(const char *image)
{
    int fd = open(image, O_RDONLY | O_CLOEXEC);
    struct stat is;
    if (fd < 0 || fstat(fd, &is) != 0)
        return fail(image);
    disk.size = (size_t)is.st_size;
    disk.bytes = mmap(NULL, disk.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
    return disk.bytes == MAP_FAILED ? fail(image) : 0;
}

static int serve(const char *dir)
{
    char *words[] = {(char[]){"power_disk"}, (char[]){"-o"}, (char[]){"fsname=power_disk"}};
    struct fuse_args args = FUSE_ARGS_INIT(3, words);
    struct fuse_session *session = fuse_session_new(&args, &ops, sizeof ops, NULL);
    if (!session || fuse_set_signal_handlers(session) != 0 || fuse_session_mount(session, dir) != 0)
        return 1; /* it has said why */
    printf("ready\n");
    fflush(stdout);
    int rc = fuse_session_loop(session);
    fuse_session_unmount(session);
    fuse_remove_signal_handlers(session);
    fuse_session_destroy(session);
    return rc < 0;
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: power_disk DIR IMAGE [LOG]\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    disk.log = argc == 4 ? open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (argc == 4 && disk.log < 0)
        return fail(argv[3]);
    return load(argv[2]) || serve(argv[1]);
}
