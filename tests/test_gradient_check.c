/* SPDX-License-Identifier: MIT
 *
 * The gradient checker, checked: true gradients of layers and of many random models pass, planted
 * faults of many kinds are caught, and nothing is moved for good. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/embeddings.h"
#include "grove/gradient_check.h"
#include "grove/layers.h"
#include "grove/losses.h"
#include "grove/nn.h"
#include "grove/op.h"
#include "hostile_allocator.h"

#define IS_FLOAT (sizeof(grove_real) == sizeof(float))

enum { ROWS = 6, TIME = 4, WIDTH = 4, WORDS = 9, MOST = ROWS * TIME * WIDTH };

/* The smallest fault in a gradient's size that must be seen. */
static const double least_fault = IS_FLOAT ? 1.05 : 1.001;

/* ---- numbers, and a graph with inputs -------------------------------------------------------- */

static uint64_t state;

static double unit(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

/* About a normal number. */
static double normal(void) {
    double sum = -6;
    for (int i = 0; i < 12; i++) {
        sum += unit();
    }
    return sum;
}

typedef struct world {
    grove_graph *graph;
    grove_tensor x, text, sequence, label, target; /* [ROWS, WIDTH], ids, [ROWS, TIME, WIDTH] */
    grove_real rows[ROWS * WIDTH], places[MOST], targets[ROWS * WIDTH];
    grove_id words[ROWS], labels[ROWS];
    grove_binding bindings[5];
} world;

static world *open_world(const grove_allocator *allocator) {
    static world w;
    grove_graph_options options = {.seed = 5};
    options.allocator = allocator ? *allocator : options.allocator;
    grove_graph *g = grove_graph_new(&options);
    w = (world){.graph = g,
                .x = grove_input_reals(g, "x", GROVE_BATCH, WIDTH),
                .text = grove_input_ids(g, "text", GROVE_BATCH),
                .sequence = grove_input_reals(g, "sequence", GROVE_BATCH, TIME, WIDTH),
                .label = grove_input_ids(g, "label", GROVE_BATCH),
                .target = grove_input_reals(g, "target", GROVE_BATCH, WIDTH)};
    state = 11;
    for (int i = 0; i < MOST; i++) {
        w.places[i] = (grove_real)normal();
        w.rows[i % (ROWS * WIDTH)] = (grove_real)normal();
        w.targets[i % (ROWS * WIDTH)] = (grove_real)normal();
    }
    for (int i = 0; i < ROWS; i++) {
        w.words[i] = (grove_id)(i % 4 * 2); /* 0 2 4 6 0 2: two stand there twice */
        w.labels[i] = (grove_id)(i * 5 % WIDTH);
    }
    const grove_binding all[5] = {{w.x, w.rows},
                                  {w.text, w.words},
                                  {w.sequence, w.places},
                                  {w.label, w.labels},
                                  {w.target, w.targets}};
    memcpy(w.bindings, all, sizeof all);
    return &w;
}

static grove_status check_world(world *w, grove_tensor loss, grove_gradient_check_options wish,
                                grove_gradient_report *report, grove_error *error) {
    wish.batch = ROWS;
    return grove_check_gradients(loss, NULL, 0, w->bindings, 5, &wish, report, error);
}

/* ---- true gradients -------------------------------------------------------------------------- */

static grove_tensor build_dense(world *w) {
    grove_tensor h = grove_relu(grove_nn_dense(w->x, 7, "hidden"));
    return grove_softmax_cross_entropy(grove_nn_dense(h, WIDTH, "out"), w->label);
}
static grove_tensor build_embedding(world *w) {
    grove_tensor h = grove_nn_embedding(w->text, WORDS, WIDTH, "word");
    return grove_mean_squared_error(grove_tanh(grove_mul(h, w->x)), w->target);
}
static grove_tensor build_bag(world *w) {
    grove_tensor table = grove_parameter(w->graph, "bag", GROVE_SHAPE(WORDS, WIDTH),
                                         (grove_init){.kind = GROVE_INIT_NORMAL, .b = 1});
    grove_tensor pair = grove_concat((grove_tensor[]){grove_reshape(w->text, GROVE_SHAPE(-1, 1)),
                                                      grove_reshape(w->label, GROVE_SHAPE(-1, 1))},
                                     2, 1);
    grove_tensor bag = grove_embedding_bag(table, pair, GROVE_NONE, GROVE_NONE, NULL);
    return grove_mean_squared_error(grove_tanh(bag), w->target);
}
static grove_tensor build_layer_norm(world *w) {
    grove_tensor h = grove_nn_layer_norm(grove_nn_dense(w->x, WIDTH, "in"), "norm", NULL);
    return grove_huber_loss(h, w->target, 0.5, GROVE_NONE);
}
static grove_tensor build_transformer(world *w) {
    grove_tensor h = grove_nn_transformer_block(w->sequence, 2, "block", NULL);
    return grove_mean_squared_error(grove_mean(h, GROVE_AXES(1)), w->target);
}
static grove_tensor build_gru(world *w) {
    grove_tensor last = GROVE_NONE;
    grove_nn_gru(w->sequence, WIDTH, "gru", &(grove_gru_options){.last_state = &last});
    return grove_softmax_cross_entropy(last, w->label);
}
static grove_tensor build_batch_norm(world *w) {
    grove_tensor h = grove_nn_batch_norm(grove_nn_dense(w->x, WIDTH, "in"), "norm", NULL);
    return grove_mean_squared_error(grove_tanh(h), w->target);
}
static grove_tensor build_dropout(world *w) {
    grove_tensor h = grove_dropout(grove_tanh(grove_nn_dense(w->x, 12, "hidden")), 0.4);
    return grove_softmax_cross_entropy(grove_nn_dense(h, WIDTH, "out"), w->label);
}
static grove_tensor build_tied(world *w) {
    grove_tensor h = grove_nn_embedding(w->text, WORDS, WIDTH, "word");
    grove_tensor table = grove_find(w->graph, "word.weight");
    grove_tensor logits = grove_matmul(grove_mul(h, w->x), table, false, true);
    return grove_softmax_cross_entropy(logits, w->label);
}

typedef struct model {
    const char *name;
    grove_tensor (*build)(world *w);
    bool training;
    const char *below_noise; /* the one parameter that the loss does not feel, for a reason */
} model;

static const model models[] = {
    {"dense, relu, softmax", build_dense, false, NULL},
    {"embedding with repeated ids", build_embedding, false, NULL},
    {"bags", build_bag, false, NULL},
    {"layer norm", build_layer_norm, false, NULL},
    {"transformer block", build_transformer, false, "block.attention.key.bias"},
    {"GRU", build_gru, false, NULL},
    {"batch norm", build_batch_norm, true, "in.bias"},
    {"dropout", build_dropout, true, NULL},
    {"tied weights", build_tied, false, NULL},
};
enum { MODELS = sizeof models / sizeof models[0] };

START_TEST(true_gradients_pass) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    grove_tensor loss = models[_i].build(w);
    grove_gradient_check_options wish = {.training = models[_i].training, .seed = 3};
    ck_assert_msg(check_world(w, loss, wish, &r, &error) == GROVE_OK, "%s", error.message);
    ck_assert_msg(r.passed, "%s: %s", models[_i].name, r.words);
    ck_assert(strstr(r.words, "agree with differences"));
    for (int i = 0; i < r.count; i++) {
        const grove_parameter_check *p = &r.checks[i];
        const char *unfelt = models[_i].below_noise;
        bool below = unfelt && strcmp(p->name, unfelt) == 0;
        ck_assert_msg(p->verdict == (below ? GROVE_GRADIENT_BELOW_NOISE : GROVE_GRADIENT_AGREES),
                      "%s: %s %s", models[_i].name, p->name,
                      grove_gradient_verdict_words(p->verdict));
        ck_assert_uint_eq(p->checked, p->agreeing + p->zero + p->too_small + p->kinks + p->wrong);
        ck_assert(p->checked > 0 && p->checked <= p->size && p->wrong == 0);
        ck_assert_msg(IS_FLOAT || below || p->worst.error <= 1e-7 * fabs(p->worst.numeric),
                      "%s: %s is off by %g of %g", models[_i].name, p->name, p->worst.error,
                      p->worst.numeric);
    }
    grove_gradient_report_free(&r);
    grove_graph_free(w->graph);
}
END_TEST

/* ---- many random models ---------------------------------------------------------------------- */

enum { IN = 5, BATCH = 24, CLASSES = 4, PARAMETERS = 16 };

typedef struct random_model {
    grove_graph *graph;
    grove_tensor loss, parameters[PARAMETERS], gradients[PARAMETERS];
    int count;
    grove_real x[BATCH * IN];
    grove_id ids[BATCH], labels[BATCH];
    grove_binding bindings[3];
} random_model;

static grove_tensor activate(grove_tensor x, int kind) {
    grove_tensor (*const all[])(grove_tensor) = {grove_tanh, grove_gelu, grove_sigmoid,
                                                 grove_softplus, grove_relu};
    return all[kind % 5](x);
}

/* Other widths, depths, activations, sizes of numbers. */
static void open_random(random_model *m, int seed, double factor) {
    char name[16];
    state = 1000u + (uint64_t)seed * 77u;
    unit();
    int width = 3 + (int)(20 * unit()), layers = 1 + (int)(3 * unit());
    double size = exp(3 * (unit() - 0.5));
    *m = (random_model){.graph = grove_graph_new(&(grove_graph_options){.seed = (uint64_t)seed})};
    grove_graph *g = m->graph;
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, IN);
    grove_tensor id = grove_input_ids(g, "id", GROVE_BATCH);
    grove_tensor label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor word = grove_nn_embedding(id, 20, 3, "word");
    grove_tensor h = grove_concat((grove_tensor[]){x, word}, 2, 1);
    for (int i = 0; i < layers; i++) {
        snprintf(name, sizeof name, "h%d", i);
        h = activate(grove_nn_dense(h, width, name), seed);
    }
    m->loss = grove_softmax_cross_entropy(grove_nn_dense(h, CLASSES, "out"), label);
    for (int32_t i = 0; i < grove_parameter_count(g); i++) {
        grove_tensor p = m->parameters[m->count++] = grove_parameter_at(g, i);
        for (size_t k = 0; grove_node_shape(p).rank == 1 && k < grove_parameter_size(p); k++) {
            /* A bias of 0 puts what a dead layer gives exactly on relu's corner. */
            ((grove_real *)grove_parameter_data(p))[k] = (grove_real)(0.2 * normal());
        }
    }
    grove_gradients(m->loss, m->parameters, m->count, m->gradients);
    for (int i = 0; i < m->count; i++) {
        m->gradients[i] = grove_scale(m->gradients[i], factor);
    }
    for (int i = 0; i < BATCH * IN; i++) {
        m->x[i] = (grove_real)(size * normal());
        m->ids[i % BATCH] = (grove_id)(20 * unit() * unit());
        m->labels[i % BATCH] = (grove_id)(CLASSES * unit());
    }
    const grove_binding all[3] = {{x, m->x}, {id, m->ids}, {label, m->labels}};
    memcpy(m->bindings, all, sizeof all);
}

typedef struct tally {
    size_t judged, of, passed, wrong, unjudged;
    double worst; /* error / allowed */
} tally;

static void check_random(int seed, double factor, tally *t) {
    static random_model m;
    grove_gradient_report r;
    grove_error error = {0};
    open_random(&m, seed, factor);
    grove_gradient_check_options wish = {
        .batch = BATCH, .samples = 20, .seed = (uint64_t)seed, .gradients = m.gradients};
    grove_status status =
        grove_check_gradients(m.loss, m.parameters, m.count, m.bindings, 3, &wish, &r, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    for (int i = 0; i < r.count; i++) {
        const grove_parameter_check *p = &r.checks[i];
        t->judged += p->agreeing + p->zero + p->wrong;
        t->of += p->checked;
        t->wrong += p->verdict == GROVE_GRADIENT_WRONG;
        t->unjudged += p->verdict == GROVE_GRADIENT_UNJUDGED;
        ck_assert_msg(factor != 1 || p->verdict != GROVE_GRADIENT_WRONG, "model %d: %s", seed,
                      r.words);
        if (p->agreeing > 0) {
            t->worst = fmax(t->worst, p->worst.error / p->worst.allowed);
        }
    }
    t->passed += r.passed;
    if (!r.passed && factor == 1) {
        printf("model %d: %s\n", seed, r.words);
    }
    ck_assert_msg(factor == 1 || !r.passed, "model %d with the factor %g passed: %s", seed, factor,
                  r.words);
    grove_gradient_report_free(&r);
    grove_graph_free(m.graph);
}

/* What the header states of its bounds: true gradients stay well within them, and a small factor
 * does not. */
START_TEST(the_bounds_hold_for_random_models) {
    enum { TRIALS = 40 };
    const double factors[3] = {1, least_fault, -1};
    tally t[3] = {{0}};
    for (int f = 0; f < 3; f++) {
        for (int i = 0; i < TRIALS; i++) { /* smooth ones: not every fifth, which has relu */
            check_random(i + i / 4, factors[f], &t[f]);
        }
        printf("factor %g: %zu of %d passed; %zu of %zu components judged, worst error / bound "
               "%.2f; parameters wrong %zu, not judged %zu\n",
               factors[f], t[f].passed, TRIALS, t[f].judged, t[f].of, t[f].worst, t[f].wrong,
               t[f].unjudged);
    }
    ck_assert_uint_eq(t[0].passed, TRIALS);
    ck_assert(t[0].worst < 0.9 && t[0].judged * 2 > t[0].of);
    ck_assert(t[1].wrong > 8 * t[1].unjudged && t[2].wrong > 8 * t[2].unjudged);
}
END_TEST

/* Networks with relu have corners everywhere, some within each step that float can see with. */
START_TEST(corners_are_no_faults) {
    enum { TRIALS = 100 };
    tally t = {0};
    for (int i = 0; i < TRIALS; i++) {
        check_random(5 * i + 4, 1, &t);
    }
    printf("relu: %zu of %d passed; %zu of %zu components judged, parameters not judged %zu\n",
           t.passed, TRIALS, t.judged, t.of, t.unjudged);
    ck_assert_uint_ge(t.passed, IS_FLOAT ? 90 : 98); /* with bad luck a layer is dead */
}
END_TEST

/* ---- planted faults -------------------------------------------------------------------------- */

/* square: y = x^2, whose rule says -2 x dy: an op that lies. */
static grove_op lying_square;

static grove_status run_square(const grove_call *call, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        grove_out(call)[i] = grove_reals(call, 0)[i] * grove_reals(call, 0)[i];
    }
    return GROVE_OK;
}
static void grad_of_wrong_sign(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_scale(grove_mul(dy, grove_node_input(y, 0)), -2);
}
static void grad_a_little_off(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_scale(grove_mul(dy, grove_node_input(y, 0)), 2 * least_fault);
}
static void grad_of_nothing(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_scale(grove_mul(dy, grove_node_input(y, 0)), 0);
}
static void grad_not_a_number(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor zero = grove_scale(dy, 0);
    dx[0] = grove_add(grove_div(zero, zero), grove_node_input(y, 0));
}

typedef struct lie {
    void (*grad)(grove_tensor y, grove_tensor dy, grove_tensor *dx);
    grove_gradient_verdict verdict;
    const char *words;
} lie;

static const lie lies[] = {
    {grad_of_wrong_sign, GROVE_GRADIENT_WRONG, "'hidden.weight' is wrong: component ["},
    {grad_a_little_off, GROVE_GRADIENT_WRONG, "'hidden.weight' is wrong: component ["},
    {grad_of_nothing, GROVE_GRADIENT_WRONG, "'hidden.weight' is wrong: component ["},
    {grad_not_a_number, GROVE_GRADIENT_NOT_FINITE, "'hidden.weight' is not finite"},
};

START_TEST(an_op_that_lies_is_caught) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    lying_square = (grove_op){.name = "square",
                              .formula = "y = x^2",
                              .min_inputs = 1,
                              .max_inputs = 1,
                              .shape = grove_same_shape,
                              .run = run_square,
                              .items = grove_by_element,
                              .grad = lies[_i].grad};
    grove_tensor h = grove_append1(&lying_square, grove_nn_dense(w->x, WIDTH, "hidden"), NULL);
    grove_tensor loss = grove_mean_squared_error(grove_nn_dense(h, WIDTH, "out"), w->target);
    ck_assert_msg(check_world(w, loss, (grove_gradient_check_options){0}, &r, &error) == GROVE_OK,
                  "%s", error.message);
    ck_assert(!r.passed);
    ck_assert_msg(strstr(r.words, lies[_i].words), "%s", r.words);
    for (int i = 0; i < r.count; i++) { /* what lies behind the lie is right */
        bool behind = strncmp(r.checks[i].name, "out.", 4) == 0;
        ck_assert_int_eq(r.checks[i].verdict, behind ? GROVE_GRADIENT_AGREES : lies[_i].verdict);
    }
    grove_gradient_report_free(&r);
    grove_graph_free(w->graph);
}
END_TEST

/* The gradient of a table that forgets what a repeated id gives, and the one that does not. */
START_TEST(a_dropped_repeated_id_is_caught) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    grove_real keep[ROWS * WIDTH];
    grove_tensor mask = grove_input_reals(w->graph, "keep", GROVE_BATCH, WIDTH);
    grove_tensor loss = build_embedding(w), table = grove_find(w->graph, "word.weight");
    grove_gradient(loss, table);
    grove_tensor dy = grove_gradient_of(grove_find(w->graph, "word")); /* [batch, WIDTH] */
    grove_tensor dtable = grove_scatter_rows(w->text, grove_mul(dy, mask), WORDS);
    for (int honest = 0; honest < 2; honest++) {
        for (int i = 0; i < ROWS * WIDTH; i++) {
            keep[i] = honest || i / WIDTH < 4; /* later rows name words that were there before */
        }
        const grove_binding bindings[4] = {
            {w->x, w->rows}, {w->text, w->words}, {w->target, w->targets}, {mask, keep}};
        grove_gradient_check_options wish = {.batch = ROWS, .gradients = &dtable};
        ck_assert(grove_check_gradients(loss, &table, 1, bindings, 4, &wish, &r, &error) ==
                  GROVE_OK);
        ck_assert_msg(r.passed == honest, "%s", r.words);
        /* Five of nine rows are not named, and are seen to be exactly zero. */
        ck_assert_uint_ge(r.checks[0].zero, 8);
        ck_assert_uint_eq(r.checks[0].wrong > 0, !honest);
        grove_gradient_report_free(&r);
    }
    grove_graph_free(w->graph);
}
END_TEST

/* Its gradient is zero there, as it is in 2,996 rows of 3,000: only the batch knows where to look.
 */
START_TEST(a_row_that_is_forgotten_in_a_large_table_is_caught) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    grove_real keep[ROWS * WIDTH];
    grove_tensor mask = grove_input_reals(w->graph, "keep", GROVE_BATCH, WIDTH);
    grove_tensor word = grove_nn_embedding(w->text, 3000, WIDTH, "word");
    grove_tensor loss = grove_mean_squared_error(grove_tanh(grove_mul(word, w->x)), w->target);
    grove_tensor table = grove_find(w->graph, "word.weight");
    grove_gradient(loss, table);
    grove_tensor dtable =
        grove_scatter_rows(w->text, grove_mul(grove_gradient_of(word), mask), 3000);
    for (int i = 0; i < ROWS * WIDTH; i++) {
        keep[i] = i / WIDTH != 2;
    }
    const grove_binding bindings[4] = {
        {w->x, w->rows}, {w->text, w->words}, {w->target, w->targets}, {mask, keep}};
    grove_gradient_check_options wish = {.batch = ROWS, .gradients = &dtable};
    ck_assert(grove_check_gradients(loss, &table, 1, bindings, 4, &wish, &r, &error) == GROVE_OK);
    ck_assert_msg(strstr(r.words, "is wrong: component [4, "), "%s", r.words);
    ck_assert_uint_eq(r.checks[0].wrong, WIDTH);
    grove_gradient_report_free(&r);
    grove_graph_free(w->graph);
}
END_TEST

/* Gradients of one's own making; and what the first one at fault is called. */
START_TEST(a_gradient_by_hand_is_checked) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    grove_tensor p = grove_parameter(w->graph, "p", GROVE_SHAPE(WIDTH),
                                     (grove_init){.kind = GROVE_INIT_NORMAL, .b = 1});
    grove_tensor loss = grove_sum(grove_exp(p), GROVE_ALL_AXES);
    grove_tensor by_hand[3] = {grove_exp(p), grove_mul(p, p), GROVE_NONE};
    int32_t nodes = grove_node_count(w->graph);
    for (int i = 0; i < 3; i++) {
        grove_gradient_check_options wish = {.gradients = &by_hand[i]};
        ck_assert(grove_check_gradients(loss, &p, 1, NULL, 0, &wish, &r, &error) == GROVE_OK);
        ck_assert_msg(r.passed == (i == 0), "%s", r.words);
        ck_assert_int_eq(r.checks[0].verdict, i ? GROVE_GRADIENT_WRONG : GROVE_GRADIENT_AGREES);
        grove_gradient_report_free(&r);
    }
    ck_assert_int_eq(grove_node_count(w->graph), nodes);
    grove_graph_free(w->graph);
}
END_TEST

/* ---- what cannot be judged is not passed ----------------------------------------------------- */

static grove_gradient_verdict verdict_of(grove_tensor loss, grove_tensor p, const char *words) {
    grove_gradient_report r;
    grove_error error = {0};
    ck_assert_msg(grove_check_gradients(loss, &p, 1, NULL, 0, NULL, &r, &error) == GROVE_OK, "%s",
                  error.message);
    ck_assert_msg(strstr(r.words, words), "%s", r.words);
    ck_assert(!r.passed || r.checks[0].verdict == GROVE_GRADIENT_AGREES);
    grove_gradient_verdict verdict = r.checks[0].verdict;
    grove_gradient_report_free(&r);
    return verdict;
}

static grove_tensor set(grove_graph *g, const char *name, double value) {
    grove_tensor p = grove_parameter(g, name, GROVE_SHAPE(3), (grove_init){0});
    for (int i = 0; i < 3; i++) {
        ((grove_real *)grove_parameter_data(p))[i] = (grove_real)(value * (1 + 0.1 * i));
    }
    return p;
}

static grove_tensor sum(grove_tensor x) {
    return grove_sum(x, GROVE_ALL_AXES);
}

START_TEST(verdicts) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor p = set(g, "p", 0.7), dead = set(g, "dead", -30), corner = set(g, "corner", 0);
    grove_tensor large = grove_fill(g, GROVE_SCALAR, 1e6);
    ck_assert_int_eq(verdict_of(sum(grove_mul(p, p)), p, "agree"), GROVE_GRADIENT_AGREES);
    ck_assert_int_eq(verdict_of(sum(grove_relu(dead)), dead, "zero in all of its 3"),
                     GROVE_GRADIENT_ZERO);
    ck_assert_int_eq(verdict_of(sum(p), dead, "zero in all of its 3"), GROVE_GRADIENT_ZERO);
    /* Differences see through what stops gradients. */
    ck_assert_int_eq(verdict_of(sum(grove_stop_gradient(p)), p, "is wrong"), GROVE_GRADIENT_WRONG);
    ck_assert_int_eq(verdict_of(sum(grove_relu(corner)), corner, "3 lie at kinks"),
                     GROVE_GRADIENT_UNJUDGED);
    ck_assert_int_eq(verdict_of(sum(grove_abs(grove_add(corner, p))), corner, "agree"),
                     GROVE_GRADIENT_AGREES);
    /* Six digits of the loss are another's. */
    grove_tensor hidden =
        grove_add(grove_scale(sum(grove_mul(p, p)), IS_FLOAT ? 1e-3 : 1e-12), large);
    ck_assert_int_eq(verdict_of(hidden, p, "too small"), GROVE_GRADIENT_UNJUDGED);
    ck_assert_int_eq(verdict_of(sum(grove_log(dead)), dead,
                                "the loss is not a number: there is nothing to "
                                "compare; a plan with .check_finite"),
                     GROVE_GRADIENT_NOT_FINITE);
    ck_assert_int_eq(verdict_of(sum(grove_exp(grove_scale(p, 1e6))), p, "the loss is infinite"),
                     GROVE_GRADIENT_NOT_FINITE);
    /* The loss has a number, its slope has none. */
    ck_assert_int_eq(
        verdict_of(sum(grove_sqrt(grove_mul(corner, corner))), corner, "of 'corner' is not finite"),
        GROVE_GRADIENT_NOT_FINITE);
    ck_assert_str_eq(grove_gradient_verdict_words(GROVE_GRADIENT_WRONG), "WRONG");
    ck_assert_str_eq(grove_gradient_verdict_words((grove_gradient_verdict)77), "unknown");
    grove_graph_free(g);
}
END_TEST

START_TEST(tolerance_and_step_are_heard) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    grove_tensor p = set(w->graph, "p", 0.7), loss = sum(grove_exp(p));
    grove_tensor off = grove_scale(grove_exp(p), 1.08);
    grove_gradient_check_options wish = {.gradients = &off, .tolerance = 0.1};
    ck_assert(grove_check_gradients(loss, &p, 1, NULL, 0, &wish, &r, &error) == GROVE_OK);
    ck_assert_msg(r.passed, "%s", r.words);
    grove_gradient_report_free(&r);
    wish.tolerance = 0.05;
    ck_assert(grove_check_gradients(loss, &p, 1, NULL, 0, &wish, &r, &error) == GROVE_OK);
    ck_assert_msg(strstr(r.words, "is wrong"), "%s", r.words);
    grove_gradient_report_free(&r);
    /* More than anyone can give: true gradients cannot be judged, which is no pass. */
    wish = (grove_gradient_check_options){.tolerance = 1e-15};
    ck_assert(grove_check_gradients(loss, &p, 1, NULL, 0, &wish, &r, &error) == GROVE_OK);
    ck_assert_msg(!r.passed && strstr(r.words, "cannot be judged"), "%s", r.words);
    grove_gradient_report_free(&r);
    wish = (grove_gradient_check_options){.step = 1e-30}; /* below the last place of x */
    ck_assert(grove_check_gradients(loss, &p, 1, NULL, 0, &wish, &r, &error) == GROVE_OK);
    ck_assert_msg(!r.passed && strstr(r.words, "cannot be judged"), "%s", r.words);
    grove_gradient_report_free(&r);
    grove_graph_free(w->graph);
}
END_TEST

/* ---- samples --------------------------------------------------------------------------------- */

START_TEST(samples_are_drawn_by_the_seed) {
    world *w = open_world(NULL);
    grove_error error = {0};
    grove_tensor loss = build_embedding(w);
    size_t first = 0, others = 0;
    for (uint64_t seed = 1; seed < 9; seed++) {
        grove_gradient_report r[2];
        for (int threads = 1; threads <= 2; threads++) {
            grove_gradient_check_options wish = {.samples = 5, .seed = seed, .threads = threads};
            ck_assert(check_world(w, loss, wish, &r[threads - 1], &error) == GROVE_OK);
        }
        ck_assert_msg(r[0].passed, "%s", r[0].words);
        ck_assert_str_eq(r[0].words, r[1].words);
        ck_assert_uint_eq(r[0].checks[0].worst.position, r[1].checks[0].worst.position);
        first = seed == 1 ? r[0].checks[0].worst.position : first;
        others += r[0].checks[0].worst.position != first;
        /* Five in the four rows that are named, eight of the five rows that rest. */
        ck_assert_uint_eq(r[0].checks[0].checked, 13);
        ck_assert_uint_eq(r[0].checks[0].zero, 8);
        grove_gradient_report_free(&r[0]);
        grove_gradient_report_free(&r[1]);
    }
    ck_assert_uint_gt(others, 0);
    grove_gradient_report all;
    grove_gradient_check_options wish = {.samples = GROVE_ALL_COMPONENTS};
    ck_assert(check_world(w, loss, wish, &all, &error) == GROVE_OK);
    ck_assert_uint_eq(all.checks[0].checked, WORDS * WIDTH);
    ck_assert_uint_eq(all.checks[0].zero, 5 * WIDTH);
    grove_gradient_report_free(&all);
    grove_gradient_report_free(NULL);
    grove_graph_free(w->graph);
}
END_TEST

START_TEST(inputs_can_be_checked) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    grove_tensor loss = build_dense(w);
    grove_tensor list[2] = {w->x, grove_find(w->graph, "out.bias")};
    grove_real before[ROWS * WIDTH];
    memcpy(before, w->rows, sizeof before);
    grove_gradient_check_options wish = {.batch = ROWS};
    ck_assert(grove_check_gradients(loss, list, 2, w->bindings, 5, &wish, &r, &error) == GROVE_OK);
    ck_assert_msg(r.passed, "%s", r.words);
    ck_assert_str_eq(r.checks[0].name, "x");
    ck_assert_uint_eq(r.checks[0].size, ROWS * WIDTH);
    ck_assert_uint_gt(r.checks[0].agreeing, ROWS);
    ck_assert_mem_eq(before, w->rows, sizeof before);
    grove_gradient_report_free(&r);
    /* A wrong one is named by its place, the batch included. */
    grove_tensor off = grove_neg(grove_gradient(loss, w->x));
    wish.gradients = &off;
    ck_assert(grove_check_gradients(loss, list, 1, w->bindings, 5, &wish, &r, &error) == GROVE_OK);
    ck_assert_msg(strstr(r.words, "'x' is wrong: component ["), "%s", r.words);
    grove_gradient_report_free(&r);
    grove_graph_free(w->graph);
}
END_TEST

/* A dimension may be the batch and a number more: a place is counted by what it is in the plan. */
START_TEST(a_wrong_place_is_told_where_rows_are_more_than_the_batch) {
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input(g, "x", GROVE_REAL, GROVE_SHAPE(2, grove_dim(1, 2)));
    grove_tensor loss = grove_mean(grove_mul(x, x), GROVE_ALL_AXES);
    grove_tensor off = grove_neg(grove_gradient(loss, x));
    const grove_real numbers[2][5] = {{0}, {0, 0, 0, 1, 0}};
    grove_binding binding = {x, numbers};
    grove_gradient_check_options wish = {.batch = 3, .gradients = &off};
    grove_gradient_report r;
    grove_error error = {0};
    ck_assert(grove_check_gradients(loss, &x, 1, &binding, 1, &wish, &r, &error) == GROVE_OK);
    ck_assert_msg(strstr(r.words, "'x' is wrong: component [1, 3] is") != NULL, "%s", r.words);
    grove_gradient_report_free(&r);
    grove_graph_free(g);
}
END_TEST

/* Rows of a table that is an input: what ids look up may move the loss, whatever the gradient says,
 * and is drawn first. The table has 64 rows, of which one is looked up. */
START_TEST(rows_that_are_looked_up_are_drawn_first_where_the_table_is_an_input) {
    enum { MANY = 64 };
    static grove_real numbers[MANY * 2];
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor table = grove_input_reals(g, "table", GROVE_BATCH, 2);
    grove_tensor ids = grove_input_ids(g, "ids", 1);
    grove_tensor rows = grove_embedding(table, ids);
    grove_tensor loss = grove_sum(grove_mul(rows, rows), GROVE_ALL_AXES);
    grove_tensor nothing = grove_scale(table, 0); /* a gradient by hand */
    for (int i = 0; i < MANY * 2; i++) {
        numbers[i] = 1;
    }
    const grove_id id = 41;
    const grove_binding bindings[2] = {{table, numbers}, {ids, &id}};
    grove_gradient_check_options wish = {.batch = MANY, .gradients = &nothing};
    grove_gradient_report r;
    grove_error error = {0};
    ck_assert_msg(grove_check_gradients(loss, &table, 1, bindings, 2, &wish, &r, &error) ==
                      GROVE_OK,
                  "%s", error.message);
    ck_assert_msg(strstr(r.words, "'table' is wrong: component [41, ") != NULL, "%s", r.words);
    ck_assert_uint_eq(r.checks[0].wrong, 2);
    grove_gradient_report_free(&r);
    grove_graph_free(g);
}
END_TEST

/* Four of five components move nothing, so they tell nothing of the loss's rounding, which is that
 * of numbers far larger than the loss. */
START_TEST(rounding_is_measured_where_the_loss_moves) {
    const double far = IS_FLOAT ? 1e5 : 1e11;
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_init normal = {.kind = GROVE_INIT_NORMAL, .b = 1};
    grove_tensor w = grove_parameter(g, "w", GROVE_SHAPE(5), normal);
    grove_tensor x = grove_parameter(g, "x", GROVE_SHAPE(64), normal);
    grove_tensor first = grove_reshape(grove_slice(w, 0, 0, 1), GROVE_SCALAR);
    grove_tensor y = grove_shift(grove_tanh(grove_mul(x, first)), far);
    grove_tensor loss = grove_mean(grove_shift(y, -far), GROVE_ALL_AXES);
    grove_gradient_report r;
    grove_error error = {0};
    ck_assert(grove_check_gradients(loss, &w, 1, NULL, 0, NULL, &r, &error) == GROVE_OK);
    ck_assert_int_eq(r.checks[0].verdict, GROVE_GRADIENT_UNJUDGED);
    ck_assert_uint_eq(r.checks[0].zero, 4);
    ck_assert_msg(r.checks[0].too_small == 1, "%s", r.words);
    grove_gradient_report_free(&r);
    grove_graph_free(g);
}
END_TEST

/* ---- nothing is moved for good --------------------------------------------------------------- */

static size_t copy_parameters(const grove_graph *g, unsigned char *to, size_t room) {
    size_t used = 0;
    for (int32_t i = 0; i < grove_parameter_count(g); i++) {
        grove_tensor p = grove_parameter_at(g, i);
        size_t bytes = grove_parameter_size(p) * sizeof(grove_real);
        ck_assert_uint_le(used + bytes, room);
        memcpy(to + used, grove_parameter_data(p), bytes);
        used += bytes;
    }
    return used;
}

static unsigned char before[1 << 14], after[1 << 14];

START_TEST(parameters_are_as_they_were) {
    for (int i = 0; i < MODELS; i++) {
        world *w = open_world(NULL);
        grove_gradient_report r;
        grove_error error = {0};
        grove_tensor loss = models[i].build(w);
        grove_set_training_runs(w->graph, 17);
        grove_real *first = grove_parameter_data(grove_parameter_at(w->graph, 0));
        first[0] = (grove_real)-0.0;
        size_t size = copy_parameters(w->graph, before, sizeof before);
        for (int binding = 5; binding >= 0; binding -= 5) { /* then with nothing bound */
            grove_gradient_check_options wish = {.batch = ROWS, .training = true};
            grove_status status =
                grove_check_gradients(loss, NULL, 0, w->bindings, binding, &wish, &r, &error);
            ck_assert((status == GROVE_OK) == (binding == 5));
            copy_parameters(w->graph, after, sizeof after);
            ck_assert_mem_eq(before, after, size);
            ck_assert_uint_eq(grove_training_runs(w->graph), 17);
            grove_gradient_report_free(&r);
        }
        grove_graph_free(w->graph);
    }
}
END_TEST

/* Every allocation fails once: a status, the parameters as they were, nothing lost. */
START_TEST(memory_that_is_short) {
    bool done = false;
    for (size_t n = 1; !done; n++) {
        hostile_memory memory = {0};
        grove_allocator allocator = hostile_allocator(&memory);
        world *w = open_world(&allocator);
        grove_gradient_report r;
        grove_error error = {0};
        grove_tensor loss = build_embedding(w), list[2] = {w->x, grove_parameter_at(w->graph, 0)};
        size_t size = copy_parameters(w->graph, before, sizeof before);
        memory.fail_at = memory.calls + n;
        grove_gradient_check_options wish = {
            .batch = ROWS, .samples = 2, .threads = 2, .allocator = allocator};
        grove_status status =
            grove_check_gradients(loss, list, 2, w->bindings, 5, &wish, &r, &error);
        done = status == GROVE_OK;
        ck_assert_msg(done || status == GROVE_NO_MEMORY, "allocation %zu: %s", n, error.message);
        ck_assert(error.status == status);
        copy_parameters(w->graph, after, sizeof after);
        ck_assert_mem_eq(before, after, size);
        grove_gradient_report_free(&r);
        grove_graph_free(w->graph);
        ck_assert_msg(memory.live == 0, "%zu blocks were lost when allocation %zu failed",
                      memory.live, n);
        ck_assert(n < 500);
    }
}
END_TEST

/* ---- refusals -------------------------------------------------------------------------------- */

static void refused(grove_status wanted, const char *words, grove_tensor loss,
                    const grove_tensor *list, int count, grove_gradient_check_options wish) {
    grove_gradient_report r;
    grove_error error = {0};
    grove_status status = grove_check_gradients(loss, list, count, NULL, 0, &wish, &r, &error);
    ck_assert_msg(status == wanted && error.status == wanted, "'%s' is wanted; status %d: %s",
                  words, (int)status, error.message);
    ck_assert_msg(strstr(error.message, words), "'%s' is not in: %s", words, error.message);
    ck_assert(!r.passed && r.count == 0 && !r.checks);
    grove_gradient_report_free(&r);
}

/* Two of one: two copies would be moved apart from each other, and a true gradient called wrong. */
START_TEST(nothing_is_listed_twice) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    grove_tensor loss = build_dense(w), bias = grove_find(w->graph, "out.bias");
    grove_gradient_check_options wish = {.batch = ROWS};
    grove_tensor lists[2][3] = {{w->x, bias, w->x}, {bias, w->x, bias}};
    for (int i = 0; i < 2; i++) {
        ck_assert(grove_check_gradients(loss, lists[i], 3, w->bindings, 5, &wish, &r, &error) ==
                  GROVE_BAD_ARGUMENT);
        ck_assert_msg(strstr(error.message, i ? "'out.bias' stands in the list twice, as number 0 "
                                                "and 2"
                                              : "'x' stands in the list twice, as number 0 and 2"),
                      "%s", error.message);
    }
    grove_binding twice[3] = {w->bindings[0], w->bindings[3], w->bindings[0]};
    ck_assert(grove_check_gradients(loss, NULL, 0, twice, 3, &wish, &r, &error) ==
              GROVE_BAD_ARGUMENT);
    ck_assert_msg(strstr(error.message, "the input 'x' is bound twice, by number 0 and 2"), "%s",
                  error.message);
    grove_graph_free(w->graph);
}
END_TEST

START_TEST(refusals) {
    grove_graph *g = grove_graph_new(NULL), *other = grove_graph_new(NULL);
    grove_tensor p = set(g, "p", 1), q = set(other, "q", 1), loss = sum(grove_mul(p, p));
    grove_tensor ids = grove_input_ids(g, "ids", 3), x = grove_input_reals(g, "x", 3);
    grove_tensor m = grove_state(g, "m", GROVE_REAL, GROVE_SHAPE(3)), square = grove_mul(p, p);
    grove_tensor table = grove_parameter(g, "table", GROVE_SHAPE(5, 2), (grove_init){0});
    grove_tensor of_ids = sum(grove_embedding(table, ids)), of_x = sum(grove_mul(p, x));
    grove_gradient_check_options o = {0};
    refused(GROVE_BAD_ARGUMENT, "no tensor of a graph", GROVE_NONE, NULL, 0, o);
    refused(GROVE_BAD_SHAPE, "must be a scalar, a real number; this one has the shape [3]", square,
            NULL, 0, o);
    refused(GROVE_BAD_SHAPE, "the shape [3]", ids, NULL, 0, o);
    refused(GROVE_BAD_ARGUMENT, "number 0 of the list ('')", loss, &q, 1, o);
    refused(GROVE_BAD_ARGUMENT, "number 0 of the list ('')", loss, (grove_tensor[]){GROVE_NONE}, 1,
            o);
    refused(GROVE_BAD_ARGUMENT, "number 1 of the list ('ids')", loss, (grove_tensor[]){p, ids}, 2,
            o);
    refused(GROVE_BAD_ARGUMENT, "number 0 of the list ('m')", loss, &m, 1, o);
    refused(GROVE_BAD_ARGUMENT, "number 0 of the list", loss, &square, 1, o);
    refused(GROVE_BAD_ARGUMENT, "a list is missing", loss, NULL, 1, o);
    refused(GROVE_BAD_ARGUMENT, "a list is missing", loss, &p, -1, o);
    refused(GROVE_BAD_ARGUMENT, "depends on no parameter", sum(x), NULL, 0, o);
    refused(GROVE_BAD_ARGUMENT, "'x' is not bound", of_x, NULL, 0, o);
    refused(GROVE_BAD_ARGUMENT, "'ids' is not bound", of_ids, NULL, 0, o);
    refused(GROVE_BAD_ARGUMENT, "samples must be 0 or more, or all", loss, NULL, 0,
            (grove_gradient_check_options){.samples = -2});
    const double bad[3] = {-1, (double)NAN, (double)INFINITY};
    for (int i = 0; i < 3; i++) {
        refused(GROVE_BAD_ARGUMENT, "step and tolerance must be finite, and 0 or more", loss, NULL,
                0, (grove_gradient_check_options){.step = bad[i]});
        refused(GROVE_BAD_ARGUMENT, "step and tolerance must be finite, and 0 or more", loss, NULL,
                0, (grove_gradient_check_options){.tolerance = bad[i]});
    }
    refused(GROVE_BAD_ARGUMENT, "a batch of -5 rows", loss, NULL, 0,
            (grove_gradient_check_options){.batch = -5});
    refused(GROVE_BAD_ARGUMENT, "-1 threads", loss, NULL, 0,
            (grove_gradient_check_options){.threads = -1});
    refused(GROVE_BAD_ARGUMENT, "beside a list of parameters", loss, NULL, 0,
            (grove_gradient_check_options){.gradients = &p});
    refused(GROVE_BAD_SHAPE, "the gradient given for 'p'", loss, &p, 1,
            (grove_gradient_check_options){.gradients = &table});
    grove_error error = {0};
    ck_assert(grove_check_gradients(loss, NULL, 0, NULL, 0, NULL, NULL, &error) ==
              GROVE_BAD_ARGUMENT);
    ck_assert(strstr(error.message, "there is no report"));
    /* None of that is a mistake of the graph; one that is, is handed on. */
    ck_assert(grove_graph_error(g)->status == GROVE_OK);
    grove_matmul(p, table, false, false);
    refused(grove_graph_error(g)->status, "matmul", loss, NULL, 0, o);
    grove_graph_free(g);
    grove_graph_free(other);
}
END_TEST

/* A bad id is met in words, not judged. */
START_TEST(bad_data) {
    world *w = open_world(NULL);
    grove_gradient_report r;
    grove_error error = {0};
    grove_tensor loss = build_embedding(w);
    w->words[3] = WORDS;
    grove_gradient_check_options wish = {0};
    ck_assert(check_world(w, loss, wish, &r, &error) == GROVE_BAD_DATA);
    ck_assert_msg(strstr(error.message, "position 3 of 'text'"), "%s", error.message);
    grove_gradient_report_free(&r);
    grove_graph_free(w->graph);
}
END_TEST

int main(void) {
    TCase *tests = tcase_create("gradient check");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, true_gradients_pass, 0, MODELS);
    tcase_add_test(tests, the_bounds_hold_for_random_models);
    tcase_add_test(tests, corners_are_no_faults);
    tcase_add_loop_test(tests, an_op_that_lies_is_caught, 0, sizeof lies / sizeof lies[0]);
    tcase_add_test(tests, a_dropped_repeated_id_is_caught);
    tcase_add_test(tests, a_row_that_is_forgotten_in_a_large_table_is_caught);
    tcase_add_test(tests, a_gradient_by_hand_is_checked);
    tcase_add_test(tests, verdicts);
    tcase_add_test(tests, tolerance_and_step_are_heard);
    tcase_add_test(tests, samples_are_drawn_by_the_seed);
    tcase_add_test(tests, inputs_can_be_checked);
    tcase_add_test(tests, rows_that_are_looked_up_are_drawn_first_where_the_table_is_an_input);
    tcase_add_test(tests, rounding_is_measured_where_the_loss_moves);
    tcase_add_test(tests, a_wrong_place_is_told_where_rows_are_more_than_the_batch);
    tcase_add_test(tests, parameters_are_as_they_were);
    tcase_add_test(tests, memory_that_is_short);
    tcase_add_test(tests, nothing_is_listed_twice);
    tcase_add_test(tests, refusals);
    tcase_add_test(tests, bad_data);
    Suite *suite = suite_create("gradient_check");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
