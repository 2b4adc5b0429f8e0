/* SPDX-License-Identifier: MIT
 *
 * Hashing: published vectors of the hash over bytes and of the one over ids; what is refused.
 */
#include <check.h>
#include <string.h>

#include "grove/grove.h"

static void good(const grove_graph *g) {
    ck_assert_msg(grove_graph_error(g)->status == GROVE_OK, "%s", grove_graph_error(g)->message);
}

static void run(grove_plan *plan) {
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
}

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

/* ---- ids ------------------------------------------------------------------------------------- */

/* Published by grove: rows of ids. Made by a Philox4x32-10 in another language. */
static const struct {
    grove_id id;
    int64_t buckets;
    uint64_t seed;
    int hashes;
    grove_id rows[3];
} rows_of_ids[] = {
    {0, 1000, 0, 3, {239, 649, 187}},
    {1, 1000, 0, 3, {203, 784, 718}},
    {INT32_MAX, 1000, 0, 3, {987, 734, 792}},
    {4711, 20000, 42, 2, {5808, 2452}},
    {4711, INT32_MAX, 42, 2, {126191026, 856122225}},
    {4711, 20000, 0xFEDCBA9876543210u, 2, {4163, 16090}},
    {72999, 73000, UINT64_MAX, 2, {33399, 61353}},
};

/* Whatever the graph's seed, the node's number, the place in a batch and the threads. */
START_TEST(rows_of_ids_are_the_published_ones) {
    enum { BATCH = 301 };
    for (size_t i = 0; i < sizeof rows_of_ids / sizeof *rows_of_ids; i++) {
        for (int64_t place = 0; place < BATCH; place += 100) {
            grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = (uint64_t)place});
            grove_positions(g, 1 + place % 3);
            grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
            int hashes = rows_of_ids[i].hashes;
            grove_tensor y =
                grove_hash_ids(ids, rows_of_ids[i].buckets, hashes, rows_of_ids[i].seed);
            grove_plan_options o = {.batch = BATCH, .threads = 1 + (int)(place / 100)};
            grove_plan *plan = grove_plan_new(g, &y, 1, &o);
            grove_id numbers[BATCH] = {0};
            numbers[place] = rows_of_ids[i].id;
            grove_bind(plan, ids, numbers);
            run(plan);
            const grove_id *rows = grove_value(plan, y);
            ck_assert_uint_eq(grove_value_count(plan, y), (size_t)(BATCH * hashes));
            ck_assert_mem_eq(rows + place * hashes, rows_of_ids[i].rows,
                             (size_t)hashes * sizeof *rows);
            grove_plan_free(plan);
            grove_graph_free(g);
        }
    }
}
END_TEST

static void refused_when_run(grove_tensor y, grove_tensor ids, grove_id id, const char *words) {
    grove_plan *plan = grove_plan_new(y.graph, &y, 1, &(grove_plan_options){.batch = 3});
    const grove_id numbers[] = {0, 1, id};
    grove_bind(plan, ids, numbers);
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
    expect_words(grove_plan_error(plan)->message, "position 2 of 'ids'");
    expect_words(grove_plan_error(plan)->message, words);
    grove_plan_free(plan);
}

START_TEST(ids_that_are_none_are_refused) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
    refused_when_run(grove_hash_ids(ids, 9, 2, 0), ids, -1,
                     "is -1, it must be from 0 to 2147483647");
    refused_when_run(grove_quotient_ids(ids, 4, 11), ids, 11, "is 11, it must be from 0 to 10");
    refused_when_run(grove_remainder_ids(ids, 4, 11), ids, -1, "is -1, it must be from 0 to 10");
    good(g);
    grove_graph_free(g);
}
END_TEST

/* A bag's padding stays padding: it has no row, before and after it was hashed. */
START_TEST(nobody_has_no_row) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 3);
    grove_tensor known = grove_embedding_bag_ids(ids, -1, 100);
    grove_tensor y[] = {grove_hash_ids(known, 5, 2, 0), grove_quotient_ids(known, 7, 100),
                        grove_remainder_ids(known, 7, 100)};
    grove_plan *plan = grove_plan_new(g, y, 3, NULL);
    grove_bind(plan, ids, (const grove_id[]){99, -1, 3});
    run(plan);
    const grove_id *hashed = grove_value(plan, y[0]);
    ck_assert(hashed[2] == GROVE_NOBODY && hashed[3] == GROVE_NOBODY && hashed[4] >= 0);
    ck_assert_mem_eq(grove_value(plan, y[1]), ((grove_id[]){14, GROVE_NOBODY, 0}), 12);
    ck_assert_mem_eq(grove_value(plan, y[2]), ((grove_id[]){1, GROVE_NOBODY, 3}), 12);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("hashing");
    tcase_add_test(cases, the_hash_is_xxh64);
    tcase_add_test(cases, rows_of_texts_are_the_published_ones);
    tcase_add_test(cases, a_column_is_its_cells);
    tcase_add_test(cases, how_not_to_hash_texts);
    tcase_add_test(cases, rows_of_ids_are_the_published_ones);
    tcase_add_test(cases, ids_that_are_none_are_refused);
    tcase_add_test(cases, nobody_has_no_row);
    Suite *suite = suite_create("hashing");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
