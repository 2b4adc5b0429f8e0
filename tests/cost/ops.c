/* SPDX-License-Identifier: MIT
 *
 * ops - is what ops say of their costs true? Typical calls of them, each in a plan on one thread
 * with a clock beside it: the best of many runs, in nanoseconds for each addition that `cost`
 * counts. Threads take part from a sum of costs on (base/threads.h) and tiles are cut by them, so
 * the last column should be alike all the way down; the bound takes an addition for 0.125 ns.
 * No run has the ids of the one before: rows of a large table have to come from far.
 *
 *     build/tests/cost_ops [--once] [OP]
 */
#include <stdint.h>

#include "cost.h"
#include "grove/grove.h"
#include "plan.h"

enum { IDS = 1 << 20 };

typedef struct call call;
struct call {
    const char *op;
    size_t rows, width, ids; /* x [rows, width] is a parameter, ids are those of its rows */
    grove_tensor (*build)(const call *c, grove_tensor x, grove_tensor ids);
};

#define BUILDER(name, value)                                                                       \
    static grove_tensor name(const call *c, grove_tensor x, grove_tensor ids) {                    \
        (void)c, (void)ids;                                                                        \
        return value;                                                                              \
    }
BUILDER(look_up, grove_embedding(x, ids))
BUILDER(bags, grove_embedding_bag(x, grove_reshape(ids, GROVE_SHAPE((int64_t)c->ids / 8, 8)),
                                  GROVE_NONE, GROVE_NONE, NULL))
BUILDER(add, grove_add(x, x))
BUILDER(mul, grove_mul(x, x))
BUILDER(divide, grove_div(x, x))
BUILDER(relu, grove_relu(x))
BUILDER(gelu, grove_gelu(x))
BUILDER(exponential, grove_exp(x))
BUILDER(sigmoid, grove_sigmoid(x))
BUILDER(tangent, grove_tanh(x))
BUILDER(dropout, grove_dropout(x, 0.1))
BUILDER(softmax, grove_softmax(x))
BUILDER(log_softmax, grove_log_softmax(x))
BUILDER(cross_entropy, grove_softmax_cross_entropy_rows(x, ids, GROVE_NONE, NULL))
BUILDER(sum_of_rows, grove_sum(x, GROVE_AXES(1)))
BUILDER(sum_of_columns, grove_sum(x, GROVE_AXES(0)))
BUILDER(sum_of_all, grove_sum(x, GROVE_ALL_AXES))
BUILDER(largest, grove_max(x, GROVE_AXES(1)))
BUILDER(transposed, grove_transpose(x, GROVE_AXES(1, 0)))
BUILDER(product, grove_matmul(x, x, false, true))
BUILDER(normed, grove_nn_layer_norm(x, "norm", NULL))
BUILDER(sgd, grove_minimize(grove_sum(look_up(c, x, ids), GROVE_ALL_AXES), GROVE_SGD(.rate = 1)))
BUILDER(momentum, grove_minimize(grove_sum(look_up(c, x, ids), GROVE_ALL_AXES),
                                 GROVE_SGD(.rate = 1, .momentum = 0.9)))
BUILDER(adam, grove_minimize(grove_sum(look_up(c, x, ids), GROVE_ALL_AXES), GROVE_ADAM(.rate = 1)))
BUILDER(adagrad,
        grove_minimize(grove_sum(look_up(c, x, ids), GROVE_ALL_AXES), GROVE_ADAGRAD(.rate = 1)))
BUILDER(dense_sgd, grove_minimize(grove_sum(x, GROVE_ALL_AXES), GROVE_SGD(.rate = 1)))
BUILDER(dense_adam, grove_minimize(grove_sum(x, GROVE_ALL_AXES), GROVE_ADAM(.rate = 1)))

/* Tables in a near cache, in a far one, and beyond. */
static const call calls[] = {
    {"embedding", 200, 12, 4096, look_up},
    {"embedding", 73000, 12, 4096, look_up},
    {"embedding", 1000000, 16, 4096, look_up},
    {"embedding", 10000, 128, 4096, look_up},
    {"embedding_bag", 200, 12, 4096, bags},
    {"embedding_bag", 73000, 12, 4096, bags},
    {"embedding_bag", 1000000, 16, 4096, bags},
    {"embedding_bag", 10000, 128, 4096, bags},
    {"sgd_rows", 200, 12, 4096, sgd},
    {"sgd_rows", 73000, 12, 4096, sgd},
    {"sgd_rows", 1000000, 16, 4096, sgd},
    {"sgd_rows", 10000, 128, 4096, sgd},
    {"sgd_rows", 73000, 12, 4096, momentum},
    {"adagrad_rows", 73000, 12, 4096, adagrad},
    {"adagrad_rows", 1000000, 16, 4096, adagrad},
    {"adam_rows", 200, 12, 4096, adam},
    {"adam_rows", 73000, 12, 256, adam},
    {"adam_rows", 73000, 12, 4096, adam},
    {"adam_rows", 1000000, 16, 4096, adam},
    {"adam_rows", 10000, 128, 4096, adam},
    {"adam_catch_up", 73000, 12, 4096, adam},
    {"sgd", 256, 128, 0, dense_sgd},
    {"adam", 256, 128, 0, dense_adam},
    {"add", 256, 128, 0, add},
    {"add", 4096, 1024, 0, add},
    {"mul", 256, 128, 0, mul},
    {"div", 256, 128, 0, divide},
    {"relu", 256, 128, 0, relu},
    {"gelu", 256, 128, 0, gelu},
    {"exp", 256, 128, 0, exponential},
    {"sigmoid", 256, 128, 0, sigmoid},
    {"tanh", 256, 128, 0, tangent},
    {"dropout", 256, 128, 0, dropout},
    {"softmax", 4096, 2, 0, softmax},
    {"softmax", 4096, 10, 0, softmax},
    {"softmax", 256, 1000, 0, softmax},
    {"log_softmax", 4096, 10, 0, log_softmax},
    {"log_softmax", 256, 1000, 0, log_softmax},
    {"softmax_cross_entropy_rows", 4096, 2, 4096, cross_entropy},
    {"softmax_cross_entropy_rows", 4096, 10, 4096, cross_entropy},
    {"softmax_cross_entropy_rows", 256, 1000, 256, cross_entropy},
    {"sum", 256, 128, 0, sum_of_rows},
    {"sum", 256, 128, 0, sum_of_columns},
    {"sum", 256, 128, 0, sum_of_all},
    {"max", 256, 128, 0, largest},
    {"transpose", 256, 128, 0, transposed},
    {"matmul", 256, 128, 0, product},
    {"layer_norm", 256, 128, 0, normed},
};

static grove_id ids[IDS];

/* Ids below `most`, far from one another. */
static void draw_ids(size_t most) {
    uint32_t random = 1;
    for (size_t i = 0; i < IDS; i++) {
        random = random * 1664525u + 1013904223u;
        ids[i] = (grove_id)((uint64_t)random * most >> 32);
    }
}

/* Seconds of the op's steps in one run; their cost, in additions. */
static double run_once(grove_plan *plan, const char *op, double *cost) {
    double seconds = *cost = 0;
    for (size_t i = 0; i < plan->step_count; i++) {
        plan->steps[i].seconds = 0;
    }
    if (grove_run(plan) != GROVE_OK) {
        fprintf(stderr, "%s\n", grove_plan_error(plan)->message);
        exit(1);
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        const grove_step *step = &plan->steps[i];
        if (strcmp(step->op->name, op) == 0) {
            seconds += step->seconds;
            *cost += (double)(step->items * (step->op->cost ? step->op->cost(&step->call) : 1));
        }
    }
    return seconds;
}

static void measure(const call *c, bool once) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor list = grove_input_ids(g, "ids", (int64_t)(c->ids ? c->ids : 1));
    grove_tensor x = grove_parameter(g, "x", GROVE_SHAPE((int64_t)c->rows, (int64_t)c->width),
                                     (grove_init){.kind = GROVE_INIT_UNIFORM, .a = 0.5, .b = 1});
    grove_tensor y = c->build(c, x, list);
    grove_plan *plan = grove_plan_new(
        g, &y, 1, &(grove_plan_options){.training = true, .threads = 1, .profile = true});
    draw_ids(c->build == cross_entropy ? c->width : c->rows);
    grove_bind(plan, list, ids);
    double cost = 0, best = run_once(plan, c->op, &cost), begin = cost_now();
    for (size_t at = 0; !once && cost_now() - begin < 0.2;) {
        at = at + 2 * c->ids < IDS ? at + c->ids : 0;
        grove_bind(plan, list, ids + at);
        double seconds = run_once(plan, c->op, &cost);
        best = seconds < best ? seconds : best;
    }
    printf("%-27s %8zu x %-5zu %6zu  %11.0f  %9.2f us  %8.3f ns\n", c->op, c->rows, c->width,
           c->ids, cost, 1e6 * best, cost > 0 ? 1e9 * best / cost : 0);
    grove_plan_free(plan);
    grove_graph_free(g);
}

int main(int argc, char **argv) {
    bool once = cost_only_once(argc, argv);
    const char *only = argc > 1 + once ? argv[1 + once] : NULL;
    printf("%-27s %16s %6s  %11s  %12s  %11s\n", "", "x", "ids", "additions", "took",
           "an addition");
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (!only || strcmp(only, calls[i].op) == 0) {
            measure(&calls[i], once);
        }
    }
    return 0;
}
