/* SPDX-License-Identifier: MIT
 *
 * Levels of processors: GROVE_CPU forces each one that this processor has, other words change
 * nothing, and all that is no product of matrices yields the same bits at every level. A level is
 * chosen once in a process, so each is asked of a process of its own: this program, with the word
 * "numbers". */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/levels.h"
#include "grove/grove.h"

enum { BATCH = 37, ROWS = 50, WIDTH = 27, STEPS = 20 };

static const char *self;

/* ---- the process that is asked --------------------------------------------------------------- */

static grove_tensor loss_of(grove_tensor ids, grove_tensor label) {
    grove_tensor table = grove_nn_embedding(ids, ROWS, WIDTH, "word");
    grove_tensor x = grove_nn_layer_norm(table, "norm", NULL);
    x = grove_add(grove_gelu(x), grove_mul(grove_tanh(x), grove_sigmoid(x)));
    x = grove_add(x, grove_log(grove_shift(grove_exp(grove_scale(x, 0.5)), 1)));
    x = grove_concat((grove_tensor[]){grove_softmax(x), x, grove_log_softmax(x)}, 3, -1);
    return grove_softmax_cross_entropy(grove_dropout(x, 0.3), label);
}

/* FNV-1a of the losses of a training without products, and of what it made of the table. */
static uint64_t hashed(uint64_t hash, const void *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ ((const unsigned char *)data)[i]) * 1099511628211u;
    }
    return hash;
}
static int print_numbers(void) {
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 3});
    grove_tensor ids = grove_input_ids(g, "ids", GROVE_BATCH);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor loss = loss_of(ids, label);
    grove_tensor step = grove_minimize(loss, GROVE_ADAM(.rate = 0.01));
    grove_plan *plan = grove_plan_new(g, (grove_tensor[]){step, loss}, 2,
                                      &(grove_plan_options){.batch = BATCH, .training = true});
    grove_id words[BATCH], labels[BATCH];
    uint64_t hash = 1469598103934665603u;
    grove_bind(plan, ids, words);
    grove_bind(plan, label, labels);
    for (int s = 0; s < STEPS; s++) {
        for (int i = 0; i < BATCH; i++) {
            words[i] = (s * 31 + i * i * 7) % ROWS;
            labels[i] = (s + i * 5) % (3 * WIDTH);
        }
        if (grove_run(plan) != GROVE_OK) {
            fprintf(stderr, "%s\n", grove_plan_error(plan)->message);
            return 1;
        }
        hash = hashed(hash, grove_value(plan, loss), sizeof(grove_real));
    }
    hash = hashed(hash, grove_parameter_data(grove_find(g, "word.weight")),
                  ROWS * WIDTH * sizeof(grove_real));
    printf("%s %016llx\n", grove_level_name(), (unsigned long long)hash);
    grove_plan_free(plan);
    grove_graph_free(g);
    return 0;
}

/* ---- who asks -------------------------------------------------------------------------------- */

typedef struct answer {
    char level[16], numbers[32];
} answer;

/* What a process says whose GROVE_CPU is the word, or not set if it is NULL. GROVE_RUNNER: what
 * runs programs that are built for another machine than this one. */
static answer ask(const char *word) {
    answer got = {.level = ""};
    char command[4096];
    const char *runner = getenv("GROVE_RUNNER");
    snprintf(command, sizeof command, "env %s%s %s '%s' numbers",
             word ? "GROVE_CPU=" : "-u GROVE_CPU", word ? word : "", runner ? runner : "", self);
    FILE *from = popen(command, "r");
    ck_assert_ptr_nonnull(from);
    ck_assert_int_eq(fscanf(from, "%15s %31s", got.level, got.numbers), 2);
    ck_assert_int_eq(pclose(from), 0);
    return got;
}

#ifdef GROVE_HAS_NEON
static const char *const levels[] = {"baseline", "neon"};
#else
static const char *const levels[] = {"baseline", "v2", "v3", "v4"};
#endif
enum { LEVELS = sizeof levels / sizeof *levels };

static int place_of(const char *level) {
    for (int i = 0; i < LEVELS; i++) {
        if (strcmp(level, levels[i]) == 0) {
            return i;
        }
    }
    ck_abort_msg("%s is no level", level);
    return -1;
}

START_TEST(the_variable_forces_a_level) {
    const int most = place_of(ask(NULL).level);
    for (int i = 0; i < LEVELS; i++) {
        ck_assert_int_eq(place_of(ask(levels[i]).level), i < most ? i : most);
    }
}
END_TEST

START_TEST(other_words_change_nothing) {
    const char *const words[] = {"", "v9", "V3", "NEON"};
    const answer unset = ask(NULL);
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(ask(words[i]).level, unset.level);
    }
}
END_TEST

START_TEST(all_but_products_yields_the_same_bits) {
    const answer baseline = ask("baseline");
    for (int i = 1; i < LEVELS; i++) {
        const answer got = ask(levels[i]);
        ck_assert_msg(strcmp(got.numbers, baseline.numbers) == 0, "%s yields %s, baseline %s",
                      got.level, got.numbers, baseline.numbers);
    }
}
END_TEST

int main(int arguments, char **argument) {
    if (arguments > 1) {
        return print_numbers();
    }
    self = argument[0];
    Suite *suite = suite_create("levels");
    TCase *levels = tcase_create("levels");
    tcase_set_timeout(levels, 60);
    tcase_add_test(levels, the_variable_forces_a_level);
    tcase_add_test(levels, other_words_change_nothing);
    tcase_add_test(levels, all_but_products_yields_the_same_bits);
    suite_add_tcase(suite, levels);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
