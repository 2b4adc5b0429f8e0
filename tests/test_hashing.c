/* SPDX-License-Identifier: MIT
 *
 * Hashing: published vectors of the hash over bytes and of the one over ids; layers held against
 * plain C, against differences and against the dense form; what is refused.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

static const double tolerance = sizeof(grove_real) == sizeof(float) ? 2e-5 : 1e-12;

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
    ck_assert_int_eq(grove_hash_column(NULL, 0, &how, rows, &error), GROVE_BAD_ARGUMENT);
    expect_words(error.message, "hashing: there is no table");
    ck_assert_int_eq(grove_hash_column(table, 1, &how, NULL, &error), GROVE_BAD_ARGUMENT);
    expect_words(error.message, "hashing: there is no place to write the ids to");
    ck_assert_int_eq(grove_hash_cell((grove_cell){"a", 1}, &how, NULL, &error), GROVE_BAD_ARGUMENT);
    expect_words(error.message, "hashing: there is no place to write the ids to");
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
    refused_when_run(grove_cross_ids(grove_reshape(ids, GROVE_SHAPE(GROVE_BATCH, 1)), 9, 1), ids,
                     -1, "is -1, it must be from 0 to 2147483647");
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

/* ---- layers: the forms there are ------------------------------------------------------------- */

enum {
    IDS = 23,
    WIDTH = 5,
    BATCH = 6,
    BUCKETS = 7,
    HASH_BUCKETS = 29,
    MOST_TABLE = 32 * WIDTH,
    TABLES = 2
};

typedef enum form { SUM, MEAN, IMPORTANCE, PRODUCT, ADDED, CONCAT, FORMS } form;
static const int hashes_of[] = {3, 3, 2};
static const uint64_t seed_of_hash = 0xFEDCBA9876543210u;

/* Repeated ids, the first and the last one; others rest. */
static const grove_id some_ids[BATCH] = {0, 22, 5, 5, 13, 0};

static grove_tensor layer(form f, grove_tensor ids, int64_t width) {
    grove_nn_hashed_embedding_options h = {.hashes = f <= IMPORTANCE ? hashes_of[f] : 0,
                                           .seed = seed_of_hash,
                                           .mean = f == MEAN,
                                           .importance_rows = f == IMPORTANCE ? IDS : 0};
    grove_nn_quotient_remainder_options q = {.combine = f == ADDED    ? GROVE_COMBINE_SUM
                                                        : f == CONCAT ? GROVE_COMBINE_CONCAT
                                                                      : GROVE_COMBINE_PRODUCT};
    return f <= IMPORTANCE
               ? grove_nn_hashed_embedding(ids, HASH_BUCKETS, width, "layer", &h)
               : grove_nn_quotient_remainder_embedding(ids, IDS, BUCKETS, width, "layer", &q);
}

typedef struct scene {
    form form;
    grove_graph *graph;
    grove_tensor ids, y, r, loss, table[TABLES], gradient[TABLES];
    int tables;
    int64_t out; /* width of y */
} scene;

/* loss = sum(y * y * r), r random and not trained: each component of dy is another. */
static scene make(form f) {
    scene s = {.form = f, .graph = grove_graph_new(&(grove_graph_options){.seed = 3})};
    s.ids = grove_input_ids(s.graph, "ids", BATCH);
    s.y = layer(f, s.ids, WIDTH);
    s.out = f == CONCAT ? 2 * WIDTH : WIDTH;
    s.r = grove_parameter(s.graph, "r", GROVE_SHAPE(BATCH, s.out),
                          (grove_init){GROVE_INIT_NORMAL, .b = 1});
    grove_parameter_set(s.r, &(grove_parameter_options){.frozen = true});
    s.loss = grove_sum(grove_mul(grove_mul(s.y, s.y), s.r), GROVE_ALL_AXES);
    s.table[0] = grove_find(s.graph, f <= IMPORTANCE ? "layer.weight" : "layer.quotient");
    s.table[1] = grove_find(s.graph, f <= IMPORTANCE ? "layer.importance" : "layer.remainder");
    s.tables = f == SUM || f == MEAN ? 1 : 2;
    if (f == IMPORTANCE) { /* it begins at 1: let it be something else */
        grove_real *p = grove_parameter_data(s.table[1]);
        for (size_t i = 0; i < grove_parameter_size(s.table[1]); i++) {
            ck_assert(p[i] == 1);
            p[i] = (grove_real)(0.5 + (double)(i % 7) / 4);
        }
    }
    ck_assert_int_eq(grove_gradients(s.loss, s.table, s.tables, s.gradient), GROVE_OK);
    good(s.graph);
    return s;
}

static grove_plan *plan_of(const scene *s, const grove_tensor *wanted, int count, bool training) {
    grove_plan *plan =
        grove_plan_new(s->graph, wanted, count, &(grove_plan_options){.training = training});
    grove_bind(plan, s->ids, some_ids);
    return plan;
}

/* ---- layers, against plain C ----------------------------------------------------------------- */

typedef struct reference {
    double y[BATCH * 2 * WIDTH], gradient[TABLES][MOST_TABLE];
} reference;

static double at(const scene *s, int table, int64_t i) {
    return (double)((const grove_real *)grove_parameter_data(s->table[table]))[i];
}

/* y and the gradients of hashed rows [BATCH, hashes]. */
static void hashed_reference(const scene *s, const grove_id *rows, reference *ref) {
    const int k = hashes_of[s->form];
    const grove_real *r = grove_parameter_data(s->r);
    for (int i = 0; i < BATCH; i++) {
        for (int w = 0; w < WIDTH; w++) {
            double y = 0;
            for (int j = 0; j < k; j++) {
                double p = s->form == IMPORTANCE ? at(s, 1, some_ids[i] * k + j)
                           : s->form == MEAN     ? 1. / k
                                                 : 1;
                y += p * at(s, 0, rows[i * k + j] * WIDTH + w);
            }
            double dy = 2 * y * (double)r[i * WIDTH + w];
            ref->y[i * WIDTH + w] = y;
            for (int j = 0; j < k; j++) {
                int64_t row = rows[i * k + j] * WIDTH + w, own = some_ids[i] * k + j;
                double p = s->form == IMPORTANCE ? at(s, 1, own) : s->form == MEAN ? 1. / k : 1;
                ref->gradient[0][row] += p * dy;
                ref->gradient[1][s->form == IMPORTANCE ? own : 0] += dy * at(s, 0, row);
            }
        }
    }
}

static void quotient_reference(const scene *s, reference *ref) {
    const grove_real *r = grove_parameter_data(s->r);
    for (int i = 0; i < BATCH; i++) {
        for (int w = 0; w < WIDTH; w++) {
            int64_t q = some_ids[i] / BUCKETS * WIDTH + w, m = some_ids[i] % BUCKETS * WIDTH + w;
            double a = at(s, 0, q), b = at(s, 1, m);
            if (s->form == CONCAT) {
                int left = i * 2 * WIDTH + w, right = left + WIDTH;
                ref->y[left] = a;
                ref->y[right] = b;
                ref->gradient[0][q] += 2 * a * (double)r[left];
                ref->gradient[1][m] += 2 * b * (double)r[right];
                continue;
            }
            double y = s->form == PRODUCT ? a * b : a + b;
            double dy = 2 * y * (double)r[i * WIDTH + w];
            ref->y[i * WIDTH + w] = y;
            ref->gradient[0][q] += s->form == PRODUCT ? dy * b : dy;
            ref->gradient[1][m] += s->form == PRODUCT ? dy * a : dy;
        }
    }
}

static void compare(const grove_real *a, const double *b, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ck_assert_double_eq_tol((double)a[i], b[i], tolerance * (1 + fabs(b[i])));
    }
}

START_TEST(a_layer_is_what_plain_c_makes_of_it) {
    scene s = make((form)_i);
    static reference ref;
    memset(&ref, 0, sizeof ref);
    grove_tensor rows = s.form <= IMPORTANCE
                            ? grove_hash_ids(s.ids, HASH_BUCKETS, hashes_of[s.form], seed_of_hash)
                            : s.ids;
    grove_tensor wanted[] = {s.y, rows, s.gradient[0], s.gradient[s.tables - 1]};
    grove_plan *plan = plan_of(&s, wanted, 4, false);
    run(plan);
    if (s.form <= IMPORTANCE) {
        hashed_reference(&s, grove_value(plan, rows), &ref);
    } else {
        quotient_reference(&s, &ref);
    }
    compare(grove_value(plan, s.y), ref.y, (size_t)(BATCH * s.out));
    for (int t = 0; t < s.tables; t++) {
        ck_assert_str_eq(grove_node_op(s.gradient[t]), "scatter_rows");
        compare(grove_value(plan, s.gradient[t]), ref.gradient[t],
                grove_parameter_size(s.table[t]));
    }
    grove_plan_free(plan);
    grove_graph_free(s.graph);
}
END_TEST

/* Every number of every table, by central differences: in double alone is that sharp. */
START_TEST(a_layer_has_the_slope_of_its_differences) {
    scene s = make((form)_i);
    grove_plan *plan = plan_of(&s, &s.loss, 1, false);
    grove_plan *slopes = plan_of(&s, s.gradient, s.tables, false);
    const double h = sizeof(grove_real) == sizeof(double) ? 1e-5 : 1e-2;
    const double allowed = sizeof(grove_real) == sizeof(double) ? 1e-7 : 2e-2;
    run(slopes);
    for (int t = 0; t < s.tables; t++) {
        grove_real *numbers = grove_parameter_data(s.table[t]);
        const grove_real *slope = grove_value(slopes, s.gradient[t]);
        bool any = false;
        for (size_t i = 0; i < grove_parameter_size(s.table[t]); i++) {
            grove_real kept = numbers[i];
            numbers[i] = (grove_real)((double)kept + h);
            run(plan);
            double above = grove_scalar(plan, s.loss);
            numbers[i] = (grove_real)((double)kept - h);
            run(plan);
            double below = grove_scalar(plan, s.loss);
            numbers[i] = kept;
            double d = (above - below) / (2 * h);
            ck_assert_double_eq_tol((double)slope[i], d, allowed * (1 + fabs(d)));
            any = any || slope[i] != 0;
        }
        ck_assert(any);
    }
    grove_plan_free(plan);
    grove_plan_free(slopes);
    grove_graph_free(s.graph);
}
END_TEST

/* A vector is about as long as one of a full table, which is 1. */
START_TEST(a_layer_begins_at_the_usual_scale) {
    enum { MANY = 4000, WIDE = 16 };
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 5});
    grove_tensor ids = grove_positions(g, MANY);
    grove_nn_hashed_embedding_options h = {.mean = _i == MEAN,
                                           .importance_rows = _i == IMPORTANCE ? MANY : 0};
    grove_nn_quotient_remainder_options q = {.combine = _i == ADDED    ? GROVE_COMBINE_SUM
                                                        : _i == CONCAT ? GROVE_COMBINE_CONCAT
                                                                       : GROVE_COMBINE_PRODUCT};
    grove_tensor y = _i <= IMPORTANCE ? grove_nn_hashed_embedding(ids, MANY, WIDE, "x", &h)
                                      : grove_nn_quotient_remainder_embedding(ids, MANY, MANY / 8,
                                                                              WIDE, "x", &q);
    grove_plan *plan = grove_plan_new(g, &y, 1, NULL);
    run(plan);
    const grove_real *numbers = grove_value(plan, y);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < grove_value_count(plan, y); i++) {
        sum += (double)numbers[i];
        squares += (double)numbers[i] * (double)numbers[i];
    }
    double length = sqrt(squares / MANY), mean = sum / (double)grove_value_count(plan, y);
    printf("form %d: length %.3f (0.9 to 1.1), mean %.4f (-0.02 to 0.02)\n", _i, length, mean);
    ck_assert(length > 0.9 && length < 1.1 && fabs(mean) < 0.02);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- layers, trained ------------------------------------------------------------------------- */

static const grove_optimizer optimizers[] = {
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.05},
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.05, .momentum = 0.9},
    {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.05},
    {.kind = GROVE_OPTIMIZER_ADAGRAD, .rate = 0.05},
};
enum { OPTIMIZERS = 4, STEPS = 7 };

/* A sum that counts nothing is no lookup: with it, a table's gradient and update are dense. */
static void train(form f, const grove_optimizer *optimizer, bool dense, scene *s) {
    *s = make(f);
    grove_tensor loss = s->loss;
    for (int t = 0; t < s->tables && dense; t++) {
        loss = grove_add(loss, grove_scale(grove_sum(s->table[t], GROVE_ALL_AXES), 0));
    }
    grove_tensor step = grove_minimize(loss, optimizer);
    good(s->graph);
    grove_plan *plan = plan_of(s, &step, 1, true);
    for (int i = 0; i < STEPS; i++) {
        grove_id ids[BATCH];
        for (int k = 0; k < BATCH; k++) {
            ids[k] = (some_ids[k] + 5 * i * i) % IDS; /* other rows rest for a while */
        }
        grove_bind(plan, s->ids, ids);
        run(plan);
    }
    ck_assert_int_eq(grove_settle(step), GROVE_OK);
    grove_plan_free(plan);
}

START_TEST(training_by_rows_is_dense_training) {
    scene rows, dense;
    for (int f = 0; f < FORMS; f++) {
        train((form)f, &optimizers[_i], false, &rows);
        train((form)f, &optimizers[_i], true, &dense);
        for (int t = 0; t < rows.tables; t++) {
            ck_assert_str_eq(grove_node_op(grove_gradient_of(rows.table[t])), "scatter_rows");
            ck_assert_str_ne(grove_node_op(grove_gradient_of(dense.table[t])), "scatter_rows");
            const grove_real *a = grove_parameter_data(rows.table[t]);
            const grove_real *b = grove_parameter_data(dense.table[t]);
            for (size_t i = 0; i < grove_parameter_size(rows.table[t]); i++) {
                ck_assert_double_eq_tol((double)a[i], (double)b[i], 10 * tolerance);
            }
        }
        grove_graph_free(rows.graph);
        grove_graph_free(dense.graph);
    }
}
END_TEST

/* Which rows may one step on some_ids move? Those that plain C gives a gradient. */
START_TEST(rows_that_nobody_names_stay_bitwise_equal) {
    scene s = make((form)_i);
    grove_tensor step = grove_minimize(s.loss, GROVE_ADAM(.rate = 0.1));
    grove_plan *slopes = plan_of(&s, s.gradient, s.tables, false);
    run(slopes);
    grove_real before[TABLES][MOST_TABLE];
    for (int t = 0; t < s.tables; t++) {
        memcpy(before[t], grove_parameter_data(s.table[t]),
               grove_parameter_size(s.table[t]) * sizeof(grove_real));
    }
    grove_plan *plan = plan_of(&s, &step, 1, true);
    run(plan);
    int rest = 0, moved = 0;
    for (int t = 0; t < s.tables; t++) {
        const grove_real *slope = grove_value(slopes, s.gradient[t]);
        const grove_real *after = grove_parameter_data(s.table[t]);
        for (size_t i = 0; i < grove_parameter_size(s.table[t]); i++) {
            bool same = memcmp(&after[i], &before[t][i], sizeof *after) == 0;
            ck_assert_int_eq(same, slope[i] == 0);
            rest += same;
            moved += !same;
        }
    }
    ck_assert(rest > 0 && moved > 0);
    grove_plan_free(plan);
    grove_plan_free(slopes);
    grove_graph_free(s.graph);
}
END_TEST

/* As data_hash.h and embeddings.h say it: texts, their rows, a bag. */
START_TEST(hashed_texts_are_learned) {
    enum { ROWS = 60 };
    static const char *const names[] = {"species"};
    grove_table *table;
    ck_assert_int_eq(grove_table_new(names, 1, NULL, &table, NULL), GROVE_OK);
    grove_id rows[ROWS * 2], label[ROWS];
    for (int i = 0; i < ROWS; i++) {
        char name[32];
        snprintf(name, sizeof name, "species %d", i);
        label[i] = i * i % 7 % 3;
        ck_assert_int_eq(grove_table_append(table, (const char *const[]){name}, NULL), GROVE_OK);
    }
    grove_hashing how = {.buckets = 150, .hashes = 2, .seed = 1};
    ck_assert_int_eq(grove_hash_column(table, 0, &how, rows, NULL), GROVE_OK);
    grove_table_free(table);

    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor species = grove_input_ids(g, "species", GROVE_BATCH, 2);
    grove_tensor labels = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor vector = grove_nn_embedding_bag(species, 150, 8, "vector", NULL);
    grove_tensor loss = grove_softmax_cross_entropy(grove_nn_dense(vector, 3, "out"), labels);
    grove_tensor wanted[] = {grove_minimize(loss, GROVE_ADAM(.rate = 0.05)), loss};
    ck_assert_str_eq(grove_node_op(grove_gradient_of(grove_find(g, "vector.weight"))),
                     "scatter_rows");
    grove_plan *plan =
        grove_plan_new(g, wanted, 2, &(grove_plan_options){.batch = ROWS, .training = true});
    grove_bind(plan, species, rows);
    grove_bind(plan, labels, label);
    for (int i = 0; i < 200; i++) {
        run(plan);
    }
    ck_assert(grove_scalar(plan, loss) < 0.05);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- layers, refused ------------------------------------------------------------------------- */

typedef grove_tensor builder(grove_tensor ids);

#define HASHED(name, buckets, width, ...)                                                          \
    static grove_tensor name(grove_tensor ids) {                                                   \
        return grove_nn_hashed_embedding(ids, buckets, width, "layer",                             \
                                         &(grove_nn_hashed_embedding_options){__VA_ARGS__});       \
    }
#define QUOTIENT(name, rows, buckets, width, ...)                                                  \
    static grove_tensor name(grove_tensor ids) {                                                   \
        return grove_nn_quotient_remainder_embedding(                                              \
            ids, rows, buckets, width, "layer",                                                    \
            &(grove_nn_quotient_remainder_options){__VA_ARGS__});                                  \
    }
HASHED(no_bucket, 0, 3, .hashes = 1)
HASHED(many_buckets, (int64_t)1 << 31, 3, .hashes = 1)
HASHED(no_column, 9, 0, .hashes = 1)
HASHED(negative_hashes, 9, 3, .hashes = -1)
HASHED(many_hashes, 9, 3, .hashes = GROVE_MAX_HASHES + 1)
HASHED(batch_of_importance, 9, 3, .importance_rows = GROVE_BATCH)
HASHED(mean_of_importance, 9, 3, .importance_rows = 4, .mean = true)
QUOTIENT(no_rows, 0, 1, 3, .combine = GROVE_COMBINE_SUM)
QUOTIENT(many_rows, (int64_t)1 << 31, 1, 3, .combine = GROVE_COMBINE_SUM)
QUOTIENT(no_quotient_bucket, 9, 0, 3, .combine = GROVE_COMBINE_SUM)
QUOTIENT(more_buckets_than_rows, 9, 10, 3, .combine = GROVE_COMBINE_SUM)
QUOTIENT(no_quotient_column, 9, 3, 0, .combine = GROVE_COMBINE_SUM)
QUOTIENT(unknown_combination, 9, 3, 3, .combine = (grove_combine)3)

static const struct {
    builder *build;
    const char *words;
} refusals[] = {
    {no_bucket, "hashed embedding layer 'layer': it needs 1 to 2147483647 buckets"},
    {many_buckets, "it needs 1 to 2147483647 buckets"},
    {no_column, "and 1 column or more"},
    {negative_hashes, "hashed embedding layer 'layer': it makes 1 to 16 hashes"},
    {many_hashes, "it makes 1 to 16 hashes"},
    {batch_of_importance, "importance_rows must be fixed, not a batch"},
    {mean_of_importance, "there is no mean of them"},
    {no_rows, "quotient-remainder embedding layer 'layer': it needs 1 to 2147483647 rows"},
    {many_rows, "it needs 1 to 2147483647 rows"},
    {no_quotient_bucket, "1 to as many buckets"},
    {more_buckets_than_rows, "1 to as many buckets"},
    {no_quotient_column, "and 1 column or more"},
    {unknown_combination, "there is no such way to combine two vectors"},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(a_layer_that_cannot_be_is_refused) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y = refusals[_i].build(grove_input_ids(g, "ids", GROVE_BATCH));
    ck_assert(!grove_is_valid(y));
    ck_assert_int_eq(grove_graph_error(g)->status, GROVE_BAD_ARGUMENT);
    expect_words(grove_graph_error(g)->message, refusals[_i].words);
    ck_assert_int_eq(grove_parameter_count(g), 0);
    ck_assert(!grove_is_valid(refusals[_i].build(GROVE_NONE)));
    grove_graph_free(g);
}
END_TEST

START_TEST(a_layer_of_reals_is_refused) {
    for (int f = 0; f < FORMS; f++) {
        grove_graph *g = grove_graph_new(NULL);
        ck_assert(!grove_is_valid(layer((form)f, grove_input_reals(g, "x", 2), 3)));
        expect_words(grove_graph_error(g)->message,
                     "embedding layer 'layer': it takes ids, not the real numbers [2]");
        ck_assert_int_eq(grove_parameter_count(g), 0);
        grove_graph_free(g);
    }
}
END_TEST

/* 23 ids in 7 buckets: the table of quotients has 4 rows and would do for 28. */
START_TEST(an_id_beyond_the_last_is_refused_not_wrapped) {
    static const struct {
        form form;
        grove_id id;
        const char *words;
    } bad[] = {{PRODUCT, 23, "is 23, it must be from 0 to 22"},
               {CONCAT, -1, "is -1, it must be from 0 to 22"},
               {IMPORTANCE, 23, "is 23, it must be from 0 to 22"},
               {SUM, -1, "is -1, it must be from 0 to 2147483647"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
        grove_tensor y = layer(bad[i].form, ids, 3);
        good(g);
        refused_when_run(y, ids, bad[i].id, bad[i].words);
        grove_graph_free(g);
    }
}
END_TEST

START_TEST(every_allocation_of_a_layer_fails_once) {
    for (size_t n = 1;; n++) {
        hostile_memory memory = {.fail_at = n};
        grove_graph *g =
            grove_graph_new(&(grove_graph_options){.allocator = hostile_allocator(&memory)});
        grove_tensor ids = grove_input_ids(g, "ids", BATCH), y = layer((form)_i, ids, WIDTH);
        grove_plan *plan = grove_plan_new(
            g, &y, 1, &(grove_plan_options){.allocator = hostile_allocator(&memory)});
        grove_bind(plan, ids, some_ids);
        grove_status status = grove_run(plan);
        grove_plan_free(plan);
        grove_graph_free(g);
        ck_assert_uint_eq(memory.live, 0);
        if (memory.calls < n) {
            ck_assert_int_eq(status, GROVE_OK);
            ck_assert_uint_gt(n, 10);
            return;
        }
        ck_assert_int_eq(status, GROVE_NO_MEMORY);
    }
}
END_TEST

/* ---- and back from a file -------------------------------------------------------------------- */

START_TEST(a_layer_comes_back_with_the_same_bits) {
    char path[] = "/tmp/grove_hashing_XXXXXX";
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    scene s = make((form)_i);
    grove_plan *plan = plan_of(&s, &s.y, 1, false);
    run(plan);
    grove_error error;
    ck_assert_msg(grove_save(path, &s.y, 1, NULL, &error) == GROVE_OK, "%s", error.message);
    grove_model *model;
    ck_assert_msg(grove_load(path, NULL, &model, &error) == GROVE_OK, "%s", error.message);
    grove_tensor y = grove_model_output(model, 0);
    grove_plan *again = grove_plan_new(grove_model_graph(model), &y, 1, NULL);
    grove_bind(again, grove_find(grove_model_graph(model), "ids"), some_ids);
    run(again);
    ck_assert_mem_eq(grove_value(again, y), grove_value(plan, s.y),
                     (size_t)(BATCH * s.out) * sizeof(grove_real));
    grove_plan_free(again);
    grove_plan_free(plan);
    grove_model_free(model);
    grove_graph_free(s.graph);
    unlink(path);
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
    tcase_add_loop_test(cases, a_layer_is_what_plain_c_makes_of_it, 0, FORMS);
    tcase_add_loop_test(cases, a_layer_has_the_slope_of_its_differences, 0, FORMS);
    tcase_add_loop_test(cases, a_layer_begins_at_the_usual_scale, 0, FORMS);
    tcase_add_loop_test(cases, training_by_rows_is_dense_training, 0, OPTIMIZERS);
    tcase_add_loop_test(cases, rows_that_nobody_names_stay_bitwise_equal, 0, FORMS);
    tcase_add_test(cases, hashed_texts_are_learned);
    tcase_add_loop_test(cases, a_layer_that_cannot_be_is_refused, 0, REFUSALS);
    tcase_add_test(cases, a_layer_of_reals_is_refused);
    tcase_add_test(cases, an_id_beyond_the_last_is_refused_not_wrapped);
    tcase_add_loop_test(cases, every_allocation_of_a_layer_fails_once, 0, FORMS);
    tcase_add_loop_test(cases, a_layer_comes_back_with_the_same_bits, 0, FORMS);
    Suite *suite = suite_create("hashing");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
