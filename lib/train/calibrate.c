/* SPDX-License-Identifier: MIT */
#include "grove/calibrate.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "set_tally.h"

enum { HALVINGS = 60 };

/* ---- finding it ------------------------------------------------------------------------------ */

/* A logit but for a number that all classes of the row share. */
static double logit(float p) {
    return log(p > FLT_MIN ? (double)p : (double)FLT_MIN);
}

/* With b = 1 / T and q = softmax(b * logits), the slope of -log q(label) in b is the mean of the
 * logits under q, less the label's. */
static double slope_of_row(const float *p, size_t classes, size_t label, double b) {
    double most = -(double)INFINITY, sum = 0, mean = 0;
    for (size_t c = 0; c < classes; c++) {
        most = fmax(most, logit(p[c]));
    }
    for (size_t c = 0; c < classes; c++) {
        const double z = logit(p[c]) - most, q = exp(b * z);
        sum += q;
        mean += q * z;
    }
    return mean / sum - (logit(p[label]) - most);
}

static double slope_of(const float *p, const grove_id *labels, size_t rows, size_t classes,
                       double b) {
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        sum += slope_of_row(p + i * classes, classes, (size_t)labels[i], b);
    }
    return sum;
}

static grove_status check(const float *p, const grove_id *labels, size_t rows, size_t classes,
                          grove_error *error) {
    if (rows == 0 || classes == 0) {
        return grove_fail(error, GROVE_BAD_DATA, "a temperature cannot be found on no rows");
    }
    for (size_t i = 0; i < rows; i++) {
        if (labels[i] < 0 || (size_t)labels[i] >= classes) {
            return grove_fail(error, GROVE_BAD_DATA,
                              "temperature: the label of row %zu is %" PRId32
                              ", it must be a class from 0 to below %zu",
                              i, labels[i], classes);
        }
        for (size_t c = 0; c < classes; c++) {
            if (!(p[i * classes + c] >= 0 && p[i * classes + c] <= 1.0001F)) {
                return grove_fail(error, GROVE_BAD_DATA,
                                  "temperature: the probability of class %zu in row %zu is %g, it "
                                  "must be from 0 to 1",
                                  c, i, (double)p[i * classes + c]);
            }
        }
    }
    return GROVE_OK;
}

grove_status grove_fit_temperature(const float *probabilities, const grove_id *labels, size_t rows,
                                   size_t classes, double *temperature, grove_error *error) {
    double low = 1 / GROVE_MOST_TEMPERATURE, high = 1 / GROVE_LEAST_TEMPERATURE;
    grove_status status = check(probabilities, labels, rows, classes, error);
    if (status != GROVE_OK) {
        return status;
    }
    for (int i = 0; i < HALVINGS; i++) {
        const double middle = sqrt(low * high);
        const bool beyond = slope_of(probabilities, labels, rows, classes, middle) < 0;
        *(beyond ? &low : &high) = middle;
    }
    *temperature = 1 / sqrt(low * high);
    return GROVE_OK;
}

/* ---- of several classes a row ---------------------------------------------------------------- */

/* With b = 1 / T, the slope of a pair's loss in b: z (sigmoid(b z) - truth), z being its logit; not
 * as a difference, which would be 0 where the model is sure. */
static double slope_of_pair(float p, bool is_true, double b) {
    const double rest = 1 - (double)p;
    const double z = logit(p) - log(rest > FLT_EPSILON / 2 ? rest : FLT_EPSILON / 2);
    return is_true ? -z / (1 + exp(b * z)) : z / (1 + exp(-b * z));
}

grove_status grove_fit_set_temperature(const float *probabilities, const unsigned char *truth,
                                       size_t rows, size_t classes, double *temperature,
                                       grove_error *error) {
    if (rows == 0 || classes == 0) {
        return grove_fail(error, GROVE_BAD_DATA, "a temperature cannot be found on no rows");
    }
    grove_status status = grove_check_sets_answered(probabilities, truth, rows, classes, error);
    double low = 1 / GROVE_MOST_TEMPERATURE, high = 1 / GROVE_LEAST_TEMPERATURE;
    for (int i = 0; i < HALVINGS && status == GROVE_OK; i++) {
        const double middle = sqrt(low * high);
        double slope = 0;
        for (size_t k = 0; k < rows * classes; k++) {
            slope += slope_of_pair(probabilities[k], truth[k] != 0, middle);
        }
        *(slope < 0 ? &low : &high) = middle;
    }
    *temperature = status == GROVE_OK ? 1 / sqrt(low * high) : 1;
    return status;
}

/* ---- applying it ----------------------------------------------------------------------------- */

static int readers_of(grove_tensor tensor) {
    int count = 0;
    for (int32_t i = 0; i < grove_node_count(tensor.graph); i++) {
        const grove_tensor node = grove_node_at(tensor.graph, i);
        for (int k = 0; k < grove_node_inputs(node); k++) {
            const grove_tensor input = grove_node_input(node, k);
            count += input.index == tensor.index;
        }
    }
    return count;
}

/* Is the op's result a multiple of its first input? */
static bool hands_on(const char *op) {
    static const char *const ops[] = {"embedding", "embedding_bag", "scale",
                                      "sum",       "reshape",       "dropout"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (strcmp(op, ops[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Divides what a node is linear in, or, with 0, only asks whether that can be: a sum's terms, a
 * product's weight, a table, a parameter that nobody else reads; of networks that were joined the
 * number that is there for it (classifier.c). */
static bool divide(grove_tensor node, double by) {
    const char *op = grove_node_op(node);
    if (hands_on(op)) {
        return divide(grove_node_input(node, 0), by);
    }
    if (strcmp(op, "add") == 0) {
        return divide(grove_node_input(node, 0), by) && divide(grove_node_input(node, 1), by);
    }
    if (strcmp(op, "matmul") == 0 || strcmp(op, "mul") == 0) {
        return divide(grove_node_input(node, 1), by);
    }
    const bool own = strcmp(grove_node_name(node), "inverse_temperature") == 0;
    if ((!grove_parameter_is_trainable(node) && !own) || readers_of(node) != 1) {
        return false;
    }
    grove_real *numbers = grove_parameter_data(node);
    for (size_t i = 0; i < grove_parameter_size(node) && by > 0; i++) {
        numbers[i] = (grove_real)((double)numbers[i] / by);
    }
    return true;
}

grove_status grove_apply_temperature(grove_graph *graph, double temperature, grove_error *error) {
    if (!(temperature >= GROVE_LEAST_TEMPERATURE / 2 &&
          temperature <= 2 * GROVE_MOST_TEMPERATURE)) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "a temperature must be from %g to %g, not %g",
                          GROVE_LEAST_TEMPERATURE, GROVE_MOST_TEMPERATURE, temperature);
    }
    const grove_tensor p = grove_find(graph, "probabilities");
    if (!grove_is_valid(p) ||
        (strcmp(grove_node_op(p), "softmax") != 0 && strcmp(grove_node_op(p), "sigmoid") != 0)) {
        return grove_fail(error, GROVE_NOT_FOUND,
                          "the model has no softmax 'probabilities', nor sigmoids");
    }
    const grove_tensor logits = grove_node_input(p, 0);
    if (!divide(logits, 0)) {
        return grove_fail(error, GROVE_UNSUPPORTED,
                          "the logits of the model are no sum of products with parameters of their "
                          "own, so a temperature cannot be put into them");
    }
    divide(logits, temperature);
    return GROVE_OK;
}
