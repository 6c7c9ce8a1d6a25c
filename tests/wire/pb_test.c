/*
 * The wire format by hand, and shared bytes.
 */
#include "tests/wire/raw.h"
#include "wire/bytes.h"

static void varints_survive_a_round_trip(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit <= 64; bit++) {
        uint64_t values[] = {bit == 64 ? 0 : 1ull << bit, bit == 64 ? 0 : (1ull << bit) - 1,
                             UINT64_MAX >> (bit % 64)};
        for (size_t i = 0; i < 3; i++) {
            uint8_t out[32];
            uint8_t *end = pb_put_uint(out, 7, values[i]);
            assert_int_equal(end - out, pb_uint_size(7, values[i]));
            struct span rest = {out, (size_t)(end - out)};
            struct pb_field field;
            assert_int_equal(pb_next(&rest, &field), 1);
            assert_int_equal(field.number, 7);
            assert_int_equal(field.type, PB_VARINT);
            assert_true(field.value == values[i]);
            assert_int_equal(pb_next(&rest, &field), 0);
        }
    }
}

static void malformed_fields_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
    } bad[] = {
        {"\x08", 1},                                              /* a tag, no value */
        {"\x08\x80", 2},                                          /* an unfinished varint */
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},     /* 65 bits */
        {"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 12}, /* 11 bytes */
        {"\x00\x01", 2},                                          /* field 0 */
        {"\x0b\x0c", 2},                                          /* a group */
        {"\x0e\x01", 2},                                          /* wire type 6 */
        {"\x0f\x01", 2},                                          /* wire type 7 */
        {"\x0a\x02x", 3},                                         /* shorter than it says */
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},     /* a length of 2^64 - 1 */
        {"\x09\x01\x02\x03\x04\x05\x06\x07", 8},                  /* 7 bytes of a fixed64 */
        {"\x0d\x01\x02\x03", 4},                                  /* 3 bytes of a fixed32 */
        {"\x80\x80\x80\x80\x10\x01", 6},                          /* field 2^29 */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct span rest = {(const uint8_t *)bad[i].data, bad[i].len};
        struct pb_field field;
        assert_int_equal(pb_next(&rest, &field), -1);
    }
}

static void all_wire_types_are_read(void **state)
{
    (void)state;
    struct span rest = text_span("\x09\x01\x02\x03\x04\x05\x06\x07\x08"
                                 "\x15\x01\x02\x03\x04"
                                 "\x1a\x03xyz");
    struct pb_field field;
    assert_int_equal(pb_next(&rest, &field), 1);
    assert_true(field.value == 0x0807060504030201ull);
    assert_int_equal(pb_next(&rest, &field), 1);
    assert_int_equal(field.value, 0x04030201);
    assert_int_equal(pb_next(&rest, &field), 1);
    assert_int_equal(field.number, 3);
    assert_span(field.bytes, "xyz");
    assert_int_equal(pb_next(&rest, &field), 0);
}

/* Every tag of a byte, and every length of one or two, before what is left of 200 bytes. */
static void a_field_is_taken_in_line_as_it_is_out_of_line(void **state)
{
    (void)state;
    uint8_t data[200] = {0};
    for (unsigned head = 0; head < 1u << 16; head++)
        for (size_t len = 0; len < 6; len++)
            for (unsigned third = 0; third < 256; third += 127) {
                static const size_t left[] = {0, 1, 2, 3, 129, 200};
                data[0] = (uint8_t)head;
                data[1] = (uint8_t)(head >> 8);
                data[2] = (uint8_t)third;
                struct pb_field a = {0}, b = {0};
                struct span rest = {data, left[len]}, other = rest;
                int more = pb_next(&rest, &a);
                if (more != pb_next_any(&other, &b) || rest.data != other.data ||
                    rest.len != other.len || (more > 0 && memcmp(&a, &b, sizeof a) != 0))
                    fail_msg("%02x %02x %02x, %zu bytes", data[0], data[1], data[2], left[len]);
            }
}

static int released;

static void release(void *data)
{
    released++;
    free(data);
}

static void wrapped_bytes_are_released_with_the_last_reference(void **state)
{
    (void)state;
    struct bytes *b = bytes_wrap(malloc(4), 4, release);
    assert_non_null(b);
    assert_ptr_equal(bytes_ref(b), b);
    bytes_unref(b);
    assert_int_equal(released, 0);
    bytes_unref(b);
    assert_int_equal(released, 1);
    bytes_unref(NULL);
}

static void bytes_are_copied(void **state)
{
    (void)state;
    char text[] = "text";
    struct bytes *b = bytes_copy(text, 4);
    text[0] = 'n';
    assert_span(bytes_span(b), "text");
    bytes_unref(b);
    assert_null(bytes_new(SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(varints_survive_a_round_trip),
        cmocka_unit_test(malformed_fields_are_refused),
        cmocka_unit_test(all_wire_types_are_read),
        cmocka_unit_test(a_field_is_taken_in_line_as_it_is_out_of_line),
        cmocka_unit_test(wrapped_bytes_are_released_with_the_last_reference),
        cmocka_unit_test(bytes_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
