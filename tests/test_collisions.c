/* SPDX-License-Identifier: MIT
 *
 * Who shares a row with whom: held against all pairs, one by one; and chance against all cases.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "grove/grove.h"
#include "hostile_allocator.h"

enum { MOST = 40, MOST_HASHES = 4, PAIRS = MOST * MOST };

typedef struct scene {
    size_t count, hashes;
    int64_t buckets;
    grove_id ids[MOST * MOST_HASHES];
    double weights[MOST];
    bool weighted;
} scene;

static uint32_t draw(uint64_t seed, uint64_t position) {
    uint32_t words[4];
    grove_random_block(seed, 7, 0, position, words);
    return words[0];
}

/* Few weights, so that many are equal; some of them 0. */
static scene make(uint64_t seed) {
    scene s = {.count = draw(seed, 0) % (MOST + 1),
               .hashes = 1 + draw(seed, 1) % MOST_HASHES,
               .buckets = 1 + draw(seed, 2) % 12,
               .weighted = draw(seed, 3) % 3 > 0};
    for (size_t i = 0; i < s.count * s.hashes; i++) {
        s.ids[i] = (grove_id)(draw(seed, 100 + i) % (uint64_t)s.buckets);
    }
    for (size_t i = 0; i < s.count; i++) {
        s.weights[i] = s.weighted ? draw(seed, 1000 + i) % 5 * 0.75 : 1;
    }
    return s;
}

/* ---- pair by pair ---------------------------------------------------------------------------- */

/* Rows in common, each as often as both have it; the smallest; and how many different ones. */
static int in_common(const scene *s, size_t a, size_t b, grove_id *smallest, int *different) {
    int common = 0;
    *different = 0;
    *smallest = -1;
    for (grove_id row = (grove_id)s->buckets - 1; row >= 0; row--) {
        int of_a = 0, of_b = 0;
        for (size_t j = 0; j < s->hashes; j++) {
            of_a += s->ids[a * s->hashes + j] == row;
            of_b += s->ids[b * s->hashes + j] == row;
        }
        int both = of_a < of_b ? of_a : of_b;
        common += both;
        *different += both > 0;
        *smallest = both > 0 ? row : *smallest;
    }
    return common;
}

typedef struct truth {
    grove_collision_report report;
    grove_collision pair[PAIRS];
    size_t pairs;
} truth;

static int by_rank(const void *left, const void *right) {
    const grove_collision *a = left, *b = right;
    return a->weight < b->weight ? 1 : -(a->weight > b->weight);
}

static void count_rows(const scene *s, grove_collision_report *report) {
    for (grove_id row = 0; row < s->buckets; row++) {
        size_t members = 0;
        for (size_t i = 0; i < s->count; i++) {
            bool has = false;
            for (size_t j = 0; j < s->hashes; j++) {
                has = has || s->ids[i * s->hashes + j] == row;
            }
            members += has;
        }
        report->rows_used += members > 0;
        if (members > report->fullest) {
            report->fullest = members;
            report->fullest_row = row;
        }
    }
}

static void find_truth(const scene *s, truth *t) {
    bool merged[MOST] = {false}, sharing[MOST] = {false};
    double total = 0;
    size_t merged_pairs = 0;
    *t = (truth){.pairs = 0};
    for (int kind = 0; kind < 2; kind++) { /* the merged ones first */
        for (size_t a = 0; a < s->count; a++) {
            for (size_t b = a + 1; b < s->count; b++) {
                grove_collision pair = {.first = a, .second = b};
                int different;
                pair.shared = in_common(s, a, b, &pair.row, &different);
                pair.weight = fmin(s->weights[a], s->weights[b]);
                bool whole = (size_t)pair.shared == s->hashes;
                merged[a] = merged[a] || whole;
                merged[b] = merged[b] || whole;
                sharing[a] = sharing[a] || pair.shared;
                sharing[b] = sharing[b] || pair.shared;
                t->report.row_pairs += kind ? (uint64_t)different : 0;
                if (pair.shared && whole == (kind == 0)) {
                    t->pair[t->pairs++] = pair;
                }
            }
        }
        merged_pairs = kind ? merged_pairs : t->pairs;
    }
    qsort(t->pair, merged_pairs, sizeof *t->pair, by_rank);
    qsort(t->pair + merged_pairs, t->pairs - merged_pairs, sizeof *t->pair, by_rank);
    t->report.merged_pairs = merged_pairs;
    for (size_t i = 0; i < s->count; i++) {
        t->report.merged += merged[i];
        t->report.sharing += sharing[i];
        t->report.merged_weight += merged[i] ? s->weights[i] : 0;
        t->report.sharing_weight += sharing[i] ? s->weights[i] : 0;
        total += s->weights[i];
    }
    t->report.merged_weight /= total > 0 ? total : 1;
    t->report.sharing_weight /= total > 0 ? total : 1;
    count_rows(s, &t->report);
}

/* ---- counted, against the truth -------------------------------------------------------------- */

static grove_collision_report report_of(const scene *s, grove_collision *list, size_t room) {
    grove_collision_report report;
    grove_error error;
    grove_collision_options o = {
        .weights = s->weighted ? s->weights : NULL, .heaviest = list, .room = room};
    grove_status status =
        grove_report_collisions(s->ids, s->count, (int)s->hashes, s->buckets, &o, &report, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    return report;
}

/* Is the pair as the truth has it, as heavy as the i-th one must be, and here for the first time?
 * Of pairs of one weight, any may be there. */
static bool is_right(const scene *s, const truth *t, const grove_collision *list, size_t i) {
    const grove_collision *pair = &list[i];
    grove_id row;
    int different;
    bool right = pair->first < pair->second && pair->second < s->count;
    right = right && pair->shared == in_common(s, pair->first, pair->second, &row, &different) &&
            pair->row == row &&
            pair->weight == fmin(s->weights[pair->first], s->weights[pair->second]) &&
            pair->weight == t->pair[i].weight &&
            ((size_t)pair->shared == s->hashes) == (i < t->report.merged_pairs);
    for (size_t k = 0; k < i; k++) {
        right = right && (list[k].first != pair->first || list[k].second != pair->second);
    }
    return right;
}

static void compare_list(const scene *s, const truth *t, const grove_collision *list, size_t listed,
                         size_t room) {
    size_t wrong = 0;
    ck_assert_uint_eq(listed, room < t->pairs ? room : t->pairs);
    for (size_t i = 0; i < listed; i++) {
        wrong += !is_right(s, t, list, i);
    }
    ck_assert_uint_eq(wrong, 0);
}

START_TEST(counts_are_those_of_all_pairs_one_by_one) {
    static truth t;
    static grove_collision list[PAIRS];
    size_t merged = 0, sharing = 0;
    for (uint64_t seed = 0; seed < 2000; seed++) {
        scene s = make(seed);
        find_truth(&s, &t);
        size_t room = seed % 4 ? draw(seed, 9) % 30 : PAIRS;
        grove_collision_report r = report_of(&s, list, room), *w = &t.report;
        ck_assert_uint_eq(r.merged, w->merged);
        ck_assert_uint_eq(r.sharing, w->sharing);
        ck_assert_uint_eq(r.merged_pairs, w->merged_pairs);
        ck_assert_uint_eq(r.row_pairs, w->row_pairs);
        ck_assert_uint_eq(r.rows_used, w->rows_used);
        ck_assert_uint_eq(r.fullest, w->fullest);
        ck_assert_int_eq(r.fullest_row, w->fullest_row);
        ck_assert_double_eq_tol(r.merged_weight, w->merged_weight, 1e-12);
        ck_assert_double_eq_tol(r.sharing_weight, w->sharing_weight, 1e-12);
        compare_list(&s, &t, list, r.listed, room);
        merged += r.merged > 0 && r.merged < r.sharing;
        sharing += r.sharing > 0 && r.sharing < s.count;
    }
    ck_assert(merged > 100 && sharing > 100); /* neither all nor nothing */
}
END_TEST

START_TEST(an_example_by_hand) {
    /* Two hashes. 0 and 2 have the rows 5 and 1, in other orders; 1 shares 5 with both; 3 has row 7
     * twice, 4 has it once; 5 is alone. */
    const grove_id ids[] = {5, 1, 5, 2, 1, 5, 7, 7, 7, 0, 8, 9};
    const double weights[] = {100, 50, 10, 40, 30, 20};
    grove_collision list[3];
    grove_collision_options o = {.weights = weights, .heaviest = list, .room = 3};
    grove_collision_report r;
    ck_assert_int_eq(grove_report_collisions(ids, 6, 2, 10, &o, &r, NULL), GROVE_OK);
    ck_assert_uint_eq(r.merged, 2);
    ck_assert_uint_eq(r.merged_pairs, 1);
    ck_assert_uint_eq(r.sharing, 5);
    ck_assert_uint_eq(r.row_pairs, 5); /* row 1: one; row 5: three; row 7: one */
    ck_assert_double_eq_tol(r.merged_weight, 110. / 250, 1e-12);
    ck_assert_double_eq_tol(r.sharing_weight, 230. / 250, 1e-12);
    ck_assert_uint_eq(r.rows_used, 7);
    ck_assert(r.fullest == 3 && r.fullest_row == 5);
    const grove_collision expected[] = {{0, 2, 2, 1, 10}, {0, 1, 1, 5, 50}, {3, 4, 1, 7, 30}};
    ck_assert_uint_eq(r.listed, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert(list[i].first == expected[i].first && list[i].second == expected[i].second);
        ck_assert(list[i].shared == expected[i].shared && list[i].row == expected[i].row);
        ck_assert(list[i].weight == expected[i].weight);
    }
}
END_TEST

/* ---- chance, against all cases --------------------------------------------------------------- */

/* The means over all buckets^(count * hashes) ways to draw rows. */
static void enumerate(scene *s, grove_collision_report *mean) {
    size_t ids = s->count * s->hashes, cases = 0;
    memset(s->ids, 0, sizeof s->ids);
    *mean = (grove_collision_report){0};
    for (bool more = true; more; cases++) {
        grove_collision_report r = report_of(s, NULL, 0);
        mean->merged_pairs_expected += (double)r.merged_pairs;
        mean->row_pairs_expected += (double)r.row_pairs;
        mean->sharing_expected += (double)r.sharing;
        mean->rows_used_expected += (double)r.rows_used;
        more = false;
        for (size_t i = 0; i < ids && !more; i++) {
            s->ids[i] = (s->ids[i] + 1) % (grove_id)s->buckets;
            more = s->ids[i] != 0;
        }
    }
    mean->merged_pairs_expected /= (double)cases;
    mean->row_pairs_expected /= (double)cases;
    mean->sharing_expected /= (double)cases;
    mean->rows_used_expected /= (double)cases;
}

START_TEST(what_is_expected_is_the_mean_over_all_cases) {
    const struct {
        size_t count, hashes;
        int64_t buckets;
    } sizes[] = {{2, 1, 7}, {5, 1, 3}, {2, 2, 5}, {3, 2, 4}, {2, 3, 4}, {3, 3, 2}, {2, 4, 3},
                 {2, 4, 2}, {3, 2, 1}, {1, 3, 3}, {2, 4, 1}, {4, 1, 1}, {5, 2, 2}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        scene s = {.count = sizes[i].count, .hashes = sizes[i].hashes, .buckets = sizes[i].buckets};
        grove_collision_report mean, r = report_of(&s, NULL, 0);
        enumerate(&s, &mean);
        ck_assert_double_eq_tol(r.merged_pairs_expected, mean.merged_pairs_expected, 1e-12);
        ck_assert_double_eq_tol(r.row_pairs_expected, mean.row_pairs_expected, 1e-12);
        ck_assert_double_eq_tol(r.sharing_expected, mean.sharing_expected, 1e-12);
        ck_assert_double_eq_tol(r.rows_used_expected, mean.rows_used_expected, 1e-12);
    }
}
END_TEST

/* For many hashes: k! / B^k, where B is large; all that can be, where it is 1. */
START_TEST(what_is_expected_of_many_hashes) {
    static const grove_id ids[2 * GROVE_MAX_HASHES];
    double factorial = 1;
    for (int k = 1; k <= GROVE_MAX_HASHES; k++) {
        grove_collision_report r;
        factorial *= k;
        ck_assert_int_eq(grove_report_collisions(ids, 2, k, INT32_MAX, NULL, &r, NULL), GROVE_OK);
        double about = factorial / pow(INT32_MAX, k);
        ck_assert_double_eq_tol(r.merged_pairs_expected / about, 1, 1e-6);
        ck_assert_int_eq(grove_report_collisions(ids, 2, k, 1, NULL, &r, NULL), GROVE_OK);
        ck_assert_double_eq_tol(r.merged_pairs_expected, 1, 1e-9);
        ck_assert_double_eq_tol(r.sharing_expected, 2, 1e-9);
        ck_assert_double_eq_tol(r.rows_used_expected, 1, 1e-9);
    }
}
END_TEST

/* ---- 73,000 species in 20,000 rows ----------------------------------------------------------- */

enum { SPECIES = 73000, BUCKETS = 20000 };

static void rows_by_ids(int hashes, uint64_t seed, grove_id *ids) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor rows = grove_hash_ids(grove_positions(g, SPECIES), BUCKETS, hashes, seed);
    grove_plan *plan = grove_plan_new(g, &rows, 1, NULL);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    memcpy(ids, grove_value(plan, rows), (size_t)(SPECIES * hashes) * sizeof *ids);
    grove_plan_free(plan);
    grove_graph_free(g);
}

/* "species 0", "species 1"... */
static void rows_by_names(int hashes, uint64_t seed, grove_id *ids) {
    grove_hashing how = {.buckets = BUCKETS, .hashes = hashes, .seed = seed};
    for (int i = 0; i < SPECIES; i++) {
        char name[32];
        size_t length = (size_t)snprintf(name, sizeof name, "species %d", i);
        grove_hash_cell((grove_cell){name, length}, &how, ids + i * hashes, NULL);
    }
}

/* Within four deviations of what is expected. Pairs are independent two by two, so the variance of
 * a number of rare pairs is their mean; so that of the others is at most, about. */
static void within(const char *what, double seen, double expected, double variance) {
    double d = 4 * sqrt(variance);
    printf("    %s: %.0f seen, %.1f +- %.1f expected\n", what, seen, expected, d);
    ck_assert_msg(fabs(seen - expected) <= d, "%s: %g is not within %g +- %g", what, seen, expected,
                  d);
}

START_TEST(seen_and_expected_agree) {
    static grove_id ids[SPECIES * 3];
    for (uint64_t seed = 0; seed < 8; seed++) {
        for (int hashes = 1; hashes <= 3; hashes++) {
            grove_collision_report r;
            (_i ? rows_by_names : rows_by_ids)(hashes, 1000 * seed, ids);
            ck_assert_int_eq(grove_report_collisions(ids, SPECIES, hashes, BUCKETS, NULL, &r, NULL),
                             GROVE_OK);
            printf("%s, seed %d, %d hashes:\n", _i ? "names" : "ids", (int)(1000 * seed), hashes);
            within("merged pairs", (double)r.merged_pairs, r.merged_pairs_expected,
                   r.merged_pairs_expected + 0.01);
            within("pairs by rows", (double)r.row_pairs, r.row_pairs_expected,
                   r.row_pairs_expected);
            within("sharing", (double)r.sharing, r.sharing_expected,
                   r.sharing_expected * (1 - r.sharing_expected / SPECIES) + 0.1);
            within("rows used", (double)r.rows_used, r.rows_used_expected,
                   r.rows_used_expected * (1 - r.rows_used_expected / BUCKETS) + 0.1);
        }
    }
}
END_TEST

/* What embeddings.h says of two hashes, in figures. */
START_TEST(what_one_and_two_hashes_mix_up) {
    static const grove_id ids[SPECIES * 2];
    grove_collision_report one, two;
    ck_assert_int_eq(grove_report_collisions(ids, SPECIES, 1, BUCKETS, NULL, &one, NULL), GROVE_OK);
    ck_assert_int_eq(grove_report_collisions(ids, SPECIES, 2, BUCKETS, NULL, &two, NULL), GROVE_OK);
    ck_assert_double_eq_tol(one.sharing_expected, 71000, 500);
    ck_assert_double_eq_tol(two.merged_pairs_expected, 13.3, 0.1);
}
END_TEST

/* ---- a million ------------------------------------------------------------------------------- */

enum { MILLION = 1000000 };

/* Also where all share all: 499,999,500,000 pairs, of which the ten heaviest are wanted. */
START_TEST(a_million_categories) {
    grove_id *ids = malloc(2 * MILLION * sizeof *ids);
    double *weights = malloc(MILLION * sizeof *weights);
    for (int kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < MILLION; i++) {
            weights[i] = (double)(draw(1, i) % 1000000) + (i == 77 || i == 99 ? 1e7 : 0);
            ids[2 * i] = kind ? (grove_id)(draw(2, i) % 100000) : 3;
            ids[2 * i + 1] = kind ? (grove_id)(draw(3, i) % 100000) : 8;
        }
        hostile_memory memory = {0};
        grove_collision list[10];
        grove_collision_options o = {.weights = weights,
                                     .heaviest = list,
                                     .room = 10,
                                     .allocator = hostile_allocator(&memory)};
        grove_collision_report r;
        ck_assert_int_eq(grove_report_collisions(ids, MILLION, 2, 100000, &o, &r, NULL), GROVE_OK);
        ck_assert_uint_eq(r.listed, 10);
        if (kind == 0) {
            ck_assert(r.merged_pairs == 499999500000u && r.row_pairs == 2 * r.merged_pairs);
            ck_assert(list[0].first == 77 && list[0].second == 99 && list[0].shared == 2);
        }
        for (int i = 1; i < 10; i++) {
            ck_assert(list[i].weight <= list[i - 1].weight || list[i - 1].shared == 2);
        }
        ck_assert(memory.live == 0 && memory.most_bytes <= (2 * 12 + 9) * MILLION);
    }
    free(weights);
    free(ids);
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------- */

static void refused(const grove_id *ids, size_t count, int hashes, int64_t buckets,
                    const double *weights, grove_status wanted, const char *words) {
    grove_error error;
    grove_collision_report r;
    grove_collision_options o = {.weights = weights};
    ck_assert_int_eq(grove_report_collisions(ids, count, hashes, buckets, &o, &r, &error), wanted);
    ck_assert_msg(strstr(error.message, words) != NULL, "%s", error.message);
    ck_assert_int_eq(grove_report_collisions(ids, count, hashes, buckets, &o, &r, NULL), wanted);
}

START_TEST(what_is_refused) {
    const grove_id good[] = {0, 1, 2, 3}, high[] = {0, 1, 2, 4}, low[] = {0, GROVE_NOBODY, 2, 3};
    const double negative[] = {1, -0.5}, infinite[] = {(double)INFINITY, 1},
                 no[] = {1, (double)NAN};
    refused(good, 2, 0, 4, NULL, GROVE_BAD_ARGUMENT, "1 to 16 hashes");
    refused(good, 2, 17, 4, NULL, GROVE_BAD_ARGUMENT, "1 to 16 hashes");
    refused(NULL, 2, 2, 4, NULL, GROVE_BAD_ARGUMENT, "there are no rows");
    grove_error error;
    ck_assert_int_eq(grove_report_collisions(good, 2, 2, 4, NULL, NULL, &error),
                     GROVE_BAD_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(error.message, "collisions: there is no report to write to"));
    refused(good, 2, 2, 0, NULL, GROVE_BAD_ARGUMENT, "buckets, not 2 and 0");
    refused(good, 2, 2, (int64_t)1 << 31, NULL, GROVE_BAD_ARGUMENT, "buckets, not 2 and");
    refused(high, 2, 2, 4, NULL, GROVE_BAD_DATA,
            "row 1 of category 1 is 4, it must be from 0 to 3");
    refused(low, 2, 2, 4, NULL, GROVE_BAD_DATA, "row 1 of category 0 is -2147483648");
    refused(good, 2, 2, 4, negative, GROVE_BAD_DATA, "the weight of category 1 is -0.5");
    refused(good, 2, 2, 4, infinite, GROVE_BAD_DATA, "the weight of category 0 is inf");
    refused(good, 2, 2, 4, no, GROVE_BAD_DATA, "the weight of category 1 is");
    refused(good, (size_t)1 << 30, 2, 4, NULL, GROVE_UNSUPPORTED, "1073741824 categories");
    refused(good, SIZE_MAX, 2, 4, NULL, GROVE_UNSUPPORTED, "more than are counted");
}
END_TEST

START_TEST(nobody_collides_with_nobody) {
    grove_collision_report r, zero = {0};
    ck_assert_int_eq(grove_report_collisions(NULL, 0, 2, 4, NULL, &r, NULL), GROVE_OK);
    ck_assert_mem_eq(&r, &zero, sizeof r);
}
END_TEST

START_TEST(every_allocation_fails_once) {
    scene s = make(17);
    grove_collision list[5];
    for (size_t n = 1;; n++) {
        hostile_memory memory = {.fail_at = n};
        grove_collision_options o = {.weights = s.weights,
                                     .heaviest = list,
                                     .room = 5,
                                     .allocator = hostile_allocator(&memory)};
        grove_collision_report r;
        grove_error error;
        grove_status status =
            grove_report_collisions(s.ids, s.count, (int)s.hashes, s.buckets, &o, &r, &error);
        ck_assert_uint_eq(memory.live, 0);
        if (memory.calls < n) {
            ck_assert_int_eq(status, GROVE_OK);
            ck_assert_uint_gt(n, 5);
            return;
        }
        ck_assert_int_eq(status, GROVE_NO_MEMORY);
        ck_assert_ptr_nonnull(strstr(error.message, "out of memory"));
    }
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("collisions");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, counts_are_those_of_all_pairs_one_by_one);
    tcase_add_test(cases, an_example_by_hand);
    tcase_add_test(cases, what_is_expected_is_the_mean_over_all_cases);
    tcase_add_test(cases, what_is_expected_of_many_hashes);
    tcase_add_loop_test(cases, seen_and_expected_agree, 0, 2);
    tcase_add_test(cases, what_one_and_two_hashes_mix_up);
    tcase_add_test(cases, a_million_categories);
    tcase_add_test(cases, what_is_refused);
    tcase_add_test(cases, nobody_collides_with_nobody);
    tcase_add_test(cases, every_allocation_fails_once);
    Suite *suite = suite_create("collisions");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
