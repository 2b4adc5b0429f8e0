/* SPDX-License-Identifier: MIT
 *
 * grove/grad.h - the backward pass, appended to the graph as nodes.
 *
 * Stage three of five. From y downwards to the first node, each op is asked for its rule: given the
 * gradient of its output, which nodes compute the gradients of its inputs? Where several paths meet
 * in one node, their contributions are added, by a node as well. The rules are written with the
 * public builders; so a gradient is a tensor like any other, and has a gradient itself.
 *
 * Nothing is accumulated, and there is nothing to set to zero. Asked twice for the same gradient, a
 * graph has two of them: independent nodes with the same numbers, bit by bit. The sum over several
 * losses is the gradient of their sum; or, of gradients there are already, a grove_add.
 */
#ifndef GROVE_GRAD_H
#define GROVE_GRAD_H

#include "graph.h"

#ifdef __cplusplus
extern "C" {
#endif

/* dx[i] = the gradient of sum(y) with respect to x[i], of x[i]'s shape; GROVE_NONE where y does not
 * depend on x[i]. y is any real tensor of the graph; a loss is a scalar. */
GROVE_API grove_status grove_gradients(grove_tensor y, const grove_tensor *x, int count,
                                       grove_tensor *dx);

/* The same for one. */
GROVE_API grove_tensor grove_gradient(grove_tensor y, grove_tensor x);

/* The gradient that the last backward pass through this node gave it (whatever node lay on a path
 * from y to an x: an activation, a parameter), or GROVE_NONE. To read its numbers, ask a plan for
 * it. */
GROVE_API grove_tensor grove_gradient_of(grove_tensor tensor);

#ifdef __cplusplus
}
#endif
#endif
