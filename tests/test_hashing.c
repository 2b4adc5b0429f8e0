/* SPDX-License-Identifier: MIT
 *
 * Hashing: published vectors of the hash over bytes; what is refused.
 */
#include <check.h>
#include <string.h>

#include "grove/grove.h"

static void expect_words(const char *message, const char *words) {
    ck_assert_msg(strstr(message, words) != NULL, "\"%s\" is not in \"%s\"", words, message);
}

/* ---- bytes ----------------------------------------------------------------------------------- */

enum { BUFFER = 222, ALIGNMENTS = 16 };

/* Of xxHash's own check (cli/xsum_sanity_check.c): prefixes of a buffer that is made by
 * multiplying; seeds 0 and PRIME32. */
static const struct {
    size_t size;
    uint64_t seed, hash;
} buffer_vectors[] = {
    {0, 0, 0xEF46DB3751D8E999u},
    {0, 2654435761u, 0xAC75FDA2929B17EFu},
    {1, 0, 0xE934A84ADB052768u},
    {1, 2654435761u, 0x5014607643A9B4C3u},
    {4, 0, 0x9136A0DCA57457EEu},
    {14, 0, 0x8282DCC4994E35C8u},
    {222, 0, 0xB641AE8CB691C174u},
    {14, 2654435761u, 0xC3BD6BF63DEB6DF0u},
    {222, 2654435761u, 0x20CB8AB7AE10C14Au},
};

/* Of the README of python-xxhash. */
static const struct {
    const char *text;
    uint64_t seed, hash;
} text_vectors[] = {
    {"xxhash", 0, 0x32DD38952C4BC720u},
    {"xxhash", 20141025, 0xB559B98D844E0635u},
    {"Nobody inspects the spammish repetition", 0, 0xFBCEA83C8A378BF1u},
    {"I want an unsigned 64-bit seed!", 0, 0xD4CB0A70A2B8C7C1u},
    {"I want an unsigned 64-bit seed!", 1, 0xCE5087F12470D961u},
};

START_TEST(the_hash_is_xxh64) {
    unsigned char made[BUFFER], space[BUFFER + ALIGNMENTS];
    uint64_t generator = 2654435761u;
    for (size_t i = 0; i < BUFFER; i++) {
        made[i] = (unsigned char)(generator >> 56);
        generator *= 11400714785074694797u;
    }
    for (size_t i = 0; i < sizeof buffer_vectors / sizeof *buffer_vectors; i++) {
        for (size_t at = 0; at < ALIGNMENTS; at++) {
            memset(space, 0xEE, sizeof space);
            memcpy(space + at, made, buffer_vectors[i].size);
            uint64_t hash = grove_hash(space + at, buffer_vectors[i].size, buffer_vectors[i].seed);
            ck_assert(hash == buffer_vectors[i].hash);
        }
    }
    for (size_t i = 0; i < sizeof text_vectors / sizeof *text_vectors; i++) {
        const char *text = text_vectors[i].text;
        ck_assert(grove_hash(text, strlen(text), text_vectors[i].seed) == text_vectors[i].hash);
    }
    ck_assert(grove_hash(NULL, 0, 0) == buffer_vectors[0].hash);
}
END_TEST

/* Published by grove: rows of texts. Made by XXH64 and a remainder, in another language. */
static const struct {
    grove_cell text;
    int64_t buckets;
    uint64_t seed;
    int hashes;
    grove_id rows[3];
} rows_of_texts[] = {
    {{"", 0}, 1000, 0, 3, {921, 875, 695}},
    {{"oak", 3}, 1000, 0, 3, {534, 276, 330}},
    {{"oak", 3}, 1000, 1, 3, {276, 330, 736}}, /* the seeds 1, 2, 3: shifted by one */
    {{"Quercus robur", 13}, 20000, 42, 2, {9734, 16163}},
    {{"Fr\xC3\xAAne \xC3\xA9lev\xC3\xA9", 14}, 20000, 42, 2, {14870, 1650}},
    {{"\xFF\0\x80", 3}, 20000, UINT64_MAX, 2, {12547, 5005}}, /* the seeds 2^64 - 1 and 0 */
    {{"a cell that is longer than thirty-two bytes", 43}, INT32_MAX, 7, 2, {1101708181, 142694622}},
};

START_TEST(rows_of_texts_are_the_published_ones) {
    for (size_t i = 0; i < sizeof rows_of_texts / sizeof *rows_of_texts; i++) {
        grove_hashing how = {.buckets = rows_of_texts[i].buckets,
                             .hashes = rows_of_texts[i].hashes,
                             .seed = rows_of_texts[i].seed};
        grove_id rows[4] = {-7, -7, -7, -7};
        ck_assert_int_eq(grove_hash_cell(rows_of_texts[i].text, &how, rows, NULL), GROVE_OK);
        ck_assert_mem_eq(rows, rows_of_texts[i].rows, (size_t)how.hashes * sizeof *rows);
        ck_assert_int_eq(rows[how.hashes], -7);
    }
}
END_TEST

static grove_table *make_table(void) {
    static const char *const names[] = {"height", "species"};
    static const char *const cells[4][2] = {{"1", "oak"}, {"2", ""}, {"3", "fir"}, {"4", "oak"}};
    grove_table *table;
    ck_assert_int_eq(grove_table_new(names, 2, NULL, &table, NULL), GROVE_OK);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(grove_table_append(table, cells[i], NULL), GROVE_OK);
    }
    return table;
}

START_TEST(a_column_is_its_cells) {
    grove_table *table = make_table();
    for (int apart = 0; apart < 2; apart++) {
        grove_hashing how = {.buckets = 1000, .hashes = 3, .missing_apart = apart};
        grove_id column[4 * 3], cell[3];
        ck_assert_int_eq(grove_hash_column(table, 1, &how, column, NULL), GROVE_OK);
        for (size_t row = 0; row < 4; row++) {
            grove_hash_cell(grove_table_cell(table, row, 1), &how, cell, NULL);
            ck_assert_mem_eq(cell, column + 3 * row, sizeof cell);
        }
        ck_assert_mem_eq(column, rows_of_texts[1].rows, sizeof cell);
        ck_assert_mem_eq(column, column + 9, sizeof cell);
        /* What is missing: hashed like any text, or in a row that no text has. */
        const grove_id last[] = {1000, 1000, 1000};
        ck_assert_mem_eq(column + 3, apart ? last : rows_of_texts[0].rows, sizeof last);
    }
    grove_table_free(table);
}
END_TEST

START_TEST(how_not_to_hash_texts) {
    static const struct {
        grove_hashing how;
        const char *words;
    } bad[] = {{{.buckets = 0, .hashes = 1}, "1 to 2147483647 buckets, not 0"},
               {{.buckets = (int64_t)1 << 31, .hashes = 1}, "buckets, not 2147483648"},
               {{.buckets = 5, .hashes = 0}, "1 to 16 hashes of a text, not 0"},
               {{.buckets = 5, .hashes = 17}, "1 to 16 hashes of a text, not 17"}};
    grove_table *table = make_table();
    grove_error error;
    grove_id rows[4 * 17];
    memset(rows, 0x77, sizeof rows);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(grove_hash_cell((grove_cell){"a", 1}, &bad[i].how, rows, &error),
                         GROVE_BAD_ARGUMENT);
        expect_words(error.message, bad[i].words);
        ck_assert_int_eq(grove_hash_column(table, 1, &bad[i].how, rows, &error),
                         GROVE_BAD_ARGUMENT);
        expect_words(error.message, bad[i].words);
    }
    grove_hashing how = {.buckets = 5, .hashes = 1};
    ck_assert_int_eq(grove_hash_cell((grove_cell){"a", 1}, NULL, rows, NULL), GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(grove_hash_column(table, 2, &how, rows, &error), GROVE_BAD_ARGUMENT);
    expect_words(error.message, "the table has no column 2");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(rows[i], 0x77777777);
    }
    grove_table_free(table);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("hashing");
    tcase_add_test(cases, the_hash_is_xxh64);
    tcase_add_test(cases, rows_of_texts_are_the_published_ones);
    tcase_add_test(cases, a_column_is_its_cells);
    tcase_add_test(cases, how_not_to_hash_texts);
    Suite *suite = suite_create("hashing");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
