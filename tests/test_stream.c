/* SPDX-License-Identifier: MIT
 *
 * Tables in blocks: what is guessed and noted of them is what is guessed and noted of the whole. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/schema_pass.h"
#include "grove/data.h"
#include "grove/data_hash.h"
#include "grove/data_row_file.h"
#include "grove/data_source.h"
#include "hostile_allocator.h"
#include "train/shuffled_rows.h"

/* ---- guess and fit, block by block ----------------------------------------------------------- */

enum { ROWS = 700, COLUMNS = 7 };
static const char *const names[COLUMNS] = {"species", "height", "mixed", "code",
                                           "whole",   "same",   "label"};

/* Cells [COLUMNS] of a row: text; a number with gaps; numbers with a fraction, and a word later on;
 * codes; whole numbers; one value; two classes. */
static void fill_row(size_t row, char cells[COLUMNS][32]) {
    snprintf(cells[0], 32, "species %zu", row * row % 41);
    snprintf(cells[1], 32, "%.2f", (double)row * 0.37);
    cells[1][0] = row % 9 ? cells[1][0] : '\0';
    snprintf(cells[2], 32, row == 500 ? "none" : "%zu.5", row % 83);
    snprintf(cells[3], 32, "%zu", 1000000 + (row % 11) * (row % 11) * (row % 11) * 7919);
    snprintf(cells[4], 32, "%zu", row % 60);
    strcpy(cells[5], "a");
    strcpy(cells[6], row % 5 == 2 || row % 7 == 1 ? "yes" : "no");
}

/* Rows begin..end - 1. */
static grove_table *rows_of(size_t begin, size_t end) {
    grove_table *table;
    grove_error error;
    ck_assert_int_eq(grove_table_new(names, COLUMNS, NULL, &table, &error), GROVE_OK);
    for (size_t row = begin; row < end; row++) {
        char cells[COLUMNS][32];
        const char *texts[COLUMNS];
        fill_row(row, cells);
        for (int i = 0; i < COLUMNS; i++) {
            texts[i] = cells[i];
        }
        ck_assert_int_eq(grove_table_append(table, texts, &error), GROVE_OK);
    }
    return table;
}

static grove_schema *guess_in_blocks(size_t block, const grove_schema_options *options) {
    grove_error error = {0};
    grove_guess g;
    grove_schema *schema;
    grove_table *first = rows_of(0, 1);
    ck_assert_int_eq(grove_guess_begin(&g, first, options, &error), GROVE_OK);
    for (int readings = 0; readings == 0 || grove_guess_missed(&g); readings++) {
        ck_assert_int_lt(readings, 2);
        grove_guess_again(&g);
        for (size_t row = 0; row < ROWS; row += block) {
            grove_table *table = rows_of(row, row + block < ROWS ? row + block : ROWS);
            ck_assert_int_eq(grove_guess_add(&g, table, &error), GROVE_OK);
            grove_table_free(table);
        }
    }
    ck_assert_int_eq(grove_guess_end(&g, first, &schema, &error), GROVE_OK);
    size_t largest;
    ck_assert_uint_gt(grove_guess_bytes(&g, &largest), 0);
    grove_guess_free(&g);
    grove_table_free(first);
    return schema;
}

/* To all rows but every tenth. */
static void fit_in_blocks(grove_schema *schema, size_t block) {
    grove_error error = {0};
    grove_fitting f;
    grove_table *first = rows_of(0, 1);
    ck_assert_int_eq(grove_fitting_begin(&f, schema, first, &error), GROVE_OK);
    for (size_t row = 0; row < ROWS; row += block) {
        size_t rows[ROWS], count = 0, end = row + block < ROWS ? row + block : ROWS;
        for (size_t i = row; i < end; i++) {
            rows[count] = i - row;
            count += i % 10 != 0;
        }
        grove_table *table = rows_of(row, end);
        ck_assert_int_eq(grove_fitting_add(&f, table, rows, count, &error), GROVE_OK);
        grove_table_free(table);
    }
    size_t largest;
    ck_assert_uint_gt(grove_fitting_bytes(&f, &largest), 0);
    ck_assert_int_eq(grove_fitting_end(&f, first, &error), GROVE_OK);
    grove_fitting_free(&f);
    grove_table_free(first);
}

static void check_same(const grove_schema *a, const grove_schema *b) {
    ck_assert_uint_eq(grove_schema_columns(a), grove_schema_columns(b));
    for (size_t i = 0; i < grove_schema_columns(a); i++) {
        grove_vocabulary one = grove_schema_vocabulary(a, i), other = grove_schema_vocabulary(b, i);
        ck_assert_int_eq(grove_schema_kind(a, i), grove_schema_kind(b, i));
        ck_assert_str_eq(grove_schema_reason(a, i), grove_schema_reason(b, i));
        ck_assert_int_eq(one.size, other.size);
        ck_assert_int_eq(one.byte_count, other.byte_count);
        ck_assert_mem_eq(one.bytes, other.bytes, (size_t)one.byte_count);
        ck_assert_mem_eq(one.counts, other.counts, (size_t)one.size * sizeof *one.counts);
        ck_assert_int_eq(one.unknown, other.unknown);
        ck_assert(grove_schema_mean(a, i) == grove_schema_mean(b, i));
        ck_assert(grove_schema_deviation(a, i) == grove_schema_deviation(b, i));
        ck_assert_int_eq(grove_schema_missing(a, i), grove_schema_missing(b, i));
    }
}

START_TEST(blocks_are_the_whole) {
    const grove_schema_options options = {.label = "label"};
    grove_error error = {0};
    grove_schema *whole;
    grove_table *table = rows_of(0, ROWS);
    size_t rows[ROWS], count = 0;
    for (size_t i = 0; i < ROWS; i++) {
        rows[count] = i;
        count += i % 10 != 0;
    }
    ck_assert_int_eq(grove_schema_guess(table, &options, &whole, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_kind(whole, 2), GROVE_COLUMN_CATEGORICAL);
    ck_assert_int_eq(grove_schema_kind(whole, 3), GROVE_COLUMN_CATEGORICAL);
    ck_assert_int_eq(grove_schema_kind(whole, 4), GROVE_COLUMN_NUMERIC);
    ck_assert_int_eq(grove_schema_fit(whole, table, rows, count, &error), GROVE_OK);
    const size_t blocks[] = {ROWS, 699, 100, 33, 1};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        grove_schema *parts = guess_in_blocks(blocks[i], &options);
        fit_in_blocks(parts, blocks[i]);
        check_same(whole, parts);
        grove_schema_free(parts);
    }
    grove_schema_free(whole);
    grove_table_free(table);
}
END_TEST

/* ---- sources --------------------------------------------------------------------------------- */

/* A file of so many rows, with quotes, line ends within cells, rows of any length, and a last line
 * that has no end. */
static void write_file(const char *path, size_t rows, const char *bad_row) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    fputs("\xEF\xBB\xBFname,text,empty\r\n", file);
    for (size_t i = 0; i < rows; i++) {
        fprintf(
            file, "%s%zu,\"a \"\"%zu\"\"\n%.*s\",", i ? "\n" : "", i, i * i, (int)(i * 37 % 400),
            "0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
            "2345678901234567890123456789012345678901234567890123456789012345678901234567890123"
            "4567890123456789012345678901234567890123456789012345678901234567890123456789012345"
            "6789012345678901234567890123456789012345678901234567890123456789012345678901234567"
            "8901234567890123456789012345678901234567890123456789012345678901234567890123456789");
    }
    fputs(bad_row, file);
    fclose(file);
}

static char path[] = "/tmp/grove-stream-XXXXXX";

static void make_path(void) {
    int descriptor = mkstemp(path);
    ck_assert_int_ge(descriptor, 0);
    close(descriptor);
}

static void remove_path(void) {
    unlink(path);
    strcpy(path + sizeof path - 7, "XXXXXX");
}

/* Reads all blocks and holds them against the whole table; returns how many there were. */
static size_t check_blocks(grove_source *source, const grove_table *whole) {
    grove_error error;
    const grove_table *block;
    size_t row = 0, blocks = 0;
    for (;; blocks++) {
        ck_assert_int_eq(grove_source_next(source, &block, &error), GROVE_OK);
        if (!block) {
            break;
        }
        ck_assert_ptr_eq(block, grove_source_table(source));
        ck_assert_uint_eq(grove_table_columns(block), grove_table_columns(whole));
        for (size_t i = 0; i < grove_table_rows(block); i++, row++) {
            ck_assert_uint_eq(grove_table_line(block, i), grove_table_line(whole, row));
            for (size_t c = 0; c < grove_table_columns(whole); c++) {
                grove_cell a = grove_table_cell(block, i, c), b = grove_table_cell(whole, row, c);
                ck_assert_uint_eq(a.length, b.length);
                ck_assert_mem_eq(a.bytes, b.bytes, a.length + 1);
            }
        }
    }
    ck_assert_uint_eq(row, grove_table_rows(whole));
    ck_assert_str_eq(grove_table_name(grove_source_table(source), 1), "text");
    return blocks;
}

START_TEST(source_is_the_table) {
    const size_t rows[] = {1, 300, 5000, 40000};
    make_path();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        grove_error error;
        grove_table *whole;
        grove_source *source;
        write_file(path, rows[i], "");
        ck_assert_int_eq(grove_table_read_csv(path, NULL, &whole, &error), GROVE_OK);
        ck_assert_int_eq(grove_source_open(path, NULL, NULL, &source, &error), GROVE_OK);
        ck_assert_uint_gt(grove_source_bytes(source), 20);
        size_t blocks = check_blocks(source, whole);
        ck_assert(rows[i] < 40000 ? blocks == 1 : blocks > 4);
        ck_assert_int_eq(grove_source_rewind(source, &error), GROVE_OK);
        check_blocks(source, whole);
        grove_source_free(source);
        grove_table_free(whole);
    }
    grove_source_free(NULL);
    remove_path();
}
END_TEST

/* The mistake is met in its block, with its line; blocks before it were good. */
START_TEST(source_tells_the_line) {
    grove_error error, whole_error;
    grove_table *whole;
    grove_source *source;
    const grove_table *block;
    make_path();
    write_file(path, 30000, "\n1,2\n1,2,3\n");
    ck_assert_int_eq(grove_table_read_csv(path, NULL, &whole, &whole_error), GROVE_BAD_DATA);
    ck_assert_int_eq(grove_source_open(path, NULL, NULL, &source, &error), GROVE_OK);
    size_t good = 0;
    grove_status status = grove_source_next(source, &block, &error);
    for (; status == GROVE_OK; status = grove_source_next(source, &block, &error)) {
        good++;
    }
    ck_assert_int_eq(status, GROVE_BAD_DATA);
    ck_assert_uint_gt(good, 1);
    ck_assert_str_eq(error.message, whole_error.message);
    ck_assert_int_eq(grove_source_next(source, &block, &error), GROVE_BAD_DATA);
    grove_source_free(source);
    ck_assert_int_eq(grove_source_open("/nowhere/a.csv", NULL, NULL, &source, &error),
                     GROVE_NO_FILE);
    ck_assert_ptr_null(source);
    remove_path();
}
END_TEST

START_TEST(source_survives_short_memory) {
    make_path();
    write_file(path, 600, "");
    int failures = 0;
    for (size_t call = 1;; call++) {
        hostile_memory memory = {.fail_at = call, .for_good = true};
        grove_csv_options options = {.allocator = hostile_allocator(&memory)};
        grove_error error = {0};
        grove_source *source = NULL;
        const grove_table *block;
        grove_status status = grove_source_open(path, &options, NULL, &source, &error);
        for (int i = 0; i < 3 && status == GROVE_OK; i++) {
            status = grove_source_next(source, &block, &error);
        }
        grove_source_free(source);
        ck_assert_uint_eq(memory.live, 0);
        if (status == GROVE_OK) {
            break;
        }
        ck_assert_int_eq(status, GROVE_NO_MEMORY);
        failures++;
    }
    ck_assert_int_gt(failures, 5);
    remove_path();
}
END_TEST

/* ---- files of rows --------------------------------------------------------------------------- */

enum { MANY = 5000 };
static const grove_schema_options label_only = {.label = "label"};
static const grove_holdout tenth = {.share = 0.1, .seed = 3};

/* The rows of the blocks above, as CSV. */
static void write_rows(const char *to, size_t rows) {
    FILE *file = fopen(to, "wb");
    char cells[COLUMNS][32];
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < COLUMNS; i++) {
        fprintf(file, "%s%s", i ? "," : "", names[i]);
    }
    for (size_t row = 0; row < rows; row++) {
        fill_row(row, cells);
        for (int i = 0; i < COLUMNS; i++) {
            fprintf(file, "%s%s", i ? "," : "\n", cells[i]);
        }
    }
    fclose(file);
}

typedef struct scene {
    grove_source *source;
    grove_schema *schema;
    grove_survey_result surveyed;
    grove_row_file_plan plan;
} scene;

static grove_status open_scene(scene *s, const grove_allocator *allocator, grove_error *error) {
    grove_csv_options csv = {.allocator = *allocator};
    grove_schema_options options = {.label = "label", .allocator = *allocator};
    *s = (scene){.source = NULL};
    grove_status status = grove_source_open(path, &csv, "/tmp", &s->source, error);
    if (status == GROVE_OK) {
        status =
            grove_survey_source(s->source, &options, &tenth, 0, &s->schema, &s->surveyed, error);
    }
    s->plan = (grove_row_file_plan){
        .schema = s->schema, .source = s->source, .surveyed = &s->surveyed, .holdout = &tenth};
    return status;
}

static void close_scene(scene *s) {
    grove_schema_free(s->schema);
    grove_source_free(s->source);
}

/* Row i of a part holds what encoding row `row` of the whole gives. */
static void check_row(const grove_row_file *file, grove_part part, size_t i,
                      const grove_dataset *whole) {
    grove_error error;
    const size_t row = (size_t)grove_row_file_source_row(file, part, i);
    const size_t ids = grove_dataset_categoricals(whole), width = grove_row_file_width(file);
    int32_t *words, *block;
    const size_t first = i - i % GROVE_BLOCK_ROWS;
    ck_assert_int_eq(grove_row_file_read(file, part, i, 1, &words, &error), GROVE_OK);
    ck_assert_int_eq(grove_row_file_read(file, part, first, GROVE_BLOCK_ROWS, &block, &error),
                     GROVE_OK);
    ck_assert_mem_eq(words, block + (i - first) * width, width * sizeof *words);
    ck_assert(grove_is_held_out(&tenth, row) == (part == GROVE_PART_VALID));
    for (size_t c = 0; c < ids; c++) {
        ck_assert_int_eq(words[c], grove_dataset_ids(whole, c)[row]);
    }
    ck_assert_int_eq(words[ids], grove_dataset_labels(whole)[row]);
    ck_assert_mem_eq(words + ids + 1,
                     grove_dataset_numbers(whole) + row * grove_dataset_features(whole),
                     grove_dataset_features(whole) * sizeof(float));
    grove_row_file_release(file, words);
    grove_row_file_release(file, block);
}

START_TEST(survey_is_guess_and_fit) {
    scene s;
    grove_error error;
    grove_table *table;
    grove_schema *schema;
    grove_dataset *whole;
    grove_row_file *file;
    size_t rows[MANY], count = 0;
    const grove_encode_options labelled = {.label_required = true};
    make_path();
    write_rows(path, MANY);
    ck_assert_int_eq(open_scene(&s, &(grove_allocator){0}, &error), GROVE_OK);
    ck_assert_int_eq(grove_table_read_csv(path, NULL, &table, &error), GROVE_OK);
    for (size_t i = 0; i < MANY; i++) {
        rows[count] = i;
        count += !grove_is_held_out(&tenth, i);
    }
    ck_assert_uint_eq(s.surveyed.rows, MANY);
    ck_assert_uint_eq(s.surveyed.train_rows, count);
    ck_assert_int_lt(abs((int)count - 4500), 80);
    ck_assert_int_eq(grove_schema_guess(table, &label_only, &schema, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_fit(schema, table, rows, count, &error), GROVE_OK);
    check_same(schema, s.schema);

    ck_assert_int_eq(grove_schema_encode(schema, table, &labelled, &whole, &error), GROVE_OK);
    ck_assert_int_eq(grove_row_file_temporary(&s.plan, "/tmp", &file, &error), GROVE_OK);
    ck_assert_uint_eq(grove_row_file_rows(file, GROVE_PART_TRAIN), count);
    ck_assert_uint_eq(grove_row_file_rows(file, GROVE_PART_VALID), MANY - count);
    ck_assert_uint_eq(grove_row_file_rows(file, GROVE_PART_TEST), 0);
    for (size_t i = 0; i < count; i += 7) {
        check_row(file, GROVE_PART_TRAIN, i, whole);
    }
    for (size_t i = 0; i < MANY - count; i++) {
        check_row(file, GROVE_PART_VALID, i, whole);
    }
    int32_t *none;
    ck_assert_int_eq(grove_row_file_read(file, GROVE_PART_VALID, 99 * GROVE_BLOCK_ROWS, 1, &none,
                                         &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_int_eq(
        grove_row_file_read(file, GROVE_PART_TRAIN, 1, GROVE_BLOCK_ROWS, &none, &error),
        GROVE_BAD_ARGUMENT);
    ck_assert_ptr_null(none);
    const grove_dataset *part = grove_row_file_dataset(file, GROVE_PART_TRAIN);
    ck_assert_uint_eq(grove_dataset_rows(part), count);
    ck_assert_ptr_eq(grove_dataset_file(part), file);
    ck_assert_ptr_null(grove_dataset_ids(part, 0));
    const grove_batch batch = {.labels = NULL};
    ck_assert_int_eq(grove_dataset_gather(part, NULL, 0, 1, &batch, &error), GROVE_UNSUPPORTED);
    grove_row_file_free(file);
    grove_row_file_free(NULL);
    grove_dataset_free(whole);
    grove_schema_free(schema);
    grove_table_free(table);
    close_scene(&s);
    remove_path();
}
END_TEST

/* Writes the rows of the scene to a file; returns its size. */
static long write_cache(scene *s, const char *to) {
    grove_error error;
    FILE *file = fopen(to, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(grove_row_file_write(&s->plan, grove_csv_to_file, file, &error), GROVE_OK);
    long size = ftell(file);
    fclose(file);
    ck_assert_int_eq((int64_t)grove_row_file_size(&s->plan), size);
    return size;
}

static void expect_status(scene *s, const char *cache, grove_status wanted, const char *words) {
    grove_error error;
    grove_row_file *file;
    ck_assert_int_eq(grove_row_file_open(cache, &s->plan, &file, &error), wanted);
    if (wanted != GROVE_OK) {
        ck_assert_ptr_null(file);
        ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    }
    grove_row_file_free(file);
}

static void change_byte(const char *at, long place) {
    FILE *file = fopen(at, "r+b");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, place, SEEK_SET), 0);
    int byte = fgetc(file);
    ck_assert_int_eq(fseek(file, place, SEEK_SET), 0);
    fputc(byte ^ 1, file);
    fclose(file);
}

START_TEST(caches_are_checked) {
    scene s;
    grove_error error;
    char cache[] = "/tmp/grove-cache-XXXXXX";
    int descriptor = mkstemp(cache);
    ck_assert_int_ge(descriptor, 0);
    close(descriptor);
    make_path();
    write_rows(path, MANY);
    ck_assert_int_eq(open_scene(&s, &(grove_allocator){0}, &error), GROVE_OK);
    long size = write_cache(&s, cache);
    expect_status(&s, cache, GROVE_OK, "");
    /* Rows, parts of blocks, both numbers of rows at their lowest and highest byte, the end. */
    const long places[] = {4096,      size / 2,  size - 100, size - 60,
                           size - 40, size - 33, size - 32,  size - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        change_byte(cache, places[i]);
        expect_status(&s, cache, GROVE_NOT_FOUND, i < 7 ? "are " : "are cut off");
        change_byte(cache, places[i]);
        expect_status(&s, cache, GROVE_OK, "");
    }
    ck_assert_int_eq(truncate(cache, size - 8192), 0);
    expect_status(&s, cache, GROVE_NOT_FOUND, "are cut off");
    write_cache(&s, cache);
    const grove_holdout other = {.share = 0.1, .seed = 4};
    s.plan.holdout = &other;
    expect_status(&s, cache, GROVE_NOT_FOUND, "are of other data");
    s.plan.holdout = &tenth;
    FILE *file = fopen(cache, "wb");
    fputs("a,b\n1,2\n", file);
    fclose(file);
    expect_status(&s, cache, GROVE_BAD_FILE, "no file of rows");
    unlink(cache);
    expect_status(&s, cache, GROVE_NOT_FOUND, "there is no");
    close_scene(&s);
    remove_path();
}
END_TEST

/* Cut short while it is open. */
START_TEST(a_file_that_shrinks) {
    scene s;
    grove_error error;
    grove_row_file *file;
    int32_t *words;
    char cache[sizeof path + 5];
    make_path();
    snprintf(cache, sizeof cache, "%s.rows", path);
    write_rows(path, MANY);
    ck_assert_int_eq(open_scene(&s, &(grove_allocator){0}, &error), GROVE_OK);
    write_cache(&s, cache);
    ck_assert_int_eq(grove_row_file_open(cache, &s.plan, &file, &error), GROVE_OK);
    ck_assert_int_eq(truncate(cache, 4096 + 100), 0);
    ck_assert_int_eq(grove_row_file_read(file, GROVE_PART_TRAIN, 0, 1, &words, &error), GROVE_OK);
    grove_row_file_release(file, words);
    ck_assert_int_eq(grove_row_file_read(file, GROVE_PART_TRAIN, 0, 9, &words, &error),
                     GROVE_NO_FILE);
    ck_assert_ptr_null(words);
    ck_assert_ptr_nonnull(strstr(error.message, "were cut off while they were read"));
    grove_row_file_free(file);
    unlink(cache);
    close_scene(&s);
    remove_path();
}
END_TEST

static int no_room(void *user, const char *bytes, size_t size) {
    size_t *left = user;
    (void)bytes;
    bool fits = size <= *left;
    *left -= fits ? size : 0;
    return fits ? 0 : -1;
}

START_TEST(what_goes_wrong) {
    scene s;
    grove_error error;
    grove_row_file *file;
    make_path();
    write_rows(path, MANY);
    ck_assert_int_eq(open_scene(&s, &(grove_allocator){0}, &error), GROVE_OK);
    for (size_t left = 0; left < grove_row_file_size(&s.plan); left += 30000) {
        size_t room = left;
        ck_assert_int_eq(grove_row_file_write(&s.plan, no_room, &room, &error), GROVE_NO_FILE);
    }
    ck_assert_int_eq(grove_row_file_temporary(&s.plan, "/nowhere", &file, &error), GROVE_NO_FILE);
    ck_assert_ptr_nonnull(strstr(error.message, "TMPDIR"));
    ck_assert_ptr_null(file);
    write_rows(path, MANY - 1);
    ck_assert_int_eq(grove_row_file_temporary(&s.plan, "/tmp", &file, &error), GROVE_BAD_DATA);
    ck_assert_ptr_nonnull(strstr(error.message, "has changed while it was read"));
    grove_schema *schema;
    ck_assert_int_eq(
        grove_survey_source(s.source, &label_only, &tenth, 2000, &schema, &s.surveyed, &error),
        GROVE_NO_MEMORY);
    ck_assert_ptr_null(schema);
    ck_assert_ptr_nonnull(strstr(error.message, "has the most"));
    close_scene(&s);
    remove_path();
}
END_TEST

START_TEST(rows_survive_short_memory) {
    int failures = 0;
    make_path();
    write_rows(path, 300);
    for (size_t call = 1;; call++) {
        hostile_memory memory = {.fail_at = call, .for_good = true};
        grove_allocator allocator = hostile_allocator(&memory);
        grove_error error = {0};
        grove_row_file *file = NULL;
        scene s;
        grove_status status = open_scene(&s, &allocator, &error);
        if (status == GROVE_OK) {
            status = grove_row_file_temporary(&s.plan, "/tmp", &file, &error);
        }
        grove_row_file_free(file);
        close_scene(&s);
        ck_assert_uint_eq(memory.live, 0);
        if (status == GROVE_OK) {
            break;
        }
        ck_assert_int_eq(status, GROVE_NO_MEMORY);
        failures++;
    }
    ck_assert_int_gt(failures, 30);
    remove_path();
}
END_TEST

/* ---- an epoch -------------------------------------------------------------------------------- */

enum { EPOCH_ROWS = 90000, BATCH = 500 }; /* more than the blocks that are read together hold */

typedef struct epoch_scene {
    scene data;
    grove_row_file *file;
    grove_classifier classifier;
    grove_feed feed;
    grove_targets targets;
    grove_rows rows;
    grove_shuffled_rows shuffled;
    grove_dataset *whole;
    size_t *from; /* the row of the table that each row of training is */
} epoch_scene;

static void open_epoch(epoch_scene *e) {
    grove_error error;
    grove_table *table;
    const grove_classifier_options network = {.seed = 1};
    const grove_fit_options fit = {.batch = BATCH};
    const grove_encode_options labelled = {.label_required = true};
    make_path();
    write_rows(path, EPOCH_ROWS);
    ck_assert_int_eq(open_scene(&e->data, &(grove_allocator){0}, &error), GROVE_OK);
    const grove_schema *schema = e->data.schema;
    ck_assert_int_eq(grove_row_file_temporary(&e->data.plan, "/tmp", &e->file, &error), GROVE_OK);
    ck_assert_int_eq(grove_table_read_csv(path, NULL, &table, &error), GROVE_OK);
    ck_assert_int_eq(grove_schema_encode(schema, table, &labelled, &e->whole, &error), GROVE_OK);
    grove_table_free(table);
    e->from = malloc(EPOCH_ROWS * sizeof *e->from);
    for (size_t row = 0, count = 0; row < EPOCH_ROWS; row++) {
        e->from[count] = row;
        count += !grove_is_held_out(&tenth, row);
    }
    ck_assert_int_eq(grove_classifier_new(schema, &network, &e->classifier, &error), GROVE_OK);
    e->rows = (grove_rows){grove_row_file_dataset(e->file, GROVE_PART_TRAIN), NULL, 0};
    e->rows.count = grove_dataset_rows(e->rows.dataset);
    ck_assert_int_eq(grove_feed_open(&e->feed, e->classifier.graph, schema, BATCH, &error),
                     GROVE_OK);
    ck_assert_int_eq(grove_feed_fits(&e->feed, &e->rows, &error), GROVE_OK);
    ck_assert_int_eq(
        grove_targets_open(&e->targets, &e->classifier, schema, &fit, &e->rows, BATCH, &error),
        GROVE_OK);
    ck_assert_int_eq(grove_shuffled_open(&e->shuffled, &e->feed, &e->targets, &e->rows, 7, &error),
                     GROVE_OK);
}

static void close_epoch(epoch_scene *e) {
    grove_shuffled_close(&e->shuffled);
    grove_targets_close(&e->targets);
    grove_feed_close(&e->feed);
    grove_classifier_free(&e->classifier);
    grove_row_file_free(e->file);
    grove_dataset_free(e->whole);
    free(e->from);
    close_scene(&e->data);
    remove_path();
}

static void take(epoch_scene *e, size_t begin, size_t count) {
    grove_error error;
    ck_assert_int_eq(grove_shuffled_take(&e->shuffled, begin, count, &e->feed, &e->targets, &error),
                     GROVE_OK);
}

/* Each row comes once, with what it holds; order [rows]: as they came. */
static void check_epoch(epoch_scene *e, uint64_t epoch, size_t *order) {
    uint8_t *met = calloc(EPOCH_ROWS, 1);
    grove_shuffled_begin(&e->shuffled, epoch);
    for (size_t row = 0, count; row < e->rows.count; row += count) {
        const size_t end = e->shuffled.first + e->shuffled.held; /* of the window */
        count = e->rows.count - row < BATCH ? e->rows.count - row : BATCH;
        count = end > row && end - row < count ? end - row : count;
        take(e, row, count);
        for (size_t i = 0; i < count; i++) {
            const size_t from = e->from[grove_shuffled_place(&e->shuffled, row + i)];
            ck_assert(from < EPOCH_ROWS && !grove_is_held_out(&tenth, from) && !met[from]);
            met[from] = 1;
            order[row + i] = from;
            ck_assert_int_eq(e->targets.labels[i], grove_dataset_labels(e->whole)[from]);
            for (size_t c = 0; c < e->feed.categorical; c++) {
                ck_assert_int_eq(e->feed.ids[c * BATCH + i], grove_dataset_ids(e->whole, c)[from]);
            }
        }
    }
    free(met);
}

/* Batches that lie in two windows hold the same rows; an epoch can be entered anywhere. */
static void check_batches(epoch_scene *e, uint64_t epoch, size_t first, const size_t *order) {
    grove_shuffled_begin(&e->shuffled, epoch);
    for (size_t row = first; row < e->rows.count; row += BATCH) {
        const size_t left = e->rows.count - row, count = left < BATCH ? left : BATCH;
        take(e, row, count);
        for (size_t i = 0; i < count; i++) {
            ck_assert_int_eq(e->feed.ids[i], grove_dataset_ids(e->whole, 0)[order[row + i]]);
        }
        /* Also in messages: the first of a batch may lie in the window before. */
        if (row % (20 * BATCH) == 0 || row / BATCH == 128 || row / BATCH == 131) {
            ck_assert_uint_eq(grove_shuffled_row(&e->shuffled, 0), order[row]);
            ck_assert_uint_eq(grove_shuffled_row(&e->shuffled, count - 1), order[row + count - 1]);
        }
    }
}

START_TEST(an_epoch_has_each_row_once) {
    epoch_scene e;
    open_epoch(&e);
    size_t *one = malloc(EPOCH_ROWS * sizeof *one), *other = malloc(EPOCH_ROWS * sizeof *other);
    check_epoch(&e, 1, one);
    check_batches(&e, 1, 0, one);
    check_batches(&e, 1, 70 * BATCH, one);
    check_batches(&e, 1, 140 * BATCH, one);
    check_epoch(&e, 2, other);
    size_t same = 0, far = 0;
    for (size_t i = 0; i < e.rows.count; i++) {
        same += one[i] == other[i];
        far += (one[i] > i ? one[i] - i : i - one[i]) > 4096;
    }
    ck_assert_uint_lt(same, 20);
    ck_assert_uint_gt(far, e.rows.count / 2);
    check_epoch(&e, 1, other);
    ck_assert_mem_eq(one, other, e.rows.count * sizeof *one);
    free(one);
    free(other);
    close_epoch(&e);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stream");
    TCase *epochs = tcase_create("epochs");
    tcase_set_timeout(epochs, 60);
    tcase_set_tags(epochs, "lengthy");
    tcase_add_test(epochs, an_epoch_has_each_row_once);
    suite_add_tcase(suite, epochs);
    TCase *rows = tcase_create("rows");
    tcase_add_test(rows, survey_is_guess_and_fit);
    tcase_add_test(rows, caches_are_checked);
    tcase_add_test(rows, a_file_that_shrinks);
    tcase_add_test(rows, what_goes_wrong);
    tcase_add_test(rows, rows_survive_short_memory);
    suite_add_tcase(suite, rows);
    TCase *sources = tcase_create("sources");
    tcase_add_test(sources, source_is_the_table);
    tcase_add_test(sources, source_tells_the_line);
    tcase_add_test(sources, source_survives_short_memory);
    suite_add_tcase(suite, sources);
    TCase *blocks = tcase_create("blocks");
    tcase_add_test(blocks, blocks_are_the_whole);
    suite_add_tcase(suite, blocks);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
