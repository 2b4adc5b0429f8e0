/* SPDX-License-Identifier: MIT
 *
 * Ops of a user's own (own_ops.c, which sees the public headers alone): held against what grove's
 * ops are held against, trained through, saved and loaded. And what a descriptor must not be, and
 * what its functions may do wrong: refused in words, whatever it is. */
#include <check.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check_op.h"
#include "graph.h"
#include "hostile_allocator.h"
#include "own_ops.h"

static void expect_words(const grove_error *error, const char *words) {
    ck_assert_msg(strstr(error->message, words) != NULL, "\"%s\" is not in \"%s\"", words,
                  error->message);
}

/* ---- what they promise ----------------------------------------------------------------------- */

static const grove_op *const own[] = {&cubic_op, &swish_op, &swish_gradient_op, &pick_op,
                                      &place_op, &noise_op, &each_op,           &sign_sgd_op};
enum { OWN = sizeof own / sizeof own[0] };

START_TEST(an_own_op_keeps_what_it_promises) {
    static check_verdict verdict;
    ck_assert_msg(check_op(own[_i], &verdict), "%s has %d faults\n%s", verdict.op, verdict.faults,
                  verdict.words);
}
END_TEST

/* What users are asked for is what grove's own ops do. */
START_TEST(an_op_of_grove_would_pass_as_an_own_one) {
    static const char *const leaves[] = {"input", "parameter", "state", "constant"};
    grove_op op = *grove_op_table[_i];
    char fault[200];
    bool leaf = false;
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        leaf = leaf || strcmp(op.name, leaves[i]) == 0;
    }
    ck_assert(!grove_op_is_sound(&op, fault, sizeof fault));
    ck_assert_msg(strstr(fault, "grove itself has an op of that name") != NULL, "%s", fault);
    op.name = "another";
    op.flags &= ~(unsigned)GROVE_OF_FINISHING;
    bool sound = grove_op_is_sound(&op, fault, sizeof fault);
    ck_assert_msg(sound != leaf, "%s: %s", grove_op_table[_i]->name, sound ? "sound" : fault);
}
END_TEST

/* ---- lies ------------------------------------------------------------------------------------ */

static grove_op lying;

static grove_tensor build_lying(const grove_tensor *in) {
    return grove_append1(&lying, in[0], &(double){-2});
}

static const grove_example lying_examples[] = {
    {.inputs = 1, .in = {{.shape = {2, {2, 3}}}}, .build = build_lying},
    {.inputs = 1,
     .in = {{.type = GROVE_ID, .shape = {1, {3}}}},
     .build = build_lying,
     .refused = "input 0 must be a tensor of real numbers"},
    {0},
};

static void grad_a_little_off(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    cubic_op.grad(y, grove_scale(dy, 1.001), dx);
}
static void grad_of_wrong_shape(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    cubic_op.grad(y, dy, dx);
    dx[0] = grove_sum(dx[0], GROVE_AXES(0));
}
static grove_status run_remembering(const grove_call *call, size_t begin, size_t end) {
    static atomic_int runs;
    cubic_op.run(call, begin, end);
    grove_out(call)[begin] += (grove_real)runs++;
    return GROVE_OK;
}
static grove_status run_blind_to_tiles(const grove_call *call, size_t begin, size_t end) {
    cubic_op.run(call, begin, end);
    grove_out(call)[begin] += (grove_real)(end - begin);
    return GROVE_OK;
}
static grove_status run_failing_at_times(const grove_call *call, size_t begin, size_t end) {
    return end - begin == 1 ? GROVE_BAD_DATA : cubic_op.run(call, begin, end);
}

static const struct {
    const char *caught; /* words of the verdict */
    grove_op lie;
    bool only_double; /* seen by differences */
} lies[] = {
    {"first derivative", {.grad = grad_a_little_off}, true},
    {"lying (node 1): its rule gives a gradient of the shape [3] for input 0, which has the shape "
     "[2, 3]",
     {.grad = grad_of_wrong_shape},
     false},
    {"run twice it gives other bits", {.run = run_remembering}, false},
    {"in the finest tiles it gives other numbers", {.run = run_blind_to_tiles}, false},
    {"lying (node 1): it failed and does not say why", {.run = run_failing_at_times}, false},
};

START_TEST(a_lying_op_is_caught) {
    static check_verdict verdict;
    if (lies[_i].only_double && sizeof(grove_real) < sizeof(double)) {
        return;
    }
    lying = cubic_op;
    lying.name = "lying";
    lying.examples = lying_examples;
    lying.grad = lies[_i].lie.grad ? lies[_i].lie.grad : lying.grad;
    lying.run = lies[_i].lie.run ? lies[_i].lie.run : lying.run;
    ck_assert_msg(!check_op(&lying, &verdict), "lie %d was not seen", _i);
    ck_assert_msg(strstr(verdict.words, lies[_i].caught) != NULL, "lie %d was seen otherwise:\n%s",
                  _i, verdict.words);
}
END_TEST

/* ---- descriptors that cannot work ------------------------------------------------------------ */

typedef struct two_fields {
    double a;
    int64_t n;
} two_fields;
static const grove_field unnamed[] = {{"", GROVE_FIELD_REAL, 0}, GROVE_NO_MORE_FIELDS};
static const grove_field of_no_kind[] = {{"a", (grove_field_kind)9, 0}, GROVE_NO_MORE_FIELDS};
static const grove_field outside[] = {{"a", GROVE_FIELD_REAL, 8}, GROVE_NO_MORE_FIELDS};
static const grove_field too_large[] = {{"a", GROVE_FIELD_SHAPE, 0}, GROVE_NO_MORE_FIELDS};
static const grove_field crooked[] = {{"a", GROVE_FIELD_REAL, 3}, GROVE_NO_MORE_FIELDS};
static const grove_field twins[] = {
    {"a", GROVE_FIELD_REAL, 0}, {"a", GROVE_FIELD_INT, 8}, GROVE_NO_MORE_FIELDS};

/* What is changed of a good one. */
static void no_name(grove_op *op) {
    op->name = NULL;
}
static void empty_name(grove_op *op) {
    op->name = "";
}
static void name_with_a_quote(grove_op *op) {
    op->name = "cub\"ic";
}
static void name_with_a_space(grove_op *op) {
    op->name = "my cubic";
}
static void name_with_a_byte(grove_op *op) {
    op->name = "cub\xC3\xAF"
               "c";
}
static void name_of_a_number(grove_op *op) {
    op->name = "3rd";
}
static void long_name(grove_op *op) {
    op->name = "a2345678901234567890123456789012345678901";
}
static void name_of_grove(grove_op *op) {
    op->name = "relu";
}
static void no_shape(grove_op *op) {
    op->shape = NULL;
}
static void no_run(grove_op *op) {
    op->run = NULL;
}
static void alias_that_runs(grove_op *op) {
    op->flags |= GROVE_ALIAS;
}
static void no_grad(grove_op *op) {
    op->grad = NULL;
}
static void both(grove_op *op) {
    op->no_gradient = "none";
}
static void inputs_below_zero(grove_op *op) {
    op->min_inputs = -1;
}
static void inputs_reversed(grove_op *op) {
    op->max_inputs = 0;
}
static void leaf(grove_op *op) {
    op->flags |= GROVE_STORED;
}
static void flag_of_nothing(grove_op *op) {
    op->flags |= 1u << 20;
}
static void in_place_of_nothing(grove_op *op) {
    op->min_inputs = 0;
}
static void lookup_of_one(grove_op *op) {
    op->flags |= GROVE_LOOKUP;
}
static void product_of_one(grove_op *op) {
    op->flags |= GROVE_PRODUCT;
}
static void writing(grove_op *op) {
    op->written = 1;
}
static void first(grove_op *op) {
    op->flags |= GROVE_FIRST;
}
static void writing_beyond(grove_op *op) {
    op->flags = GROVE_UPDATE;
    op->written = 2;
}
static void no_fields(grove_op *op) {
    op->fields = NULL;
}
static void no_attributes(grove_op *op) {
    op->attribute_size = 0;
}
static void unnamed_field(grove_op *op) {
    op->fields = unnamed;
}
static void field_of_no_kind(grove_op *op) {
    op->fields = of_no_kind;
}
static void field_outside(grove_op *op) {
    op->fields = outside;
}
static void field_too_large(grove_op *op) {
    op->fields = too_large;
}
static void crooked_field(grove_op *op) {
    op->fields = crooked;
    op->attribute_size = sizeof(two_fields);
}
static void twin_fields(grove_op *op) {
    op->fields = twins;
    op->attribute_size = sizeof(two_fields);
}

static const struct {
    void (*breaks)(grove_op *op);
    const char *words;
} broken[] = {
    {no_name, "an op cannot be used: it has no name"},
    {empty_name, "an op cannot be used: it has no name"},
    {name_with_a_quote, "its name must be letters, digits and _"},
    {name_with_a_space, "its name must be letters, digits and _"},
    {name_with_a_byte, "its name must be letters, digits and _"},
    {name_of_a_number, "begin with a letter"},
    {long_name, "have at most 40 characters"},
    {name_of_grove, "the op 'relu' cannot be used: grove itself has an op of that name"},
    {no_shape, "the op 'cubic' cannot be used: it has no shape function"},
    {no_run, "it has no kernel (run) and is no alias (GROVE_ALIAS)"},
    {alias_that_runs, "it is an alias (GROVE_ALIAS), whose kernel (run) nobody would call"},
    {no_grad, "it has neither a gradient (grad) nor a reason why not (no_gradient)"},
    {both, "it has a gradient (grad) and a reason why it has none (no_gradient)"},
    {inputs_below_zero, "its min_inputs and max_inputs are no range"},
    {inputs_reversed, "its min_inputs and max_inputs are no range"},
    {leaf, "it has flags that only ops of grove itself may have"},
    {flag_of_nothing, "it has flags that only ops of grove itself may have, or that there are not"},
    {in_place_of_nothing, "its flags say something of an input, and it may have none"},
    {lookup_of_one, "it is a lookup (GROVE_LOOKUP), which needs a table and ids (min_inputs)"},
    {product_of_one, "it is a product (GROVE_PRODUCT), which needs two inputs (min_inputs)"},
    {writing, "only an update (GROVE_UPDATE) may change inputs (written) or go first"},
    {first, "only an update (GROVE_UPDATE) may change inputs (written) or go first"},
    {writing_beyond, "it says that it changes an input (written) which it has not (max_inputs)"},
    {no_fields, "it has attributes (attribute_size) and does not list them (fields)"},
    {no_attributes, "it lists fields of attributes that have no size (attribute_size)"},
    {unnamed_field, "one of its fields has no name or kind that can be saved"},
    {field_of_no_kind, "one of its fields has no name or kind that can be saved"},
    {field_outside, "one of its fields does not lie within its attributes"},
    {field_too_large, "one of its fields does not lie within its attributes"},
    {crooked_field, "one of its fields does not lie within its attributes"},
    {twin_fields, "two of its fields have one name"},
};
enum { BROKEN = sizeof broken / sizeof broken[0] };

/* Refused once and for all: what is built after it, with a good op as well, is nothing either. */
START_TEST(a_broken_descriptor_is_refused) {
    grove_op op = cubic_op;
    broken[_i].breaks(&op);
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", 3);
    grove_tensor y = grove_append1(&op, x, &(double[2]){1, 1});
    ck_assert(!grove_is_valid(y));
    ck_assert_int_eq(grove_graph_error(g)->status, GROVE_BAD_ARGUMENT);
    expect_words(grove_graph_error(g), broken[_i].words);
    ck_assert(!grove_is_valid(cubic(x, 1)));
    ck_assert_int_eq(grove_node_count(g), 1);
    grove_graph_free(g);

    grove_model *model;
    grove_error error;
    const grove_op *ops[] = {&swish_op, &op};
    grove_load_options options = {.ops = ops, .op_count = 2};
    ck_assert_int_eq(grove_load_with("/nowhere", &options, &model, &error), GROVE_BAD_ARGUMENT);
    expect_words(&error, broken[_i].words);
    ck_assert_ptr_null(model);
}
END_TEST

static void expect_refused(grove_graph *g, grove_tensor y, grove_status status, const char *words) {
    ck_assert(!grove_is_valid(y));
    ck_assert_int_eq(grove_graph_error(g)->status, status);
    expect_words(grove_graph_error(g), words);
    grove_graph_free(g);
}

static grove_graph *with_input(grove_tensor *x) {
    grove_graph *g = grove_graph_new(NULL);
    *x = grove_input_reals(g, "x", GROVE_BATCH, 3);
    return g;
}

START_TEST(an_op_that_is_not_there_is_refused) {
    grove_tensor x;
    grove_graph *g = with_input(&x);
    expect_refused(g, grove_append1(NULL, x, NULL), GROVE_BAD_ARGUMENT, "there is no op");
    ck_assert(!grove_is_valid(grove_append(NULL, NULL, NULL, 0, NULL)));
    ck_assert(!grove_is_valid(grove_append1(&cubic_op, GROVE_NONE, NULL)));
    ck_assert_ptr_null(grove_node_descriptor(GROVE_NONE));
}
END_TEST

START_TEST(one_name_is_one_op) {
    grove_op other = cubic_op;
    grove_tensor x;
    grove_graph *g = with_input(&x);
    cubic(x, 1);
    expect_refused(g, grove_append1(&other, x, &(double){1}), GROVE_BAD_ARGUMENT,
                   "the op 'cubic' cannot be used: the graph has another op of that name");
    const grove_op *ops[] = {&cubic_op, &swish_op, &other};
    grove_load_options options = {.ops = ops, .op_count = 3};
    grove_model *model;
    grove_error error;
    ck_assert_int_eq(grove_load_with("/nowhere", &options, &model, &error), GROVE_BAD_ARGUMENT);
    expect_words(&error, "load: two ops are called 'cubic'");
    options.ops = NULL;
    ck_assert_int_eq(grove_load_with("/nowhere", &options, &model, &error), GROVE_BAD_ARGUMENT);
    expect_words(&error, "load: there is no list of ops");
}
END_TEST

START_TEST(inputs_and_attributes_must_be_there) {
    grove_tensor x;
    grove_graph *g = with_input(&x);
    expect_refused(g, grove_append1(&cubic_op, x, NULL), GROVE_BAD_ARGUMENT,
                   "cubic (node 1): its attributes are missing");
    g = with_input(&x);
    expect_refused(g, grove_append(&pick_op, g, &x, 1, NULL), GROVE_BAD_ARGUMENT,
                   "pick (node 1): it takes 2 to 2 inputs, not 1");
    g = with_input(&x);
    expect_refused(g, grove_append(&cubic_op, g, NULL, 1, &(double){1}), GROVE_BAD_ARGUMENT,
                   "it takes 1 to 1 inputs");
}
END_TEST

/* A builder of the user's own that refuses before there is a node, as grove's do. */
START_TEST(a_builder_refuses_in_words) {
    grove_tensor x;
    grove_graph *g = with_input(&x);
    expect_refused(g, grove_refuse_builder(g, &cubic_op, GROVE_BAD_ARGUMENT, "not on %s", "Monday"),
                   GROVE_BAD_ARGUMENT, "cubic (node 1): not on Monday");
    g = with_input(&x);
    expect_refused(g, grove_refuse_builder(g, NULL, GROVE_BAD_ARGUMENT, "no"), GROVE_BAD_ARGUMENT,
                   "an op (node 1): no");
}
END_TEST

/* ---- what shape functions may do ------------------------------------------------------------- */

static bool says_no(grove_shaping *s) {
    (void)s;
    return false;
}
static bool of_no_type(grove_shaping *s) {
    s->type = (grove_type)7;
    return true;
}
static bool of_many_axes(grove_shaping *s) {
    s->shape.rank = 9;
    return true;
}
static bool too_large_for_memory(grove_shaping *s) {
    s->shape = (grove_shape){4, {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX}};
    return true;
}
static bool wants_what_it_has_not(grove_shaping *s) {
    return grove_want_type(s, 4, GROVE_REAL);
}
static bool takes_what_it_has_not(grove_shaping *s) {
    s->shape = grove_in_shape(s, -1);
    return true;
}
static bool longer(grove_shaping *s) {
    s->shape = (grove_shape){2, {GROVE_BATCH, 4}};
    return true;
}
static bool of_batches(grove_shaping *s) { /* as many elements where a batch has three rows */
    s->shape = (grove_shape){2, {GROVE_BATCH, GROVE_BATCH}};
    return true;
}
static bool of_ids(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    s->type = GROVE_ID;
    return true;
}
static bool flat(grove_shaping *s) { /* [3, batch] in place of [batch, 3] */
    s->shape = (grove_shape){2, {3, GROVE_BATCH}};
    return true;
}

static const struct {
    bool (*shape)(grove_shaping *shaping);
    unsigned flags;
    const char *words; /* NULL: it is fine */
} shapes[] = {
    {says_no, 0, "own (node 1): its shape function says no, and not why; its input is 'x'"},
    {of_no_type, 0, "its result is neither of reals nor of ids"},
    {of_many_axes, 0, "does not fit in memory"},
    {too_large_for_memory, 0, "does not fit in memory"},
    {wants_what_it_has_not, 0, "there is no input 4"},
    {takes_what_it_has_not, 0, "does not fit in memory"},
    {longer, 0, NULL},
    {longer, GROVE_ALIAS, "own (node 1): as an alias of its input it must have as many elements"},
    {longer, GROVE_TRAINING, "as an alias of its input it must have as many elements"},
    {of_batches, GROVE_ALIAS, "as an alias of its input it must have as many elements"},
    {of_ids, GROVE_ALIAS, "as an alias of its input it must have as many elements"},
    {flat, GROVE_ALIAS, NULL},
    {flat, GROVE_TRAINING, NULL},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

START_TEST(a_shape_function_is_not_trusted) {
    grove_op op = {.name = "own",
                   .min_inputs = 1,
                   .max_inputs = 1,
                   .flags = shapes[_i].flags,
                   .shape = shapes[_i].shape,
                   .run = shapes[_i].flags & GROVE_ALIAS ? NULL : cubic_op.run,
                   .no_gradient = "not needed here"};
    grove_tensor x;
    grove_graph *g = with_input(&x);
    grove_tensor y = grove_append1(&op, x, NULL);
    ck_assert_str_eq(grove_node_formula(y), "");
    if (!shapes[_i].words) {
        ck_assert(grove_is_valid(y) && grove_node_descriptor(y) == &op);
        grove_graph_free(g);
    } else {
        ck_assert(!grove_is_valid(y));
        expect_words(grove_graph_error(g), shapes[_i].words);
        grove_graph_free(g);
    }
}
END_TEST

/* ---- what gradient rules may do -------------------------------------------------------------- */

static grove_tensor stranger; /* of another graph */

static void grad_from_elsewhere(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    (void)y, (void)dy;
    dx[0] = stranger;
}
static void grad_of_ids(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    (void)dy;
    dx[0] = grove_positions(y.graph, 3);
}
static void grad_that_is_no_node(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = (grove_tensor){y.graph, dy.index + 1000};
}
static void grad_that_fails(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    (void)y;
    dx[0] = grove_reshape(dy, GROVE_SHAPE(5));
}
static void grad_to_join(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    dx[0] = grove_append1(grove_node_descriptor(y), dy, NULL);
}
static grove_tensor join_wrongly(grove_tensor a, grove_tensor b) {
    (void)b;
    return grove_sum(a, GROVE_ALL_AXES);
}
static grove_tensor join_elsewhere(grove_tensor a, grove_tensor b) {
    (void)a, (void)b;
    return stranger;
}
static grove_status run_copy(const grove_call *call, size_t begin, size_t end) {
    memmove(grove_out(call) + begin, grove_reals(call, 0) + begin,
            (end - begin) * sizeof(grove_real));
    return GROVE_OK;
}

static const struct {
    void (*grad)(grove_tensor y, grove_tensor dy, grove_tensor *dx);
    grove_tensor (*join)(grove_tensor a, grove_tensor b);
    const char *words;
} rules[] = {
    {grad_from_elsewhere, NULL,
     "own (node 3): its rule gives for input 0 what is no tensor of reals of this graph"},
    {grad_of_ids, NULL, "its rule gives for input 0 what is no tensor of reals of this graph"},
    {grad_that_is_no_node, NULL, "its rule gives for input 0 what is no tensor of reals"},
    {grad_that_fails, NULL, "reshape (node"},
    {grad_to_join, join_wrongly, "own: its join gives something else than a tensor of the same"},
    {grad_to_join, join_elsewhere, "own: its join gives something else than a tensor of the same"},
};
enum { RULES = sizeof rules / sizeof rules[0] };

START_TEST(a_gradient_rule_is_not_trusted) {
    grove_op op = {.name = "own",
                   .min_inputs = 1,
                   .max_inputs = 1,
                   .shape = grove_same_shape,
                   .run = run_copy,
                   .items = grove_by_element,
                   .grad = rules[_i].grad,
                   .join = rules[_i].join};
    grove_graph *g = grove_graph_new(NULL), *other = grove_graph_new(NULL);
    for (int i = 0; i < 2; i++) { /* an index that the graph has, too */
        stranger = grove_fill(other, GROVE_SHAPE(3), i);
    }
    grove_tensor x = grove_input_reals(g, "x", 3), also = grove_input_reals(g, "also", 3);
    grove_tensor y = grove_name(grove_append1(&op, x, NULL), "named");
    grove_tensor z = grove_add(y, grove_append1(&op, x, NULL)), dx = also;
    ck_assert_int_ne(grove_gradients(z, &x, 1, &dx), GROVE_OK);
    ck_assert(!grove_is_valid(dx));
    expect_words(grove_graph_error(g), rules[_i].words);
    grove_graph_free(other);
    grove_graph_free(g);
}
END_TEST

/* ---- what kernels may do --------------------------------------------------------------------- */

enum { LONG = 300000 }; /* elements: several tiles */

static grove_status run_without_a_word(const grove_call *call, size_t begin, size_t end) {
    (void)call, (void)end;
    return begin > 0 ? (begin > LONG / 2 ? GROVE_BAD_TYPE : GROVE_UNSUPPORTED) : GROVE_OK;
}
static grove_status run_with_words_at_last(const grove_call *call, size_t begin, size_t end) {
    return end < LONG ? GROVE_BAD_TYPE
                      : grove_call_fail(call, 0, begin, GROVE_BAD_DATA, "is %s", "odd");
}
static grove_status run_blaming_nobody(const grove_call *call, size_t begin, size_t end) {
    (void)end;
    return grove_call_fail(call, -1, begin, GROVE_UNSUPPORTED, "it is Monday");
}
static grove_status run_failing_well(const grove_call *call, size_t begin, size_t end) {
    (void)end;
    return grove_call_fail(call, 7, begin, GROVE_OK, "all is well");
}

static const struct {
    grove_status (*run)(const grove_call *call, size_t begin, size_t end);
    grove_status status;
    const char *words;
} kernels[] = {
    {run_without_a_word, GROVE_UNSUPPORTED,
     "own (node 1, 'y'): it failed and does not say why (grove does not do this)"},
    {run_with_words_at_last, GROVE_BAD_DATA, " of 'x' is odd"},
    {run_blaming_nobody, GROVE_UNSUPPORTED, "own (node 1, 'y'): it is Monday"},
    {run_failing_well, GROVE_BAD_DATA, "own (node 1, 'y'): all is well"},
};
enum { KERNELS = sizeof kernels / sizeof kernels[0] };

START_TEST(a_kernel_may_fail_without_words) {
    static grove_real numbers[LONG];
    grove_op op = {.name = "own",
                   .min_inputs = 1,
                   .max_inputs = 1,
                   .shape = grove_same_shape,
                   .run = kernels[_i].run,
                   .items = grove_by_element,
                   .no_gradient = "not needed here"};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", LONG);
    grove_tensor y = grove_name(grove_append1(&op, x, NULL), "y");
    char words[2][512];
    for (int i = 0; i < 2; i++) {
        grove_plan *plan = grove_plan_new(g, &y, 1, &(grove_plan_options){.threads = 1 + 3 * i});
        grove_bind(plan, x, numbers);
        ck_assert_int_eq(grove_run(plan), kernels[_i].status);
        ck_assert_int_eq(grove_run(plan), kernels[_i].status);
        expect_words(grove_plan_error(plan), kernels[_i].words);
        memcpy(words[i], grove_plan_error(plan)->message, sizeof words[i]);
        grove_plan_free(plan);
    }
    ck_assert_str_eq(words[0], words[1]); /* whatever the threads do */
    grove_graph_free(g);
}
END_TEST

static grove_status check_failing(const grove_call *call) {
    (void)call;
    return GROVE_BAD_DATA;
}

/* An update whose check says no stops all updates, with words of its own or without. */
START_TEST(an_update_may_say_no_before_all_others) {
    grove_op op = sign_sgd_op;
    op.name = "careful";
    op.check = check_failing;
    grove_graph *g = grove_graph_new(NULL);
    grove_init one = {.kind = GROVE_INIT_CONSTANT, .a = 1};
    grove_tensor a = grove_parameter(g, "a", GROVE_SHAPE(2), one);
    grove_tensor b = grove_parameter(g, "b", GROVE_SHAPE(2), one);
    grove_tensor slope = grove_fill(g, GROVE_SHAPE(2), 1);
    grove_tensor updates[] = {sign_sgd(a, slope, 0.5),
                              grove_append2(&op, b, slope, &(double){0.5})};
    grove_tensor step = grove_group(updates, 2);
    grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
    ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
    expect_words(grove_plan_error(plan), "careful (node");
    expect_words(grove_plan_error(plan), "it failed and does not say why");
    ck_assert(((grove_real *)grove_parameter_data(a))[0] == 1);
    ck_assert(((grove_real *)grove_parameter_data(b))[0] == 1);
    grove_plan_free(plan);
    grove_graph_free(g);
}
END_TEST

/* ---- a model with own ops -------------------------------------------------------------------- */

enum { POINTS = 64, WIDTH = 16, KINDS = 2 };

typedef struct model {
    grove_graph *graph;
    grove_tensor x, label, outputs[2], step;
} model;

/* Two rings, one in the other: dense layers, an own activation, an own loss, own updates. */
static model make_model(const grove_allocator *allocator) {
    model m = {.graph =
                   grove_graph_new(&(grove_graph_options){.seed = 3, .allocator = *allocator})};
    grove_graph *g = m.graph;
    m.x = grove_input_reals(g, "x", GROVE_BATCH, 2);
    m.label = grove_input_ids(g, "label", GROVE_BATCH);
    grove_tensor h = swish(grove_nn_dense(noise(m.x, 0.01), WIDTH, "hidden"), 1.5);
    grove_tensor logits = grove_nn_dense(cubic(h, 0.5), KINDS, "out");
    grove_tensor loss =
        grove_neg(grove_mean(pick(grove_log_softmax(logits), m.label), GROVE_ALL_AXES));
    m.outputs[0] = logits;
    m.outputs[1] = grove_name(loss, "loss");
    grove_tensor parameters[4], slopes[4], updates[4];
    for (int i = 0; i < 4; i++) {
        parameters[i] = grove_parameter_at(g, i);
    }
    grove_gradients(loss, parameters, 4, slopes);
    for (int i = 0; i < 4; i++) {
        updates[i] = sign_sgd(parameters[i], slopes[i], 0.002);
    }
    m.step = grove_group(updates, 4);
    return m;
}

static void make_rings(grove_real *x, grove_id *label) {
    for (int i = 0; i < POINTS; i++) {
        double turn = 6.283185307179586 * 7 * i / POINTS, radius = i % KINDS ? 1 : 0.4;
        x[2 * i] = (grove_real)(radius * cos(turn));
        x[2 * i + 1] = (grove_real)(radius * sin(turn));
        label[i] = i % KINDS;
    }
}

static grove_plan *make_plan(const model *m, bool training, int threads) {
    static grove_real x[2 * POINTS];
    static grove_id label[POINTS];
    grove_tensor outputs[] = {m->outputs[0], m->outputs[1], m->step};
    make_rings(x, label);
    grove_plan *plan = grove_plan_new(
        m->graph, outputs, training ? 3 : 2,
        &(grove_plan_options){.batch = POINTS, .training = training, .threads = threads});
    grove_bind(plan, m->x, x);
    grove_bind(plan, m->label, label);
    return plan;
}

/* The loss before and after training, and the weights that came of it. */
static void train(int threads, double loss[2], grove_real weights[2 * WIDTH]) {
    model m = make_model(&(grove_allocator){0});
    grove_plan *plan = make_plan(&m, true, threads);
    for (int i = 0; i < 400; i++) {
        grove_status status = grove_run(plan);
        ck_assert_msg(status == GROVE_OK, "%s", grove_plan_error(plan)->message);
        loss[i > 0] = grove_scalar(plan, m.outputs[1]);
    }
    memcpy(weights, grove_parameter_data(grove_find(m.graph, "hidden.weight")),
           2 * WIDTH * sizeof *weights);
    grove_plan_free(plan);
    grove_graph_free(m.graph);
}

START_TEST(a_model_learns_through_own_ops) {
    double loss[2], again[2];
    grove_real weights[2 * WIDTH], weights_again[2 * WIDTH];
    train(1, loss, weights);
    train(3, again, weights_again);
    printf("two rings: loss %.3f, after 400 steps %.4f\n", loss[0], loss[1]);
    ck_assert_double_gt(loss[0], 0.5);
    ck_assert_double_lt(loss[1], 0.05);
    ck_assert_int_eq(memcmp(weights, weights_again, sizeof weights), 0);
}
END_TEST

/* Large enough for several tiles in each own op. */
START_TEST(threads_change_no_bit) {
    enum { ROWS = 40000, COLUMNS = 8 };
    static grove_real numbers[ROWS * COLUMNS], results[2][ROWS + ROWS * COLUMNS];
    static grove_id ids[ROWS];
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        numbers[i] = (grove_real)scene_draw_signed((size_t)i, 1);
    }
    for (int i = 0; i < ROWS; i++) {
        ids[i] = i * 7 % COLUMNS;
    }
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, COLUMNS);
    grove_tensor which = grove_input_ids(g, "which", GROVE_BATCH);
    grove_tensor y = pick(swish(cubic(noise(each_sine(x), 0.1), -1), 2), which);
    grove_tensor outputs[] = {y, grove_gradient(y, x)};
    for (int i = 0; i < 2; i++) {
        grove_plan_options options = {.batch = ROWS, .training = true, .threads = 1 + 3 * i};
        grove_plan *plan = grove_plan_new(g, outputs, 2, &options);
        grove_set_training_runs(g, 0);
        grove_bind(plan, x, numbers);
        grove_bind(plan, which, ids);
        ck_assert_int_eq(grove_run(plan), GROVE_OK);
        memcpy(results[i], grove_value(plan, outputs[0]), ROWS * sizeof(grove_real));
        memcpy(results[i] + ROWS, grove_value(plan, outputs[1]),
               ROWS * COLUMNS * sizeof(grove_real));
        /* The last id is bad: no matter who meets it. */
        ids[ROWS - 1] = COLUMNS;
        ck_assert_int_eq(grove_run(plan), GROVE_BAD_DATA);
        expect_words(grove_plan_error(plan),
                     "position 39999 of 'which' is 8, it must be from 0 to 7");
        ids[ROWS - 1] = (ROWS - 1) * 7 % COLUMNS;
        grove_plan_free(plan);
    }
    ck_assert_int_eq(memcmp(results[0], results[1], sizeof results[0]), 0);
    grove_graph_free(g);
}
END_TEST

/* ---- files ----------------------------------------------------------------------------------- */

static char folder[40], path[64];

static const grove_op *const saved_ops[] = {&pick_op, &noise_op, &sign_sgd_op, &cubic_op,
                                            &swish_op};
enum { SAVED_OPS = sizeof saved_ops / sizeof saved_ops[0] };

static void answer(model *m, grove_real numbers[POINTS * KINDS]) {
    grove_plan *plan = make_plan(m, false, 1);
    grove_status status = grove_run(plan);
    ck_assert_msg(status == GROVE_OK, "%s", grove_plan_error(plan)->message);
    memcpy(numbers, grove_value(plan, m->outputs[0]), POINTS * KINDS * sizeof *numbers);
    grove_plan_free(plan);
}

static void save_model(grove_real numbers[POINTS * KINDS]) {
    model m = make_model(&(grove_allocator){0});
    grove_error error;
    grove_status status = grove_save(path, m.outputs, 2, NULL, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    answer(&m, numbers);
    grove_graph_free(m.graph);
}

START_TEST(a_model_with_own_ops_comes_back) {
    grove_real before[POINTS * KINDS], after[POINTS * KINDS];
    grove_load_options options = {.ops = saved_ops, .op_count = SAVED_OPS};
    grove_model *loaded;
    grove_error error;
    save_model(before);
    grove_status status = grove_load_with(path, &options, &loaded, &error);
    ck_assert_msg(status == GROVE_OK, "%s", error.message);
    grove_graph *g = grove_model_graph(loaded);
    model m = {.graph = g, .x = grove_find(g, "x"), .label = grove_find(g, "label")};
    m.outputs[0] = grove_model_output(loaded, 0);
    m.outputs[1] = grove_model_output(loaded, 1);
    answer(&m, after);
    ck_assert_int_eq(memcmp(before, after, sizeof before), 0);
    /* It is a graph like any other: it has a gradient, and may be built on. */
    grove_tensor slope = grove_gradient(m.outputs[1], grove_find(g, "hidden.weight"));
    ck_assert(grove_is_valid(slope) && grove_is_valid(swish(slope, 1)));
    grove_model_free(loaded);
}
END_TEST

START_TEST(a_file_with_an_unknown_op_is_refused) {
    grove_real numbers[POINTS * KINDS];
    grove_model *loaded;
    grove_error error;
    save_model(numbers);
    for (int i = 0; i < 3; i++) {
        /* Without options, without a list, with a list that lacks swish. */
        grove_load_options few = {.ops = saved_ops, .op_count = SAVED_OPS - 1};
        grove_status status = i == 0   ? grove_load(path, NULL, &loaded, &error)
                              : i == 1 ? grove_load_with(path, NULL, &loaded, &error)
                                       : grove_load_with(path, &few, &loaded, &error);
        ck_assert_int_eq(status, GROVE_BAD_FILE);
        ck_assert_ptr_null(loaded);
        expect_words(&error, i < 2 ? "has the op 'noise'" : "has the op 'swish'");
        expect_words(&error, "none of grove's own: it takes a program that has this op and names "
                             "it to grove_load_with");
    }
}
END_TEST

/* The file says beta: 0, which the op's shape function refuses. Written by hand, so without the
 * checksums that grove writes. */
START_TEST(attributes_of_a_file_are_checked_by_the_op) {
    const char *text = "{\"schema\":1,\"seed\":0,\"nodes\":[{\"op\":\"input\",\"name\":\"x\","
                       "\"attributes\":{\"type\":0,\"shape\":[-1]}},{\"op\":\"swish\","
                       "\"inputs\":[0],\"attributes\":{\"beta\":0}}],\"outputs\":[1]}";
    grove_tensors_writer *writer = grove_tensors_writer_new(NULL);
    grove_load_options options = {.ops = saved_ops, .op_count = SAVED_OPS};
    grove_model *loaded;
    grove_error error;
    grove_tensors_add_metadata(writer, "schema", "1", NULL);
    grove_tensors_add_metadata(writer, "model", text, NULL);
    ck_assert_int_eq(grove_tensors_write(writer, path, &error), GROVE_OK);
    ck_assert_int_eq(grove_load_with(path, &options, &loaded, &error), GROVE_BAD_FILE);
    expect_words(&error, "swish (node 1): beta must be above 0, not 0");
    grove_tensors_writer_free(writer);
}
END_TEST

/* Builds, differentiates, saves and loads: every allocation fails once. */
static grove_status all_of_it(hostile_memory *memory, grove_error *error) {
    grove_allocator allocator = hostile_allocator(memory);
    grove_load_options options = {.allocator = allocator, .ops = saved_ops, .op_count = SAVED_OPS};
    grove_model *loaded = NULL;
    model m = make_model(&allocator);
    *error = *grove_graph_error(m.graph);
    grove_status status = error->status;
    if (status == GROVE_OK) {
        status = grove_save(path, m.outputs, 2, NULL, error);
    }
    if (status == GROVE_OK) {
        status = grove_load_with(path, &options, &loaded, error);
    }
    grove_model_free(loaded);
    grove_graph_free(m.graph);
    return status;
}

START_TEST(every_allocation_may_fail) {
    bool failed = true;
    size_t n = 1;
    for (; failed && n < 20000; n++) {
        hostile_memory memory = {.fail_at = n};
        grove_error error;
        grove_status status = all_of_it(&memory, &error);
        failed = memory.calls >= n;
        ck_assert_uint_eq(memory.live, 0);
        ck_assert_msg(status == (failed ? GROVE_NO_MEMORY : GROVE_OK), "allocation %zu: %s", n,
                      error.message);
    }
    ck_assert(!failed);
    printf("%zu allocations failed, each once\n", n - 2);
}
END_TEST

static void make_folder(void) {
    strcpy(folder, "/tmp/grove_own_ops_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/own.safetensors", folder);
}

static void remove_folder(void) {
    unlink(path);
    rmdir(folder);
}

/* ---- a lookup of one's own ------------------------------------------------------------------- */

static grove_op glance; /* y[i] = 2 table[ids[i]] */

static bool shape_of_glance(grove_shaping *s) {
    if (!grove_want_rank(s, 0, 2) || !grove_want_rank(s, 1, 1) ||
        !grove_want_type(s, 1, GROVE_ID)) {
        return false;
    }
    s->shape = GROVE_SHAPE(grove_in_shape(s, 1).dim[0], grove_in_shape(s, 0).dim[1]);
    return true;
}

static grove_status run_glance(const grove_call *call, size_t begin, size_t end) {
    size_t width = grove_width(call->out);
    grove_status status = grove_check_ids(call, 1, begin, end, call->in[0]->dim[0]);
    for (size_t i = begin * width; i < end * width && status == GROVE_OK; i++) {
        size_t row = (size_t)grove_ids(call, 1)[i / width];
        grove_out(call)[i] = 2 * grove_reals(call, 0)[row * width + i % width];
    }
    return status;
}

static void grad_glance(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    int64_t rows = grove_node_shape(grove_node_input(y, 0)).dim[0];
    dx[0] = grove_scatter_rows(grove_node_input(y, 1), grove_scale(dy, 2), rows);
}

/* How many catch-ups name their rows, after an optimizer saw the op with these flags. */
static int catch_ups_by_ids(unsigned flags) {
    glance = (grove_op){.name = "glance",
                        .formula = "y[i] = 2 table[ids[i]]",
                        .min_inputs = 2,
                        .max_inputs = 2,
                        .flags = flags,
                        .shape = shape_of_glance,
                        .run = run_glance,
                        .items = grove_by_row,
                        .grad = grad_glance};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor ids = grove_input_ids(g, "ids", 2);
    grove_tensor table = grove_parameter(g, "table", GROVE_SHAPE(9, 2), (grove_init){0});
    grove_tensor y = grove_append2(&glance, table, ids, NULL);
    ck_assert_int_eq(grove_node_is_lookup(y), (flags & GROVE_LOOKUP) != 0);
    grove_tensor step = grove_minimize(grove_sum(y, GROVE_ALL_AXES), GROVE_ADAM(.rate = 0.1));
    grove_plan *plan = grove_plan_new(g, &step, 1, &(grove_plan_options){.training = true});
    grove_bind(plan, ids, (const grove_id[]){3, 8});
    ck_assert_msg(grove_run(plan) == GROVE_OK, "%s", grove_plan_error(plan)->message);
    const grove_real *numbers = grove_parameter_data(table);
    for (int i = 0; i < 18; i++) {
        ck_assert((numbers[i] != 0) == (i / 2 == 3 || i / 2 == 8));
    }
    int found = 0;
    for (int32_t i = 0; i < grove_node_count(g); i++) {
        grove_tensor node = grove_node_at(g, i);
        found += strcmp(grove_node_op(node), "adam_catch_up") == 0 && grove_node_inputs(node) == 7;
    }
    grove_plan_free(plan);
    grove_graph_free(g);
    return found;
}

/* What an op says of itself is enough: its table's resting rows rest, as those of embedding do. */
START_TEST(a_lookup_lets_other_rows_rest) {
    ck_assert_int_eq(catch_ups_by_ids(GROVE_LOOKUP | GROVE_PIECEWISE), 1);
    ck_assert_int_eq(catch_ups_by_ids(GROVE_PIECEWISE), 0); /* all rows are caught up */
}
END_TEST

/* ---- a product ------------------------------------------------------------------------------- */

/* How deep a network of two of them is, the second with an input instead of a weight. */
static int depth_of_pairs(unsigned flags) {
    const grove_op pair = {.name = "pair",
                           .min_inputs = 2,
                           .max_inputs = 2,
                           .flags = flags,
                           .shape = grove_same_shape,
                           .run = run_copy,
                           .items = grove_by_element,
                           .no_gradient = "nobody asks"};
    grove_graph *g = grove_graph_new(NULL);
    grove_tensor x = grove_input(g, "x", GROVE_REAL, GROVE_SHAPE(3));
    grove_tensor weight = grove_parameter(g, "weight", GROVE_SHAPE(3), (grove_init){0});
    grove_tensor y = grove_append2(&pair, grove_append2(&pair, x, weight, NULL), x, NULL);
    ck_assert(grove_is_valid(y));
    int depth = grove_nn_depth(&y, 1);
    grove_graph_free(g);
    return depth;
}

START_TEST(a_product_with_a_weight_is_a_layer) {
    ck_assert_int_eq(depth_of_pairs(GROVE_PRODUCT), 1);
    ck_assert_int_eq(depth_of_pairs(0), 0);
}
END_TEST

static void add_case(Suite *suite, const char *name, const TTest *test, int count, bool files) {
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 60);
    if (files) {
        tcase_add_unchecked_fixture(tests, make_folder, remove_folder);
    }
    tcase_add_loop_test(tests, test, 0, count);
    suite_add_tcase(suite, tests);
}

int main(void) {
    Suite *suite = suite_create("own ops");
    add_case(suite, "promises", an_own_op_keeps_what_it_promises, OWN, false);
    add_case(suite, "as others", an_op_of_grove_would_pass_as_an_own_one, GROVE_ROWS, false);
    add_case(suite, "lies", a_lying_op_is_caught, sizeof lies / sizeof lies[0], false);
    add_case(suite, "broken", a_broken_descriptor_is_refused, BROKEN, false);
    add_case(suite, "no op", an_op_that_is_not_there_is_refused, 1, false);
    add_case(suite, "one name", one_name_is_one_op, 1, false);
    add_case(suite, "missing", inputs_and_attributes_must_be_there, 1, false);
    add_case(suite, "builder", a_builder_refuses_in_words, 1, false);
    add_case(suite, "shapes", a_shape_function_is_not_trusted, SHAPES, false);
    add_case(suite, "rules", a_gradient_rule_is_not_trusted, RULES, false);
    add_case(suite, "kernels", a_kernel_may_fail_without_words, KERNELS, false);
    add_case(suite, "updates", an_update_may_say_no_before_all_others, 1, false);
    add_case(suite, "lookup", a_lookup_lets_other_rows_rest, 1, false);
    add_case(suite, "product", a_product_with_a_weight_is_a_layer, 1, false);
    add_case(suite, "training", a_model_learns_through_own_ops, 1, false);
    add_case(suite, "threads", threads_change_no_bit, 1, false);
    add_case(suite, "back", a_model_with_own_ops_comes_back, 1, true);
    add_case(suite, "unknown", a_file_with_an_unknown_op_is_refused, 1, true);
    add_case(suite, "attributes", attributes_of_a_file_are_checked_by_the_op, 1, true);
    add_case(suite, "memory", every_allocation_may_fail, 1, true);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
