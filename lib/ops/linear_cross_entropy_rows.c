/* SPDX-License-Identifier: MIT
 *
 * linear_cross_entropy_rows - softmax cross-entropy of the logits z = x W^T + b of a linear layer,
 * which are never written to memory as a whole.
 *
 *     y[i] = (loss, L),   L = log of the sum over c of exp(z_c)   of row i
 *
 * The loss is that of softmax_cross_entropy_rows, class weights w, ignored label and smoothing
 * included, where the letters are explained:
 *
 *     loss = sum over c of t_c * w_c * (L - z_c)
 *
 * A row with the ignored label has the loss 0, and an L like any other.
 *
 * Shapes: x [n, width], W [classes, width], labels ids [n], b [classes] or none, w [classes] or
 *   none -> [n, 2].
 * Gradient: with d = (d_loss, d_L) coming in, dz_c = d_loss * (p_c * V - t_c * w_c) + d_L * p_c,
 *   V = sum over c of t_c * w_c (0 where the label is ignored, and so are the t_c). So
 *     dx = dz W,   dW = dz^T x,   db = the column sums of dz.
 *   Both products are ops in rooms of their own. db is summed up where dW is made, and lies behind.
 * Method: this node is an alias, of the first two columns of what linear_cross_entropy_rows_pass
 *   yields, and the rule that belongs to them. In training plans the pass also brings what dx is
 *   made of; outside, a plan of the loss computes the pass without it. dW makes the logits again,
 *   block by block, instead of keeping them (as flash attention does; for this loss: Wijmans et al.
 *   2024). So a step is four products, where writing the logits takes three.
 * Cost: four products and two exps a logit, where writing the logits takes three and two. What it
 *   saves is memory, n * classes numbers, and their way there and back. Measured: 256 rows, width
 *   64, sgd, one core of an AMD EPYC (family 26), milliseconds of processor time and megabytes of
 *   the plan, medians of 31 turns with nothing else at work (tests/cost/linear_cross_entropy 31):
 *
 *                    a training step          the loss alone            block
 *       classes   written  fused  ratio   written  fused  ratio   written  fused
 *           100      0.39   0.26    1.5      0.17   0.10    1.7       0.3    0.3
 *         1,000      1.88   2.08    0.9      0.73   0.79    1.0       1.5    0.5
 *        10,000      10.8   11.0    1.0      4.03   4.04    1.0      23.2    2.9
 *        50,000      65.4   57.8    1.1      20.3   20.6    1.0       116   13.5
 */
#include "linear_cross_entropy.h"

static const grove_field fields[] = {LINEAR_FIELDS, GROVE_NO_MORE_FIELDS};

enum { OPTIONAL = 5 }; /* after the alias's own, x, weight, labels, the pass with the mean */

static bool shape(grove_shaping *s) {
    s->shape = grove_in_shape(s, 0);
    return linear_want(s, 1, OPTIONAL) && linear_want_pass(s, 1, 4, 0);
}

/* ---- grad ------------------------------------------------------------------------------------ */

/* The bias's gradient lies in the rows behind the weight's, `width` numbers a row. */
static grove_tensor bias_part(grove_tensor both, int64_t classes) {
    grove_shape all = grove_node_shape(both);
    int64_t rows = all.dim[0] - classes;
    grove_tensor behind = grove_slice(both, 0, classes, rows);
    return grove_slice(grove_reshape(behind, GROVE_SHAPE(rows * all.dim[1])), 0, 0, classes);
}

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    grove_cross_entropy_options o = grove_target_options(grove_attributes(y));
    grove_tensor x = grove_node_input(y, 1), weight = grove_node_input(y, 2);
    grove_tensor labels = grove_node_input(y, 3), pass = grove_node_input(y, 4);
    grove_tensor bias = linear_bias(y, OPTIONAL);
    grove_tensor class_weights = linear_class_weights(y, OPTIONAL);
    int64_t classes = grove_node_shape(weight).dim[0];
    dx[1] =
        grove_linear_cross_entropy_gradient(x, weight, bias, labels, pass, dy, class_weights, &o);
    dx[2] = grove_linear_cross_entropy_weight_gradient(x, weight, bias, labels, pass, dy,
                                                       class_weights, &o);
    if (grove_is_valid(bias)) {
        dx[OPTIONAL] = bias_part(dx[2], classes);
        dx[2] = grove_first_rows(dx[2], classes);
    }
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_cross_entropy_options all_of_it = {
    .ignore = true, .ignored_label = 1, .smoothing = 0.25};
static const grove_cross_entropy_options smooth = {.smoothing = 0.5};

static grove_tensor build(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows(in[0], in[1], GROVE_NONE, in[2], GROVE_NONE, NULL);
}
static grove_tensor build_biased(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows(in[0], in[1], in[2], in[3], GROVE_NONE, &smooth);
}
static grove_tensor build_all_of_it(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows(in[0], in[1], in[2], in[3], in[4], &all_of_it);
}
static grove_tensor build_weighted(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows(in[0], in[1], GROVE_NONE, in[2], in[3], &smooth);
}

static const grove_example examples[] = {
    {.inputs = 3,
     .in = {LINEAR_WORKED},
     .build = build,
     .out = GROVE_NUMBERS(1.3862943611198906, 1.3862943611198906, 0.28768207245178093,
                          1.3862943611198906),
     .dy = GROVE_NUMBERS(1, 0, 2, 4),
     .dx = {GROVE_NUMBERS(-0.75, 0.75, 1.5, 2.5),
            GROVE_NUMBERS(0, LINEAR_LOG_3 * 0.75, 0, LINEAR_LOG_3 * 3.25)}},
    /* Targets 3/4 and 1/4: log 4 - 1/4 * log 3. The logits are the bias. */
    {.inputs = 4,
     .in = {{.shape = {2, {1, 2}}, .values = GROVE_NUMBERS(1, 2)},
            {.shape = {2, {2, 2}}, .values = GROVE_NUMBERS(2, -1, -2, 1)},
            {.shape = {1, {2}}, .values = GROVE_NUMBERS(0, LINEAR_LOG_3)},
            LINEAR_LABELS(1, 0)},
     .build = build_biased,
     .out = GROVE_NUMBERS(1.1116412889528632, 1.3862943611198906),
     .dy = GROVE_NUMBERS(2, 0),
     .dx = {GROVE_NUMBERS(-4, 2), GROVE_NUMBERS(-1, -2, 1, 2), GROVE_NUMBERS(-1, 1)}},
    /* the middle row is ignored */
    {.inputs = 5,
     .in = {LINEAR_MATRIX(3, 2),
            LINEAR_MATRIX(4, 2),
            LINEAR_LIST(4),
            LINEAR_LABELS(3, 3, 1, 0),
            {.shape = {1, {4}}, .values = GROVE_NUMBERS(2, 1, 0, 0.5), .no_check = true}},
     .build = build_all_of_it},
    {.inputs = 4, .in = {LINEAR_WEIGHTED}, .build = build_weighted},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 2), LINEAR_LABELS(2, 0, 0)},
     .build = build,
     .refused = "x, as wide as the weight, must have the shape [2, 2]"},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LABELS(3, 0, 0, 0)},
     .build = build,
     .refused = "the labels, one for each row, must have the shape [2]"},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LIST(2)},
     .build = build,
     .refused = "input 2 must be a tensor of ids"},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(-1, 3), LINEAR_LABELS(2, 0, 0)},
     .build = build,
     .refused = "the number of classes must be fixed, and at least 1"},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, -1), LINEAR_MATRIX(4, -1), LINEAR_LABELS(2, 0, 0)},
     .build = build,
     .refused = "the width must be fixed, and at least 1"},
    {.inputs = 4,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LIST(3), LINEAR_LABELS(2, 0, 0)},
     .build = build_biased,
     .refused = "the bias must have the shape [4]"},
    {.inputs = 4,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 3), LINEAR_LABELS(2, 0, 0), LINEAR_LIST(3)},
     .build = build_weighted,
     .refused = "the class weights must have the shape [4]"},
    {0},
};

GROVE_ROOM(linear_cross_entropy_rows) = {
    .name = "linear_cross_entropy_rows",
    .formula = "y = (-log softmax(x W^T + b)[label], log sum exp(x W^T + b))",
    .min_inputs = 5,
    .max_inputs = 7,
    .flags = GROVE_ALIAS,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .grad = grad,
    .examples = examples,
};

grove_tensor grove_linear_cross_entropy_rows(grove_tensor x, grove_tensor weight, grove_tensor bias,
                                             grove_tensor labels, grove_tensor class_weights,
                                             const grove_cross_entropy_options *options) {
    grove_tensor whole =
        grove_linear_cross_entropy_rows_pass(x, weight, bias, labels, class_weights, true, options);
    grove_tensor lean = grove_linear_cross_entropy_rows_pass(x, weight, bias, labels, class_weights,
                                                             false, options);
    grove_tensor pairs = grove_when_training(grove_slice(whole, 1, 0, 2), lean);
    grove_tensor in[7] = {pairs, x, weight, labels, whole};
    return linear_append(&grove_op_linear_cross_entropy_rows, in, OPTIONAL, bias, class_weights,
                         false, options);
}
