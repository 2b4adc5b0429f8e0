/* SPDX-License-Identifier: MIT
 *
 * linear_cross_entropy_rows_parts - once over the logits z = x W^T + b of a linear layer, block by
 * block: what each part of the classes knows of each row. linear_cross_entropy_rows_pass joins it.
 * The letters are those of linear_cross_entropy_rows.
 *
 *     y[part, i] = (m, sum of exp(z_c - m) - 1, the label's z, sum of w_c * z_c, and with the mean
 *                   the sum of exp(z_c - m) * W_c),   over the part's classes c
 *
 * m is the largest z of the part, whose own exp, 1, is taken off: what is left is the loss of a row
 * that is nearly sure, and would be lost beside it. The label's z is 0 in parts that the label is
 * not of; the sum of w_c * z_c is 0 where no smoothing asks for it.
 *
 * Shapes: x [n, width], W [classes, width], labels ids [n], b [classes] or none, class weights
 *   [classes] or none -> [parts, n, 4], or with the mean [parts, n, 4 + width]. How many parts is
 *   said by the number of classes alone.
 * Method: online (Milakov & Gimelshein 2018). For blocks of classes, with m' = max(m, largest z of
 *   the block), sum' = sum * exp(m - m') + sum of exp(z - m'); the mean goes along with the sum, as
 *   in flash attention (Dao et al. 2022). That parts of it can be made apart and joined is what
 *   gives threads their shares.
 * Gradient: none of its own. linear_cross_entropy_rows has the loss's.
 * Numerics: no exp overflows. A z that is no number is never the largest; it is met in the sums.
 *   Exps are added up in double, the sums of exp * W in grove_real.
 * Errors: none. The join looks at the labels.
 * Cost: n * classes * width multiply-adds, with the mean twice as many; n * classes exps.
 */
#include <math.h>

#include "base/exps.h"
#include "linear_cross_entropy.h"

static const grove_field fields[] = {LINEAR_FIELDS, GROVE_FIELD(grove_target, with_mean, FLAG),
                                     GROVE_NO_MORE_FIELDS};

enum { OPTIONAL = 3 }; /* where optional inputs begin */

static bool shape(grove_shaping *s) {
    const grove_target *target = s->attributes;
    if (!linear_want(s, 0, OPTIONAL)) {
        return false;
    }
    const grove_shape weight = grove_in_shape(s, 1);
    s->shape = GROVE_SHAPE((int64_t)linear_parts((size_t)weight.dim[0]),
                           grove_in_shape(s, 0).dim[0], target->with_mean ? 4 + weight.dim[1] : 4);
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

/* What is known of the rows at hand after some classes of a part. */
typedef struct passed {
    grove_real largest[LINEAR_ROWS]; /* m */
    grove_real shift[LINEAR_ROWS];   /* m, or 0 where it is -infinity: exp(z - 0) is 0 there */
    double sum[LINEAR_ROWS];         /* of exp(z - m) */
    double of_label[LINEAR_ROWS];    /* the label's z, once it was met */
    double spread[LINEAR_ROWS];      /* sum of w_c * z_c */
} passed;

/* largest [step] = m, with a block; not by lanes, of which compilers take comparisons apart. */
GROVE_KERNEL void find_largest(const linear *l, const passed *r, size_t count,
                               grove_real *restrict largest) {
    memcpy(largest, r->largest, l->step * sizeof *largest);
    for (size_t c = 0; c < count; c++) {
        const grove_real *restrict z = l->block + c * l->step;
        for (size_t i = 0; i < l->step; i++) {
            largest[i] = z[i] > largest[i] ? z[i] : largest[i];
        }
    }
}

/* A larger m makes all that was added so far smaller. */
GROVE_KERNEL void rise(const linear *l, passed *r, const grove_real *largest) {
    for (size_t i = 0; i < l->rows; i++) {
        if (r->largest[i] != largest[i]) {
            const double fall = exp((double)r->largest[i] - (double)largest[i]);
            grove_real *mean = l->means + i * l->width;
            r->largest[i] = r->shift[i] = largest[i];
            r->sum[i] *= fall;
            for (size_t k = 0; k < l->width && l->target->with_mean; k++) {
                mean[k] *= (grove_real)fall;
            }
        }
    }
}

/* Adds a block, for sixteen rows from `at` on: classes first..first+count-1. For the mean, logits
 * become exp(z - m). */
GROVE_KERNEL void add_lanes(const linear *l, passed *r, size_t first, size_t count, size_t at) {
    const grove_lanes shift = *(const grove_lanes *)(r->shift + at);
    grove_wide_half sum[2] = {{0}, {0}};
    for (size_t c = 0; c < count; c++) {
        grove_lanes *z = (grove_lanes *)(l->block + c * l->step + at), e = *z - shift;
        if (at == 0) {
            linear_fetch(l, first + count + c);
        }
        grove_lanes_exp(&e);
        grove_lanes_add_wide(&e, sum);
        if (l->target->with_mean) {
            *z = e;
        }
    }
    for (size_t i = 0; i < GROVE_LANES; i++) {
        r->sum[at + i] += sum[i / GROVE_HALF_LANES][i % GROVE_HALF_LANES];
    }
}

GROVE_KERNEL void add_block(const linear *l, passed *r, size_t first, size_t count) {
    for (size_t i = 0; i < l->rows; i++) {
        const size_t place = linear_place(l->labels[l->row + i], first, count);
        if (place < count) {
            r->of_label[i] = (double)l->block[place * l->step + i];
        }
    }
    for (size_t c = 0; c < count && l->w.smoothing > 0; c++) {
        const double weight = grove_weight_of(&l->w, first + c);
        for (size_t i = 0; i < l->rows; i++) {
            r->spread[i] += weight * (double)l->block[c * l->step + i];
        }
    }
    grove_real largest[LINEAR_ROWS];
    find_largest(l, r, count, largest);
    rise(l, r, largest);
    for (size_t at = 0; at < l->step; at += GROVE_LANES) {
        add_lanes(l, r, first, count, at);
    }
}

/* The means of the rows at hand += what the block, of exps by now, adds. */
static inline void add_means(const linear *l, size_t first, size_t count) {
    grove_matrix_product(&(grove_product){.transpose_a = true,
                                          .add = true,
                                          .m = l->rows,
                                          .n = l->width,
                                          .k = count,
                                          .a = l->block,
                                          .a_step = l->step,
                                          .b = l->weight + first * l->width,
                                          .b_step = l->width,
                                          .c = l->means,
                                          .c_step = l->width},
                         l->product);
}

/* y [rows, 4 or 4 + width]: the classes first..last-1, for the rows at hand. */
GROVE_KERNEL void run_part(const linear *l, size_t first, size_t last, grove_real *y) {
    const size_t width = l->target->with_mean ? l->width : 0;
    passed r = {.shift = {0}};
    for (size_t i = 0; i < LINEAR_ROWS; i++) {
        r.largest[i] = -(grove_real)INFINITY;
    }
    memset(l->means, 0, l->rows * width * sizeof *l->means);
    for (; first < last; first += LINEAR_CLASSES) {
        const size_t count = linear_least(last - first, LINEAR_CLASSES);
        linear_logits(l, first, count);
        add_block(l, &r, first, count);
        if (width > 0) {
            add_means(l, first, count);
        }
    }
    for (size_t i = 0; i < l->rows; i++, y += 4 + width) {
        y[0] = r.largest[i];
        y[1] = (grove_real)(r.sum[i] - 1);
        y[2] = (grove_real)r.of_label[i];
        y[3] = (grove_real)r.spread[i];
        memcpy(y + 4, l->means + i * width, width * sizeof *y);
    }
}

GROVE_RUN(run) {
    linear l = linear_of(call, OPTIONAL);
    const size_t blocks = linear_pieces(l.n, LINEAR_ROWS), size = linear_part(l.classes);
    for (size_t item = begin; item < end; item++) {
        const size_t part = item / blocks, row = item % blocks * LINEAR_ROWS;
        if (l.rows == 0 || l.row != row) {
            linear_take_rows(&l, row);
        }
        run_part(&l, part * size, linear_least(l.classes, (part + 1) * size),
                 grove_out(call) + (part * l.n + row) * call->out->dim[2]);
    }
    return GROVE_OK;
}

/* By block of rows, for each part of the classes; part by part. */
static size_t items(const grove_call *call) {
    return linear_parts(call->in[1]->dim[0]) * linear_pieces(call->in[0]->dim[0], LINEAR_ROWS);
}

static size_t cost(const grove_call *call) {
    const grove_target *target = call->attributes;
    const size_t rows = linear_least(call->in[0]->dim[0], LINEAR_ROWS);
    const size_t classes = linear_least(call->in[1]->dim[0], linear_part(call->in[1]->dim[0]));
    return linear_cost(rows, classes, call->in[1]->dim[1], target->with_mean ? 2 : 1);
}

/* ---- examples -------------------------------------------------------------------------------- */

static const grove_cross_entropy_options smooth = {.smoothing = 0.5};

static grove_tensor build(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows_parts(in[0], in[1], GROVE_NONE, in[2], GROVE_NONE, true,
                                                 NULL);
}
static grove_tensor build_weighted(const grove_tensor *in) {
    return grove_linear_cross_entropy_rows_parts(in[0], in[1], GROVE_NONE, in[2], in[3], true,
                                                 &smooth);
}

static const grove_example examples[] = {
    {.inputs = 3,
     .in = {LINEAR_WORKED},
     .build = build,
     .out = GROVE_NUMBERS(LINEAR_LOG_3, 1.0 / 3, 0, 0, 1.0 / 3, 1, LINEAR_LOG_3, 1.0 / 3,
                          LINEAR_LOG_3, 0, 1.0 / 3, 1)},
    {.inputs = 4, .in = {LINEAR_WEIGHTED}, .build = build_weighted},
    {.inputs = 3,
     .in = {LINEAR_MATRIX(2, 3), LINEAR_MATRIX(4, 2), LINEAR_LABELS(2, 0, 0)},
     .build = build,
     .refused = "x, as wide as the weight, must have the shape [2, 2]"},
    {0},
};

GROVE_ROOM(linear_cross_entropy_rows_parts) = {
    .name = "linear_cross_entropy_rows_parts",
    .formula = "y[part] = (max z, sum exp(z - max z) - 1, z[label], sum w z, exp(z - max z) W)",
    .min_inputs = 3,
    .max_inputs = 5,
    .flags = GROVE_PRODUCT,
    .attribute_size = sizeof(grove_target),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .scratch = linear_scratch,
    .no_gradient = "it is a part of linear_cross_entropy_rows, which has the gradient",
    .examples = examples,
};

grove_tensor grove_linear_cross_entropy_rows_parts(grove_tensor x, grove_tensor weight,
                                                   grove_tensor bias, grove_tensor labels,
                                                   grove_tensor class_weights, bool with_mean,
                                                   const grove_cross_entropy_options *options) {
    grove_tensor in[5] = {x, weight, labels};
    return linear_append(&grove_op_linear_cross_entropy_rows_parts, in, OPTIONAL, bias,
                         class_weights, with_mean, options);
}
