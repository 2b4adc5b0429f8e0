/* SPDX-License-Identifier: MIT
 *
 * All ops, row by row of the one table: check_op.h tells what each is held against. A new op is
 * tested without being named here; one without an example or a gradient (or the reason why it has
 * none) fails. And the check itself is tested: ops with planted faults must be caught. */
#include <check.h>
#include <stdatomic.h>

#include "check_op.h"
#include "graph.h"

START_TEST(an_op_keeps_what_it_promises) {
    static check_verdict verdict;
    bool good = check_op(grove_op_table[_i], &verdict);
    ck_assert_msg(good, "%s has %d faults\n%s", verdict.op, verdict.faults, verdict.words);
}
END_TEST

START_TEST(a_name_belongs_to_one_op) {
    for (int i = 0; i < GROVE_ROWS; i++) {
        ck_assert_ptr_nonnull(grove_op_table[i]->name);
        for (int k = 0; k < i; k++) {
            ck_assert_str_ne(grove_op_table[i]->name, grove_op_table[k]->name);
        }
    }
}
END_TEST

/* ---- an honest op, and how it can lie -------------------------------------------------------- */

static grove_op planted; /* the op that the builders below append */

/* square: y = x^2, dx = 2 x dy */
static grove_status run_square(const grove_call *call, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        grove_real x = grove_reals(call, 0)[i];
        grove_out(call)[i] = x * x;
    }
    return GROVE_OK;
}

static grove_tensor slope(grove_tensor y, grove_tensor dy, double factor) {
    return grove_scale(grove_mul(dy, grove_node_input(y, 0)), factor);
}

static void grad_square(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = slope(y, dy, 2);
}

static grove_tensor build_square(const grove_tensor *in) {
    return grove_append1(&planted, in[0], NULL);
}

static const grove_example square_examples[] = {
    {.inputs = 1, .in = {{.shape = {2, {2, 3}}}}, .build = build_square},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_square,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static const grove_op honest_square = {.name = "square",
                                       .formula = "y = x^2",
                                       .min_inputs = 1,
                                       .max_inputs = 1,
                                       .flags = GROVE_IN_PLACE,
                                       .shape = grove_same_shape,
                                       .run = run_square,
                                       .items = grove_by_element,
                                       .grad = grad_square,
                                       .examples = square_examples};

/* look: y[i] = table[ids[i]], and the scatter that is its gradient. */
static grove_op planted_scatter;

static bool shape_of_scatter(grove_shaping *s) {
    s->shape = (grove_shape){2, {3, grove_in_shape(s, 1).dim[1]}};
    return true;
}

static grove_status scatter(const grove_call *call, bool adds) {
    size_t width = grove_width(call->out), count = call->in[0]->count;
    grove_status status = grove_check_ids(call, 0, 0, count, call->out->dim[0]);
    memset(grove_out(call), 0, call->out->count * sizeof(grove_real));
    for (size_t i = 0; i < count * width && status == GROVE_OK; i++) {
        size_t row = (size_t)grove_ids(call, 0)[i / width];
        grove_real *at = grove_out(call) + row * width + i % width;
        *at = grove_reals(call, 1)[i] + (adds ? *at : 0);
    }
    return status;
}

static grove_status run_scatter(const grove_call *call, size_t begin, size_t end) {
    (void)begin, (void)end;
    return scatter(call, true);
}

static grove_status run_scatter_forgetful(const grove_call *call, size_t begin, size_t end) {
    (void)begin, (void)end;
    return scatter(call, false);
}

static bool shape_of_look(grove_shaping *s) {
    s->shape = (grove_shape){2, {grove_in_shape(s, 1).dim[0], grove_in_shape(s, 0).dim[1]}};
    return grove_want_type(s, 1, GROVE_ID);
}

static grove_status run_look(const grove_call *call, size_t begin, size_t end) {
    size_t width = grove_width(call->out);
    grove_status status = grove_check_ids(call, 1, begin, end, call->in[0]->dim[0]);
    for (size_t i = begin * width; i < end * width && status == GROVE_OK; i++) {
        size_t row = (size_t)grove_ids(call, 1)[i / width];
        grove_out(call)[i] = grove_reals(call, 0)[row * width + i % width];
    }
    return status;
}

static void grad_look(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_append2(&planted_scatter, grove_node_input(y, 1), dy, NULL);
}

static void grad_scatter(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[1] = grove_append2(&planted, dy, grove_node_input(y, 0), NULL);
}

static grove_tensor build_look(const grove_tensor *in) {
    return grove_append2(&planted, in[0], in[1], NULL);
}

static const grove_example look_examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {3, 2}}},
            {.type = GROVE_ID, .shape = {1, {3}}, .values = GROVE_NUMBERS(2, 0, 2)}},
     .build = build_look},
    {.inputs = 2,
     .in = {{.shape = {2, {3, 2}}}, {.shape = {1, {3}}}},
     .build = build_look,
     .refused = "input 1 must be a tensor of ids"},
    {0},
};

static const grove_op honest_look = {.name = "look",
                                     .formula = "y[i] = table[ids[i]]",
                                     .min_inputs = 2,
                                     .max_inputs = 2,
                                     .flags = GROVE_PIECEWISE,
                                     .shape = shape_of_look,
                                     .run = run_look,
                                     .items = grove_by_row,
                                     .grad = grad_look,
                                     .examples = look_examples};

static const grove_op honest_scatter = {.name = "look_gradient",
                                        .formula = "table[ids[i]] += dy[i]",
                                        .min_inputs = 2,
                                        .max_inputs = 2,
                                        .flags = GROVE_PIECEWISE,
                                        .shape = shape_of_scatter,
                                        .run = run_scatter,
                                        .grad = grad_scatter};

/* ---- lies about gradients -------------------------------------------------------------------- */

static void grad_of_wrong_sign(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = slope(y, dy, -2);
}
static void grad_a_little_off(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = slope(y, dy, 2 * 1.001);
}
static void grad_all_zero(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = slope(y, dy, 0);
}
static void grad_forgotten(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    (void)y, (void)dy, (void)dx;
}
static void grad_not_a_number(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_tensor zero = grove_sub(dy, dy);
    dx[0] = grove_add(slope(y, dy, 2), grove_div(zero, zero));
}
static void grad_of_wrong_shape(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_sum(slope(y, dy, 2), GROVE_AXES(0));
}
static void grad_without_a_gradient(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_scale(grove_mul(dy, grove_stop_gradient(grove_node_input(y, 0))), 2);
}
static void grad_for_ids(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grad_look(y, dy, dx);
    dx[1] = grove_sum(dy, GROVE_AXES(1));
}

/* ---- lies of kernels and descriptors --------------------------------------------------------- */

static grove_status run_reading_what_it_wrote(const grove_call *call, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        grove_out(call)[i] = grove_reals(call, 0)[i] * grove_reals(call, 0)[0];
    }
    return GROVE_OK;
}
static grove_status run_leaving_the_last(const grove_call *call, size_t begin, size_t end) {
    return run_square(call, begin, end == call->out->count ? end - 1 : end);
}
static grove_status run_blind_to_tiles(const grove_call *call, size_t begin, size_t end) {
    run_square(call, begin, end);
    grove_out(call)[begin] += (grove_real)(end - begin);
    return GROVE_OK;
}
static grove_status run_remembering(const grove_call *call, size_t begin, size_t end) {
    static atomic_int runs;
    run_square(call, begin, end);
    grove_out(call)[begin] += (grove_real)runs++;
    return GROVE_OK;
}
static grove_status run_blaming_the_table(const grove_call *call, size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) {
        if ((size_t)grove_ids(call, 1)[i] >= call->in[0]->dim[0]) {
            return grove_call_fail(call, 0, i, GROVE_BAD_DATA, "is bad");
        }
    }
    return run_look(call, begin, end);
}
static bool shape_too_long(grove_shaping *s) {
    s->shape = (grove_shape){3, {1, 2, 3}};
    return grove_want_type(s, 0, GROVE_REAL);
}
static bool shape_of_anything(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    return true;
}
static bool shape_refusing_badly(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    return grove_node_type(s->in[0]) == GROVE_REAL || grove_refuse(s, GROVE_BAD_TYPE, "no");
}
static grove_tensor build_leaking(const grove_tensor *in) {
    static void *volatile leaked[4096]; /* found by the check, not by leak detectors */
    static size_t count;
    grove_graph *graph = in[0].graph; /* none where memory was short before */
    leaked[count % 4096] = graph ? grove_alloc(&graph->allocator, 8) : NULL;
    return leaked[count++ % 4096] ? build_square(in) : GROVE_NONE;
}
static grove_tensor build_something_else(const grove_tensor *in) {
    return grove_mul(in[0], in[0]);
}

static const grove_example leaking_examples[] = {
    {.inputs = 1, .in = {{.shape = {1, {3}}}}, .build = build_leaking}, {0}};
static const grove_example other_examples[] = {
    {.inputs = 1, .in = {{.shape = {1, {3}}}}, .build = build_something_else}, {0}};
static const grove_example wrong_examples[] = {
    {.inputs = 1,
     .in = {{.shape = {1, {2}}, .values = GROVE_NUMBERS(1, 2)}},
     .build = build_square,
     .out = GROVE_NUMBERS(1, 4.0001),
     .dy = GROVE_NUMBERS(1, 1),
     .dx = {GROVE_NUMBERS(2, 4.0001)}},
    {0},
};

typedef struct fault {
    const char *name;
    const char *caught; /* words that must be among those of the verdict */
    grove_op lie;       /* what differs from the honest op */
    const grove_op *honest;
    bool only_double; /* seen by differences */
    bool bare;        /* the lie is that something is missing: gradient, reason, example */
} fault;

#define SQUARE .honest = &honest_square
#define LOOK .honest = &honest_look
static const fault faults[] = {
    {"wrong sign", "first derivative", {.grad = grad_of_wrong_sign}, SQUARE, .only_double = true},
    {"factor 1.001", "first derivative", {.grad = grad_a_little_off}, SQUARE, .only_double = true},
    {"zero", "is zero in all", {.grad = grad_all_zero}, SQUARE, .only_double = true},
    {"forgotten", "first derivative", {.grad = grad_forgotten}, SQUARE, .only_double = true},
    {"NaN", "nan, numeric", {.grad = grad_not_a_number}, SQUARE, .only_double = true},
    {"gradient's shape", "gives a gradient of the shape", {.grad = grad_of_wrong_shape}, SQUARE},
    {"second order",
     "second derivative",
     {.grad = grad_without_a_gradient},
     SQUARE,
     .only_double = true},
    {"gradient for ids", "one of ids and got a gradient", {.grad = grad_for_ids}, LOOK},
    {"repeated id", "first derivative", {.run = run_look}, LOOK, .only_double = true},
    {"blame", "for the id -1 in input 1", {.run = run_blaming_the_table}, LOOK},
    {"in place", "gives other bits", {.run = run_reading_what_it_wrote}, SQUARE},
    {"unwritten", "gives other bits", {.run = run_leaving_the_last}, SQUARE},
    {"tiles", "in the finest tiles", {.run = run_blind_to_tiles}, SQUARE},
    {"memory of its own", "run twice", {.run = run_remembering}, SQUARE},
    {"shape", "gives a gradient of the shape", {.shape = shape_too_long}, SQUARE},
    {"refuses nothing", "but was not", {.shape = shape_of_anything}, SQUARE},
    {"refuses badly", "the words are", {.shape = shape_refusing_badly}, SQUARE},
    {"leak", "not given back", {.examples = leaking_examples}, SQUARE},
    {"another op", "it builds no such op, but 'mul'", {.examples = other_examples}, SQUARE},
    {"wrong output", "output 0, component 1", {.examples = wrong_examples}, SQUARE},
    {"wrong gradient", "gradient of input 0, component 1", {.examples = wrong_examples}, SQUARE},
    {"no refusal", "no example of what it refuses", {.examples = wrong_examples}, SQUARE},
    {"both", "either a gradient or the reason", {.no_gradient = "none"}, SQUARE},
    {"neither", "either a gradient or the reason", {0}, SQUARE, .bare = true},
    {"no example", "no worked example", {0}, SQUARE, .bare = true},
};
enum { FAULTS = sizeof faults / sizeof faults[0] };

static void plant(const fault *fault) {
    planted = *fault->honest;
    planted_scatter = honest_scatter;
    planted.grad = fault->bare ? NULL : fault->lie.grad ? fault->lie.grad : planted.grad;
    planted.run = fault->lie.run ? fault->lie.run : planted.run;
    planted.shape = fault->lie.shape ? fault->lie.shape : planted.shape;
    planted.examples = fault->bare           ? NULL
                       : fault->lie.examples ? fault->lie.examples
                                             : planted.examples;
    planted.no_gradient = fault->lie.no_gradient;
    if (fault->lie.run == run_look) { /* as it was: the lie is in its gradient */
        planted_scatter.run = run_scatter_forgetful;
    }
}

START_TEST(a_planted_fault_is_caught) {
    static check_verdict verdict;
    const fault *fault = &faults[_i];
    if (fault->only_double && sizeof(grove_real) < sizeof(double)) {
        return;
    }
    plant(fault);
    ck_assert_msg(!check_op(&planted, &verdict), "'%s' was not seen", fault->name);
    ck_assert_msg(strstr(verdict.words, fault->caught), "'%s' was seen otherwise:\n%s", fault->name,
                  verdict.words);
}
END_TEST

START_TEST(an_honest_op_passes) {
    static check_verdict verdict;
    planted = honest_square;
    ck_assert_msg(check_op(&planted, &verdict), "%s", verdict.words);
    planted = honest_look;
    planted_scatter = honest_scatter;
    ck_assert_msg(check_op(&planted, &verdict), "%s", verdict.words);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ops");
    TCase *table = tcase_create("the table");
    tcase_set_timeout(table, 60);
    tcase_add_loop_test(table, an_op_keeps_what_it_promises, 0, GROVE_ROWS);
    tcase_add_test(table, a_name_belongs_to_one_op);
    suite_add_tcase(suite, table);
    TCase *check = tcase_create("the check itself");
    tcase_add_test(check, an_honest_op_passes);
    tcase_set_tags(check, "planted"); /* faults that memory checkers see as well */
    tcase_add_loop_test(check, a_planted_fault_is_caught, 0, FAULTS);
    suite_add_tcase(suite, check);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
