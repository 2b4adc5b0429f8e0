/* SPDX-License-Identifier: MIT
 *
 * The traps of bags, each by name: padding, offsets, empty bags, who gets a gradient and who none;
 * and of ids that name nobody.
 */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grove/grove.h"
#include "hostile_allocator.h"

enum { ROWS = 11, WIDTH = 70, BAGS = 4, SIZE = 5 }; /* wider than what the kernel does at once */

/* Four bags, two of them full, one empty; the hole is the padding. And the same as a list. */
static const grove_id hole = -1;
static const grove_id matrix[BAGS * SIZE] = {3,  7,  3,  -1, -1, 9, -1, 10, 2, 0,
                                             -1, -1, -1, -1, -1, 5, 5,  1,  8, 3};
static const grove_id list[] = {3, 7, 3, 9, 10, 2, 0, 5, 5, 1, 8, 3};
static const grove_id starts[BAGS] = {0, 3, 7, 7};
enum { TOTAL = sizeof list / sizeof list[0] };

/* loss = sum(y * r), r random: each component of dy is another. */
typedef struct scene {
    grove_graph *graph;
    grove_tensor ids, offsets, table, y, loss, gradient;
} scene;

static const grove_init random_table = {GROVE_INIT_NORMAL, .b = 1, .seed = 9};

static void finish(scene *s) {
    grove_shape shape = grove_node_shape(s->y);
    grove_tensor r = grove_parameter(s->graph, "r", shape, (grove_init){GROVE_INIT_NORMAL, .b = 1});
    s->loss = grove_sum(grove_mul(s->y, grove_stop_gradient(r)), GROVE_ALL_AXES);
    s->gradient = grove_gradient(s->loss, s->table);
    ck_assert_msg(grove_graph_error(s->graph)->status == GROVE_OK, "%s",
                  grove_graph_error(s->graph)->message);
}

static scene begin(grove_shape ids) {
    scene s = {.graph = grove_graph_new(NULL), .offsets = GROVE_NONE};
    s.ids = grove_input(s.graph, "ids", GROVE_ID, ids);
    s.table = grove_parameter(s.graph, "t", GROVE_SHAPE(ROWS, WIDTH), random_table);
    return s;
}

static scene make_matrix(grove_bag_mode mode, grove_id padding) {
    scene s = begin(GROVE_SHAPE(BAGS, SIZE));
    grove_embedding_bag_options o = {.mode = mode, .padded = true, .padding = padding};
    s.y = grove_embedding_bag(s.table, s.ids, GROVE_NONE, GROVE_NONE, &o);
    finish(&s);
    return s;
}

static scene make_list(grove_bag_mode mode, int64_t total, int64_t offsets, bool last) {
    scene s = begin(GROVE_SHAPE(total));
    s.offsets = grove_input_ids(s.graph, "offsets", offsets);
    grove_embedding_bag_options o = {.mode = mode, .include_last_offset = last};
    s.y = grove_embedding_bag(s.table, s.ids, s.offsets, GROVE_NONE, &o);
    finish(&s);
    return s;
}

typedef struct numbers {
    grove_real y[BAGS * WIDTH], gradient[ROWS * WIDTH];
} numbers;

static void run(const scene *s, const grove_id *ids, const grove_id *offsets, numbers *result) {
    grove_plan *plan = grove_plan_new(s->graph, (grove_tensor[]){s->y, s->gradient}, 2, NULL);
    grove_bind(plan, s->ids, ids);
    if (offsets) {
        grove_bind(plan, s->offsets, offsets);
    }
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    memcpy(result->y, grove_value(plan, s->y), sizeof result->y);
    memcpy(result->gradient, grove_value(plan, s->gradient), sizeof result->gradient);
    grove_plan_free(plan);
}

static bool all_zero(const grove_real *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (x[i] != 0) {
            return false;
        }
    }
    return true;
}

/* ---- padding --------------------------------------------------------------------------------- */

START_TEST(the_bag_with_padding_is_the_bag_without_it) {
    scene padded = make_matrix((grove_bag_mode)_i, hole);
    scene bare = make_list((grove_bag_mode)_i, TOTAL, BAGS, false);
    numbers a, b;
    run(&padded, matrix, NULL, &a);
    run(&bare, list, starts, &b);
    ck_assert_mem_eq(a.y, b.y, sizeof a.y);
    ck_assert_mem_eq(a.gradient, b.gradient, sizeof a.gradient);
    ck_assert(!all_zero(a.y, WIDTH) && all_zero(a.y + 2 * WIDTH, WIDTH));
    grove_graph_free(padded.graph);
    grove_graph_free(bare.graph);
}
END_TEST

/* Whatever id is the padding, also one that has a row: that row is not read, and gets nothing. */
START_TEST(any_id_may_be_the_padding) {
    const grove_id paddings[] = {6, INT32_MAX, GROVE_NOBODY};
    scene usual = make_matrix((grove_bag_mode)_i, hole);
    numbers a, b;
    run(&usual, matrix, NULL, &a);
    for (int k = 0; k < 3; k++) {
        grove_id ids[BAGS * SIZE];
        for (int i = 0; i < BAGS * SIZE; i++) {
            ids[i] = matrix[i] == hole ? paddings[k] : matrix[i];
        }
        scene other = make_matrix((grove_bag_mode)_i, paddings[k]);
        ((grove_real *)grove_parameter_data(other.table))[6 * WIDTH] = (grove_real)NAN;
        run(&other, ids, NULL, &b);
        ck_assert_mem_eq(a.y, b.y, sizeof a.y);
        ck_assert_mem_eq(a.gradient, b.gradient, sizeof a.gradient);
        ck_assert(all_zero(b.gradient + 6 * WIDTH, WIDTH));
        grove_graph_free(other.graph);
    }
    grove_graph_free(usual.graph);
}
END_TEST

/* Two ids and a padding: the mean is over two. Each id gets half of dy, the padding nothing. */
START_TEST(padding_does_not_count_in_the_mean) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 1, 3);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(3, 1), (grove_init){0});
    grove_embedding_bag_options o = {.mode = GROVE_BAG_MEAN, .padded = true, .padding = 0};
    grove_tensor y = grove_embedding_bag(table, ids, GROVE_NONE, GROVE_NONE, &o);
    grove_tensor dt = grove_gradient(y, table);
    memcpy(grove_parameter_data(table), (const grove_real[]){100, 2, 8}, 3 * sizeof(grove_real));
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){y, dt}, 2, NULL);
    grove_bind(plan, ids, (const grove_id[]){2, 0, 1});
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    const grove_real *value = grove_value(plan, y), expected[] = {0, 0.5, 0.5};
    ck_assert(value[0] == 5);
    ck_assert_mem_eq(grove_value(plan, dt), expected, sizeof expected);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

START_TEST(the_first_of_equals_gets_the_gradient_of_a_maximum) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 1, 3);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(4, 2), (grove_init){0});
    grove_embedding_bag_options o = {.mode = GROVE_BAG_MAX};
    grove_tensor y = grove_embedding_bag(table, ids, GROVE_NONE, GROVE_NONE, &o);
    grove_tensor dt = grove_gradient(y, table);
    grove_real rows[] = {-5, 1, -2, 4, -2, (grove_real)NAN, 99, 99};
    memcpy(grove_parameter_data(table), rows, sizeof rows);
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){y, dt}, 2, NULL);
    grove_bind(plan, ids, (const grove_id[]){0, 2, 1});
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    const grove_real *value = grove_value(plan, y), expected[] = {0, 0, 0, 0, 1, 1, 0, 0};
    ck_assert(value[0] == -2);
    ck_assert_msg(isnan(value[1]), "NaN wins");
    ck_assert_mem_eq(grove_value(plan, dt), expected, sizeof expected);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- against the ops it is made of ----------------------------------------------------------- */

START_TEST(a_weighted_bag_is_a_lookup_and_a_sum) {
    const double tolerance = sizeof(grove_real) == sizeof(float) ? 1e-5 : 1e-13;
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", BAGS, SIZE);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(ROWS, 3), random_table);
    grove_tensor weights = grove_parameter(g, "w", GROVE_SHAPE(BAGS, SIZE),
                                           (grove_init){GROVE_INIT_UNIFORM, .a = -1, .b = 1});
    grove_tensor bag = grove_embedding_bag(table, ids, GROVE_NONE, weights, NULL);
    grove_tensor wide = grove_broadcast(weights, GROVE_SHAPE(BAGS, SIZE, 3), GROVE_AXES(2));
    grove_tensor sum = grove_sum(grove_mul(grove_embedding(table, ids), wide), GROVE_AXES(1));
    grove_tensor out[4];
    for (int i = 0; i < 2; i++) {
        grove_tensor y = i ? sum : bag;
        grove_tensor loss = grove_sum(grove_mul(y, y), GROVE_ALL_AXES);
        ck_assert_int_eq(grove_gradients(loss, (grove_tensor[]){table, weights}, 2, out + 2 * i),
                         GROVE_OK);
    }
    grove_tensor all[] = {bag, sum, out[0], out[2], out[1], out[3]};
    grove_plan *plan = grove_plan_new(g, all, 6, NULL);
    grove_id positive[BAGS * SIZE];
    for (int i = 0; i < BAGS * SIZE; i++) {
        positive[i] = (grove_id)(i * 7 % ROWS);
    }
    grove_bind(plan, ids, positive);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    for (int pair = 0; pair < 6; pair += 2) {
        const grove_real *a = grove_value(plan, all[pair]), *b = grove_value(plan, all[pair + 1]);
        for (size_t i = 0; i < grove_value_count(plan, all[pair]); i++) {
            ck_assert_double_eq_tol((double)a[i], (double)b[i], tolerance);
        }
    }
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* A weight for each id: the table gets the same, bit by bit, from a padded matrix and from a list
 * with offsets, and each weight the same slope; one beside padding counts for nothing. */
typedef struct weighed {
    numbers n;
    grove_real slopes[BAGS * SIZE];
} weighed;

static void run_weighed(bool padded, const grove_real *weight, weighed *result) {
    scene s = begin(padded ? GROVE_SHAPE(BAGS, SIZE) : GROVE_SHAPE(TOTAL));
    grove_embedding_bag_options o = {.padded = padded, .padding = padded ? hole : 0};
    s.offsets = padded ? GROVE_NONE : grove_input_ids(s.graph, "offsets", BAGS);
    grove_tensor w = grove_parameter(s.graph, "w", grove_node_shape(s.ids), (grove_init){0});
    memcpy(grove_parameter_data(w), weight, grove_parameter_size(w) * sizeof *weight);
    s.y = grove_embedding_bag(s.table, s.ids, s.offsets, w, &o);
    finish(&s);
    grove_tensor dw = grove_gradient(s.loss, w);
    grove_plan *plan = grove_plan_new(s.graph, (grove_tensor[]){s.y, s.gradient, dw}, 3, NULL);
    grove_bind(plan, s.ids, padded ? matrix : list);
    if (!padded) {
        grove_bind(plan, s.offsets, starts);
    }
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    memcpy(result->n.y, grove_value(plan, s.y), sizeof result->n.y);
    memcpy(result->n.gradient, grove_value(plan, s.gradient), sizeof result->n.gradient);
    memcpy(result->slopes, grove_value(plan, dw), grove_parameter_size(w) * sizeof *weight);
    grove_plan_free(plan);
    grove_graph_free(s.graph);
}

START_TEST(a_weight_beside_padding_counts_for_nothing) {
    static weighed a, b;
    grove_real of_matrix[BAGS * SIZE], of_list[TOTAL];
    size_t at = 0;
    for (int i = 0; i < BAGS * SIZE; i++) {
        bool empty = matrix[i] == hole;
        of_matrix[i] = empty ? (grove_real)1e6 : (grove_real)(0.25 * i - 1.5);
        if (!empty) {
            of_list[at++] = of_matrix[i];
        }
    }
    ck_assert_uint_eq(at, TOTAL);
    run_weighed(true, of_matrix, &a);
    run_weighed(false, of_list, &b);
    ck_assert_mem_eq(&a.n, &b.n, sizeof a.n);
    ck_assert(!all_zero(a.n.y, WIDTH) && !all_zero(a.n.gradient, ROWS * WIDTH));
    at = 0;
    for (int i = 0; i < BAGS * SIZE; i++) {
        ck_assert(a.slopes[i] == (matrix[i] == hole ? 0 : b.slopes[at++]));
    }
    ck_assert(!all_zero(b.slopes, TOTAL));
}
END_TEST

/* Bags without padding and weights go a faster way, built for some widths: bit by bit that of
 * weights of 1. */
START_TEST(plain_bags_are_bags_of_weights_of_one) {
    static const int64_t widths[] = {1, 4, 5, 8, 12, 16, 32, 64, 70};
    grove_graph *g = grove_graph_new(NULL);
    int64_t width = widths[_i];
    grove_tensor ids = grove_input_ids(g, "ids", TOTAL);
    grove_tensor offsets = grove_input_ids(g, "offsets", BAGS);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(ROWS, width), random_table);
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(TOTAL), (grove_init){0});
    for (int i = 0; i < TOTAL; i++) {
        ((grove_real *)grove_parameter_data(w))[i] = 1;
    }
    grove_tensor y[] = {grove_embedding_bag(table, ids, offsets, GROVE_NONE, NULL),
                        grove_embedding_bag(table, ids, offsets, w, NULL)};
    grove_plan *plan = grove_plan_new(g, y, 2, NULL);
    grove_bind(plan, ids, list);
    grove_bind(plan, offsets, starts);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    ck_assert_mem_eq(grove_value(plan, y[0]), grove_value(plan, y[1]),
                     (size_t)(BAGS * width) * sizeof(grove_real));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Only sums have weights; asked for in another mode, from a matrix or a list, they are refused. */
START_TEST(weights_are_refused_in_other_modes) {
    for (int i = 0; i < 4; i++) {
        bool listed = i / 2;
        scene s = begin(listed ? GROVE_SHAPE(TOTAL) : GROVE_SHAPE(BAGS, SIZE));
        grove_tensor offsets = listed ? grove_input_ids(s.graph, "offsets", BAGS) : GROVE_NONE;
        grove_tensor w = grove_fill(s.graph, grove_node_shape(s.ids), 1);
        grove_embedding_bag_options o = {.mode = i % 2 ? GROVE_BAG_MAX : GROVE_BAG_MEAN};
        ck_assert(!grove_is_valid(grove_embedding_bag(s.table, s.ids, offsets, w, &o)));
        const grove_error *error = grove_graph_error(s.graph);
        ck_assert_int_eq(error->status, GROVE_UNSUPPORTED);
        ck_assert_msg(strstr(error->message, "weights are for the mode sum"), "%s", error->message);
        grove_graph_free(s.graph);
    }
}
END_TEST

/* ---- offsets --------------------------------------------------------------------------------- */

START_TEST(offsets_with_and_without_the_last_one) {
    const grove_id with_last[] = {0, 3, 7, 7, TOTAL};
    scene without = make_list(GROVE_BAG_MEAN, TOTAL, BAGS, false);
    scene with = make_list(GROVE_BAG_MEAN, TOTAL, BAGS + 1, true);
    numbers a, b;
    run(&without, list, starts, &a);
    run(&with, list, with_last, &b);
    ck_assert_mem_eq(&a, &b, sizeof a);
    grove_graph_free(without.graph);
    grove_graph_free(with.graph);
}
END_TEST

typedef struct bad_offsets {
    grove_id offset[BAGS + 1];
    bool last;
    const char *words;
} bad_offsets;

static const bad_offsets bad[] = {
    {{1, 3, 7, 7}, false, "position 0 of 'offsets' is 1, the first bag must begin at 0"},
    {{0, 3, 2, 7}, false, "position 2 of 'offsets' is 2, but the one before it is 3"},
    {{0, 3, 7, 13}, false, "position 3 of 'offsets' is 13, it must be from 0 to 12"},
    {{0, -1, 7, 7}, false, "position 1 of 'offsets' is -1, it must be from 0 to 12"},
    {{0, 3, INT32_MAX, 7}, false, "position 2 of 'offsets' is 2147483647, it must be"},
    {{INT32_MIN, 3, 7, 7}, false, "position 0 of 'offsets' is -2147483648, it must be"},
    {{0, 3, 7, 7, 11}, true, "position 4 of 'offsets' is 11, the last one must be the number"},
    {{0, 3, 7, 12, 5}, true, "position 4 of 'offsets' is 5, but the one before it is 12"},
    {{2, 3, 7, 7, 12}, true, "position 0 of 'offsets' is 2, the first bag must begin at 0"},
};
enum { BAD = sizeof bad / sizeof bad[0] };

/* Forward, and backward without a lookup before it. */
START_TEST(bad_offsets_are_refused_in_words) {
    const bad_offsets *it = &bad[_i];
    scene s = make_list(GROVE_BAG_SUM, TOTAL, BAGS + it->last, it->last);
    grove_embedding_bag_options o = {.include_last_offset = it->last};
    grove_tensor dy = grove_fill(s.graph, grove_node_shape(s.y), 1);
    grove_tensor step = grove_minimize(s.loss, GROVE_SGD(.rate = 1));
    grove_tensor wanted[] = {
        s.y, grove_embedding_bag_gradient(dy, s.table, s.ids, s.offsets, GROVE_NONE, &o), step};
    grove_real before[ROWS * WIDTH];
    memcpy(before, grove_parameter_data(s.table), sizeof before);
    for (int i = 0; i < 3; i++) {
        grove_plan_options options = {.training = true, .threads = 1 + i};
        grove_plan *plan = grove_plan_new(s.graph, &wanted[i], 1, &options);
        grove_bind(plan, s.ids, list);
        grove_bind(plan, s.offsets, it->offset);
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
        const char *message = grove_plan_error(plan)->message;
        ck_assert_msg(strstr(message, it->words) && strstr(message, "embedding_bag"), "%s",
                      message);
        ck_assert_mem_eq(before, grove_parameter_data(s.table), sizeof before);
        grove_plan_free(plan);
    }
    grove_graph_free(s.graph);
}
END_TEST

static grove_status run_empty(int64_t ids, int64_t offsets, bool last, int64_t batch,
                              const grove_id *starts_, char words[512]) {
    scene s = make_list(GROVE_BAG_MEAN, ids, offsets, last);
    grove_plan_options options = {.batch = batch};
    grove_plan *plan = grove_plan_new(s.graph, (grove_tensor[]){s.y, s.gradient}, 2, &options);
    grove_bind(plan, s.ids, list);
    grove_bind(plan, s.offsets, starts_);
    grove_status status = grove_run(plan);
    strcpy(words, grove_plan_error(plan)->message);
    if (status == GROVE_OK) {
        ck_assert(all_zero(grove_value(plan, s.y), grove_value_count(plan, s.y)));
        ck_assert(all_zero(grove_value(plan, s.gradient), ROWS * WIDTH));
    }
    grove_plan_free(plan);
    grove_graph_free(s.graph);
    return status;
}

START_TEST(nothing_in_bags_and_no_bags) {
    char words[512];
    ck_assert_int_eq(run_empty(0, 3, false, 1, (const grove_id[]){0, 0, 0}, words), GROVE_OK);
    ck_assert_int_eq(run_empty(0, 0, false, 1, (const grove_id[]){0}, words), GROVE_OK);
    ck_assert_int_eq(run_empty(0, 1, true, 1, (const grove_id[]){0}, words), GROVE_OK);
    ck_assert_int_eq(run_empty(3, 0, false, 1, (const grove_id[]){0}, words), GROVE_BAD_DATA);
    ck_assert_msg(strstr(words, "there are 3 ids, and no bag"), "%s", words);
    ck_assert_int_eq(run_empty(3, 1, true, 1, (const grove_id[]){0}, words), GROVE_BAD_DATA);
    ck_assert_msg(strstr(words, "the last one must be the number of ids, 3"), "%s", words);
}
END_TEST

START_TEST(a_batch_may_be_empty_and_bags_of_no_places) {
    const int64_t places[] = {SIZE, 0};
    for (int i = 0; i < 2; i++) {
        grove_graph *g = grove_graph_new(NULL);
        grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH, places[i]);
        grove_tensor y = grove_nn_embedding_bag(ids, ROWS, 2, "bag", NULL);
        grove_tensor step = grove_minimize(grove_sum(y, GROVE_ALL_AXES), GROVE_ADAM(0));
        grove_plan_options options = {.batch = i ? 3 : GROVE_EMPTY, .training = true};
        grove_plan *plan = grove_plan_new(g, (grove_tensor[]){step, y}, 2, &options);
        grove_bind(plan, ids, list);
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
        ck_assert(all_zero(grove_value(plan, y), grove_value_count(plan, y)));
        grove_plan_free(plan);
        grove_graph_free(g);
    }
}
END_TEST

/* Bags of a symbolic batch: the list has room for 3 ids a bag, its end is padding. */
START_TEST(the_end_of_a_list_may_be_padding) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 3 * GROVE_BATCH);
    grove_tensor offsets = grove_input_ids(g, "offsets", GROVE_BATCH);
    grove_nn_embedding_bag_options o = {
        .bag = {.padded = true, .padding = -1, .mode = GROVE_BAG_MEAN}, .offsets = offsets};
    grove_tensor y = grove_nn_embedding_bag(ids, 4, 1, "bag", &o);
    memcpy(grove_parameter_data(grove_find(g, "bag.weight")), (const grove_real[]){1, 2, 3, 4},
           4 * sizeof(grove_real));
    grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.batch = 2});
    grove_bind(plan, ids, (const grove_id[]){3, 1, 0, 0, -1, -1});
    grove_bind(plan, offsets, (const grove_id[]){0, 2});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real expected[] = {3, 1};
    ck_assert_mem_eq(grove_value(plan, y), expected, sizeof expected);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- ids that no row has --------------------------------------------------------------------- */

START_TEST(bad_ids_are_refused_in_words) {
    const grove_id ids[] = {-2, ROWS, GROVE_NOBODY};
    const char *const words[] = {"row 1, position 1 of 'ids' is -2, it must be from 0 to 10",
                                 "row 1, position 1 of 'ids' is 11, it must be from 0 to 10",
                                 "row 1, position 1 of 'ids' is -2147483648, it must be"};
    scene s = make_matrix(GROVE_BAG_SUM, hole);
    grove_tensor step = grove_minimize(s.loss, GROVE_SGD(.rate = 1));
    grove_real before[ROWS * WIDTH];
    memcpy(before, grove_parameter_data(s.table), sizeof before);
    for (int i = 0; i < 3; i++) {
        grove_id wrong[BAGS * SIZE];
        memcpy(wrong, matrix, sizeof wrong);
        wrong[6] = ids[i];
        grove_plan *plan =
            grove_plan_new(s.graph, &step, 1, &(grove_plan_options){.training = true});
        grove_bind(plan, s.ids, wrong);
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
        ck_assert_msg(strstr(grove_plan_error(plan)->message, words[i]), "%s",
                      grove_plan_error(plan)->message);
        ck_assert_mem_eq(before, grove_parameter_data(s.table), sizeof before);
        grove_plan_free(plan);
    }
    grove_graph_free(s.graph);
}
END_TEST

START_TEST(minus_one_is_refused_where_it_is_no_padding) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 1, 2);
    grove_tensor y = grove_nn_embedding_bag(ids, 3, 2, "bag", NULL);
    grove_plan *plan = grove_plan_new(g, &y, 1, NULL);
    grove_bind(plan, ids, (const grove_id[]){1, -1});
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
    ck_assert(strstr(grove_plan_error(plan)->message, "position 1 of 'ids' is -1"));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* Scatter, norm, merging, and each update: nobody's value, 1000, reaches no row. */
START_TEST(nobody_is_passed_over) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 4), rate = grove_fill(g, GROVE_SCALAR, 1);
    grove_tensor values =
        grove_constant(g, "values", GROVE_SHAPE(4, 1), (const grove_real[]){1, 1000, 2, 4});
    grove_tensor table = grove_state(g, "table", GROVE_REAL, GROVE_SHAPE(3, 1));
    grove_tensor buffer = grove_state(g, "buffer", GROVE_REAL, GROVE_SHAPE(3, 1));
    grove_tensor last = grove_state(g, "last", GROVE_ID, GROVE_SHAPE(3));
    grove_tensor clock = grove_state(g, "clock", GROVE_ID, GROVE_SCALAR);
    grove_sgd_options o = {.momentum = 0.5};
    grove_tensor out[] = {
        grove_scatter_rows(ids, values, 3),
        grove_rows_squared_norm(ids, values),
        grove_merge_rows(ids, values),
        grove_sgd_catch_up(table, rate, buffer, last, clock, ids, &o),
        grove_sgd_rows(table, ids, values, rate, buffer, last, clock, &o),
        grove_gradient(grove_sum(grove_scatter_rows(ids, values, 3), GROVE_ALL_AXES), values),
    };
    grove_plan *plan = grove_plan_new(g, out, 6, &(grove_plan_options){.training = true});
    grove_bind(plan, ids, (const grove_id[]){2, GROVE_NOBODY, 0, 2});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real scattered[] = {2, 0, 5}, merged[] = {5, 0, 2, 0}, moved[] = {-2, 0, -5};
    const grove_real back[] = {1, 0, 1, 1};
    ck_assert_mem_eq(grove_value(plan, out[0]), scattered, sizeof scattered);
    ck_assert(grove_scalar(plan, out[1]) == 29);
    ck_assert_mem_eq(grove_value(plan, out[2]), merged, sizeof merged);
    ck_assert_mem_eq(grove_parameter_data(table), moved, sizeof moved);
    ck_assert_mem_eq(grove_value(plan, out[5]), back, sizeof back);
    grove_plan_free(plan);
    grove_tensor looked_up = grove_embedding(table, ids);
    plan = grove_plan_new(g, &looked_up, 1, NULL);
    grove_bind(plan, ids, (const grove_id[]){2, GROVE_NOBODY, 0, 2});
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
    ck_assert(strstr(grove_plan_error(plan)->message, "position 1 of 'ids' is -2147483648"));
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- training -------------------------------------------------------------------------------- */

static const grove_optimizer optimizers[] = {
    {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.1, .momentum = 0.9},
    {.kind = GROVE_OPTIMIZER_ADAM, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_ADAGRAD, .rate = 0.1},
    {.kind = GROVE_OPTIMIZER_RMSPROP, .rate = 0.1, .lazy = true},
    {.kind = GROVE_OPTIMIZER_ROWWISE_ADAGRAD, .rate = 0.1},
};
enum { OPTIMIZERS = sizeof optimizers / sizeof optimizers[0] };

/* Rows 4 and 6 are in no bag, and 6 is the padding: one step leaves them as they are. */
START_TEST(a_step_touches_the_rows_in_bags_alone) {
    scene s = make_matrix(GROVE_BAG_MEAN, 6);
    grove_id ids[BAGS * SIZE];
    for (int i = 0; i < BAGS * SIZE; i++) {
        ids[i] = matrix[i] == hole ? 6 : matrix[i];
    }
    grove_real before[ROWS * WIDTH];
    const grove_real *after = grove_parameter_data(s.table);
    memcpy(before, after, sizeof before);
    grove_parameter_set(grove_find(s.graph, "r"), &(grove_parameter_options){.frozen = true});
    grove_tensor step = grove_minimize(s.loss, &optimizers[_i]);
    ck_assert_str_eq(grove_node_op(grove_gradient_of(s.table)), "scatter_rows");
    grove_plan *plan = grove_plan_new(s.graph, &step, 1, &(grove_plan_options){.training = true});
    grove_bind(plan, s.ids, ids);
    for (int i = 0; i < 3; i++) {
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    }
    for (int row = 0; row < ROWS; row++) {
        bool same = memcmp(before + row * WIDTH, after + row * WIDTH, WIDTH * sizeof *before) == 0;
        ck_assert_msg(same == (row == 4 || row == 6), "row %d", row);
    }
    grove_plan_free(plan);
    grove_graph_free(s.graph);
}
END_TEST

static void train(grove_bag_mode mode, const grove_optimizer *optimizer, bool dense,
                  grove_real *result) {
    scene s = begin(GROVE_SHAPE(BAGS, SIZE));
    grove_embedding_bag_options o = {.mode = mode, .padded = true, .padding = hole};
    s.y = grove_embedding_bag(s.table, s.ids, GROVE_NONE, GROVE_NONE, &o);
    grove_tensor loss = grove_mean(grove_mul(s.y, s.y), GROVE_ALL_AXES);
    if (dense) {
        loss = grove_add(loss, grove_scale(grove_sum(s.table, GROVE_ALL_AXES), 0));
    }
    grove_tensor step = grove_minimize(loss, optimizer);
    grove_plan *plan = grove_plan_new(s.graph, &step, 1, &(grove_plan_options){.training = true});
    grove_id ids[BAGS * SIZE];
    grove_bind(plan, s.ids, ids);
    for (int run = 0; run < 40; run++) {
        for (int i = 0; i < BAGS * SIZE; i++) {
            bool rests = matrix[i] == 9 && run > 2 && run < 30;
            ids[i] = matrix[i] == hole || rests ? hole : (matrix[i] + run / 7) % ROWS;
        }
        ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    }
    ck_assert_int_eq(grove_settle(step), GROVE_OK);
    memcpy(result, grove_parameter_data(s.table), ROWS * WIDTH * sizeof *result);
    grove_plan_free(plan);
    grove_graph_free(s.graph);
}

/* Padding is neither caught up nor updated, and what is met after a rest is where it should be. */
START_TEST(training_by_rows_is_dense_training) {
    const double tolerance = sizeof(grove_real) == sizeof(float) ? 2e-5 : 1e-12;
    static grove_real a[ROWS * WIDTH], b[ROWS * WIDTH];
    for (int mode = GROVE_BAG_SUM; mode <= GROVE_BAG_MAX; mode++) {
        for (int i = 0; i < 3; i++) {
            train((grove_bag_mode)mode, &optimizers[i], false, a);
            train((grove_bag_mode)mode, &optimizers[i], true, b);
            for (int k = 0; k < ROWS * WIDTH; k++) {
                ck_assert_double_eq_tol((double)a[k], (double)b[k], tolerance);
            }
        }
    }
}
END_TEST

/* A lookup and a bag in one table: one row-sparse gradient of both lists. */
START_TEST(a_bag_and_a_lookup_in_one_table) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor one = grove_input_ids(g, "one", GROVE_BATCH);
    grove_tensor some = grove_input_ids(g, "some", GROVE_BATCH, 2);
    grove_tensor table = grove_parameter(g, "t", GROVE_SHAPE(4, 1), (grove_init){0});
    grove_embedding_bag_options o = {.padded = true, .padding = -1};
    grove_tensor y = grove_embedding_bag(table, some, GROVE_NONE, GROVE_NONE, &o);
    grove_tensor loss =
        grove_sum(grove_add(grove_scale(y, 10), grove_embedding(table, one)), GROVE_ALL_AXES);
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 1));
    ck_assert_str_eq(grove_node_op(grove_gradient_of(table)), "scatter_rows");
    grove_plan *plan =
        grove_plan_new(g, &step, 1, &(grove_plan_options){.batch = 2, .training = true});
    grove_bind(plan, one, (const grove_id[]){0, 1});
    grove_bind(plan, some, (const grove_id[]){1, -1, -1, 3});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real expected[] = {-1, -11, 0, -10};
    ck_assert_mem_eq(grove_parameter_data(table), expected, sizeof expected);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- the layer ------------------------------------------------------------------------------- */

START_TEST(the_layer) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "genres", GROVE_BATCH, 3);
    grove_init ones = {.kind = GROVE_INIT_CONSTANT, .a = 1};
    grove_nn_embedding_bag_options o = {.weights = grove_input_reals(g, "w", GROVE_BATCH, 3),
                                        .table_init = &ones};
    grove_tensor y = grove_nn_embedding_bag(ids, 20, 8, "genre", &o);
    grove_tensor logits = grove_nn_dense(y, 2, "out");
    ck_assert(grove_shape_equal(grove_node_shape(y), GROVE_SHAPE(GROVE_BATCH, 8)));
    ck_assert_str_eq(grove_node_name(y), "genre");
    grove_tensor table = grove_find(g, "genre.weight");
    ck_assert(grove_shape_equal(grove_node_shape(table), GROVE_SHAPE(20, 8)));
    ck_assert(((const grove_real *)grove_parameter_data(table))[159] == 1);
    ck_assert_int_eq(grove_nn_depth(&logits, 1), 2);
    ck_assert(!grove_is_valid(grove_nn_embedding_bag(GROVE_NONE, 20, 8, "none", NULL)));
    ck_assert_int_eq(grove_graph_error(g)->status, GROVE_OK);
    grove_graph *other = grove_graph_new(NULL);
    grove_embedding_bag(grove_parameter(other, "t", GROVE_SHAPE(4, 2), (grove_init){0}),
                        grove_input_ids(other, "ids", 3, 2), GROVE_NONE, GROVE_NONE,
                        &(grove_embedding_bag_options){.padding = -1});
    ck_assert_str_eq(grove_graph_error(other)->message,
                     "embedding_bag (node 2): its padding is -1, which counts with .padded alone");
    grove_graph_free(other);
    grove_nn_embedding_bag_options forgotten = {.bag = {.padding = -1}};
    ck_assert(!grove_is_valid(grove_nn_embedding_bag(ids, 20, 8, "half", &forgotten)));
    ck_assert_str_eq(grove_graph_error(g)->message,
                     "embedding bag layer 'half': its padding is -1, which counts with .padded "
                     "alone");
    grove_graph_free(g);
}
END_TEST

static grove_status build_and_train(hostile_memory *memory) {
    grove_allocator allocator = hostile_allocator(memory);
    grove_graph *g = grove_graph_new(&(grove_graph_options){.allocator = allocator});
    grove_tensor ids = grove_input_ids(g, "ids", BAGS, SIZE);
    grove_nn_embedding_bag_options o = {.bag = {.padded = true, .padding = hole}};
    grove_tensor y = grove_nn_embedding_bag(ids, ROWS, 2, "bag", &o);
    grove_freeze_rows(grove_find(g, "bag.weight"), (const grove_id[]){1, 3}, 2);
    grove_tensor step = grove_minimize(grove_sum(y, GROVE_ALL_AXES), GROVE_ADAM(0));
    grove_plan_options options = {.training = true, .allocator = allocator};
    grove_plan *plan = grove_plan_new(g, &step, 1, &options);
    grove_bind(plan, ids, matrix);
    grove_status status = grove_run(plan);
    grove_plan_free(plan);
    grove_graph_free(g);
    return status;
}

START_TEST(every_allocation_may_fail) {
    size_t n = 1;
    for (bool failed = true; failed; n++) {
        hostile_memory memory = {.fail_at = n};
        grove_status status = build_and_train(&memory);
        failed = memory.calls >= n;
        ck_assert_int_eq(status, failed ? GROVE_NO_MEMORY : GROVE_OK);
        ck_assert_uint_eq(memory.live, 0);
    }
    ck_assert_uint_gt(n, 20);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("embedding_bag");
    tcase_add_loop_test(cases, the_bag_with_padding_is_the_bag_without_it, 0, 3);
    tcase_add_loop_test(cases, any_id_may_be_the_padding, 0, 3);
    tcase_add_test(cases, padding_does_not_count_in_the_mean);
    tcase_add_test(cases, the_first_of_equals_gets_the_gradient_of_a_maximum);
    tcase_add_test(cases, a_weighted_bag_is_a_lookup_and_a_sum);
    tcase_add_test(cases, a_weight_beside_padding_counts_for_nothing);
    tcase_add_test(cases, weights_are_refused_in_other_modes);
    tcase_add_test(cases, offsets_with_and_without_the_last_one);
    tcase_add_loop_test(cases, bad_offsets_are_refused_in_words, 0, BAD);
    tcase_add_test(cases, nothing_in_bags_and_no_bags);
    tcase_add_test(cases, a_batch_may_be_empty_and_bags_of_no_places);
    tcase_add_test(cases, the_end_of_a_list_may_be_padding);
    tcase_add_test(cases, bad_ids_are_refused_in_words);
    tcase_add_test(cases, minus_one_is_refused_where_it_is_no_padding);
    tcase_add_test(cases, nobody_is_passed_over);
    tcase_add_loop_test(cases, a_step_touches_the_rows_in_bags_alone, 0, OPTIMIZERS);
    tcase_add_test(cases, training_by_rows_is_dense_training);
    tcase_add_test(cases, a_bag_and_a_lookup_in_one_table);
    tcase_add_loop_test(cases, plain_bags_are_bags_of_weights_of_one, 0, 9);
    tcase_add_test(cases, the_layer);
    tcase_add_test(cases, every_allocation_may_fail);
    Suite *suite = suite_create("embedding_bag");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
