/* SPDX-License-Identifier: MIT
 *
 * The safetensors container: what is written comes back, what is wrong is refused in words, what is
 * damaged is noticed, and a file is replaced whole or not at all. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* mount */
#endif
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/io/atomic_file.h"
#include "../lib/io/crc32c.h"
#include "grove/tensors_file.h"

/* ---- helpers --------------------------------------------------------------------------------- */

/* Fails the call after `left` more, and with `for_good` all after that; counts the blocks that
 * live. */
typedef struct failing {
    long left, live;
    bool for_good;
} failing;

static void *failing_resize(void *user, void *pointer, size_t size) {
    failing *state = user;
    if (size == 0) {
        state->live--;
        free(pointer);
        return NULL;
    }
    if (state->left-- == 0) {
        state->left = state->for_good ? 0 : -1;
        return NULL;
    }
    void *block = realloc(pointer, size);
    ck_assert_ptr_nonnull(block);
    state->live += pointer == NULL;
    return block;
}

static uint64_t random_state;

static uint64_t next_random(void) {
    random_state += 0x9E3779B97F4A7C15u;
    uint64_t x = random_state;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static size_t below(size_t limit) {
    return (size_t)(next_random() % limit);
}

/* A file in memory, in a block of exactly its size so that a sanitizer sees every step beyond. */
typedef struct bytes {
    unsigned char *at;
    size_t size;
} bytes;

static bytes bytes_of(const void *from, size_t size) {
    bytes b = {malloc(size ? size : 1), size};
    if (size) {
        memcpy(b.at, from, size);
    }
    return b;
}

/* Header of `length` bytes, then data [data_size]: 0, 1, 2... */
static bytes file_of(const char *header, size_t length, size_t data_size) {
    bytes b = {malloc(8 + length + data_size), 8 + length + data_size};
    uint64_t size = length;
    memcpy(b.at, &size, 8);
    memcpy(b.at + 8, header, length);
    for (size_t i = 0; i < data_size; i++) {
        b.at[8 + length + i] = (unsigned char)i;
    }
    return b;
}

static grove_error error;

static grove_tensors_file *read_bytes(bytes b) {
    grove_tensors_file *file = NULL;
    memset(&error, 0, sizeof error);
    grove_status status = grove_tensors_read_bytes(b.at, b.size, "model", NULL, &file, &error);
    ck_assert_msg((status == GROVE_OK) == (file != NULL), "%s", error.message);
    ck_assert_int_eq(status, error.status);
    return file;
}

static grove_tensors_file *read_good(bytes b) {
    grove_tensors_file *file = read_bytes(b);
    ck_assert_msg(file != NULL, "refused: %s", error.message);
    return file;
}

static void expect_refused(bytes b, const char *words) {
    grove_tensors_file *file = read_bytes(b);
    ck_assert_msg(file == NULL, "accepted, but should be refused with: %s", words);
    ck_assert_int_eq(error.status, GROVE_BAD_FILE);
    ck_assert_msg(strstr(error.message, words) != NULL, "'%s' lacks '%s'", error.message, words);
    ck_assert_msg(strncmp(error.message, "'model': ", 9) == 0, "%s", error.message);
    free(b.at);
}

static bytes written(grove_tensors_writer *writer) {
    const void *at;
    size_t size;
    ck_assert_msg(grove_tensors_write_bytes(writer, &at, &size, &error) == GROVE_OK, "%s",
                  error.message);
    return bytes_of(at, size);
}

static void add(grove_tensors_writer *writer, const char *name, grove_dtype dtype, size_t rank,
                const int64_t *shape, const void *data) {
    ck_assert_msg(grove_tensors_add(writer, name, dtype, rank, shape, data, &error) == GROVE_OK,
                  "%s", error.message);
}

static const float SIX[] = {1, -2, 3.5f, 0, 1e-30f, 6};
static const uint8_t THREE[] = {7, 8, 9};
static const int64_t TWO_BY_THREE[] = {2, 3}, NONE_BY_THREE[] = {0, 3};

static grove_tensors_writer *small_writer(void) {
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    add(writer, "names", GROVE_DTYPE_U8, 1, (int64_t[]){3}, THREE);
    add(writer, "weight", GROVE_DTYPE_F32, 2, TWO_BY_THREE, SIX);
    add(writer, "empty", GROVE_DTYPE_I64, 2, NONE_BY_THREE, NULL);
    grove_tensors_add_metadata(writer, "producer", "grove", &error);
    grove_tensors_add_metadata(writer, "model", "{\"layers\":[1,\"a\\n\"]}", &error);
    return writer;
}

static bytes small_file(void) {
    grove_tensors_writer *writer = small_writer();
    bytes b = written(writer);
    grove_tensors_writer_free(writer);
    return b;
}

static void expect_same_entry(const grove_tensors_entry *a, const grove_tensors_entry *b) {
    ck_assert_ptr_nonnull(a);
    ck_assert_ptr_nonnull(b);
    ck_assert_str_eq(a->name, b->name);
    ck_assert_int_eq(a->dtype, b->dtype);
    ck_assert_uint_eq(a->rank, b->rank);
    ck_assert_mem_eq(a->shape, b->shape, sizeof a->shape);
    ck_assert_uint_eq(a->count, b->count);
    ck_assert_uint_eq(a->bytes, b->bytes);
    ck_assert(a->bytes == 0 || memcmp(a->data, b->data, a->bytes) == 0);
}

/* The checksums may be called something else; all they protect must be the same. */
static void expect_same_content(const grove_tensors_file *a, const grove_tensors_file *b) {
    ck_assert_uint_eq(grove_tensors_count(a), grove_tensors_count(b));
    for (size_t i = 0; i < grove_tensors_count(a); i++) {
        expect_same_entry(grove_tensors_at(a, i), grove_tensors_at(b, i));
    }
    ck_assert_uint_eq(grove_tensors_metadata_count(a), grove_tensors_metadata_count(b));
    for (size_t i = 0; i < grove_tensors_metadata_count(a); i++) {
        const char *key = grove_tensors_metadata_key(a, i);
        const char *text = grove_tensors_metadata(b, key);
        ck_assert_msg(strcmp(key, "crc32c") == 0 ||
                          (text && strcmp(text, grove_tensors_metadata_at(a, i)) == 0),
                      "'%s' is lost or changed", key);
    }
}

/* Touches all that the accessors give, for the sanitizers. */
static void walk(const grove_tensors_file *file) {
    size_t sum = 0;
    for (size_t i = 0; i < grove_tensors_count(file); i++) {
        const grove_tensors_entry *entry = grove_tensors_at(file, i);
        ck_assert_ptr_eq(grove_tensors_find(file, entry->name), entry);
        ck_assert_uint_eq((uintptr_t)entry->data % 8, 0);
        ck_assert_uint_eq(entry->bytes, entry->count * grove_dtype_size(entry->dtype));
        for (size_t k = 0; k < entry->bytes; k++) {
            sum += ((const unsigned char *)entry->data)[k];
        }
    }
    for (size_t i = 0; i < grove_tensors_metadata_count(file); i++) {
        sum += strlen(grove_tensors_metadata_at(file, i));
    }
    ck_assert_uint_lt(sum, SIZE_MAX);
}

/* ---- checksums ------------------------------------------------------------------------------- */

START_TEST(crc32c_check_value_and_pieces) {
    grove_crc32c_table table;
    grove_crc32c_init(&table);
    ck_assert_uint_eq(grove_crc32c(&table, 0, "123456789", 9), 0xE3069283u);
    ck_assert_uint_eq(grove_crc32c(&table, 0, "", 0), 0);
    unsigned char zeros[32] = {0};
    ck_assert_uint_eq(grove_crc32c(&table, 0, zeros, 32), 0x8A9136AAu); /* RFC 3720, B.4 */
    unsigned char text[67];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (unsigned char)(i * 37 + 11);
    }
    uint32_t whole = grove_crc32c(&table, 0, text, sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        uint32_t front = grove_crc32c(&table, 0, text, cut);
        ck_assert_uint_eq(grove_crc32c(&table, front, text + cut, sizeof text - cut), whole);
        ck_assert_uint_eq(grove_crc32c_by_table(&table, 0, text, cut), front);
    }
}
END_TEST

/* ---- round trips ----------------------------------------------------------------------------- */

START_TEST(every_dtype_and_rank_comes_back) {
    static const int64_t shape[] = {2, 1, 3, 2};
    static const size_t counts[] = {1, 2, 2, 6, 12};
    double data[12];
    for (size_t i = 0; i < sizeof data; i++) {
        ((unsigned char *)data)[i] = (unsigned char)(i * 7 + 1);
    }
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    char name[32];
    for (int dtype = 0; dtype <= GROVE_DTYPE_BOOL; dtype++) {
        for (size_t rank = 0; rank <= 4; rank++) {
            snprintf(name, sizeof name, "%s.%zu", grove_dtype_name((grove_dtype)dtype), rank);
            add(writer, name, (grove_dtype)dtype, rank, shape, data);
        }
    }
    bytes b = written(writer);
    grove_tensors_file *file = read_good(b);
    ck_assert_uint_eq(grove_tensors_count(file), 13 * 5);
    for (int dtype = 0; dtype <= GROVE_DTYPE_BOOL; dtype++) {
        for (size_t rank = 0; rank <= 4; rank++) {
            snprintf(name, sizeof name, "%s.%zu", grove_dtype_name((grove_dtype)dtype), rank);
            const grove_tensors_entry *entry = grove_tensors_find(file, name);
            ck_assert_ptr_nonnull(entry);
            ck_assert_int_eq((int)entry->dtype, dtype);
            ck_assert_uint_eq(entry->rank, rank);
            ck_assert_uint_eq(entry->count, counts[rank]);
            ck_assert_mem_eq(entry->shape, shape, rank * sizeof shape[0]);
            ck_assert_mem_eq(entry->data, data, entry->bytes);
        }
    }
    walk(file);
    grove_tensors_free(file);
    grove_tensors_writer_free(writer);
    free(b.at);
}
END_TEST

START_TEST(dtype_names_and_sizes) {
    ck_assert_str_eq(grove_dtype_name(GROVE_DTYPE_BF16), "BF16");
    ck_assert_uint_eq(grove_dtype_size(GROVE_DTYPE_BF16), 2);
    ck_assert_uint_eq(grove_dtype_size(GROVE_DTYPE_F64), 8);
    ck_assert_uint_eq(grove_dtype_size(GROVE_DTYPE_BOOL), 1);
    ck_assert_str_eq(grove_dtype_name((grove_dtype)99), "unknown");
    ck_assert_uint_eq(grove_dtype_size((grove_dtype)99), 0);
}
END_TEST

START_TEST(a_small_file_comes_back) {
    bytes b = small_file();
    grove_tensors_file *file = read_good(b);
    ck_assert_uint_eq(grove_tensors_count(file), 3);
    ck_assert_str_eq(grove_tensors_at(file, 0)->name, "empty");
    ck_assert_str_eq(grove_tensors_at(file, 1)->name, "weight");
    ck_assert_str_eq(grove_tensors_at(file, 2)->name, "names");
    ck_assert_ptr_null(grove_tensors_at(file, 3));
    ck_assert_ptr_null(grove_tensors_find(file, "weights"));
    const grove_tensors_entry *empty = grove_tensors_find(file, "empty");
    ck_assert_uint_eq(empty->rank, 2);
    ck_assert_int_eq(empty->shape[1], 3);
    ck_assert_uint_eq(empty->bytes, 0);
    ck_assert_ptr_nonnull(empty->data);
    ck_assert_mem_eq(grove_tensors_find(file, "weight")->data, SIX, sizeof SIX);
    ck_assert_str_eq(grove_tensors_metadata(file, "model"), "{\"layers\":[1,\"a\\n\"]}");
    ck_assert_ptr_null(grove_tensors_metadata(file, "modes"));
    ck_assert_uint_eq(grove_tensors_metadata_count(file), 3);
    ck_assert_str_eq(grove_tensors_metadata_key(file, 0), "crc32c");
    ck_assert_str_eq(grove_tensors_metadata_at(file, 2), "grove");
    ck_assert_ptr_null(grove_tensors_metadata_key(file, 3));
    ck_assert_ptr_null(grove_tensors_metadata_at(file, 3));
    grove_tensors_free(file);
    free(b.at);
    grove_tensors_free(NULL);
    grove_tensors_writer_free(NULL);
}
END_TEST

/* Byte for byte, so that the format cannot drift together with its reader. */
START_TEST(the_bytes_are_the_format) {
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    add(writer, "a\"\n", GROVE_DTYPE_U8, 1, (int64_t[]){9}, "123456789");
    bytes b = written(writer);
    static const char header[] =
        "{\"__metadata__\":{\"crc32c\":\"{\\\"a\\\\\\\"\\\\u000a\\\":\\\"e3069283\\\","
        "\\\"__metadata__\\\":\\\"";
    static const char entry[] =
        "\\\"}\"},\"a\\\"\\u000a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}}";
    size_t front = sizeof header - 1, back = sizeof entry - 1;
    size_t size = (front + 8 + back + 7) / 8 * 8;
    ck_assert_uint_eq(b.size, 8 + size + 9);
    ck_assert_uint_eq(b.at[0] + 256u * b.at[1], size);
    ck_assert_mem_eq(b.at + 2, "\0\0\0\0\0\0", 6);
    ck_assert_mem_eq(b.at + 8, header, front);
    ck_assert_mem_eq(b.at + 8 + front + 8, entry, back);
    for (size_t i = front + 8 + back; i < size; i++) {
        ck_assert_int_eq(b.at[8 + i], ' ');
    }
    ck_assert_mem_eq(b.at + 8 + size, "123456789", 9);
    grove_tensors_file *file = read_good(b);
    ck_assert_ptr_nonnull(grove_tensors_find(file, "a\"\n"));
    grove_tensors_free(file);
    free(b.at);
    grove_tensors_writer_free(writer);
}
END_TEST

START_TEST(an_empty_writer_gives_a_file) {
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    bytes b = written(writer);
    grove_tensors_file *file = read_good(b);
    ck_assert_uint_eq(grove_tensors_count(file), 0);
    ck_assert_ptr_null(grove_tensors_find(file, "x"));
    grove_tensors_free(file);
    grove_tensors_writer_free(writer);
    free(b.at);
}
END_TEST

static const char *const UNICODE[] = {
    "gr\xC3\xB6\xC3\x9F",
    "\xE6\x97\xA5\xE6\x9C\xAC",
    "\xF0\x9F\x8C\xB3",
    "quote\"back\\slash",
    "line\nbreak\ttab\x01\x1F",
    "",
    " ",
    "/",
    "\x7F",
};
enum { UNICODE_COUNT = sizeof UNICODE / sizeof UNICODE[0] };

START_TEST(any_utf8_name_comes_back) {
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    for (size_t i = 0; i < UNICODE_COUNT; i++) {
        add(writer, UNICODE[i], GROVE_DTYPE_F32, 0, NULL, &SIX[i % 6]);
        ck_assert_int_eq(grove_tensors_add_metadata(writer, UNICODE[i], UNICODE[i], &error),
                         GROVE_OK);
    }
    bytes b = written(writer);
    grove_tensors_file *file = read_good(b);
    for (size_t i = 0; i < UNICODE_COUNT; i++) {
        const grove_tensors_entry *entry = grove_tensors_find(file, UNICODE[i]);
        ck_assert_ptr_nonnull(entry);
        ck_assert_mem_eq(entry->data, &SIX[i % 6], sizeof(float));
        ck_assert_str_eq(grove_tensors_metadata(file, UNICODE[i]), UNICODE[i]);
    }
    grove_tensors_free(file);
    grove_tensors_writer_free(writer);
    free(b.at);
}
END_TEST

START_TEST(a_thousand_tensors_come_back) {
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    float data[5];
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "layer.%d.weight", i * 7919 % 1000);
        add(writer, name, i % 3 ? GROVE_DTYPE_F32 : GROVE_DTYPE_U8, 1, (int64_t[]){i % 5}, data);
    }
    for (int i = 0; i < 5; i++) {
        data[i] = (float)i + 0.25f; /* borrowed: only now looked at */
    }
    bytes b = written(writer);
    grove_tensors_file *file = read_good(b);
    ck_assert_uint_eq(grove_tensors_count(file), 1000);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "layer.%d.weight", i * 7919 % 1000);
        const grove_tensors_entry *entry = grove_tensors_find(file, name);
        ck_assert_ptr_nonnull(entry);
        ck_assert_int_eq(entry->shape[0], i % 5);
        ck_assert(memcmp(entry->data, data, entry->bytes) == 0);
    }
    walk(file);
    grove_tensors_free(file);
    grove_tensors_writer_free(writer);
    free(b.at);
}
END_TEST

START_TEST(the_order_of_adding_does_not_matter) {
    bytes first = small_file();
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    grove_tensors_add_metadata(writer, "model", "{\"layers\":[1,\"a\\n\"]}", &error);
    add(writer, "empty", GROVE_DTYPE_I64, 2, NONE_BY_THREE, NULL);
    add(writer, "weight", GROVE_DTYPE_F32, 2, TWO_BY_THREE, SIX);
    grove_tensors_add_metadata(writer, "producer", "grove", &error);
    add(writer, "names", GROVE_DTYPE_U8, 1, (int64_t[]){3}, THREE);
    bytes second = written(writer);
    ck_assert_uint_eq(first.size, second.size);
    ck_assert_mem_eq(first.at, second.at, first.size);
    bytes again = written(writer);
    ck_assert_mem_eq(first.at, again.at, first.size);
    free(first.at);
    free(second.at);
    free(again.at);
    grove_tensors_writer_free(writer);
}
END_TEST

/* Empty tensors of several sizes and names: reader and writer must agree on an order. */
START_TEST(empty_tensors_beside_full_ones) {
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    add(writer, "z", GROVE_DTYPE_F32, 1, (int64_t[]){0}, NULL);
    add(writer, "a", GROVE_DTYPE_U8, 2, (int64_t[]){4, 0}, NULL);
    add(writer, "m", GROVE_DTYPE_F64, 1, (int64_t[]){0}, NULL);
    add(writer, "n", GROVE_DTYPE_U8, 1, (int64_t[]){3}, THREE);
    add(writer, "b", GROVE_DTYPE_F32, 2, TWO_BY_THREE, SIX);
    bytes b = written(writer);
    grove_tensors_file *file = read_good(b);
    walk(file);
    grove_tensors_free(file);
    grove_tensors_writer_free(writer);
    free(b.at);
}
END_TEST

/* ---- what others may write ------------------------------------------------------------------- */

START_TEST(files_of_other_programs_are_read) {
    static const char header[] =
        "{ \"b\" :\n{\"data_offsets\":[1,5],\"dtype\":\"F32\",\"shape\":[]},\t"
        "\"\\u00e9\\ud83c\\uDF33\\/\":{\"dtype\":\"BOOL\",\"shape\":[ 1 , 1 ],"
        "\"data_offsets\":[0,1]},\"__metadata__\":{\"format\":\"pt\\b\\f\\r\\t\\\\\"}}   ";
    bytes b = file_of(header, sizeof header - 1, 5);
    grove_tensors_file *file = read_good(b);
    ck_assert_str_eq(grove_tensors_at(file, 0)->name, "\xC3\xA9\xF0\x9F\x8C\xB3/");
    const grove_tensors_entry *entry = grove_tensors_find(file, "b");
    ck_assert_mem_eq(entry->data, "\1\2\3\4", 4);
    ck_assert_uint_eq(entry->count, 1);
    ck_assert_str_eq(grove_tensors_metadata(file, "format"), "pt\b\f\r\t\\");
    walk(file);
    grove_tensors_free(file);
    free(b.at);
    b = file_of("{}", 2, 0);
    file = read_good(b);
    ck_assert_uint_eq(grove_tensors_count(file), 0);
    ck_assert_uint_eq(grove_tensors_metadata_count(file), 0);
    ck_assert_ptr_null(grove_tensors_metadata(file, "x"));
    grove_tensors_free(file);
    free(b.at);
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

#define T(fields) "{\"x\":{" fields "}}"
#define U8(shape, offsets) T("\"dtype\":\"U8\",\"shape\":" shape ",\"data_offsets\":" offsets)
#define NAMED(name, offsets)                                                                       \
    "\"" name "\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":" offsets "}"
#define META(texts) "{\"__metadata__\":" texts "}"
#define CRC(sums) "{\"__metadata__\":{\"crc32c\":\"" sums "\"}," NAMED("x", "[0,2]") "}"

static const struct {
    const char *header;
    size_t data_size;
    const char *words;
} REFUSED[] = {
    {"", 0, "must be a JSON object that begins with '{' at once"},
    {" {}", 0, "it is no safetensors file"},
    {"[]", 0, "it is no safetensors file"},
    {"{}\n", 0, "ends with '}' and spaces"},
    {"{} {}", 0, "at byte 3: expected the end"},
    {"{", 0, "ends with '}'"},
    {"{,}", 0, "at byte 1: expected a string"},
    {"{\"x\"}", 0, "expected ':'"},
    {"{\"x\":1}", 0, "at byte 5 (tensor 'x'): expected '{'"},
    {"{\"x\":{}}", 0, "tensor 'x' has no dtype"},
    {"{\"x\":{},}", 0, "tensor 'x' has no dtype"},
    {META("{\"a\":\"b\"},"), 0, "expected a string"},
    {T("\"dtype\":\"U8\",\"shape\":[]"), 0, "tensor 'x' has no data_offsets"},
    {T("\"dtype\":\"U8\",\"data_offsets\":[0,0]"), 0, "tensor 'x' has no shape"},
    {T("\"dtype\":\"U8\",\"dtype\":\"U8\""), 0, "tensor 'x' has a second 'dtype'"},
    {T("\"type\":\"U8\""), 0, "tensor 'x' has a field 'type'; an entry has dtype, shape and"},
    {T("\"dtype\":\"F8\""), 0,
     "tensor 'x' has dtype 'F8', which is none of F64 F32 F16 BF16 I64 I32 I16 I8 U64 U32 U16 U8 "
     "BOOL"},
    {T("\"dtype\":\"f32\""), 0, "has dtype 'f32', which is none of"},
    {T("\"dtype\":4"), 0, "expected a string"},
    {U8("[-1]", "[0,1]"), 1, "expected a non-negative integer"},
    {U8("[1.0]", "[0,1]"), 1, "expected a non-negative integer"},
    {U8("[1e0]", "[0,1]"), 1, "expected a non-negative integer"},
    {U8("[01]", "[0,1]"), 1, "expected a non-negative integer"},
    {U8("[\"1\"]", "[0,1]"), 1, "expected a non-negative integer"},
    {U8("[1,]", "[0,1]"), 1, "expected a non-negative integer"},
    {U8("[1 1]", "[0,1]"), 1, "expected ',' or ']'"},
    {U8("1", "[0,1]"), 1, "expected '['"},
    {U8("null", "[0,1]"), 1, "expected '['"},
    {U8("[9223372036854775808]", "[0,1]"), 1, "expected an integer below 2^63"},
    {U8("[99999999999999999999]", "[0,1]"), 1, "expected an integer below 2^63"},
    {U8("[9223372036854775807]", "[0,1]"), 1, "needs 9223372036854775807 bytes"},
    {U8("[4294967296,4294967296]", "[0,0]"), 0, "more elements than memory can hold"},
    {T("\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]"), 0,
     "the shape of tensor 'x' has more elements than memory can hold"},
    {U8("[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, "tensor 'x' has 9 dimensions; 8 is the most"},
    {U8("[2]", "[0,1]"), 1,
     "tensor 'x' (2 elements of U8) needs 2 bytes, but its data_offsets are 0 to 1"},
    {U8("[1]", "[0,2]"), 2, "needs 1 bytes, but its data_offsets are 0 to 2"},
    {U8("[]", "[0,0]"), 0, "tensor 'x' (1 elements of U8) needs 1 bytes"},
    {U8("[1]", "[1,0]"), 1, "data_offsets are 1 to 0"},
    {U8("[1]", "[0]"), 1, "expected ','"},
    {U8("[1]", "[0,1,1]"), 1, "expected ']'"},
    {U8("[1]", "[-0,1]"), 1, "expected a non-negative integer"},
    {U8("[1]", "[1,2]"), 2, "the data of tensor 'x' begin at 1 and should begin at 0"},
    {U8("[2]", "[0,2]"), 1, "take 2 bytes, but 1 follow the header: the file is cut or has"},
    {U8("[2]", "[0,2]"), 3, "take 2 bytes, but 3 follow"},
    {"{}", 1, "the tensors take 0 bytes, but 1 follow"},
    {"{" NAMED("x", "[0,2]") "," NAMED("y", "[3,5]") "}", 5,
     "tensor 'y' begin at 3 and should begin at 2, where the tensor before it ends"},
    {"{" NAMED("x", "[0,2]") "," NAMED("y", "[1,3]") "}", 3, "tensor 'y' begin at 1 and should"},
    {"{" NAMED("x", "[0,2]") "," NAMED("y", "[0,2]") "}", 2, "tensor 'y' begin at 0 and should"},
    {"{" NAMED("x", "[0,2]") "," NAMED("x", "[2,4]") "}", 4, "there are two tensors 'x'"},
    {"{" NAMED("x", "[0,2]") "," NAMED("\\u0078", "[2,4]") "}", 4, "there are two tensors 'x'"},
    {"{" NAMED("x", "[0,2]") " " NAMED("y", "[2,4]") "}", 4, "expected ',' or '}'"},
    {"{" NAMED("\\q", "[0,2]") "}", 2, "expected an escape sequence of JSON"},
    {"{" NAMED("\\u00e", "[0,2]") "}", 2, "expected four hex digits"},
    {"{" NAMED("\\u0000", "[0,2]") "}", 2, "a character other than NUL"},
    {"{" NAMED("\\ud83c", "[0,2]") "}", 2, "expected four hex digits"},
    {"{" NAMED("\\ud83c\\u0041", "[0,2]") "}", 2, "expected four hex digits"},
    {"{" NAMED("\\udf33", "[0,2]") "}", 2, "expected four hex digits"},
    {"{" NAMED("\xC3", "[0,2]") "}", 2, "expected UTF-8"},
    {"{" NAMED("\xC0\x80", "[0,2]") "}", 2, "expected UTF-8"},
    {"{" NAMED("\xE0\x80\x80", "[0,2]") "}", 2, "expected UTF-8"},
    {"{" NAMED("\xED\xA0\x80", "[0,2]") "}", 2, "expected UTF-8"},
    {"{" NAMED("\xF4\x90\x80\x80", "[0,2]") "}", 2, "expected UTF-8"},
    {"{" NAMED("\xF5\x80\x80\x80", "[0,2]") "}", 2, "expected UTF-8"},
    {"{" NAMED("\xE6\x97x", "[0,2]") "}", 2, "expected UTF-8"},
    {"{" NAMED("a\nb", "[0,2]") "}", 2, "expected no control character in a string"},
    {"{\"x}", 0, "expected a '\"' that ends the string"},
    {"{\"x\\\"}", 0, "expected a '\"' that ends the string"},
    {META("1"), 0, "expected '{'"},
    {META("{\"a\":1}"), 0, "expected a string"},
    {META("{\"a\":{}}"), 0, "expected a string"},
    {META("{\"a\":\"1\",\"a\":\"2\"}"), 0, "there are two metadata texts 'a'"},
    {META("{},\"__metadata__\":{}"), 0, "'__metadata__' stands twice"},
    {CRC("{\\\"x\\\":\\\"00000000\\\"}"), 2, "the bytes of 'x' are damaged: their crc32c is"},
    {CRC("{\\\"x\\\":\\\"0000000\\\"}"), 2, "the crc32c of 'x' is '0000000' instead of 8 hex"},
    {CRC("{\\\"x\\\":\\\"000000000\\\"}"), 2, "instead of 8 hex digits"},
    {CRC("{\\\"x\\\":\\\"0000000g\\\"}"), 2, "instead of 8 hex digits"},
    {CRC("{\\\"y\\\":\\\"00000000\\\"}"), 2, "a crc32c is given for 'y', but no tensor has that"},
    {CRC("{\\\"__metadata__\\\":\\\"00000000\\\"}"), 2, "the bytes of 'the header' are damaged"},
    {CRC("00000000"), 2, "'crc32c' must be a JSON object of strings; at its byte 0 '{' is missing"},
    {CRC("{} x"), 2, "at its byte 3 the end is missing"},
    {CRC("{\\\"x\\\":1}"), 2, "a string is missing"},
};

START_TEST(what_is_wrong_is_refused_in_words) {
    size_t length = strlen(REFUSED[_i].header);
    expect_refused(file_of(REFUSED[_i].header, length, REFUSED[_i].data_size), REFUSED[_i].words);
}
END_TEST

START_TEST(wrong_sizes_are_refused_in_words) {
    expect_refused(bytes_of("", 0), "it has 0 bytes; a safetensors file begins with 8");
    expect_refused(bytes_of("\2\0\0\0\0\0\0", 7), "it has 7 bytes");
    expect_refused(bytes_of("\3\0\0\0\0\0\0\0{}", 10),
                   "it says that its header has 3 bytes, but only 2 follow");
    expect_refused(bytes_of("\1\xE1\xF5\5\0\0\0\0{}", 10),
                   "it says that its header has 100000001 bytes; 100000000 is the most");
    expect_refused(bytes_of("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10),
                   "18446744073709551615 bytes; 100000000 is the most");
    expect_refused(bytes_of("year,region,price\n2019,4,1.5\n", 30), "it is no safetensors file");
    expect_refused(bytes_of("\1\0\0\0\0\0\0\0[]", 10), "it is no safetensors file");
    expect_refused(bytes_of("\0\0\0\0\0\0\0\0\0", 9), "it is no safetensors file");
    expect_refused(bytes_of("\0\0\0\0\0\0\0\0", 8), "the header must be a JSON object");
    expect_refused(bytes_of("\0\xE1\xF5\5\0\0\0\0{}", 10),
                   "it says that its header has 100000000 bytes, but only 2 follow");
    expect_refused(file_of("{}\0}", 4, 0), "expected the end");
    expect_refused(file_of("{\"a\0b\":{}}", 10, 0), "expected no control character");
}
END_TEST

/* A claim of much data is refused before memory for it is asked for. */
static void *modest_resize(void *user, void *pointer, size_t size) {
    (void)user;
    ck_assert_uint_le(size, 1 << 20);
    if (size == 0) {
        free(pointer);
        return NULL;
    }
    return realloc(pointer, size);
}

START_TEST(a_large_claim_costs_no_memory) {
    static const char header[] = U8("[4611686018427387904]", "[0,4611686018427387904]");
    bytes b = file_of(header, sizeof header - 1, 16);
    grove_allocator allocator = {.resize = modest_resize};
    grove_tensors_file *file;
    ck_assert_int_eq(grove_tensors_read_bytes(b.at, b.size, "m", &allocator, &file, &error),
                     GROVE_BAD_FILE);
    ck_assert_ptr_null(file);
    free(b.at);
}
END_TEST

/* A name of 300 characters of 3 bytes each, with a control character: the message stays whole. */
START_TEST(a_long_name_is_cut_in_messages) {
    char header[1024] = "{\"\\u001b[31m";
    for (int i = 0; i < 300; i++) {
        strcat(header, "\xE6\x97\xA5");
    }
    strcat(header, "\":{}}");
    bytes b = file_of(header, strlen(header), 0);
    ck_assert_ptr_null(read_bytes(b));
    ck_assert_ptr_nonnull(strstr(error.message, "tensor '?[31m\xE6\x97\xA5"));
    ck_assert_ptr_nonnull(strstr(error.message, "\xE6\x97\xA5...' has no dtype"));
    free(b.at);
}
END_TEST

START_TEST(files_that_are_not_there_or_no_files) {
    grove_tensors_file *file;
    ck_assert_int_eq(grove_tensors_read("/nowhere/x", NULL, &file, &error), GROVE_NO_FILE);
    ck_assert_str_eq(error.message, "cannot read '/nowhere/x': No such file or directory");
    ck_assert_ptr_null(file);
    ck_assert_int_eq(grove_tensors_read("/", NULL, &file, &error), GROVE_NO_FILE);
    ck_assert_str_eq(error.message, "cannot read '/': Is a directory");
    ck_assert_int_eq(grove_tensors_read("/dev/null", NULL, &file, &error), GROVE_NO_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "no regular file"));
    ck_assert_int_eq(grove_tensors_read("/dev/null", NULL, &file, NULL), GROVE_NO_FILE);
}
END_TEST

static void expect_not_added(grove_status status, grove_status wanted, const char *words) {
    ck_assert_int_eq(status, wanted);
    ck_assert_msg(strstr(error.message, words) != NULL, "'%s' lacks '%s'", error.message, words);
}

START_TEST(the_writer_refuses_in_words) {
    grove_tensors_writer *w = small_writer();
    const int64_t one[] = {1}, negative[] = {2, -1}, nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const int64_t huge[] = {INT64_MAX, INT64_MAX};
    expect_not_added(grove_tensors_add(w, "weight", GROVE_DTYPE_U8, 1, one, THREE, &error),
                     GROVE_BAD_ARGUMENT, "there is a tensor 'weight' already");
    expect_not_added(grove_tensors_add(w, "__metadata__", GROVE_DTYPE_U8, 1, one, THREE, &error),
                     GROVE_BAD_ARGUMENT, "'__metadata__' cannot name a tensor");
    expect_not_added(grove_tensors_add(w, "\xFF", GROVE_DTYPE_U8, 1, one, THREE, &error),
                     GROVE_BAD_ARGUMENT, "the name of tensor 3 is not UTF-8");
    expect_not_added(grove_tensors_add(w, "y", (grove_dtype)13, 1, one, THREE, &error),
                     GROVE_BAD_TYPE, "tensor 'y' has dtype number 13; there is none");
    expect_not_added(grove_tensors_add(w, "y", GROVE_DTYPE_U8, 2, negative, THREE, &error),
                     GROVE_BAD_SHAPE, "dimension 1 of tensor 'y' is -1; it must not be negative");
    expect_not_added(grove_tensors_add(w, "y", GROVE_DTYPE_U8, 9, nine, THREE, &error),
                     GROVE_BAD_SHAPE, "tensor 'y' has 9 dimensions; 8 is the most");
    expect_not_added(grove_tensors_add(w, "y", GROVE_DTYPE_U8, 2, huge, THREE, &error),
                     GROVE_BAD_SHAPE, "more bytes than memory can hold");
    expect_not_added(grove_tensors_add(w, "y", GROVE_DTYPE_U8, 1, huge, THREE, &error),
                     GROVE_BAD_SHAPE, "more bytes than memory can hold");
    expect_not_added(grove_tensors_add(w, "y", GROVE_DTYPE_U8, 1, one, NULL, &error),
                     GROVE_BAD_ARGUMENT, "tensor 'y' has 1 elements, but its data are NULL");
    expect_not_added(grove_tensors_add_metadata(w, "crc32c", "{}", &error), GROVE_BAD_ARGUMENT,
                     "'crc32c' cannot be set");
    expect_not_added(grove_tensors_add_metadata(w, "model", "", &error), GROVE_BAD_ARGUMENT,
                     "there is a metadata text 'model' already");
    expect_not_added(grove_tensors_add_metadata(w, "k", "\xC3", &error), GROVE_BAD_ARGUMENT,
                     "the value of metadata text 2 is not UTF-8");
    expect_not_added(grove_tensors_add_metadata(w, "\xC3", "", &error), GROVE_BAD_ARGUMENT,
                     "the key of metadata text 2 is not UTF-8");
    bytes after = written(w), before = small_file(); /* nothing refused has left a trace */
    ck_assert_uint_eq(after.size, before.size);
    ck_assert_mem_eq(after.at, before.at, before.size);
    free(after.at);
    free(before.at);
    grove_tensors_writer_free(w);
}
END_TEST

START_TEST(a_header_beyond_the_limit_is_not_written) {
    size_t size = 100000001;
    char *text = malloc(size);
    memset(text, 'a', size - 1);
    text[size - 1] = '\0';
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    ck_assert_int_eq(grove_tensors_add_metadata(writer, "k", text, &error), GROVE_OK);
    const void *at;
    ck_assert_int_eq(grove_tensors_write_bytes(writer, &at, &size, &error), GROVE_UNSUPPORTED);
    ck_assert_ptr_nonnull(strstr(error.message, "100000000 is the most"));
    grove_tensors_writer_free(writer);
    free(text);
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------- */

START_TEST(a_flipped_bit_never_changes_what_is_read) {
    bytes b = small_file();
    grove_tensors_file *good = read_good(b);
    size_t accepted = 0;
    for (size_t bit = 0; bit < b.size * 8; bit++) {
        b.at[bit / 8] ^= (unsigned char)(1u << bit % 8);
        grove_tensors_file *file = read_bytes(b);
        if (file) {
            accepted++;
            expect_same_content(good, file);
        }
        grove_tensors_free(file);
        b.at[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    /* The case of a hex digit, a letter of the key "crc32c": little else. */
    ck_assert_uint_lt(accepted, 100);
    grove_tensors_free(good);
    free(b.at);
}
END_TEST

START_TEST(a_cut_or_longer_file_is_refused) {
    bytes b = small_file();
    for (size_t size = 0; size < b.size; size++) {
        bytes cut = bytes_of(b.at, size);
        ck_assert_ptr_null(read_bytes(cut));
        ck_assert_int_eq(error.status, GROVE_BAD_FILE);
        free(cut.at);
    }
    bytes longer = {calloc(1, b.size + 1), b.size + 1};
    memcpy(longer.at, b.at, b.size);
    expect_refused(longer, "the file is cut or has something added");
    free(b.at);
}
END_TEST

/* One of: another byte, a byte dropped, bytes doubled, a token of the format put in; the size of
 * the header is then mended in most cases, so that the mutation goes deep. */
static bytes mutate(bytes from) {
    static const char *const tokens[] = {"{",       "}",     "[",   "]",
                                         ",",       ":",     "\"",  "\\u",
                                         "\\ud800", "0",     "-1",  "9223372036854775807",
                                         "null",    "\"x\"", "F64", " "};
    bytes b = {malloc(from.size + 64), from.size};
    memcpy(b.at, from.at, from.size);
    for (size_t rounds = 1 + below(4); rounds > 0; rounds--) {
        size_t at = below(b.size), kind = below(4);
        const char *token = tokens[below(sizeof tokens / sizeof tokens[0])];
        size_t length = kind == 2 ? (b.size - at < 8 ? b.size - at : 8) : strlen(token);
        if (kind == 0) {
            b.at[at] = (unsigned char)next_random();
        } else if (kind == 1 && b.size > 16) {
            memmove(b.at + at, b.at + at + 1, b.size - at - 1);
            b.size--;
        } else if (b.size + length <= from.size + 64) {
            memmove(b.at + at + length, b.at + at, b.size - at);
            memcpy(b.at + at, kind == 2 ? (const char *)b.at + at + length : token, length);
            b.size += length;
        }
    }
    uint64_t header = 0;
    memcpy(&header, from.at, 8);
    header += b.size - from.size;
    if (below(8) != 0) {
        memcpy(b.at, &header, 8);
    }
    return b;
}

START_TEST(random_damage_is_survived) {
    static const char plain[] = "{\"__metadata__\":{\"k\":\"v\"}," NAMED("a", "[0,2]") "," NAMED(
        "b\\n", "[2,4]") ",\"c\":{\"dtype\":\"F32\",\"shape\":[1,2],"
                         "\"data_offsets\":[4,12]}}";
    bytes bases[] = {small_file(), file_of(plain, sizeof plain - 1, 12)};
    size_t accepted = 0;
    random_state = 20240607;
    for (int i = 0; i < 20000; i++) {
        bytes mutated = mutate(bases[i % 2]);
        bytes exact = bytes_of(mutated.at, mutated.size);
        grove_tensors_file *file = read_bytes(exact);
        if (file) {
            accepted++;
            walk(file);
        } else {
            ck_assert_int_eq(error.status, GROVE_BAD_FILE);
        }
        grove_tensors_free(file);
        free(mutated.at);
        free(exact.at);
    }
    ck_assert_uint_gt(accepted, 100); /* else the mutations would not go deep */
    free(bases[0].at);
    free(bases[1].at);
}
END_TEST

/* ---- memory that runs out -------------------------------------------------------------------- */

START_TEST(reading_survives_each_failing_allocation) {
    bytes b = small_file();
    failing state = {.for_good = _i == 1};
    grove_allocator allocator = {failing_resize, &state};
    grove_status status = GROVE_NO_MEMORY;
    for (long n = 0; status != GROVE_OK; n++) {
        ck_assert_int_lt(n, 100);
        state.left = n;
        grove_tensors_file *file;
        status = grove_tensors_read_bytes(b.at, b.size, "model", &allocator, &file, &error);
        if (status != GROVE_OK) {
            ck_assert_int_eq(status, GROVE_NO_MEMORY);
            ck_assert_ptr_null(file);
            ck_assert_int_eq(state.live, 0);
        }
        grove_tensors_free(file);
        ck_assert_int_eq(state.live, 0);
    }
    free(b.at);
}
END_TEST

static grove_status write_small(const grove_allocator *allocator, const char *path) {
    grove_tensors_writer *w = grove_tensors_writer_new(allocator);
    if (!w) {
        return GROVE_NO_MEMORY;
    }
    grove_status status = GROVE_OK;
    char name[16];
    for (int i = 0; status == GROVE_OK && i < 20; i++) {
        snprintf(name, sizeof name, "t%d", i);
        status = grove_tensors_add(w, name, GROVE_DTYPE_F32, 2, TWO_BY_THREE, SIX, &error);
    }
    if (status == GROVE_OK) {
        status = grove_tensors_add_metadata(w, "k", "v", &error);
    }
    const void *at;
    size_t size;
    if (status == GROVE_OK) {
        status = path ? grove_tensors_write(w, path, &error)
                      : grove_tensors_write_bytes(w, &at, &size, &error);
    }
    grove_tensors_writer_free(w);
    return status;
}

/* ---- files ----------------------------------------------------------------------------------- */

static char folder[64], path[128];

static void make_folder(void) {
    strcpy(folder, "/tmp/grove-safetensors-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
    snprintf(path, sizeof path, "%s/m.safetensors", folder);
}

static size_t count_files(void) {
    size_t count = 0;
    DIR *listing = opendir(folder);
    ck_assert_ptr_nonnull(listing);
    while (readdir(listing)) {
        count++;
    }
    closedir(listing);
    return count - 2;
}

/* Removes what lies in the folder, and the folder. */
static void remove_folder(void) {
    DIR *listing = opendir(folder);
    for (struct dirent *item = readdir(listing); item; item = readdir(listing)) {
        char name[400];
        snprintf(name, sizeof name, "%s/%s", folder, item->d_name);
        if (item->d_name[0] != '.' || strlen(item->d_name) > 2) {
            remove(name);
        }
    }
    closedir(listing);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void put_file(const char *at, const char *text) {
    FILE *file = fopen(at, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

static void expect_file(const char *at, const char *text) {
    char found[256] = "";
    FILE *file = fopen(at, "r");
    ck_assert_msg(file != NULL, "%s: %s", at, strerror(errno));
    size_t size = fread(found, 1, sizeof found - 1, file);
    fclose(file);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_str_eq(found, text);
}

static grove_status write_text(const char *to, const char *text) {
    grove_atomic_file file;
    grove_atomic_begin(&file, NULL, to, &error);
    for (size_t i = 0; i < strlen(text); i++) {
        grove_atomic_write(&file, text + i, 1);
    }
    return grove_atomic_commit(&file, &error);
}

START_TEST(a_file_is_written_and_read) {
    make_folder();
    grove_tensors_writer *writer = small_writer();
    for (int round = 0; round < 2; round++) { /* the second one replaces the first */
        ck_assert_msg(grove_tensors_write(writer, path, &error) == GROVE_OK, "%s", error.message);
        grove_tensors_file *file, *expected;
        ck_assert_msg(grove_tensors_read(path, NULL, &file, &error) == GROVE_OK, "%s",
                      error.message);
        bytes b = written(writer);
        expected = read_good(b);
        expect_same_content(expected, file);
        walk(file);
        grove_tensors_free(file);
        grove_tensors_free(expected);
        free(b.at);
        ck_assert_uint_eq(count_files(), 1);
    }
    grove_tensors_writer_free(writer);
    remove_folder();
}
END_TEST

START_TEST(a_file_larger_than_the_buffer) {
    make_folder();
    size_t count = 300000;
    float *data = malloc(count * sizeof *data);
    for (size_t i = 0; i < count; i++) {
        data[i] = (float)i;
    }
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    add(writer, "odd", GROVE_DTYPE_F32, 1, (int64_t[]){77777}, data + 1);
    add(writer, "table", GROVE_DTYPE_F32, 2, (int64_t[]){100000, 3}, data);
    ck_assert_msg(grove_tensors_write(writer, path, &error) == GROVE_OK, "%s", error.message);
    grove_tensors_file *file;
    ck_assert_msg(grove_tensors_read(path, NULL, &file, &error) == GROVE_OK, "%s", error.message);
    ck_assert_mem_eq(grove_tensors_find(file, "table")->data, data, count * sizeof *data);
    ck_assert_mem_eq(grove_tensors_find(file, "odd")->data, data + 1, 77777 * sizeof *data);
    walk(file);
    grove_tensors_free(file);
    grove_tensors_writer_free(writer);
    free(data);
    remove_folder();
}
END_TEST

START_TEST(writing_survives_each_failing_allocation) {
    make_folder();
    failing state = {.for_good = _i == 1};
    grove_allocator allocator = {failing_resize, &state};
    for (int to_file = 0; to_file < 2; to_file++) {
        grove_status status = GROVE_NO_MEMORY;
        put_file(path, "old");
        for (long n = 0; status != GROVE_OK; n++) {
            ck_assert_int_lt(n, 300);
            state.left = n;
            status = write_small(&allocator, to_file ? path : NULL);
            ck_assert_int_eq(state.live, 0);
            if (status != GROVE_OK) {
                ck_assert_int_eq(status, GROVE_NO_MEMORY);
                expect_file(path, "old");
            }
            ck_assert_uint_eq(count_files(), 1);
        }
    }
    grove_tensors_file *file;
    ck_assert_int_eq(grove_tensors_read(path, NULL, &file, &error), GROVE_OK);
    grove_tensors_free(file);
    remove_folder();
}
END_TEST

START_TEST(begin_write_commit_abort) {
    make_folder();
    grove_atomic_file file;
    put_file(path, "old");
    ck_assert_int_eq(grove_atomic_begin(&file, NULL, path, &error), GROVE_OK);
    ck_assert_int_eq(grove_atomic_write(&file, "new", 3), GROVE_OK);
    expect_file(path, "old");
    ck_assert_uint_le(count_files(), 2); /* the temporary may have no name */
    grove_atomic_abort(&file);
    expect_file(path, "old");
    ck_assert_uint_eq(count_files(), 1);
    ck_assert_int_eq(write_text(path, "new text"), GROVE_OK);
    expect_file(path, "new text");
    ck_assert_int_eq(write_text(path, ""), GROVE_OK);
    expect_file(path, "");
    ck_assert_uint_eq(count_files(), 1);
    remove_folder();
}
END_TEST

START_TEST(small_and_large_pieces_keep_their_order) {
    make_folder();
    size_t size = 5 * GROVE_ATOMIC_BUFFER + 17, at = 0;
    char *text = malloc(size), *found = malloc(size + 1);
    random_state = 5;
    for (size_t i = 0; i < size; i++) {
        text[i] = (char)next_random();
    }
    grove_atomic_file file;
    ck_assert_int_eq(grove_atomic_begin(&file, NULL, path, &error), GROVE_OK);
    while (at < size) {
        size_t piece = below(3) ? below(2000) : below(2 * GROVE_ATOMIC_BUFFER);
        piece = piece > size - at ? size - at : piece;
        ck_assert_int_eq(grove_atomic_write(&file, text + at, piece), GROVE_OK);
        at += piece;
    }
    ck_assert_int_eq(grove_atomic_commit(&file, &error), GROVE_OK);
    FILE *back = fopen(path, "r");
    ck_assert_uint_eq(fread(found, 1, size + 1, back), size);
    fclose(back);
    ck_assert(memcmp(found, text, size) == 0);
    free(text);
    free(found);
    remove_folder();
}
END_TEST

START_TEST(permissions_follow_umask_or_the_old_file) {
    make_folder();
    struct stat found;
    mode_t old = umask(027);
    ck_assert_int_eq(write_text(path, "x"), GROVE_OK);
    ck_assert_int_eq(stat(path, &found), 0);
    ck_assert_int_eq(found.st_mode & 0777, 0640);
    ck_assert_int_eq(chmod(path, 0606), 0);
    ck_assert_int_eq(write_text(path, "y"), GROVE_OK);
    ck_assert_int_eq(stat(path, &found), 0);
    ck_assert_int_eq(found.st_mode & 0777, 0606);
    umask(old);
    remove_folder();
}
END_TEST

START_TEST(a_link_leads_to_the_file_that_is_replaced) {
    make_folder();
    char link[128], chain[128];
    struct stat found;
    snprintf(link, sizeof link, "%s/link", folder);
    snprintf(chain, sizeof chain, "%s/chain", folder);
    ck_assert_int_eq(symlink("m.safetensors", link), 0); /* leads nowhere yet */
    ck_assert_int_eq(symlink(link, chain), 0);
    ck_assert_int_eq(write_text(chain, "first"), GROVE_OK);
    expect_file(path, "first");
    ck_assert_int_eq(write_text(link, "second"), GROVE_OK);
    expect_file(path, "second");
    ck_assert_int_eq(lstat(link, &found), 0);
    ck_assert(S_ISLNK(found.st_mode));
    ck_assert_uint_eq(count_files(), 3);
    ck_assert_int_eq(remove(link), 0);
    ck_assert_int_eq(symlink("chain", link), 0);
    ck_assert_int_eq(write_text(chain, "x"), GROVE_NO_FILE); /* in a circle */
    ck_assert_ptr_nonnull(strstr(error.message, "Too many levels of symbolic links"));
    expect_file(path, "second");
    remove_folder();
}
END_TEST

START_TEST(pipes_and_standard_output_are_written_straight) {
    make_folder();
    int ends[2];
    char name[32], found[32] = "";
    ck_assert_int_eq(pipe(ends), 0);
    snprintf(name, sizeof name, "/dev/fd/%d", ends[1]);
    ck_assert_msg(write_text(name, "to a pipe") == GROVE_OK, "%s", error.message);
    ck_assert_int_eq(read(ends[0], found, sizeof found - 1), 9);
    ck_assert_str_eq(found, "to a pipe");
    close(ends[0]);
    close(ends[1]);
    fflush(stdout);
    int kept = dup(STDOUT_FILENO), file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, STDOUT_FILENO);
    grove_status first = write_text("-", "one,"), second = write_text("/dev/stdout", "two");
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(file);
    ck_assert_int_eq(first, GROVE_OK);
    ck_assert_int_eq(second, GROVE_OK);
    expect_file(path, "one,two");
    ck_assert_uint_eq(count_files(), 1);
    ck_assert_int_eq(write_text("/dev/null", "x"), GROVE_OK);
    remove_folder();
}
END_TEST

START_TEST(places_that_cannot_be_written) {
    make_folder();
    char name[200];
    ck_assert_int_eq(write_text(folder, "x"), GROVE_NO_FILE);
    snprintf(name, sizeof name, "cannot write '%s': it is a folder", folder);
    ck_assert_str_eq(error.message, name);
    snprintf(name, sizeof name, "%s/none/m", folder);
    ck_assert_int_eq(write_text(name, "x"), GROVE_NO_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "none/m': No such file or directory"));
    put_file(path, "old");
    snprintf(name, sizeof name, "%s/m", path);
    ck_assert_int_eq(write_text(name, "x"), GROVE_NO_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "Not a directory"));
    snprintf(name, sizeof name, "%s/new/", folder);
    ck_assert_int_eq(write_text(name, "x"), GROVE_NO_FILE);
    ck_assert_int_eq(write_text("", "x"), GROVE_NO_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "No such file or directory"));
    ck_assert_int_eq(write_text("/dev/full", "x"), GROVE_NO_FILE);
    ck_assert_str_eq(error.message, "cannot write '/dev/full': No space left on device");
    expect_file(path, "old");
    ck_assert_uint_eq(count_files(), 1);
    remove_folder();
}
END_TEST

/* As root, whom permissions do not bind, the rights of nobody are taken for a moment. */
START_TEST(a_folder_without_the_right_to_write) {
    make_folder();
    put_file(path, "old");
    ck_assert_int_eq(chmod(folder, 0555), 0);
    bool root = geteuid() == 0;
    if (root && seteuid(65534) != 0) {
        puts("skipped: root cannot step down, and permissions do not bind it");
    } else {
        char name[128];
        snprintf(name, sizeof name, "%s/new", folder);
        grove_status status = write_text(name, "x");
        ck_assert(!root || seteuid(0) == 0);
        ck_assert_int_eq(status, GROVE_NO_FILE);
        ck_assert_ptr_nonnull(strstr(error.message, "/new': Permission denied"));
    }
    expect_file(path, "old");
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert_uint_eq(count_files(), 1);
    remove_folder();
}
END_TEST

/* What came of writing 400,000 bytes over a file that says "old". Nothing is asserted before the
 * limits are lifted again. */
typedef struct outcome {
    grove_status status;
    char left[16];
    size_t files;
} outcome;

static outcome write_too_much(void) {
    static float big[100000];
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    add(writer, "big", GROVE_DTYPE_F32, 1, (int64_t[]){100000}, big);
    put_file(path, "old");
    outcome found = {.status = grove_tensors_write(writer, path, &error)};
    grove_tensors_writer_free(writer);
    FILE *file = fopen(path, "r");
    if (file) {
        found.left[fread(found.left, 1, sizeof found.left - 1, file)] = '\0';
        fclose(file);
    }
    found.files = count_files();
    return found;
}

static void expect_old(outcome found, const char *words) {
    ck_assert_int_eq(found.status, GROVE_NO_FILE);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    ck_assert_str_eq(found.left, "old");
    ck_assert_uint_eq(found.files, 1);
}

/* A limit on the size of files stops the writing in the middle, without any rights. */
START_TEST(a_write_that_stops_in_the_middle) {
    make_folder();
    struct rlimit limit, small;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    outcome found = write_too_much();
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    expect_old(found, "m.safetensors': File too large");
    remove_folder();
}
END_TEST

START_TEST(a_full_disk) {
    make_folder();
    if (mount("none", folder, "tmpfs", 0, "size=64k") != 0) {
        printf("skipped: no small disk can be mounted here (%s)\n", strerror(errno));
    } else {
        outcome found = write_too_much();
        ck_assert_int_eq(umount2(folder, MNT_DETACH), 0);
        expect_old(found, "m.safetensors': No space left on device");
    }
    remove_folder();
}
END_TEST

/* ---- the suite ------------------------------------------------------------------------------- */

static void add_tests_in_memory(Suite *suite) {
    TCase *memory = tcase_create("in memory");
    tcase_set_timeout(memory, 120);
    tcase_add_test(memory, crc32c_check_value_and_pieces);
    tcase_add_test(memory, every_dtype_and_rank_comes_back);
    tcase_add_test(memory, dtype_names_and_sizes);
    tcase_add_test(memory, a_small_file_comes_back);
    tcase_add_test(memory, the_bytes_are_the_format);
    tcase_add_test(memory, an_empty_writer_gives_a_file);
    tcase_add_test(memory, any_utf8_name_comes_back);
    tcase_add_test(memory, a_thousand_tensors_come_back);
    tcase_add_test(memory, the_order_of_adding_does_not_matter);
    tcase_add_test(memory, empty_tensors_beside_full_ones);
    tcase_add_test(memory, files_of_other_programs_are_read);
    tcase_add_loop_test(memory, what_is_wrong_is_refused_in_words, 0,
                        (int)(sizeof REFUSED / sizeof REFUSED[0]));
    tcase_add_test(memory, wrong_sizes_are_refused_in_words);
    tcase_add_test(memory, a_large_claim_costs_no_memory);
    tcase_add_test(memory, a_long_name_is_cut_in_messages);
    tcase_add_test(memory, the_writer_refuses_in_words);
    tcase_add_test(memory, a_header_beyond_the_limit_is_not_written);
    tcase_add_test(memory, a_flipped_bit_never_changes_what_is_read);
    tcase_add_test(memory, a_cut_or_longer_file_is_refused);
    tcase_add_test(memory, random_damage_is_survived);
    tcase_add_loop_test(memory, reading_survives_each_failing_allocation, 0, 2);
    suite_add_tcase(suite, memory);
}

static void add_tests_on_disk(Suite *suite) {
    TCase *disk = tcase_create("on disk");
    tcase_set_timeout(disk, 120);
    tcase_add_test(disk, files_that_are_not_there_or_no_files);
    tcase_add_test(disk, a_file_is_written_and_read);
    tcase_add_test(disk, a_file_larger_than_the_buffer);
    tcase_add_loop_test(disk, writing_survives_each_failing_allocation, 0, 2);
    tcase_add_test(disk, begin_write_commit_abort);
    tcase_add_test(disk, small_and_large_pieces_keep_their_order);
    tcase_add_test(disk, permissions_follow_umask_or_the_old_file);
    tcase_add_test(disk, a_link_leads_to_the_file_that_is_replaced);
    tcase_add_test(disk, pipes_and_standard_output_are_written_straight);
    tcase_add_test(disk, places_that_cannot_be_written);
    tcase_add_test(disk, a_folder_without_the_right_to_write);
    tcase_add_test(disk, a_write_that_stops_in_the_middle);
    tcase_add_test(disk, a_full_disk);
    suite_add_tcase(suite, disk);
}

int main(void) {
    Suite *suite = suite_create("safetensors");
    add_tests_in_memory(suite);
    add_tests_on_disk(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
