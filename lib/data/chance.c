/* SPDX-License-Identifier: MIT
 *
 * chance.c - collisions of a hash that gives each of n categories k rows, each of them drawn evenly
 * and independently from B. All are means: those of a sum are the sums of means, also where what is
 * summed depends on each other. They are exact but for rounding.
 *
 * Pairs that share a row, summed over the rows: a row is one of a category's with the probability
 * q = 1 - (1 - 1 / B)^k, so each pair has it in common with q^2: n (n - 1) / 2 * B * q^2.
 * Rows that are used: none of n k draws hits a row with (1 - 1 / B)^(n k).
 */
#include "chance.h"

#include <math.h>

/* x *= y, both polynomials, of which the coefficients up to that of x^degree are kept. x may be y:
 * from the highest down, each needs only those that were not changed yet. */
static void multiply(double *x, const double *y, size_t degree) {
    for (size_t m = degree + 1; m-- > 0;) {
        double sum = 0;
        for (size_t i = 0; i <= m; i++) {
            sum += x[i] * y[m - i];
        }
        x[m] = sum;
    }
}

/* The probability that two categories draw the same rows, in any order. Rows that were drawn m1,
 * m2, ... times come in k! / (m1! m2! ...) orders, each of probability B^-k; so it is
 *
 *     the sum over all (m1...mB) with m1 + ... + mB = k of (k! / (m1! ... mB!))^2 / B^2k
 *     = k!^2 / B^2k * the coefficient of x^k in (sum of x^m / m!^2)^B
 *
 * For k = 1 that is 1 / B, for k = 2 it is (2 B - 1) / B^3: about k! / B^k. All terms are positive,
 * so no digits are lost; and (2^31)^16 is not too large a double. */
static double chance_of_same_rows(int64_t buckets, size_t hashes) {
    double power[GROVE_MAX_HASHES + 1] = {1}, square[GROVE_MAX_HASHES + 1] = {1};
    for (size_t m = 1; m <= hashes; m++) {
        square[m] = square[m - 1] / (double)(m * m);
    }
    for (int64_t left = buckets; left > 0; left /= 2) {
        if (left % 2 == 1) {
            multiply(power, square, hashes);
        }
        multiply(square, square, hashes);
    }
    double chance = power[hashes];
    for (size_t m = 1; m <= hashes; m++) {
        double factor = (double)m / (double)buckets;
        chance *= factor * factor;
    }
    return chance;
}

/* n * the sum over d of P(d different rows drawn) * P(somebody else draws one of these d). */
static double expected_sharing(double n, double buckets, size_t hashes) {
    double drawn[GROVE_MAX_HASHES + 1] = {1}, sum = 0;
    for (size_t k = 0; k < hashes; k++) {
        for (size_t d = k + 1; d > 0; d--) { /* one more draw: a new row, or one of the d */
            double others = buckets > (double)(d - 1) ? 1 - (double)(d - 1) / buckets : 0;
            drawn[d] = drawn[d] * (double)d / buckets + drawn[d - 1] * others;
        }
        drawn[0] = 0;
    }
    for (size_t d = 1; d <= hashes && (double)d <= buckets; d++) {
        sum -= drawn[d] * expm1((n - 1) * (double)hashes * log1p(-(double)d / buckets));
    }
    return n * sum;
}

void grove_expect_collisions(size_t categories, size_t hashes, int64_t buckets,
                             grove_collision_report *report) {
    double n = (double)categories, b = (double)buckets, k = (double)hashes, pairs = n * (n - 1) / 2;
    if (categories == 0) {
        return;
    }
    double has_row = -expm1(k * log1p(-1 / b)); /* P(a category has this row) */
    report->merged_pairs_expected = pairs * chance_of_same_rows(buckets, hashes);
    report->row_pairs_expected = pairs * b * has_row * has_row;
    report->sharing_expected = categories > 1 ? expected_sharing(n, b, hashes) : 0;
    report->rows_used_expected = -b * expm1(n * k * log1p(-1 / b));
}
