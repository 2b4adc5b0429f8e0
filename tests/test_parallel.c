/* SPDX-License-Identifier: MIT
 *
 * What must not depend on order: random numbers, how parameters begin, threads in a plan, plans in
 * threads; and the calling program's BLAS, which a run must leave as it was. */
#include <check.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/threads.h"
#include "grove/ops.h"
#include "grove/plan.h"
#include "hostile_allocator.h"

/* ---- random numbers -------------------------------------------------------------------------- */

/* The known answers that the authors of Philox4x32-10 published. */
START_TEST(philox_gives_the_known_answers) {
    static const struct {
        uint32_t counter[4], key[2], wanted[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint32_t words[4];
        grove_philox(known[i].counter, known[i].key, words);
        ck_assert_mem_eq(words, known[i].wanted, sizeof words);
    }
}
END_TEST

GROVE_KERNEL int blocks_any(uint64_t seed, uint64_t block, uint32_t *words) {
    grove_random_blocks(seed, 7, 9, block, words);
    return 0;
}
GROVE_BY_LEVEL(int, blocks, blocks_any, (uint64_t seed, uint64_t block, uint32_t *words),
               (seed, block, words))

/* Many blocks at once are those blocks, also where the counter's low half runs over. */
START_TEST(blocks_in_vectors_are_the_same_words) {
    const uint64_t first[] = {0, 5, 0xfffffff8u, 0xfffffffffffffff8u};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        uint32_t words[4 * GROVE_RANDOM_BLOCKS], one[4];
        blocks(0x123456789abcdefu, first[i], words);
        for (uint64_t k = 0; k < GROVE_RANDOM_BLOCKS; k++) {
            grove_random_block(0x123456789abcdefu, 7, 9, first[i] + k, one);
            ck_assert_mem_eq(one, words + 4 * k, sizeof one);
        }
    }
}
END_TEST

START_TEST(each_part_of_the_counter_counts) {
    uint32_t base[4], words[4];
    grove_random_block(1, 2, 3, 4, base);
    const struct {
        uint64_t seed;
        uint32_t stream, step;
        uint64_t block;
    } others[] = {{2, 2, 3, 4},
                  {1, 3, 3, 4},
                  {1, 2, 4, 4},
                  {1, 2, 3, 5},
                  {1 + (1ull << 32), 2, 3, 4},
                  {1, 2, 3, 4 + (1ull << 32)}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        grove_random_block(others[i].seed, others[i].stream, others[i].step, others[i].block,
                           words);
        ck_assert(memcmp(words, base, sizeof words) != 0);
    }
    ck_assert(grove_unit24(0) == 0 && grove_unit24(0xffffffff) < 1);
    ck_assert(grove_unit53(0, 0) == 0 && grove_unit53(0xffffffff, 0xffffffff) < 1);
    ck_assert(grove_hash_name("a") != grove_hash_name("b"));
}
END_TEST

/* ---- how parameters begin -------------------------------------------------------------------- */

enum { FAN_OUT = 200, FAN_IN = 300, SIZE = FAN_OUT * FAN_IN };

typedef struct beginning {
    grove_init init;
    double mean, variance, least, most;
} beginning;

static void expect_statistics(const grove_real *numbers, const beginning *wanted) {
    double sum = 0, squares = 0;
    for (int i = 0; i < SIZE; i++) {
        double number = (double)numbers[i];
        ck_assert(number >= wanted->least - 1e-6 && number <= wanted->most + 1e-6);
        sum += number;
        squares += number * number;
    }
    double mean = sum / SIZE, variance = squares / SIZE - mean * mean;
    /* Six standard errors of the mean; of the variance (a normal one's is sqrt(2/n)). */
    ck_assert_double_le(fabs(mean - wanted->mean), 6 * sqrt(wanted->variance / SIZE) + 1e-6);
    ck_assert_double_le(fabs(variance - wanted->variance), 6 * wanted->variance * sqrt(2.0 / SIZE));
}

START_TEST(parameters_begin_as_their_kind_says) {
    const double far = 100, xavier = sqrt(6.0 / (FAN_IN + FAN_OUT)), kaiming = sqrt(6.0 / FAN_IN);
    const beginning kinds[] = {
        {{.kind = GROVE_INIT_NORMAL, .a = 3, .b = 2}, 3, 4, -far, far},
        {{.kind = GROVE_INIT_UNIFORM, .a = -1, .b = 2}, 0.5, 9.0 / 12, -1, 2},
        {{.kind = GROVE_INIT_XAVIER_UNIFORM}, 0, xavier * xavier / 3, -xavier, xavier},
        {{.kind = GROVE_INIT_XAVIER_NORMAL}, 0, 2.0 / (FAN_IN + FAN_OUT), -far, far},
        {{.kind = GROVE_INIT_KAIMING_UNIFORM}, 0, kaiming * kaiming / 3, -kaiming, kaiming},
        {{.kind = GROVE_INIT_KAIMING_NORMAL}, 0, 2.0 / FAN_IN, -far, far},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        grove_graph *g = grove_graph_new(NULL); /* seed 0 is a seed like any other */
        grove_tensor p = grove_parameter(g, "p", GROVE_SHAPE(FAN_OUT, FAN_IN), kinds[i].init);
        ck_assert_uint_eq(grove_parameter_size(p), SIZE);
        expect_statistics(grove_parameter_data(p), &kinds[i]);
        grove_graph_free(g);
    }
}
END_TEST

static void begin_parameter(uint64_t seed, const char *before, const char *name, uint64_t own,
                            grove_real numbers[8]) {
    grove_init normal = {.kind = GROVE_INIT_NORMAL, .b = 1, .seed = own};
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = seed});
    if (before) {
        grove_parameter(g, before, GROVE_SHAPE(5), normal);
    }
    grove_tensor p = grove_parameter(g, name, GROVE_SHAPE(8), normal);
    memcpy(numbers, grove_parameter_data(p), 8 * sizeof *numbers);
    grove_graph_free(g);
}

START_TEST(a_beginning_depends_on_seed_and_name_alone) {
    grove_real base[8], other[8];
    begin_parameter(0, NULL, "w", 0, base);
    begin_parameter(0, "v", "w", 0, other);
    ck_assert_mem_eq(base, other, sizeof base);
    begin_parameter(1, NULL, "w", 0, other);
    ck_assert(memcmp(base, other, sizeof base) != 0);
    begin_parameter(0, NULL, "v", 0, other);
    ck_assert(memcmp(base, other, sizeof base) != 0);
    begin_parameter(0, NULL, "w", 7, other);
    ck_assert(memcmp(base, other, sizeof base) != 0);
    begin_parameter(0, NULL, "v", 7, base); /* an own seed stands for the name */
    ck_assert_mem_eq(base, other, sizeof base);
}
END_TEST

/* ---- threads --------------------------------------------------------------------------------- */

enum { TILES = 1000, ROUNDS = 50 };

enum { MOST_THREADS = 5 };

typedef struct tally {
    int tiles[TILES];             /* each tile has one taker, so this needs no lock */
    int rooms[MOST_THREADS][100]; /* and neither does a worker's own room */
    int unknown, mixed;
} tally;

static void count_tile(void *context, size_t worker, size_t tile) {
    tally *t = context;
    t->tiles[tile]++;
    if (worker >= MOST_THREADS) {
        t->unknown++;
        return;
    }
    int *room = t->rooms[worker];
    for (int i = 0; i < 100; i++) {
        room[i] = (int)tile;
    }
    for (int i = 0; i < 100; i++) {
        if (room[i] != (int)tile) {
            t->mixed++;
        }
    }
}

START_TEST(a_pool_does_each_tile_once) {
    static tally t;
    hostile_memory memory = {0};
    grove_allocator allocator = hostile_allocator(&memory);
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        grove_pool *pool = grove_pool_new(&allocator, threads, threads);
        for (int round = 0; round < ROUNDS; round++) {
            grove_pool_run(pool, count_tile, &t, round % 3 ? TILES : 0);
        }
        grove_pool_free(pool);
    }
    for (int i = 0; i < TILES; i++) {
        ck_assert_int_eq(t.tiles[i], MOST_THREADS * (ROUNDS - (ROUNDS + 2) / 3));
    }
    ck_assert(t.unknown == 0 && t.mixed == 0);
    ck_assert_uint_eq(memory.live, 0);
    grove_pool_free(NULL);
}
END_TEST

/* Tiles 0 and 1 wait for each other: neither comes back unless two threads are at work. */
typedef struct meeting {
    atomic_int present;
    atomic_bool helped; /* somebody else than the caller took a tile */
} meeting;

static void meet(void *context, size_t worker, size_t tile) {
    meeting *m = context;
    if (worker > 0) {
        atomic_store(&m->helped, true);
    }
    if (tile < 2) {
        atomic_fetch_add(&m->present, 1);
        while (atomic_load(&m->present) < 2) {
            sched_yield();
        }
    }
}

static void rest(long microseconds) {
    if (microseconds > 0) {
        nanosleep(&(struct timespec){.tv_nsec = 1000 * microseconds}, NULL);
    }
}

/* After each pause, short or long or about as long as a worker looks out before it lies down. A
 * call that is slept through makes this hang. */
START_TEST(whoever_is_called_comes) {
    static const long pauses[] = {0, 0, 0, 40, 80, 100, 120, 160, 1000};
    enum { PAUSES = sizeof pauses / sizeof *pauses };
    grove_allocator allocator = grove_allocator_or_default(NULL);
    for (int threads = 2; threads <= 4; threads++) {
        grove_pool *pool = grove_pool_new(&allocator, threads, threads);
        for (int round = 0; round < 40 * PAUSES; round++) {
            meeting m = {0};
            rest(pauses[round % PAUSES]);
            grove_pool_run(pool, meet, &m, 8);
            ck_assert(atomic_load(&m.helped));
        }
        grove_pool_free(pool);
    }
}
END_TEST

static void note_help(void *context, size_t worker, size_t tile) {
    (void)tile;
    if (worker > 0) {
        atomic_store((atomic_bool *)context, true);
    }
}

/* A fork has no workers: who waited for them would wait for ever. */
START_TEST(nobody_waits_for_those_who_did_not_come) {
    grove_allocator allocator = grove_allocator_or_default(NULL);
    grove_pool *pool = grove_pool_new(&allocator, 3, 3);
    rest(20000); /* they sleep by now */
    pid_t child = fork();
    if (child == 0) {
        atomic_bool helped = false;
        for (int round = 0; round < ROUNDS; round++) {
            grove_pool_run(pool, note_help, &helped, TILES);
        }
        _exit(atomic_load(&helped) ? 1 : 0);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    grove_pool_free(pool);
}
END_TEST

/* Two runs of the calling program's threads on two cores: each is alone on its own. */
START_TEST(runs_at_the_same_time_share_the_cores) {
    grove_allocator allocator = grove_allocator_or_default(NULL);
    grove_pool *pool = grove_pool_new(&allocator, 2, 2);
    atomic_bool helped = false;
    grove_threads_enter();
    grove_threads_enter();
    for (int round = 0; round < ROUNDS; round++) {
        grove_pool_run(pool, note_help, &helped, TILES);
    }
    ck_assert(!atomic_load(&helped));
    grove_threads_leave();
    meeting m = {0};
    grove_pool_run(pool, meet, &m, TILES); /* alone again: the other core is free */
    grove_threads_leave();
    ck_assert(atomic_load(&m.helped));
    ck_assert_int_ge(grove_cores(), 1);
    grove_pool_free(pool);
}
END_TEST

enum { ROWS = 64, WIDTH = 48, READERS = 4 };

static grove_tensor model(grove_graph *g) {
    grove_init init = {.kind = GROVE_INIT_XAVIER_NORMAL};
    grove_tensor h = grove_input_reals(g, "x", GROVE_BATCH, WIDTH);
    h = grove_tanh(
        grove_matmul(h, grove_parameter(g, "a", GROVE_SHAPE(WIDTH, WIDTH), init), false, true));
    return grove_name(
        grove_matmul(h, grove_parameter(g, "b", GROVE_SHAPE(WIDTH, WIDTH), init), false, true),
        "y");
}

typedef struct reader {
    const grove_graph *graph;
    const grove_real *x;
    grove_real y[ROWS * WIDTH];
    grove_status status;
} reader;

static void *read_many_times(void *context) {
    reader *r = context;
    grove_tensor y = grove_find(r->graph, "y");
    grove_plan *plan = grove_plan_new(r->graph, &y, 1, &(grove_plan_options){.batch = ROWS});
    grove_bind(plan, grove_find(r->graph, "x"), r->x);
    for (int i = 0; i < 20 && r->status == GROVE_OK; i++) {
        r->status = grove_run(plan);
    }
    if (r->status == GROVE_OK) {
        memcpy(r->y, grove_value(plan, y), sizeof r->y);
    }
    grove_plan_free(plan);
    return NULL;
}

START_TEST(many_threads_read_one_graph) {
    static grove_real x[ROWS * WIDTH];
    static reader readers[READERS + 1];
    pthread_t threads[READERS];
    for (int i = 0; i < ROWS * WIDTH; i++) {
        x[i] = (grove_real)(i % 13) / 8 - 1;
    }
    grove_graph *g = grove_graph_new(NULL);
    model(g);
    for (int i = 0; i <= READERS; i++) {
        readers[i].graph = g;
        readers[i].x = x;
    }
    read_many_times(&readers[READERS]);
    for (int i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_many_times, &readers[i]), 0);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(readers[i].status, GROVE_OK);
        ck_assert_mem_eq(readers[i].y, readers[READERS].y, sizeof readers[i].y);
    }
    grove_graph_free(g);
}
END_TEST

#ifdef GROVE_HAS_OPENBLAS_THREADS
/* Declared here because cblas.h is for lib/base alone. */
void openblas_set_num_threads(int threads);
int openblas_get_num_threads(void);

START_TEST(a_run_leaves_the_callers_blas_as_it_was) {
    static grove_real x[ROWS * WIDTH];
    openblas_set_num_threads(2);
    int before = openblas_get_num_threads(); /* 1 where it was built without threads */
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor y = model(g);
    grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.batch = ROWS});
    ck_assert_int_ne(grove_run(plan), GROVE_OK); /* not bound: an early way out */
    ck_assert_int_eq(openblas_get_num_threads(), before);
    grove_bind(plan, grove_find(g, "x"), x);
    ck_assert_int_eq(grove_run(plan), GROVE_OK);
    ck_assert_int_eq(openblas_get_num_threads(), before);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST
#endif

int main(void) {
    Suite *suite = suite_create("parallel");
    TCase *random = tcase_create("random numbers");
    tcase_add_test(random, philox_gives_the_known_answers);
    tcase_add_test(random, each_part_of_the_counter_counts);
    tcase_add_test(random, blocks_in_vectors_are_the_same_words);
    tcase_add_test(random, parameters_begin_as_their_kind_says);
    tcase_add_test(random, a_beginning_depends_on_seed_and_name_alone);
    suite_add_tcase(suite, random);
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 60);
    tcase_add_test(threads, a_pool_does_each_tile_once);
    tcase_add_test(threads, whoever_is_called_comes);
    tcase_add_test(threads, nobody_waits_for_those_who_did_not_come);
    tcase_add_test(threads, runs_at_the_same_time_share_the_cores);
    tcase_add_test(threads, many_threads_read_one_graph);
#ifdef GROVE_HAS_OPENBLAS_THREADS
    tcase_add_test(threads, a_run_leaves_the_callers_blas_as_it_was);
#endif
    suite_add_tcase(suite, threads);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
