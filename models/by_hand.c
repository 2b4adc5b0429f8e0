/* SPDX-License-Identifier: MIT
 *
 * by_hand - backpropagation, derived page by page, done by hand in plain loops, and held against
 * what autograd says: every value, every gradient, every number after the step.
 *
 * The question. A network has numbers that it may change, its parameters; a batch of rows goes in,
 * and one number comes out that says how wrong the answers were, the loss. For every parameter we
 * ask: if it grew by a tiny bit, how many times that bit would the loss grow? That slope is its
 * gradient; below, dw means "the gradient of the loss by w". Each parameter is then moved a little
 * against its gradient, and the loss falls. That is all of training.
 *
 * The one rule. If the loss depends on w only by way of y, then dw = dy * (slope of y by w): the
 * chain rule. If it depends on w by several ways, their contributions are added. Everything below
 * is these two sentences, applied from the loss backwards: when we come to a number, we know the
 * gradients of all that were made from it.
 *
 * The network. Row r of the batch names a species and the group it belongs to:
 *
 *     e[r] = table[species[r]]                     a row of the table, its vector    [3]
 *     z[r] = W1 e[r] + b1                          one weighted sum for each unit    [4]
 *     h[r] = max(z[r], 0)                          the ReLU                          [4]
 *     o[r] = W2 h[r] + b2                          the logits                        [3]
 *     p[r] = exp(o[r]) / the sum of exp(o[r])      the softmax                       [3]
 *     loss = the mean over r of -log p[r][group[r]]
 *
 * Two rows name the same species, one species is in no row, and a unit that is not above zero
 * passes nothing back: three places where people go wrong.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grove/grove.h"

enum { SPECIES = 5, WIDTH = 3, UNITS = 4, GROUPS = 3, ROWS = 4 };
static const double rate = 0.5;

static const grove_id species[ROWS] = {1, 3, 1, 4}; /* 1 twice; 0 and 2 never */
static const grove_id group[ROWS] = {0, 2, 1, 2};

/* All numbers of the network. One such record holds the parameters, another their gradients. */
typedef struct numbers {
    double table[SPECIES][WIDTH], w1[UNITS][WIDTH], b1[UNITS], w2[GROUPS][UNITS], b2[GROUPS];
} numbers;

/* What the rows become on their way; and once more, for the gradients on the way back. */
typedef struct way {
    double e[ROWS][WIDTH], z[ROWS][UNITS], h[ROWS][UNITS], o[ROWS][GROUPS], p[ROWS][GROUPS], loss;
} way;

/* ---- page 1: forward ---------------------------------------------------------------------------
 *
 * A lookup copies: no product with a row of zeros and a one is made, though it would give the same.
 * The softmax takes the largest logit away from all first. That changes nothing (a factor above
 * and below the line), and no exponential is too large for a double.
 */
static void forward(const numbers *n, way *w) {
    w->loss = 0;
    for (int r = 0; r < ROWS; r++) {
        memcpy(w->e[r], n->table[species[r]], sizeof w->e[r]);
        for (int j = 0; j < UNITS; j++) {
            w->z[r][j] = n->b1[j];
            for (int k = 0; k < WIDTH; k++) {
                w->z[r][j] += n->w1[j][k] * w->e[r][k];
            }
            w->h[r][j] = w->z[r][j] > 0 ? w->z[r][j] : 0;
        }
        double largest = -INFINITY, sum = 0;
        for (int c = 0; c < GROUPS; c++) {
            w->o[r][c] = n->b2[c];
            for (int j = 0; j < UNITS; j++) {
                w->o[r][c] += n->w2[c][j] * w->h[r][j];
            }
            largest = fmax(largest, w->o[r][c]);
        }
        for (int c = 0; c < GROUPS; c++) {
            w->p[r][c] = exp(w->o[r][c] - largest);
            sum += w->p[r][c];
        }
        for (int c = 0; c < GROUPS; c++) {
            w->p[r][c] /= sum;
        }
        w->loss += -log(w->p[r][group[r]]) / ROWS;
    }
}

/* ---- page 2: from the loss to the logits -------------------------------------------------------
 *
 * One row's part of the loss is -log p[g] / ROWS, g its group. With p[g] = exp(o[g]) / sum:
 *
 *     -log p[g] = log(sum) - o[g]
 *
 * The slope of log(sum) by o[c] is exp(o[c]) / sum, which is p[c]; that of o[g] by o[c] is 1 for
 * c = g, and else 0. So
 *
 *     do[c] = (p[c] - (c == g)) / ROWS
 *
 * what was said less what is so. The gradients of a row add up to 0: what one logit should gain,
 * the others should lose.
 */
static void back_to_logits(const way *w, way *d) {
    for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < GROUPS; c++) {
            d->o[r][c] = (w->p[r][c] - (c == group[r])) / ROWS;
        }
    }
}

/* ---- page 3: through the second layer ----------------------------------------------------------
 *
 * o[r][c] = b2[c] + the sum over j of w2[c][j] h[r][j]. Its slope is 1 by b2[c], h[r][j] by
 * w2[c][j], and w2[c][j] by h[r][j]. A weight serves every row: its contributions are added over r.
 * A unit h[r][j] serves every logit: its contributions are added over c.
 *
 *     db2[c] = sum over r of do[r][c]
 *     dw2[c][j] = sum over r of do[r][c] h[r][j]             each weight: what came in times what
 *     dh[r][j] = sum over c of do[r][c] w2[c][j]             came back
 */
static void back_through_second(const numbers *n, const way *w, numbers *dn, way *d) {
    for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < GROUPS; c++) {
            dn->b2[c] += d->o[r][c];
            for (int j = 0; j < UNITS; j++) {
                dn->w2[c][j] += d->o[r][c] * w->h[r][j];
                d->h[r][j] += d->o[r][c] * n->w2[c][j];
            }
        }
    }
}

/* ---- page 4: through the ReLU ------------------------------------------------------------------
 *
 * max(z, 0) has the slope 1 above zero and 0 below. (At zero it has none; 0 is taken.) So a
 * gradient passes unchanged or not at all:
 *
 *     dz[r][j] = dh[r][j] where z[r][j] > 0, else 0
 *
 * A unit that is below zero in every row gets nothing, and its weights stay as they are: a dead
 * unit.
 */
static void back_through_relu(const way *w, way *d) {
    for (int r = 0; r < ROWS; r++) {
        for (int j = 0; j < UNITS; j++) {
            d->z[r][j] = w->z[r][j] > 0 ? d->h[r][j] : 0;
        }
    }
}

/* ---- page 5: through the first layer -----------------------------------------------------------
 *
 * The same three lines as on page 3, with other letters. A layer need not know what stands before
 * it or behind: that is why backpropagation can be written once for each kind of layer, and
 * autograd can put the pieces together.
 */
static void back_through_first(const numbers *n, const way *w, numbers *dn, way *d) {
    for (int r = 0; r < ROWS; r++) {
        for (int j = 0; j < UNITS; j++) {
            dn->b1[j] += d->z[r][j];
            for (int k = 0; k < WIDTH; k++) {
                dn->w1[j][k] += d->z[r][j] * w->e[r][k];
                d->e[r][k] += d->z[r][j] * n->w1[j][k];
            }
        }
    }
}

/* ---- page 6: to the table ----------------------------------------------------------------------
 *
 * e[r] is a copy of table[species[r]]: the slope is 1 by that row and 0 by all others.
 *
 *     dtable[s] = the sum of de[r] over the rows r with species[r] == s
 *
 * A species that two rows name gets both contributions (added, not the last one), a species that
 * nobody names gets 0. With 73,000 species and 256 rows, 72,744 rows or more of dtable would be 0:
 * grove never makes them. Its gradient is a list, these rows and these values.
 */
static void back_to_table(numbers *dn, const way *d) {
    for (int r = 0; r < ROWS; r++) {
        for (int k = 0; k < WIDTH; k++) {
            dn->table[species[r]][k] += d->e[r][k];
        }
    }
}

/* ---- page 7: the step --------------------------------------------------------------------------
 *
 * Plain gradient descent: after = before - rate * gradient, for every number alike.
 */
static void descend(numbers *n, const numbers *dn) {
    double *number = (double *)n;
    const double *gradient = (const double *)dn;
    for (size_t i = 0; i < sizeof *n / sizeof(double); i++) {
        number[i] -= rate * gradient[i];
    }
}

/* ---- page 8: by autograd ----------------------------------------------------------------------
 *
 * The same network in grove. It is told the way forward only; grove_minimize appends the way back
 * and the step, as nodes of the same graph.
 */
typedef struct network {
    grove_graph *graph;
    grove_tensor e, z, h, o, loss, step;
    grove_plan *plan;
} network;

static network build(void) {
    network net = {.graph = grove_graph_new(&(grove_graph_options){.seed = 3})};
    grove_tensor ids = grove_input_ids(net.graph, "species", GROVE_BATCH);
    grove_tensor labels = grove_input_ids(net.graph, "group", GROVE_BATCH);
    net.e = grove_nn_embedding(ids, SPECIES, WIDTH, "table"); /* [batch, 3] */
    net.z = grove_nn_dense(net.e, UNITS, "first");            /* [batch, 4] */
    net.h = grove_relu(net.z);
    net.o = grove_nn_dense(net.h, GROUPS, "second"); /* [batch, 3] */
    net.loss = grove_softmax_cross_entropy(net.o, labels);
    net.step = grove_minimize(net.loss, GROVE_SGD(.rate = rate));
    /* The step needs no more of the table's gradient than its list; we want to see it whole. */
    grove_tensor whole = grove_gradient_of(grove_find(net.graph, "table.weight"));
    net.plan =
        grove_plan_new(net.graph, (grove_tensor[]){net.step, net.loss, whole}, 3,
                       &(grove_plan_options){.batch = ROWS, .training = true, .keep_all = true});
    grove_bind(net.plan, ids, species);
    grove_bind(net.plan, labels, group);
    return net;
}

static void copy(double *to, const network *net, const char *name, size_t count) {
    const grove_real *from = grove_parameter_data(grove_find(net->graph, name));
    for (size_t i = 0; from && i < count; i++) {
        to[i] = (double)from[i];
    }
}

static void read_parameters(const network *net, numbers *n) {
    copy(&n->table[0][0], net, "table.weight", SPECIES * WIDTH);
    copy(&n->w1[0][0], net, "first.weight", UNITS * WIDTH);
    copy(n->b1, net, "first.bias", UNITS);
    copy(&n->w2[0][0], net, "second.weight", GROUPS * UNITS);
    copy(n->b2, net, "second.bias", GROUPS);
}

/* ---- page 9: number against number -------------------------------------------------------------
 *
 * By hand we count in double, grove counts in float: they agree to some seven digits. A mistake of
 * the kinds above is larger by far.
 */
static int compared, wrong;

/* by_hand, by_grove [rows, width] */
static void compare(const char *name, const double *by_hand, const grove_real *by_grove, int rows,
                    int width) {
    printf("\n%s\n", name);
    for (int r = 0; r < rows; r++) {
        printf("  %d  by hand ", r);
        for (int k = 0; k < width; k++) {
            printf(" %10.7f", by_hand[r * width + k]);
        }
        printf("\n     autograd");
        for (int k = 0; k < width; k++) {
            double other = by_grove ? (double)by_grove[r * width + k] : (double)NAN;
            bool is_same = fabs(other - by_hand[r * width + k]) <= 2e-6;
            printf(" %10.7f%s", other, is_same ? "" : " (not the same!)");
            compared++;
            wrong += !is_same;
        }
        printf("\n");
    }
}

static void compare_node(const network *net, const char *name, grove_tensor node,
                         const double *value, const double *gradient, int width) {
    char words[64];
    compare(name, value, grove_value(net->plan, node), ROWS, width);
    snprintf(words, sizeof words, "d%.*s", (int)strcspn(name, ","), name);
    compare(words, gradient, grove_value(net->plan, grove_gradient_of(node)), ROWS, width);
}

static void compare_parameter(const network *net, const char *name, const double *gradient,
                              const double *after, int rows, int width) {
    char words[64];
    grove_tensor parameter = grove_find(net->graph, name);
    snprintf(words, sizeof words, "gradient of %s", name);
    compare(words, gradient, grove_value(net->plan, grove_gradient_of(parameter)), rows, width);
    snprintf(words, sizeof words, "%s after the step", name);
    compare(words, after, grove_parameter_data(parameter), rows, width);
}

int main(void) {
    network net = build();
    numbers n = {0}, dn = {0};
    way w = {0}, d = {0};

    read_parameters(&net, &n);
    forward(&n, &w);
    back_to_logits(&w, &d);
    back_through_second(&n, &w, &dn, &d);
    back_through_relu(&w, &d);
    back_through_first(&n, &w, &dn, &d);
    back_to_table(&dn, &d);
    descend(&n, &dn);

    if (grove_run(net.plan) != GROVE_OK) {
        fprintf(stderr, "by_hand: %s\n", grove_plan_error(net.plan)->message);
        wrong++;
    } else {
        compare_node(&net, "e, the rows of the table", net.e, &w.e[0][0], &d.e[0][0], WIDTH);
        compare_node(&net, "z, before the ReLU", net.z, &w.z[0][0], &d.z[0][0], UNITS);
        compare_node(&net, "h, after it", net.h, &w.h[0][0], &d.h[0][0], UNITS);
        compare_node(&net, "o, the logits", net.o, &w.o[0][0], &d.o[0][0], GROUPS);
        compare("loss", &w.loss, grove_value(net.plan, net.loss), 1, 1);
        compare_parameter(&net, "second.weight", &dn.w2[0][0], &n.w2[0][0], GROUPS, UNITS);
        compare_parameter(&net, "second.bias", dn.b2, n.b2, 1, GROUPS);
        compare_parameter(&net, "first.weight", &dn.w1[0][0], &n.w1[0][0], UNITS, WIDTH);
        compare_parameter(&net, "first.bias", dn.b1, n.b1, 1, UNITS);
        compare_parameter(&net, "table.weight", &dn.table[0][0], &n.table[0][0], SPECIES, WIDTH);
        printf("\n%d numbers compared, %d not the same\n", compared, wrong);
    }
    grove_plan_free(net.plan);
    grove_graph_free(net.graph);
    return wrong == 0 ? 0 : 1;
}
