/* SPDX-License-Identifier: MIT */
#include "reference_layers.h"

#include <math.h>

enum { MOST = 64 }; /* numbers of a row, or keys */

void reference_dense(const double *x, int rows, int in, const double *weight, const double *bias,
                     int units, double *y) {
    for (int i = 0; i < rows * units; i++) {
        int row = i / units, unit = i % units;
        y[i] = bias ? bias[unit] : 0;
        for (int k = 0; k < in; k++) {
            y[i] += x[row * in + k] * weight[unit * in + k];
        }
    }
}

/* ---- normalization --------------------------------------------------------------------------- */

void reference_layer_norm(const double *x, int rows, int width, const double *weight,
                          const double *bias, double epsilon, double *y) {
    for (int row = 0; row < rows; row++, x += width, y += width) {
        double mean = 0, variance = 0;
        for (int k = 0; k < width; k++) {
            mean += x[k] / width;
        }
        for (int k = 0; k < width; k++) {
            variance += (x[k] - mean) * (x[k] - mean) / width;
        }
        for (int k = 0; k < width; k++) {
            y[k] = (x[k] - mean) / sqrt(variance + epsilon) * weight[k] + bias[k];
        }
    }
}

void reference_moments(const double *x, int rows, int width, double divisor, double *mean,
                       double *variance) {
    for (int k = 0; k < width; k++) {
        mean[k] = variance[k] = 0;
        for (int row = 0; row < rows; row++) {
            mean[k] += x[row * width + k] / rows;
        }
        for (int row = 0; row < rows; row++) {
            variance[k] += pow(x[row * width + k] - mean[k], 2) / divisor;
        }
    }
}

void reference_batch_norm(const double *x, int rows, int width, const double *mean,
                          const double *variance, const double *weight, const double *bias,
                          double epsilon, double *y) {
    for (int i = 0; i < rows * width; i++) {
        int k = i % width;
        y[i] = (x[i] - mean[k]) / sqrt(variance[k] + epsilon) * weight[k] + bias[k];
    }
}

/* ---- attention ------------------------------------------------------------------------------- */

/* What one place takes through one head: found [width], from `from` on. */
static void look(const reference_attention *a, int batch, int t, int from, const double *query,
                 const double *key, const double *value, double *found) {
    int size = a->width / a->heads;
    double share[MOST], sum = 0;
    for (int s = 0; s < a->keys; s++) {
        bool seen = !(a->causal && s > t) && (!a->keep || a->keep[batch * a->keys + s] > 0);
        double score = 0;
        for (int k = from; k < from + size; k++) {
            score += query[k] * key[s * a->width + k];
        }
        share[s] = seen ? exp(score / sqrt((double)size)) : 0;
        sum += share[s];
    }
    for (int k = from; k < from + size; k++) {
        found[k] = 0;
        for (int s = 0; s < a->keys && sum > 0; s++) {
            found[k] += share[s] / sum * value[s * a->width + k];
        }
    }
}

void reference_attend(const reference_attention *a, const double *x, const double *memory,
                      double *y) {
    double query[MOST], key[MOST * MOST], value[MOST * MOST], found[MOST];
    int width = a->width, in = a->memory_width;
    for (int b = 0; b < a->batch; b++) {
        const double *seen = memory + b * a->keys * in;
        reference_dense(seen, a->keys, in, a->weight[1], a->bias[1], width, key);
        reference_dense(seen, a->keys, in, a->weight[2], a->bias[2], width, value);
        for (int t = 0; t < a->time; t++) {
            int place = (b * a->time + t) * width;
            reference_dense(x + place, 1, width, a->weight[0], a->bias[0], width, query);
            for (int from = 0; from < width; from += width / a->heads) {
                look(a, b, t, from, query, key, value, found);
            }
            reference_dense(found, 1, width, a->weight[3], a->bias[3], width, y + place);
        }
    }
}

/* ---- recurrence ------------------------------------------------------------------------------ */

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

void reference_gru(const double *x, int batch, int time, int in, int units, const double *weight_ih,
                   const double *weight_hh, const double *bias_ih, const double *bias_hh, double *h,
                   double *y) {
    double of_x[3 * MOST], of_h[3 * MOST];
    for (int b = 0; b < batch; b++, h += units) {
        for (int t = 0; t < time; t++, x += in, y += units) {
            reference_dense(x, 1, in, weight_ih, bias_ih, 3 * units, of_x);
            reference_dense(h, 1, units, weight_hh, bias_hh, 3 * units, of_h);
            for (int k = 0; k < units; k++) {
                double r = sigmoid(of_x[k] + of_h[k]);
                double z = sigmoid(of_x[units + k] + of_h[units + k]);
                double n = tanh(of_x[2 * units + k] + r * of_h[2 * units + k]);
                y[k] = h[k] = (1 - z) * n + z * h[k];
            }
        }
    }
}
