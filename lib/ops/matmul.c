/* SPDX-License-Identifier: MIT
 *
 * matmul - y = a b, the product of matrices: y[i][j] = sum over l of a[i][l] * b[l][j].
 *
 * Shapes: a [m, k], b [k, n] -> [m, n]. A transposed operand is stored as [k, m] or [n, k]; it is
 *   read that way, never turned in memory. With equal leading axes [..., m, k] x [..., k, n] each
 *   pair of matrices is multiplied. Where a has leading axes and b is one matrix, a is seen as one
 *   tall matrix: a reshape, one product, a reshape.
 * Gradient: dL = sum of dy[i][j] * (da[i][l] * b[l][j] + a[i][l] * db[l][j]), so
 *   da = dy b^T and db = a^T dy. Of a stored transposed the gradient is wanted transposed:
 *   (dy b^T)^T = b dy^T. So each of the four cases is again one product with flags.
 * Numerics: added in grove_real, in an order that depends on k alone (or, with the CBLAS, on the
 *   shapes): base/product.h.
 * Cost: m * n * k multiply-adds. An item is a block of a result, which the sizes alone decide:
 *   neither narrower nor flatter than pays, and about as much work as the next.
 */
#include "base/product.h"
#include "blocks.h"
#include "dims.h"
#include "finish.h"

struct matmul {
    bool transpose_a, transpose_b;
};

static const grove_field fields[] = {GROVE_FIELD(struct matmul, transpose_a, FLAG),
                                     GROVE_FIELD(struct matmul, transpose_b, FLAG),
                                     GROVE_NO_MORE_FIELDS};

static bool same_leading_axes(grove_shape a, grove_shape b) {
    a.rank -= 2;
    b.rank -= 2;
    return a.rank >= 0 && grove_shape_equal(a, b);
}

static bool shape(grove_shaping *s) {
    const struct matmul *attributes = s->attributes;
    grove_shape a = grove_in_shape(s, 0), b = grove_in_shape(s, 1);
    if (!grove_want_type(s, 0, GROVE_REAL) || !grove_want_type(s, 1, GROVE_REAL)) {
        return false;
    }
    if (!same_leading_axes(a, b)) {
        return grove_refuse(s, GROVE_BAD_SHAPE,
                            "both must be matrices, with the same axes before their last two");
    }
    const int64_t *rows = &a.dim[a.rank - 2], *columns = &b.dim[b.rank - 2];
    int64_t of_a = rows[attributes->transpose_a ? 0 : 1];
    int64_t of_b = columns[attributes->transpose_b ? 1 : 0];
    if (of_a != of_b) {
        char text_a[32], text_b[32];
        return grove_refuse(s, GROVE_BAD_SHAPE, "the inner dimensions %s and %s differ",
                            grove_dim_text(of_a, text_a, sizeof text_a),
                            grove_dim_text(of_b, text_b, sizeof text_b));
    }
    s->shape = a;
    s->shape.dim[a.rank - 2] = rows[attributes->transpose_a ? 1 : 0];
    s->shape.dim[a.rank - 1] = columns[attributes->transpose_b ? 0 : 1];
    return true;
}

/* ---- run ------------------------------------------------------------------------------------- */

static grove_blocks blocks_of(const grove_call *call) {
    const struct matmul *attributes = call->attributes;
    const grove_view *a = call->in[0], *y = call->out;
    size_t k = a->dim[a->rank - (attributes->transpose_a ? 2 : 1)];
    size_t read = call->finish ? call->finish->columns : 0; /* of each row, by anybody */
    return grove_blocks_of(y->dim[y->rank - 2], read ? read : grove_width(y), k);
}

static size_t items(const grove_call *call) {
    grove_blocks of = blocks_of(call);
    size_t matrices = grove_times(call->out, 0, call->out->rank - 2);
    return call->out->count ? of.down * of.across * matrices : 0;
}

/* A multiply-add within a product is worth a sixteenth of an addition that waits for memory. */
static size_t cost(const grove_call *call) {
    grove_blocks of = blocks_of(call);
    return of.rows * (of.columns * of.k / 16 + 1);
}

/* The product that makes `down` blocks by `across` of a matrix of the result, from `block` on. */
static grove_product product_of(const grove_call *call, grove_blocks of, size_t matrix,
                                size_t block, size_t down, size_t across) {
    const struct matmul *attributes = call->attributes;
    const bool ta = attributes->transpose_a, tb = attributes->transpose_b;
    const size_t width = grove_width(call->out), row = block / of.across * of.rows;
    const size_t column = block % of.across * of.columns,
                 at = (matrix * of.m + row) * width + column;
    const size_t rows = down * of.rows, columns = across * of.columns;
    grove_product p = {.transpose_a = ta,
                       .transpose_b = tb,
                       .m = rows < of.m - row ? rows : of.m - row,
                       .n = columns < of.n - column ? columns : of.n - column,
                       .k = of.k,
                       .a = grove_reals(call, 0) + matrix * of.m * of.k + (ta ? row : row * of.k),
                       .a_step = ta ? of.m : of.k,
                       .b = grove_reals(call, 1) + matrix * of.k * width +
                            (tb ? column * of.k : column),
                       .b_step = tb ? of.k : width,
                       .c = grove_out(call) + at,
                       .c_step = width};
    grove_finish_product(call->finish, &p, at, column);
    return p;
}

/* Should all blocks be in one tile, they are one product. */
static size_t scratch(const grove_call *call) {
    const bool ta = ((const struct matmul *)call->attributes)->transpose_a;
    grove_blocks of = blocks_of(call);
    grove_product p = {.transpose_a = ta, .m = of.m, .n = of.n, .k = of.k, .a_step = of.m};
    return grove_product_scratch(&p);
}

/* Blocks that make a rectangle are one product: those beside each other, or whole rows of them.
 * (But the CBLAS's numbers may depend on the size of a product; there each block is one.) */
static grove_status run(const grove_call *call, size_t begin, size_t end) {
    const grove_blocks of = blocks_of(call);
    const size_t blocks = of.down * of.across;
    const bool joined = grove_products_are_own();
    for (size_t taken; begin < end; begin += taken) {
        size_t matrix = begin / blocks, block = begin % blocks;
        size_t left = end - begin < blocks - block ? end - begin : blocks - block;
        size_t beside = of.across - block % of.across;
        size_t across = !joined ? 1 : left < beside ? left : beside;
        size_t down = joined && across == of.across ? left / of.across : 1;
        grove_product p = product_of(call, of, matrix, block, down, across);
        grove_matrix_product(&p, call->scratch);
        taken = down * across;
    }
    return GROVE_OK;
}

/* ---- grad ------------------------------------------------------------------------------------ */

static void grad(grove_tensor y, grove_tensor dy, grove_tensor *dx) {
    const struct matmul *attributes = grove_attributes(y);
    bool ta = attributes->transpose_a, tb = attributes->transpose_b;
    grove_tensor a = grove_node_input(y, 0), b = grove_node_input(y, 1);
    dx[0] = ta ? grove_matmul(b, dy, tb, true) : grove_matmul(dy, b, false, !tb);
    dx[1] = tb ? grove_matmul(dy, a, true, ta) : grove_matmul(a, dy, !ta, false);
}

/* ---- examples -------------------------------------------------------------------------------- */

#define BUILD(name, transpose_a, transpose_b)                                                      \
    static grove_tensor name(const grove_tensor *in) {                                             \
        return grove_matmul(in[0], in[1], transpose_a, transpose_b);                               \
    }
BUILD(build, false, false)
BUILD(build_ta, true, false)
BUILD(build_tb, false, true)
BUILD(build_both, true, true)

static const grove_example examples[] = {
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}, .values = GROVE_NUMBERS(1, 2, 3, 4, 5, 6)},
            {.shape = {2, {3, 2}}, .values = GROVE_NUMBERS(1, 0, 2, 1, 0, 3)}},
     .build = build,
     .out = GROVE_NUMBERS(5, 11, 14, 23),
     .dy = GROVE_NUMBERS(1, 0, 0, 10),
     .dx = {GROVE_NUMBERS(1, 2, 0, 0, 10, 30), GROVE_NUMBERS(1, 40, 2, 50, 3, 60)}},
    {.inputs = 2, .in = {{.shape = {2, {3, 2}}}, {.shape = {2, {3, 4}}}}, .build = build_ta},
    {.inputs = 2, .in = {{.shape = {2, {2, 3}}}, {.shape = {2, {4, 3}}}}, .build = build_tb},
    {.inputs = 2, .in = {{.shape = {2, {3, 2}}}, {.shape = {2, {4, 3}}}}, .build = build_both},
    {.inputs = 2, .in = {{.shape = {3, {2, 2, 3}}}, {.shape = {3, {2, 3, 2}}}}, .build = build},
    {.inputs = 2, .in = {{.shape = {3, {2, 3, 2}}}, {.shape = {3, {2, 3, 1}}}}, .build = build_ta},
    {.inputs = 2, .in = {{.shape = {3, {2, 2, 3}}}, {.shape = {3, {2, 4, 3}}}}, .build = build_tb},
    {.inputs = 2,
     .in = {{.shape = {4, {2, 1, 3, 2}}}, {.shape = {4, {2, 1, 1, 3}}}},
     .build = build_both},
    /* one matrix for all */
    {.inputs = 2, .in = {{.shape = {3, {2, 2, 3}}}, {.shape = {2, {3, 2}}}}, .build = build},
    {.inputs = 2, .in = {{.shape = {4, {2, 1, 2, 3}}}, {.shape = {2, {2, 3}}}}, .build = build_tb},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 12}}}, {.shape = {2, {10, 3}}}},
     .build = build,
     .refused = "the inner dimensions 12 and 10 differ"},
    {.inputs = 2,
     .in = {{.shape = {2, {-1, 3}}}, {.shape = {2, {4, 3}}}},
     .build = build_ta,
     .refused = "the inner dimensions batch and 4 differ"},
    {.inputs = 2,
     .in = {{.shape = {3, {2, 2, 3}}}, {.shape = {3, {4, 3, 2}}}},
     .build = build,
     .refused = "both must be matrices, with the same axes before their last two"},
    {.inputs = 2,
     .in = {{.shape = {1, {3}}}, {.shape = {2, {3, 2}}}},
     .build = build,
     .refused = "both must be matrices, with the same axes before their last two"},
    {.inputs = 2,
     .in = {{.shape = {3, {-1, -2, 3}}}, {.shape = {2, {3, 2}}}},
     .build = build,
     .refused = "the leading axes of [batch, 2*batch, 3] multiply the batch with itself"},
    {.inputs = 2,
     .in = {{.shape = {2, {2, 3}}}, {.type = GROVE_ID, .shape = {2, {3, 2}}}},
     .build = build,
     .refused = "input 1 must be a tensor of real numbers"},
    {0},
};

GROVE_ROOM(matmul) = {
    .name = "matmul",
    .formula = "y = a b",
    .min_inputs = 2,
    .max_inputs = 2,
    .flags = GROVE_SEAMLESS | GROVE_FINISHES | GROVE_PRODUCT,
    .attribute_size = sizeof(struct matmul),
    .fields = fields,
    .shape = shape,
    .run = run,
    .items = items,
    .cost = cost,
    .scratch = scratch,
    .grad = grad,
    .examples = examples,
};

/* ---- builder --------------------------------------------------------------------------------- */

/* a [..., m, k] x one matrix b: the rows of all leading axes as one tall matrix. */
static grove_tensor multiply_rows(grove_tensor a, grove_tensor b, bool transpose_b) {
    grove_shape shape_of_a = grove_node_shape(a);
    int last = shape_of_a.rank - 1;
    grove_extent rows;
    int64_t tall;
    if (!grove_extent_of(shape_of_a, last, &rows) || !grove_extent_as_dim(&rows, &tall)) {
        char text[96];
        return grove_refuse_builder(a.graph, &grove_op_matmul, GROVE_UNSUPPORTED,
                                    "the leading axes of %s multiply the batch with itself (or are "
                                    "too large); give b the same leading axes",
                                    grove_shape_text(shape_of_a, text, sizeof text));
    }
    grove_tensor flat = grove_reshape(a, GROVE_SHAPE(tall, shape_of_a.dim[last]));
    grove_tensor product = grove_matmul(flat, b, false, transpose_b);
    shape_of_a.dim[last] = grove_node_shape(product).dim[1];
    return grove_reshape(product, shape_of_a);
}

grove_tensor grove_matmul(grove_tensor a, grove_tensor b, bool transpose_a, bool transpose_b) {
    int rank = grove_node_shape(a).rank;
    if (rank > 2 && !transpose_a && grove_node_shape(b).rank == 2) {
        return multiply_rows(a, b, transpose_b);
    }
    return grove_append2(&grove_op_matmul, a, b,
                         &(struct matmul){.transpose_a = transpose_a, .transpose_b = transpose_b});
}
