/* SPDX-License-Identifier: MIT
 *
 * own_ops.h - ops as a user would write them; own_ops.c knows the public headers alone. */
#ifndef TESTS_OWN_OPS_H
#define TESTS_OWN_OPS_H

#include "grove/grove.h"

extern const grove_op cubic_op, swish_op, swish_gradient_op, pick_op, place_op, noise_op, each_op,
    sign_sgd_op;

/* x^3 + a x */
grove_tensor cubic(grove_tensor x, double a);
/* x * sigmoid(beta * x) */
grove_tensor swish(grove_tensor x, double beta);
/* x [n, classes], ids [n] -> [n]: one number of each row */
grove_tensor pick(grove_tensor x, grove_tensor ids);
/* x and, in training, random numbers between -width and width */
grove_tensor noise(grove_tensor x, double width);
/* sin(x), by a function that hangs on the descriptor */
grove_tensor each_sine(grove_tensor x);
/* parameter -= rate * sign(gradient), in place */
grove_tensor sign_sgd(grove_tensor parameter, grove_tensor gradient, double rate);

#endif
