/*
 * What is due, and what is looked up: against simple models.
 */
#include "bus/due.h"

#include "bus/hash.h"
#include "tests/wire/raw.h"

enum { ENTRIES = 300 };

static void what_is_due_first_comes_first(void **state)
{
    (void)state;
    static struct due due[ENTRIES];
    struct dues dues = {0};
    uint64_t seed = 4711;
    for (int round = 0; round < 20000; round++) {
        uint64_t dice = raw_random(&seed);
        struct due *one = &due[dice % ENTRIES];
        if (dice >> 32 & 1)
            assert_true(due_set(&dues, one, (int64_t)(dice >> 40 & 1023)));
        else
            due_remove(&dues, one);
        int64_t least = INT64_MAX;
        size_t set = 0;
        for (int i = 0; i < ENTRIES; i++) {
            if (due[i].place && due[i].due_ms < least)
                least = due[i].due_ms;
            set += due[i].place != 0;
        }
        assert_int_equal(dues.len, set);
        assert_true(set ? due_first(&dues)->due_ms == least : !due_first(&dues));
    }
    due_fini(&dues);
}

struct thing {
    struct hash_node node;
    uint64_t key;
    bool in;
};

static bool is_thing(const struct hash_node *node, const void *key)
{
    return ((const struct thing *)node)->key == *(const uint64_t *)key;
}

static void count(struct hash_node *node, void *user)
{
    (void)node;
    ++*(size_t *)user;
}

static void what_was_added_is_found_until_it_is_removed(void **state)
{
    (void)state;
    static struct thing things[ENTRIES];
    struct hash hash = {0};
    uint64_t seed = 4711;
    size_t in = 0;
    for (int round = 0; round < 20000; round++) {
        struct thing *thing = &things[raw_random(&seed) % ENTRIES];
        thing->key = (uint64_t)(thing - things);
        struct hash_node *found = hash_find(&hash, thing->key % 7, is_thing, &thing->key);
        assert_ptr_equal(found, thing->in ? &thing->node : NULL);
        if (thing->in)
            hash_remove(&hash, &thing->node);
        else
            hash_add(&hash, &thing->node, thing->key % 7);
        thing->in = !thing->in;
        in += thing->in ? 1 : (size_t)-1;
        assert_int_equal(hash.len, in);
    }
    size_t counted = 0, from = 0;
    hash_each(&hash, count, &counted);
    assert_int_equal(counted, in);
    for (struct hash_node *node; (node = hash_any(&hash, &from));)
        hash_remove(&hash, node);
    assert_int_equal(hash.len, 0);
    hash_fini(&hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_first_comes_first),
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
