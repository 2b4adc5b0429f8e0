/* SPDX-License-Identifier: MIT
 *
 * golden_builders_ops.c - how grove builds the cases of ops, embeddings apart.
 */
#include "golden_builders.h"

BUILD(neg, grove_neg(in(s, "x")))
BUILD(abs, grove_abs(in(s, "x")))
BUILD(sign, grove_sign(in(s, "x")))
BUILD(exp, grove_exp(in(s, "x")))
BUILD(log, grove_log(in(s, "x")))
BUILD(sqrt, grove_sqrt(in(s, "x")))
BUILD(scale, grove_scale(in(s, "x"), number(s, "factor")))
BUILD(shift, grove_shift(in(s, "x"), number(s, "number")))
BUILD(pow, grove_pow(in(s, "x"), number(s, "exponent")))
BUILD(maximum, grove_maximum(in(s, "x"), number(s, "number")))
BUILD(above, grove_above(in(s, "x"), number(s, "number")))
BUILD(clip, grove_clip(in(s, "x"), number(s, "low"), number(s, "high")))
BUILD(floor, grove_floor(in(s, "x")))
BUILD(cos, grove_cos(in(s, "x")))
BUILD(sin, grove_sin(in(s, "x")))
BUILD(real_of, grove_real_of(in(s, "ids")))
BUILD(relu, grove_relu(in(s, "x")))
BUILD(relu_gradient, grove_relu_gradient(in(s, "dy_in"), in(s, "x")))
BUILD(leaky_relu, grove_leaky_relu(in(s, "x"), number(s, "slope")))
BUILD(leaky_relu_gradient,
      grove_leaky_relu_gradient(in(s, "dy_in"), in(s, "x"), number(s, "slope")))
BUILD(tanh, grove_tanh(in(s, "x")))
BUILD(tanh_gradient, grove_tanh_gradient(in(s, "dy_in"), in(s, "y_in")))
BUILD(sigmoid, grove_sigmoid(in(s, "x")))
BUILD(sigmoid_gradient, grove_sigmoid_gradient(in(s, "dy_in"), in(s, "y_in")))
BUILD(gelu, grove_gelu(in(s, "x")))
BUILD(gelu_gradient, grove_gelu_gradient(in(s, "dy_in"), in(s, "x")))
BUILD(stop_gradient, grove_mul(in(s, "x"), grove_stop_gradient(in(s, "x"))))
BUILD(dropout, grove_dropout(in(s, "x"), number(s, "probability")))
BUILD(when_training, grove_when_training(in(s, "training"), in(s, "inference")))
BUILD(add, grove_add(in(s, "a"), in(s, "b")))
BUILD(sub, grove_sub(in(s, "a"), in(s, "b")))
BUILD(mul, grove_mul(in(s, "a"), in(s, "b")))
BUILD(div, grove_div(in(s, "a"), in(s, "b")))
BUILD(matmul, grove_matmul(in(s, "a"), in(s, "b"), number(s, "transpose_a") != 0,
                           number(s, "transpose_b") != 0))
BUILD(sum, grove_sum(in(s, "x"), list(s, "axes")))
BUILD(mean, grove_mean(in(s, "x"), list(s, "axes")))
BUILD(max, grove_max(in(s, "x"), list(s, "axes")))
BUILD(is_max, grove_is_max(in(s, "x"), grove_max(in(s, "x"), list(s, "axes")), list(s, "axes")))
BUILD(broadcast, grove_broadcast(in(s, "x"), list(s, "shape"), list(s, "axes")))
BUILD(spread, grove_spread(in(s, "x"), list(s, "shape"), list(s, "axes")))
BUILD(reshape, grove_reshape(in(s, "x"), list(s, "shape")))
BUILD(transpose, grove_transpose(in(s, "x"), list(s, "axes")))
BUILD(pad, grove_pad(in(s, "x"), (int)whole(s, "axis"), whole(s, "begin"), whole(s, "size")))

/* A slice is taken where a case asks for one. */
static grove_tensor sliced(const golden_scene *s, grove_tensor x) {
    return number(s, "size") > 0
               ? grove_slice(x, (int)whole(s, "axis"), whole(s, "begin"), whole(s, "size"))
               : x;
}

BUILD(slice, sliced(s, in(s, "x")))
BUILD(sum_to, grove_sum_to(in(s, "repeated"), in(s, "x")))

static grove_tensor build_first_rows(const golden_scene *s) {
    grove_tensor x = in(s, "x");
    return grove_first_rows(has(s, "squared") ? grove_mul(x, x) : x, whole(s, "rows"));
}

BUILD(softplus, grove_softplus(in(s, "x")))
BUILD(softmax, sliced(s, grove_softmax(in(s, "x"))))
BUILD(log_softmax, sliced(s, grove_log_softmax(in(s, "x"))))

static grove_tensor build_concat(const golden_scene *s) {
    grove_tensor parts[10];
    int count = 0;
    char name[] = "x0";
    for (; count < 10 && grove_is_valid(in(s, name)); name[1]++) {
        parts[count++] = in(s, name);
    }
    return grove_concat(parts, count, (int)whole(s, "axis"));
}

/* clang-format off */
const golden_builder golden_op_builders[] = {
    ROW(neg), ROW(abs), ROW(sign), ROW(exp), ROW(log), ROW(sqrt), ROW(scale), ROW(shift), ROW(pow),
    ROW(maximum), ROW(above), ROW(clip), ROW(floor), ROW(cos), ROW(sin), ROW(real_of), ROW(relu),
    ROW(relu_gradient), ROW(leaky_relu), ROW(leaky_relu_gradient), ROW(tanh), ROW(tanh_gradient),
    ROW(sigmoid), ROW(sigmoid_gradient), ROW(gelu), ROW(gelu_gradient), ROW(softplus),
    ROW(stop_gradient), ROW(dropout), ROW(when_training),
    /* with two inputs, and products */
    ROW(add), ROW(sub), ROW(mul), ROW(div), ROW(matmul),
    /* reductions and form */
    ROW(sum), ROW(mean), ROW(max), ROW(is_max), ROW(broadcast), ROW(spread), ROW(reshape),
    ROW(transpose), ROW(concat), ROW(slice), ROW(pad), ROW(first_rows), ROW(sum_to),
    /* softmax */
    ROW(softmax), ROW(log_softmax),
    NO_MORE_ROWS,
};
/* clang-format on */
