/* SPDX-License-Identifier: MIT
 * base/geometric.h - sums with geometric weights, of a function that varies slowly.
 *
 *     f(1) r + f(2) r^2 + f(3) r^3 + ...  =  weight[0] f(node[0]) + ... + weight[7] f(node[7])
 *
 * exactly for polynomials f up to degree 15, and to rounding for any f that is smooth over some
 * 10 / (1 - r) steps: Gauss's quadrature for this weight. The polynomials that belong to it are
 * Meixner's (1934). The nodes are no whole numbers, so f must be defined between them. */
#ifndef GROVE_BASE_GEOMETRIC_H
#define GROVE_BASE_GEOMETRIC_H

enum { GROVE_NODES = 8 };

typedef struct grove_geometric {
    double node[GROVE_NODES], weight[GROVE_NODES];
} grove_geometric;

/* ratio: above 0, below 1. Takes a microsecond or two. */
grove_geometric grove_geometric_rule(double ratio);

#endif
