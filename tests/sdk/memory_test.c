/*
 * What glibc keeps of the memory of a message for the next one, once a client is open.
 */
#include "tests/sdk/made.h"

#include <malloc.h>
#include <stdlib.h>

/* Does a block of this size come from the system by itself, to go back there when it is freed? */
static bool comes_by_itself(size_t bytes)
{
    malloc_trim(0); /* or there may be room for it */
    size_t before = mallinfo2().hblks;
    void *volatile block = malloc(bytes);
    bool by_itself = mallinfo2().hblks > before;
    free(block);
    return by_itself;
}

static void open_and_close(void)
{
    muon_client *c = made_client("muon+insecure://127.0.0.1:1", NULL);
    muon_close(c, 0, NULL);
    muon_free(c);
}

static void an_open_client_has_the_memory_of_messages_kept(void **state)
{
    (void)state;
    assert_true(comes_by_itself(200 * 1024));
    open_and_close();
    assert_false(comes_by_itself(900 * 1024));
}

/* Whoever sets a threshold is not overruled. */
static void a_threshold_of_the_process_stays(void **state)
{
    (void)state;
    assert_int_equal(mallopt(M_MMAP_THRESHOLD, 150 * 1024), 1);
    open_and_close();
    assert_false(comes_by_itself(100 * 1024));
    assert_true(comes_by_itself(900 * 1024));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_open_client_has_the_memory_of_messages_kept),
        cmocka_unit_test(a_threshold_of_the_process_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
