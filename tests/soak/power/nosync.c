/*
 * nosync.c - preloaded into a store, it makes its syncs do nothing: an attack that does not see what this loses sees nothing.
 */
#define EXPORT __attribute__((visibility("default")))

EXPORT int fsync(int fd);
EXPORT int fdatasync(int fd);

int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}
