/* SPDX-License-Identifier: MIT
 *
 * xor - the smallest network that needs a hidden layer, with every number of its first step.
 *
 *     hidden = x W1^T + b1     a = tanh(hidden)          two hidden units
 *     out = a W2^T + b2        p = 1 / (1 + exp(-out))   the chance that the answer is 1
 *     loss = the mean over the rows of -log p where 1 is wanted, of -log(1 - p) where 0 is
 *
 * Backpropagation asks of every number: if it grew by 1, by how much would the loss grow? It begins
 * at the end, where the answer for `out` is (p - wanted) / 4, and works its way back through a and
 * hidden to the weights. That is the gradient. A step moves each weight against its own.
 */
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"

enum { ROWS = 4, MOST = 4, STEPS = 400 };
static const double rate = 1;

static const grove_real x_numbers[ROWS][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
static const grove_real wanted_numbers[ROWS][1] = {{0}, {1}, {1}, {0}};
static const char *const parameters[] = {"hidden.weight", "hidden.bias", "out.weight", "out.bias"};
enum { PARAMETERS = sizeof parameters / sizeof parameters[0] };

static void show_row(const char *name, const grove_real *values, size_t width, const char *after) {
    printf("%s", name);
    for (size_t k = 0; k < width; k++) {
        printf(" %9.6f", values[k]);
    }
    printf("%s", after);
}

/* Row by row, what a node yielded, and its gradient. Both are [ROWS, width]. */
static void show_node(grove_plan *plan, const grove_graph *g, const char *name) {
    grove_tensor node = grove_find(g, name);
    const grove_real *value = grove_value_named(plan, name);
    const grove_real *gradient = grove_value(plan, grove_gradient_of(node));
    size_t width = grove_value_count(plan, node) / ROWS;
    printf("\n%s\n", name);
    for (size_t row = 0; value && gradient && row < ROWS; row++) {
        printf("%g %g ", x_numbers[row][0], x_numbers[row][1]);
        show_row(" value", value + row * width, width, "");
        show_row("  gradient", gradient + row * width, width, "\n");
    }
}

/* before [PARAMETERS, MOST]: the numbers of each parameter. */
static void note_parameters(const grove_graph *g, grove_real (*before)[MOST]) {
    for (int i = 0; i < PARAMETERS; i++) {
        grove_tensor parameter = grove_find(g, parameters[i]);
        memcpy(before[i], grove_parameter_data(parameter),
               grove_parameter_size(parameter) * sizeof before[i][0]);
    }
}

static void show_step(grove_plan *plan, const grove_graph *g, grove_real (*before)[MOST]) {
    printf("\n%-16s %9s %9s %9s   after = before - %g * gradient\n", "", "before", "gradient",
           "after", rate);
    for (int i = 0; i < PARAMETERS; i++) {
        grove_tensor parameter = grove_find(g, parameters[i]);
        const grove_real *after = grove_parameter_data(parameter);
        const grove_real *gradient = grove_value(plan, grove_gradient_of(parameter));
        for (size_t k = 0; gradient && k < grove_parameter_size(parameter); k++) {
            printf("%-13s[%zu] %9.6f %9.6f %9.6f\n", parameters[i], k, before[i][k], gradient[k],
                   after[k]);
        }
    }
}

/* The first step, number by number. */
static bool explain(grove_plan *plan, grove_graph *g) {
    grove_real before[PARAMETERS][MOST];
    note_parameters(g, before);
    if (grove_run(plan) != GROVE_OK) {
        return false;
    }
    show_node(plan, g, "hidden");
    show_node(plan, g, "a");
    show_node(plan, g, "out");
    show_row("\np, row by row:     ", grove_value_named(plan, "p"), ROWS, "\n");
    show_row("wanted:            ", wanted_numbers[0], ROWS, "\n");
    show_row("loss:              ", grove_value_named(plan, "loss"), 1, "\n");
    show_step(plan, g, before);
    return true;
}

int main(void) {
    grove_graph *g = grove_graph_new(&(grove_graph_options){.seed = 1});
    grove_tensor x = grove_input_reals(g, "x", GROVE_BATCH, 2);
    grove_tensor wanted = grove_input_reals(g, "wanted", GROVE_BATCH, 1);
    grove_tensor a = grove_name(grove_tanh(grove_nn_dense(x, 2, "hidden")), "a"); /* [batch, 2] */
    grove_tensor out = grove_nn_dense(a, 1, "out");                               /* [batch, 1] */
    grove_tensor p = grove_name(grove_sigmoid(out), "p");
    grove_tensor loss = grove_name(grove_binary_cross_entropy(out, wanted), "loss");
    grove_tensor step = grove_minimize(loss, GROVE_SGD(.rate = rate));

    /* keep_all: nothing shares memory, so that every number can be read after a run. */
    grove_plan *train =
        grove_plan_new(g, (grove_tensor[]){step, loss, p}, 3,
                       &(grove_plan_options){.batch = ROWS, .training = true, .keep_all = true});
    grove_bind(train, x, x_numbers);
    grove_bind(train, wanted, wanted_numbers);
    bool good = explain(train, g);
    for (int i = 1; i < STEPS && good; i++) {
        good = grove_run(train) == GROVE_OK;
    }
    if (!good) {
        fprintf(stderr, "xor: %s\n", grove_plan_error(train)->message);
    }
    const grove_real *answer = good ? grove_value(train, p) : NULL;
    printf("\nafter %d steps, loss %.6f\n", STEPS, grove_scalar(train, loss));
    for (size_t i = 0; answer && i < ROWS; i++) {
        bool is_right = (answer[i] > (grove_real)0.5) == (wanted_numbers[i][0] > 0);
        printf("%g xor %g = %g: p = %.4f, %s\n", x_numbers[i][0], x_numbers[i][1],
               wanted_numbers[i][0], answer[i], is_right ? "right" : "wrong");
        good = good && is_right;
    }
    grove_plan_free(train);
    grove_graph_free(g);
    return good ? 0 : 1;
}
