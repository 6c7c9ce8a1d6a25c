/*
 * raw_disk.c - what the disk itself takes: append some bytes to a growing file, fdatasync, again. Everything durable is
 * compared with this.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/measure.h"

int main(int argc, char **argv)
{
    struct args args = {argc, argv};
    const char *path = args_text(&args, "file", "fdatasync.bin");
    size_t bytes = args_number(&args, "bytes", 512);
    uint64_t limit_ns = args_number(&args, "seconds", 3) * 1000000000u;
    char data[64 * 1024];
    if (bytes > sizeof data)
        die("bytes: at most %zu", sizeof data);
    memset(data, 'x', sizeof data);
    int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        die("%s cannot be made", path);
    struct samples samples = {0};
    uint64_t begin = mono_ns(), from = begin;
    while (from - begin < limit_ns) {
        if (write(fd, data, bytes) != (ssize_t)bytes || fdatasync(fd) != 0)
            die("%s cannot be written", path);
        uint64_t now = mono_ns();
        samples_add(&samples, (int64_t)(now - from));
        from = now;
    }
    result_print_samples(&samples, seconds_since(begin));
    close(fd);
    unlink(path);
    return 0;
}
