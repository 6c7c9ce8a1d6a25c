/*
 * UUIDv7: shape, order, and that no two processes make the same.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/wire/raw.h"
#include "wire/uuid.h"

static void an_id_is_a_canonical_uuid_of_version_7(void **state)
{
    (void)state;
    char id[UUID_BYTES + 1];
    uuid7_new(id);
    assert_int_equal(strlen(id), UUID_BYTES);
    for (size_t i = 0; i < UUID_BYTES; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        assert_true(dash ? id[i] == '-' : strchr("0123456789abcdef", id[i]) != NULL);
    }
    assert_int_equal(id[14], '7');
    assert_non_null(strchr("89ab", id[19]));
}

static void ids_rise_within_a_process(void **state)
{
    (void)state;
    char before[UUID_BYTES + 1] = "", id[UUID_BYTES + 1];
    for (int i = 0; i < 10000; i++) {
        uuid7_new(id);
        assert_true(strcmp(id, before) > 0);
        strcpy(before, id);
    }
}

/* The random part, which alone tells apart ids that two processes make at the same moment. */
static void a_forked_child_does_not_make_its_parents_ids(void **state)
{
    (void)state;
    char parents[UUID_BYTES + 1], childs[UUID_BYTES + 1] = "";
    int ends[2];
    uuid7_new(parents); /* so that there is something to inherit */
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        uuid7_new(childs);
        _exit(write(ends[1], childs, UUID_BYTES) == UUID_BYTES ? 0 : 1);
    }
    uuid7_new(parents);
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], childs, UUID_BYTES), UUID_BYTES);
    assert_string_not_equal(childs + 19, parents + 19);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_a_canonical_uuid_of_version_7),
        cmocka_unit_test(ids_rise_within_a_process),
        cmocka_unit_test(a_forked_child_does_not_make_its_parents_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
