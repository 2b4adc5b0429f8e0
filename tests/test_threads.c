/* SPDX-License-Identifier: MIT
 *
 * How many threads work changes no byte: models of several kinds are trained for 50 steps by 1, 2,
 * 3 and 16 threads, at each level of instructions, and their files compared. And who says how many:
 * the plan's option, else GROVE_NUM_THREADS. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/levels.h"
#include "base/memory.h"
#include "base/threads.h"
#include "grove/grove.h"
#include "plan.h"

/* So many ids that the updates of rows are cut into shares. */
enum { STEPS = 50, BATCH = 256, ROWS = 3000, TIME = 8, WIDTH = 24, CLASSES = 2500 };

/* ---- models: each ends in a loss over `label`, and takes `ids` [batch, TIME] ----------------- */

typedef struct model {
    const char *name;
    grove_optimizer optimizer;
    grove_tensor (*loss)(grove_tensor ids, grove_tensor label);
} model;

static grove_tensor mixed_up(grove_tensor ids, grove_tensor label) {
    grove_tensor x = grove_nn_embedding(ids, ROWS, WIDTH, "word");
    x = grove_nn_position_embedding(x, "place");
    x = grove_nn_transformer_block(x, 2, "block", &(grove_transformer_options){.causal = true});
    x = grove_reshape(x, GROVE_SHAPE(GROVE_BATCH, TIME * WIDTH));
    x = grove_tanh(grove_nn_dense(x, 96, "hidden"));
    return grove_softmax_cross_entropy(grove_nn_dense(x, 40, "out"), label);
}

/* Ids that are met many times in a step, and a wide softmax that never writes its logits. */
static grove_tensor bags(grove_tensor ids, grove_tensor label) {
    grove_graph *g = ids.graph;
    grove_tensor x = grove_nn_embedding_bag(ids, ROWS, WIDTH, "word", NULL);
    x = grove_relu(grove_nn_dense(x, 64, "hidden"));
    grove_nn_dense(x, CLASSES, "out");
    return grove_linear_cross_entropy(x, grove_find(g, "out.weight"), grove_find(g, "out.bias"),
                                      label, GROVE_NONE, NULL);
}

static const model models[] = {
    {"transformer, Adam", {.kind = GROVE_OPTIMIZER_ADAM}, mixed_up},
    {"bags, Adagrad", {.kind = GROVE_OPTIMIZER_ADAGRAD, .rate = 0.1}, bags},
    {"bags, SGD with momentum, clipped",
     {.kind = GROVE_OPTIMIZER_SGD, .rate = 0.1, .momentum = 0.9, .clip_norm = 1},
     bags},
    {"bags, lazy RMSprop",
     {.kind = GROVE_OPTIMIZER_RMSPROP, .lazy = true, .clip_value = 0.01},
     bags},
    {"transformer, rowwise Adagrad, averages",
     {.kind = GROVE_OPTIMIZER_ROWWISE_ADAGRAD, .average = 0.9},
     mixed_up},
};
enum { MODELS = sizeof models / sizeof *models };

/* ---- training, to a file --------------------------------------------------------------------- */

static char folder[] = "/tmp/grove-threads-XXXXXX";

/* As many threads as are asked for work side by side, however few cores there are. */
static void crowd(grove_plan *plan, int threads) {
    if (threads > 1) {
        ck_assert_ptr_nonnull(plan->pool);
        grove_pool_free(plan->pool);
        plan->pool = grove_pool_new(&plan->allocator, threads, threads);
        ck_assert_ptr_nonnull(plan->pool);
    }
}

static void draw(uint32_t step, grove_id *ids, grove_id *labels) {
    uint32_t random = 12345 + step;
    for (int i = 0; i < BATCH * TIME; i++) {
        random = random * 1664525u + 1013904223u;
        /* Some ids are met often, most seldom. */
        uint32_t below = i % 3 ? ROWS : 20;
        ids[i] = (grove_id)((uint64_t)random * below >> 32);
    }
    for (int i = 0; i < BATCH; i++) {
        labels[i] = ids[i * TIME] % 40;
    }
}

static void train(const model *m, int threads, const char *path) {
    static grove_id ids[BATCH * TIME], labels[BATCH];
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 7});
    grove_tensor words = grove_input_ids(g, "words", GROVE_BATCH, TIME);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor loss = m->loss(words, label), step = grove_minimize(loss, &m->optimizer);
    grove_plan_options options = {.batch = BATCH, .training = true, .threads = threads};
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){step, loss}, 2, &options);
    ck_assert_str_eq(grove_plan_error(plan)->message, "");
    crowd(plan, threads);
    grove_bind(plan, words, ids);
    grove_bind(plan, label, labels);
    for (uint32_t i = 0; i < STEPS; i++) {
        draw(i, ids, labels);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
    }
    grove_error error;
    ck_assert_int_eq(grove_settle(step), GROVE_OK);
    ck_assert_int_eq(grove_save(path, &loss, 1, NULL, &error), GROVE_OK);
    grove_plan_free(plan);
    grove_graph_free(g);
}

static char *read_whole(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*size);
    ck_assert_uint_eq(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static bool same_files(const char *a, const char *b) {
    size_t size_a, size_b;
    char *bytes_a = read_whole(a, &size_a), *bytes_b = read_whole(b, &size_b);
    bool same = size_a == size_b && memcmp(bytes_a, bytes_b, size_a) == 0;
    free(bytes_a);
    free(bytes_b);
    return same;
}

static void compare_threads(const model *m) {
    const int threads[] = {2, 3, 16};
    char one[64], other[64];
    snprintf(one, sizeof one, "%s/one", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    train(m, 1, one);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        train(m, threads[i], other);
        ck_assert_msg(same_files(one, other), "%s: %d threads at level %s give another file",
                      m->name, threads[i], grove_level_name());
    }
    remove(one);
    remove(other);
}

static const char *const levels[] = {"baseline", "v2", "v3"}; /* v4, where there is one, is used */

static void compare_in_a_folder(const model *m) {
    ck_assert_ptr_nonnull(mkdtemp(folder));
    compare_threads(m);
    rmdir(folder);
    memcpy(strchr(folder, 0) - 6, "XXXXXX", 6);
}

START_TEST(any_number_of_threads_gives_the_same_file) {
    compare_in_a_folder(&models[_i]);
}
END_TEST

/* A process asks its level once; this one has not yet (or, with CK_FORK=no, they are all one). */
START_TEST(at_each_level_too) {
    setenv("GROVE_CPU", levels[_i], 1);
    compare_in_a_folder(&models[0]);
    compare_in_a_folder(&models[1]);
}
END_TEST

/* ---- products, cut into blocks by rows and by columns ---------------------------------------- */

enum { MATRICES = 2, HIGH = 300, BROAD = 203, DEEP = 150 };

static void multiply(bool ta, bool tb, int threads, grove_real *result) {
    static grove_real a[MATRICES * HIGH * DEEP], b[MATRICES * DEEP * BROAD];
    for (size_t i = 0; i < sizeof a / sizeof *a; i++) {
        a[i] = (grove_real)(i * 7 % 31) / 16 - 1;
    }
    for (size_t i = 0; i < sizeof b / sizeof *b; i++) {
        b[i] = (grove_real)(i * 11 % 37) / 16 - 1;
    }
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_constant(
        g, "a", ta ? GROVE_SHAPE(MATRICES, DEEP, HIGH) : GROVE_SHAPE(MATRICES, HIGH, DEEP), a);
    grove_tensor y = grove_matmul(
        x,
        grove_constant(g, "b",
                       tb ? GROVE_SHAPE(MATRICES, BROAD, DEEP) : GROVE_SHAPE(MATRICES, DEEP, BROAD),
                       b),
        ta, tb);
    grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.threads = threads});
    ck_assert_ptr_nonnull(plan);
    crowd(plan, threads);
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    memcpy(result, grove_value(plan, y), MATRICES * HIGH * BROAD * sizeof *result);
    grove_plan_free(plan);
    grove_graph_free(g);
    double worst = 0;
    for (size_t at = 0; at < MATRICES * HIGH * BROAD; at++) {
        size_t q = at / (HIGH * BROAD), i = at / BROAD % HIGH, j = at % BROAD;
        double sum = 0;
        for (size_t l = 0; l < DEEP; l++) {
            size_t of_a = q * HIGH * DEEP + (ta ? l * HIGH + i : i * DEEP + l);
            size_t of_b = q * DEEP * BROAD + (tb ? j * DEEP + l : l * BROAD + j);
            sum += (double)(a[of_a] * b[of_b]);
        }
        worst = fmax(worst, fabs(sum - (double)result[at]));
    }
    ck_assert_msg(worst < 1e-3, "%d threads: a number is wrong by %g", threads, worst);
}

START_TEST(a_product_in_blocks_is_the_whole) {
    static grove_real one[MATRICES * HIGH * BROAD], many[MATRICES * HIGH * BROAD];
    for (int way = 0; way < 4; way++) {
        multiply(way & 1, way & 2, 1, one);
        for (int threads = 2; threads < 6; threads++) {
            multiply(way & 1, way & 2, threads, many);
            ck_assert_mem_eq(one, many, sizeof one);
        }
    }
}
END_TEST

/* ---- from what size on ----------------------------------------------------------------------- */

/* Does a plan for y = tanh(x), x of that many numbers, have threads work? */
static bool is_shared(int64_t numbers, const char *from) {
    if (from) {
        setenv("GROVE_THREADS_FROM", from, 1);
    } else {
        unsetenv("GROVE_THREADS_FROM");
    }
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y = grove_tanh(grove_input_reals(g, "x", GROVE_BATCH, 2));
    grove_plan_options options = {.threads = 2, .batch = numbers / 2};
    grove_plan *plan = grove_plan_new(g, &y, 1, &options);
    const bool shared = plan->pool, refused = grove_plan_error(plan)->status != GROVE_OK;
    ck_assert_msg(!refused || strstr(grove_plan_error(plan)->message, "GROVE_THREADS_FROM"), "%s",
                  grove_plan_error(plan)->message);
    grove_plan_free(plan);
    grove_graph_free(g);
    setenv("GROVE_THREADS_FROM", "0", 1);
    ck_assert(!refused || !shared);
    return shared;
}

START_TEST(small_steps_stay_on_one_thread) {
    ck_assert(!is_shared(20000, NULL));
    ck_assert(!is_shared(20000, ""));
    ck_assert(is_shared(20000, "0"));
    ck_assert(is_shared(2000000, NULL));
    ck_assert(!is_shared(2000000, "1000000000"));
    ck_assert(!is_shared(2000000, "-1"));
    ck_assert(!is_shared(2000000, "much"));
    ck_assert(!is_shared(2000000, "99999999999999999999999"));
}
END_TEST

/* ---- how many -------------------------------------------------------------------------------- */

static int threads_of_plan(int wish, const char *variable, const char **words) {
    static char message[512];
    if (variable) {
        setenv("GROVE_NUM_THREADS", variable, 1);
    } else {
        unsetenv("GROVE_NUM_THREADS");
    }
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y = grove_tanh(grove_input_reals(g, "x", GROVE_BATCH, 2));
    grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.threads = wish});
    int threads = grove_plan_error(plan)->status == GROVE_OK ? plan->options.threads : 0;
    snprintf(message, sizeof message, "%s", grove_plan_error(plan)->message);
    *words = message;
    grove_plan_free(plan);
    grove_graph_free(g);
    unsetenv("GROVE_NUM_THREADS");
    return threads;
}

START_TEST(the_variable_is_for_plans_that_do_not_say) {
    const char *words;
    ck_assert_int_eq(threads_of_plan(0, NULL, &words), 1);
    ck_assert_int_eq(threads_of_plan(0, "", &words), 1);
    ck_assert_int_eq(threads_of_plan(0, "3", &words), 3);
    ck_assert_int_eq(threads_of_plan(0, "1024", &words), 1024);
    ck_assert_int_eq(threads_of_plan(2, "3", &words), 2);
    ck_assert_int_eq(threads_of_plan(2, "many", &words), 2);
}
END_TEST

START_TEST(a_variable_that_is_no_number_is_refused) {
    const char *const wrong[] = {"0",  "-1", "many", "1.5",  "2 ",
                                 " 2", "+2", "0x2",  "1025", "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *words;
        ck_assert_msg(threads_of_plan(0, wrong[i], &words) == 0, "'%s' is taken", wrong[i]);
        ck_assert_ptr_nonnull(strstr(words, "GROVE_NUM_THREADS"));
        ck_assert_ptr_nonnull(strstr(words, "from 1 to 1024"));
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("threads");
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 120);
    tcase_add_loop_test(files, any_number_of_threads_gives_the_same_file, 0, MODELS);
    tcase_add_test(files, a_product_in_blocks_is_the_whole);
    tcase_add_loop_test(files, at_each_level_too, 0, sizeof levels / sizeof *levels);
    suite_add_tcase(suite, files);
    TCase *wishes = tcase_create("wishes");
    tcase_add_test(wishes, small_steps_stay_on_one_thread);
    tcase_add_test(wishes, the_variable_is_for_plans_that_do_not_say);
    tcase_add_test(wishes, a_variable_that_is_no_number_is_refused);
    suite_add_tcase(suite, wishes);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
