/* SPDX-License-Identifier: MIT
 *
 * reference_layers.h - layers once more, as plain loops in double, one number at a time: slow,
 * plain, and without anything of the library. */
#ifndef TESTS_REFERENCE_LAYERS_H
#define TESTS_REFERENCE_LAYERS_H

#include <stdbool.h>

/* y [rows, units] = x [rows, in] weight^T + bias; weight [units, in]; bias may be NULL. */
void reference_dense(const double *x, int rows, int in, const double *weight, const double *bias,
                     int units, double *y);

/* x, y [rows, width] */
void reference_layer_norm(const double *x, int rows, int width, const double *weight,
                          const double *bias, double epsilon, double *y);
/* mean and variance [width] are given back: the latter divided by `divisor`. */
void reference_moments(const double *x, int rows, int width, double divisor, double *mean,
                       double *variance);
void reference_batch_norm(const double *x, int rows, int width, const double *mean,
                          const double *variance, const double *weight, const double *bias,
                          double epsilon, double *y);

/* Weights and biases of query, key, value, out. */
typedef struct reference_attention {
    int batch, time, keys, width, memory_width, heads;
    const double *weight[4], *bias[4];
    const double *keep; /* [batch, keys], or NULL */
    bool causal;
} reference_attention;
/* x, y [batch, time, width], memory [batch, keys, memory_width] */
void reference_attend(const reference_attention *a, const double *x, const double *memory,
                      double *y);

/* x [batch, time, in], y [batch, time, units]; h [batch, units], the first state, is overwritten
 * with the last one. */
void reference_gru(const double *x, int batch, int time, int in, int units, const double *weight_ih,
                   const double *weight_hh, const double *bias_ih, const double *bias_hh, double *h,
                   double *y);

#endif
