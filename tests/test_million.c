/* SPDX-License-Identifier: MIT
 *
 * Large graphs: a million nodes in a row, half a million uses of one node, a hundred thousand
 * parameters. All of it on a stack of 256 KiB, so nothing can be recursive in the number of nodes.
 * The seconds are printed, and fail nobody but by the timeout; what would be quadratic takes hours.
 */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/names.h"
#include "grove/grad.h"
#include "grove/nn.h"
#include "grove/plan.h"
#include "grove/tensors_file.h"
#include "hostile_allocator.h"
#include "plan_room.h"

enum {
    CHAIN = 1000000,
    FAN = 500000,
    PARAMETERS = 100000,
    LOOKUPS = 50000,
    WIDTH = 4,
    STACK = 256 << 10,
    WORDS = 600
};

/* In float 1 - y * y is rounded the same way for thousands of nodes on end, so the errors of a
 * product of a million slopes do not cancel: 1 % is what is left. */
static const double tolerance = sizeof(grove_real) == sizeof(double) ? 1e-9 : 2e-2;

/* ---- a small stack, and words ---------------------------------------------------------------- */

/* A test runs in a thread of its own, and tells what went wrong: assertions are for the main one.
 */
typedef struct task {
    bool (*run)(char *words);
    char words[WORDS];
    bool good;
} task;

static void *run_task(void *context) {
    task *t = context;
    t->good = t->run(t->words);
    return NULL;
}

static void on_a_small_stack(bool (*run)(char *words)) {
    task t = {.run = run};
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, STACK), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, run_task, &t), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    ck_assert_msg(t.good, "%s", t.words);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Prints how long it has taken since the last call, and starts anew. */
static void told(double *since, const char *what) {
    double end = now();
    printf("  %6.2f s  %s\n", end - *since, what);
    fflush(stdout);
    *since = now();
}

static bool is_near(double number, double wanted) {
    return fabs(number - wanted) <= tolerance * fabs(wanted);
}

/* Plans these outputs for training, and runs once. NULL (with words) if that fails. */
static grove_plan *planned(grove_graph *g, const grove_tensor *outputs, int count, double *since,
                           char *words) {
    grove_plan_options options = {.training = true};
    grove_plan *plan = grove_plan_new(g, outputs, count, &options);
    told(since, "planned");
    bool good = grove_run(plan) == GROVE_OK;
    told(since, "run");
    if (!good) {
        snprintf(words, WORDS, "%s", grove_plan_error(plan)->message);
        grove_plan_free(plan);
        return NULL;
    }
    return plan;
}

/* ---- a million in a row ---------------------------------------------------------------------- */

static double factor_at(int i) {
    return i % 8 < 4 ? 1.001 : 1 / 1.001;
}

/* h(i + 1) of h(i), and its slope: h + c, factor * h, tanh(h), h * m. */
static grove_real next(int i, grove_real h, grove_real c, grove_real m, grove_real *slope) {
    grove_real factor = (grove_real)factor_at(i), bent = (grove_real)tanh((double)h);
    switch (i % 4) {
    case 0:
        *slope = 1;
        return h + c;
    case 1:
        *slope = factor;
        return factor * h;
    case 2:
        *slope = 1 - bent * bent;
        return bent;
    default:
        *slope = m;
        return h * m;
    }
}

/* The same in plain C: value, and the gradients with respect to h(0), c and m, of one number. */
static bool plain_chain(const double start[3], double *value, double gradient[3]) {
    grove_real h = (grove_real)start[0], c = (grove_real)start[1], m = (grove_real)start[2], d = 1;
    grove_real *slope = malloc(2 * CHAIN * sizeof *slope), *at = slope + CHAIN;
    for (int i = 0; slope && i < CHAIN; i++) {
        at[i] = h;
        h = next(i, h, c, m, &slope[i]);
    }
    *value = (double)h;
    gradient[1] = gradient[2] = 0;
    for (int i = CHAIN; slope && i-- > 0; d *= slope[i]) {
        gradient[1] += i % 4 == 0 ? (double)d : 0;
        gradient[2] += i % 4 == 3 ? (double)(d * at[i]) : 0;
    }
    gradient[0] = (double)d;
    free(slope);
    return slope != NULL;
}

static grove_tensor parameter(grove_graph *g, const char *name, double value) {
    return grove_parameter(g, name, GROVE_SHAPE(WIDTH),
                           (grove_init){.kind = GROVE_INIT_CONSTANT, .a = value});
}

static grove_tensor build_chain(grove_tensor h, grove_tensor c, grove_tensor m) {
    for (int i = 0; i < CHAIN; i++) {
        switch (i % 4) {
        case 0:
            h = grove_add(h, c);
            break;
        case 1:
            h = grove_scale(h, factor_at(i));
            break;
        case 2:
            h = grove_tanh(h);
            break;
        default:
            h = grove_mul(h, m);
        }
    }
    return h;
}

static bool chain(char *words) {
    static const char *const names[] = {"h", "c", "m"};
    const double start[3] = {0.25, 1e-7, 1.0000001}, rate = 0.5;
    double since = now(), value, wanted[3];
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor p[3], dp[3];
    for (int i = 0; i < 3; i++) {
        p[i] = parameter(g, names[i], start[i]);
    }
    grove_tensor loss = grove_sum(build_chain(p[0], p[1], p[2]), GROVE_ALL_AXES);
    told(&since, "a million nodes in a row built");
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = rate));
    for (int i = 0; i < 3; i++) {
        dp[i] = grove_gradient_of(p[i]);
    }
    told(&since, "differentiated");
    grove_tensor outputs[] = {step, loss, dp[0], dp[1], dp[2]};
    grove_plan *plan = planned(g, outputs, 5, &since, words);
    bool good = plan && plain_chain(start, &value, wanted);
    if (good && !is_near(grove_scalar(plan, loss), WIDTH * value)) {
        snprintf(words, WORDS, "the value is %g, not %g", grove_scalar(plan, loss), WIDTH * value);
        good = false;
    }
    for (int i = 0; good && i < 3; i++) {
        double gradient = (double)((const grove_real *)grove_value(plan, dp[i]))[WIDTH - 1];
        double moved = start[i] - (double)((grove_real *)grove_parameter_data(p[i]))[0];
        good = is_near(gradient, wanted[i]) &&
               fabs(moved - rate * wanted[i]) <= tolerance * (fabs(rate * wanted[i]) + 1e-3);
        snprintf(words, WORDS, "the gradient of %s is %g, not %g; it moved by %g", names[i],
                 gradient, wanted[i], moved);
    }
    size_t steps = grove_plan_statistics(plan).steps;
    printf("           %d nodes, %zu steps\n", (int)grove_node_count(g), steps);
    since = now();
    grove_plan_free(plan);
    grove_graph_free(g);
    told(&since, "freed");
    return good;
}

START_TEST(a_million_nodes_in_a_row) {
    on_a_small_stack(chain);
}
END_TEST

/* ---- half a million uses of one node --------------------------------------------------------- */

static int weight_of(int i) {
    return i % 5 - 1; /* -1 ... 3: the mean is 1 */
}

/* All uses first, then their sum: so all of them live at once, and die one by one. */
static bool fan(char *words) {
    double since = now();
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = parameter(g, "x", 2), *use = malloc(FAN * sizeof *use);
    for (int i = 0; use && i < FAN; i++) {
        use[i] = grove_scale(x, weight_of(i));
    }
    grove_tensor sum = use ? use[0] : GROVE_NONE;
    for (int i = 1; use && i < FAN; i++) {
        sum = grove_add(i % 2 ? sum : use[i], i % 2 ? use[i] : sum);
    }
    free(use);
    told(&since, "half a million uses of one node built");
    grove_tensor dx = grove_gradient(sum, x);
    told(&since, "differentiated");
    grove_plan *plan = planned(g, (grove_tensor[]){sum, dx}, 2, &since, words);
    bool good = plan != NULL;
    for (int i = 0; good && i < WIDTH; i++) {
        double y = (double)((const grove_real *)grove_value(plan, sum))[i];
        double slope = (double)((const grove_real *)grove_value(plan, dx))[i];
        good = y == 2.0 * FAN && slope == FAN; /* small whole numbers: exact */
        snprintf(words, WORDS, "the sum is %g, its slope %g; %d were wanted", y, slope, FAN);
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    return good;
}

START_TEST(half_a_million_uses_of_one_node) {
    on_a_small_stack(fan);
}
END_TEST

/* ---- a hundred thousand parameters ----------------------------------------------------------- */

static grove_tensor named_parameter(grove_graph *g, int i) {
    char name[32];
    snprintf(name, sizeof name, "layer.%d.weight", i);
    return g ? grove_find(g, name) : GROVE_NONE;
}

static grove_tensor build_parameters(grove_graph *g, const grove_optimizer *optimizer) {
    grove_tensor loss = GROVE_NONE;
    for (int i = 0; i < PARAMETERS; i++) {
        char name[32];
        snprintf(name, sizeof name, "layer.%d.weight", i);
        grove_tensor w = grove_parameter(g, name, GROVE_SHAPE(1, 2),
                                         (grove_init){.kind = GROVE_INIT_CONSTANT, .a = i});
        grove_tensor part = grove_sum(grove_scale(w, i % 2 ? -3 : 2), GROVE_ALL_AXES);
        loss = i ? grove_add(loss, part) : part;
    }
    return grove_minimize(loss, optimizer);
}

/* All tensors of the graph's parameters in one block of a file, each found again. */
static bool write_parameters(grove_graph *g, double *since, char *words) {
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    grove_error error = {0};
    const int64_t shape[2] = {1, 2};
    grove_dtype dtype = sizeof(grove_real) == sizeof(double) ? GROVE_DTYPE_F64 : GROVE_DTYPE_F32;
    bool good = writer != NULL;
    for (int i = 0; good && i < PARAMETERS; i++) {
        grove_tensor w = named_parameter(g, i);
        good = grove_tensors_add(writer, grove_node_name(w), dtype, 2, shape,
                                 grove_parameter_data(w), &error) == GROVE_OK;
    }
    const void *bytes = NULL;
    size_t size = 0;
    grove_tensors_file *file = NULL;
    good = good && grove_tensors_write_bytes(writer, &bytes, &size, &error) == GROVE_OK &&
           grove_tensors_read_bytes(bytes, size, "many", NULL, &file, &error) == GROVE_OK;
    for (int i = 0; good && i < PARAMETERS; i++) {
        const char *name = grove_node_name(named_parameter(g, i));
        const grove_tensors_entry *entry = grove_tensors_find(file, name);
        good = entry &&
               memcmp(entry->data, grove_parameter_data(named_parameter(g, i)), entry->bytes) == 0;
    }
    snprintf(words, WORDS, "writing: %s", error.message);
    grove_tensors_free(file);
    grove_tensors_writer_free(writer);
    told(since, "written and read");
    return good;
}

static bool parameters(char *words) {
    double since = now();
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor step =
        build_parameters(g, GROVE_ADAM(.rate = 0.5, .decay = 1e-9, .clip_norm = 1e9));
    told(&since, "a hundred thousand parameters built, with Adam");
    bool good = true;
    for (int i = 0; good && i < PARAMETERS; i++) {
        char name[48];
        grove_tensor w = named_parameter(g, i);
        snprintf(name, sizeof name, "layer.%d.weight.adam_v", i);
        good = grove_is_valid(w) && grove_is_valid(grove_find(g, name));
        snprintf(words, WORDS, "'%s' is not found", name);
    }
    good = good && !grove_is_valid(grove_find(g, "layer.100000.weight"));
    told(&since, "all found by name");
    grove_plan *plan = good ? planned(g, &step, 1, &since, words) : NULL;
    good = plan != NULL;
    for (int i = 0; good && i < PARAMETERS; i++) { /* Adam's first step: the rate, by the sign */
        double w = (double)((grove_real *)grove_parameter_data(named_parameter(g, i)))[1];
        double wanted = i + (i % 2 ? 0.5 : -0.5);
        good = fabs(w - wanted) <= 1e-6 * (1 + wanted); /* its epsilon is 1e-8 */
        snprintf(words, WORDS, "weight %d is %g, not %g", i, w, wanted);
    }
    good = good && write_parameters(g, &since, words);
    grove_plan_free(plan);
    grove_graph_free(g);
    return good;
}

START_TEST(a_hundred_thousand_parameters) {
    on_a_small_stack(parameters);
}
END_TEST

/* ---- one table, looked up again and again ---------------------------------------------------- */

/* Lookup i takes row i % 7, and counts i % 3: the table's gradient is one list of all. */
static bool lookups(char *words) {
    double since = now(), wanted[7] = {0};
    grove_id row[7] = {0, 1, 2, 3, 4, 5, 6};
    grove_tensor ids[7], loss = GROVE_NONE;
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor table = grove_parameter(g, "table", GROVE_SHAPE(7, WIDTH), (grove_init){0});
    for (int i = 0; i < 7; i++) {
        char name[16];
        snprintf(name, sizeof name, "row.%d", i);
        ids[i] = grove_input_ids(g, name, 1);
    }
    for (int i = 0; i < LOOKUPS; i++) {
        grove_tensor e = grove_scale(grove_embedding(table, ids[i % 7]), i % 3);
        loss = i ? grove_add(loss, grove_sum(e, GROVE_ALL_AXES)) : grove_sum(e, GROVE_ALL_AXES);
        wanted[i % 7] += i % 3;
    }
    told(&since, "fifty thousand lookups in one table built");
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = 1));
    told(&since, "differentiated");
    bool is_list = strcmp(grove_node_op(grove_gradient_of(table)), "scatter_rows") == 0;
    grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
    for (int i = 0; i < 7; i++) {
        grove_bind(plan, ids[i], &row[i]);
    }
    told(&since, "planned");
    bool good = is_list && grove_run(plan) == GROVE_OK;
    told(&since, "run");
    snprintf(words, WORDS, "%s", is_list ? grove_plan_error(plan)->message : "it is no list");
    for (int i = 0; good && i < 7; i++) { /* whole numbers: exact */
        double moved = -(double)((grove_real *)grove_parameter_data(table))[i * WIDTH];
        good = moved == wanted[i];
        snprintf(words, WORDS, "row %d moved by %g, not %g", i, moved, wanted[i]);
    }
    size_t bytes = grove_plan_statistics(plan).block_bytes;
    printf("           %zu MB\n", bytes >> 20);
    grove_plan_free(plan);
    grove_graph_free(g);
    return good;
}

START_TEST(fifty_thousand_lookups_in_one_table) {
    on_a_small_stack(lookups);
}
END_TEST

/* ---- what carries it ------------------------------------------------------------------------- */

/* Names that differ in one place, in length or not at all; each growth may fail. */
START_TEST(names_are_found_whatever_happens) {
    enum { MANY = 3000 };
    static char names[MANY][16];
    for (size_t fail = 0; fail < 12; fail++) {
        hostile_memory memory = {.fail_at = fail};
        grove_allocator allocator = hostile_allocator(&memory);
        grove_names table = {0};
        ck_assert_int_eq(grove_names_find(&table, ""), -1);
        int failures = 0;
        for (int i = 0; i < MANY; i++) {
            snprintf(names[i], sizeof names[i], i % 2 ? "%d" : "n.%d.w", i);
            ck_assert_int_eq(grove_names_find(&table, names[i]), -1);
            while (!grove_names_add(&table, &allocator, names[i], i)) {
                ck_assert_int_eq(grove_names_find(&table, names[i]), -1);
                failures++;
            }
        }
        ck_assert_int_eq(failures, fail > 0 && fail <= memory.calls);
        for (int i = 0; i < MANY; i++) {
            ck_assert_int_eq(grove_names_find(&table, names[i]), i);
        }
        ck_assert_int_eq(grove_names_find(&table, "n.1.w"), -1);
        grove_release(&allocator, table.slots);
        ck_assert_uint_eq(memory.live, 0);
    }
}
END_TEST

/* The same by trying every place: what is taken, in rising order of offset. */
typedef struct taken {
    size_t offset, size;
    int32_t piece;
} taken;

static size_t best_place(const taken *all, size_t count, size_t size, size_t end) {
    size_t best = end, best_size = SIZE_MAX;
    for (size_t i = 0; i <= count; i++) {
        size_t from = i ? all[i - 1].offset + all[i - 1].size : 0;
        size_t hole = (i < count ? all[i].offset : end) - from;
        if (hole >= size && hole < best_size) {
            best = from;
            best_size = hole;
        }
    }
    return best;
}

START_TEST(room_is_the_smallest_hole_that_holds) {
    enum { MOST = 400, TURNS = 6000 };
    static taken all[MOST + 1];
    grove_allocator allocator = grove_allocator_or_default(NULL);
    grove_room room;
    ck_assert(grove_room_open(&room, &allocator, TURNS));
    size_t count = 0, end = 0;
    uint64_t random = 7;
    for (int turn = 0; turn < TURNS; turn++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t draw = (size_t)(random >> 33), size = 64 * (1 + draw % (turn % 3 ? 5 : 50));
        if (count < MOST && draw / 64 % 100 < (turn < TURNS / 2 ? 60u : 45u)) {
            size_t place = best_place(all, count, size, end), i = count++;
            end = place + size > end ? place + size : end;
            for (; i > 0 && all[i - 1].offset > place; i--) {
                all[i] = all[i - 1];
            }
            all[i] = (taken){place, size, grove_room_take(&room, size)};
            ck_assert_uint_eq(room.pieces[all[i].piece].offset, place);
        } else if (count > 0) {
            size_t i = draw / 8192 % count--;
            grove_room_give_back(&room, all[i].piece);
            memmove(&all[i], &all[i + 1], (count - i) * sizeof *all);
        }
        ck_assert_uint_eq(room.end, end);
    }
    grove_release(&allocator, room.pieces);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("million");
    TCase *parts = tcase_create("parts");
    tcase_add_test(parts, names_are_found_whatever_happens);
    tcase_add_test(parts, room_is_the_smallest_hole_that_holds);
    suite_add_tcase(suite, parts);
    TCase *large = tcase_create("large");
    tcase_set_timeout(large, 250);
    tcase_add_test(large, a_million_nodes_in_a_row);
    tcase_add_test(large, half_a_million_uses_of_one_node);
    tcase_add_test(large, a_hundred_thousand_parameters);
    tcase_add_test(large, fifty_thousand_lookups_in_one_table);
    suite_add_tcase(suite, large);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
