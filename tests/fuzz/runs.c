/*
 * fuzz_NAME [--runs N] FILE_OR_FOLDER...: a fuzz target without libFuzzer. Each input as it is, then N that are made of them, always the
 * same ones. The input at work is in NAME.input, which stays behind when the process does not get to its end: `fuzz_NAME NAME.input`
 * does it again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

enum { INPUTS_MAX = 4096, INPUT_BYTES_MAX = 64 * 1024, CHANGES_MAX = 6 };

static struct {
    uint8_t *data;
    size_t len;
} inputs[INPUTS_MAX];
static size_t inputs_len;
static uint64_t state = 1;

/* splitmix64 */
static size_t any(size_t below)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (size_t)((z ^ z >> 31) % below);
}

static void die(const char *what)
{
    perror(what);
    exit(2);
}

/* ---- inputs ---- */

static void load_file(const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &about) != 0 || inputs_len == INPUTS_MAX)
        die(path);
    size_t len = (size_t)about.st_size;
    uint8_t *data = malloc(len + 1);
    if (!data || len > INPUT_BYTES_MAX || read(fd, data, len) != (ssize_t)len)
        die(path);
    close(fd);
    inputs[inputs_len].data = data;
    inputs[inputs_len++].len = len;
}

static void load(const char *path)
{
    char file[4096];
    struct dirent **names;
    int len = scandir(path, &names, NULL, alphasort); /* in the same order everywhere */
    if (len < 0 && errno == ENOTDIR)
        load_file(path);
    else if (len < 0)
        die(path);
    for (int i = 0; i < len; i++) {
        snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            load_file(file);
        free(names[i]);
    }
    if (len >= 0)
        free(names);
}

/* ---- changes ---- */

static void replace(uint8_t *data, size_t *len, size_t at, size_t remove, const uint8_t *in,
                    size_t in_len)
{
    if (*len - remove + in_len > INPUT_BYTES_MAX)
        return;
    memmove(data + at + in_len, data + at + remove, *len - at - remove);
    if (in_len)
        memcpy(data + at, in, in_len);
    *len += in_len - remove;
}

static void change(uint8_t *data, size_t *len)
{
    static const uint8_t telling[] = {0x00, 0xff, 0x7f, 0x80, 0x01, '\n', '"', '*', '/', ',', '0'};
    size_t at = any(*len + 1), room = *len - at, other = any(inputs_len);
    uint8_t byte = any(2) ? telling[any(sizeof telling)] : (uint8_t)any(256);
    switch (any(6)) {
    case 0:
        if (room)
            data[at] ^= (uint8_t)(1 << any(8));
        return;
    case 1:
        if (room)
            data[at] = byte;
        return;
    case 2:
        replace(data, len, at, 0, &byte, 1);
        return;
    case 3:
        replace(data, len, at, any(room + 1) % 9, NULL, 0);
        return;
    case 4:
        *len = any(8) ? *len : at;
        return;
    default: {
        size_t from = any(inputs[other].len + 1);
        replace(data, len, at, any(room + 1), inputs[other].data + from,
                any(inputs[other].len - from + 1));
    }
    }
}

/* ---- runs ---- */

static void run(int fd, const uint8_t *data, size_t len)
{
    uint8_t *exact = malloc(len ? len : 1); /* so that a sanitizer sees every step beyond it */
    if (!exact || ftruncate(fd, 0) != 0 || pwrite(fd, data, len, 0) != (ssize_t)len)
        die("the input cannot be kept");
    memcpy(exact, data, len);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
}

int main(int argc, char **argv)
{
    static uint8_t data[2 * INPUT_BYTES_MAX];
    char kept[4096];
    size_t runs = 0;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
            runs = strtoul(argv[++i], NULL, 10);
        else
            load(argv[i]);
    if (inputs_len == 0) {
        fprintf(stderr, "usage: fuzz_NAME [--runs N] FILE_OR_FOLDER...\n");
        return 2;
    }
    snprintf(kept, sizeof kept, "%s.input", argv[0]);
    int fd = open(kept, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        die(kept);
    for (size_t i = 0; i < inputs_len; i++)
        run(fd, inputs[i].data, inputs[i].len);
    for (size_t i = 0; i < runs; i++) {
        size_t from = any(inputs_len), len = inputs[from].len;
        memcpy(data, inputs[from].data, len);
        for (size_t changes = 1 + any(CHANGES_MAX); changes; changes--)
            change(data, &len);
        run(fd, data, len);
    }
    unlink(kept);
    for (size_t i = 0; i < inputs_len; i++)
        free(inputs[i].data);
    printf("%zu inputs, %zu runs\n", inputs_len, inputs_len + runs);
    return 0;
}
