/* SPDX-License-Identifier: MIT
 *
 * losses.c - losses: a number for each row or element, and their mean.
 */
#include "grove/losses.h"
#include "grove/nn.h"

/* The mean over rows [n] that count as much as their labels' classes do. */
static grove_tensor mean_of_rows(grove_tensor rows, grove_tensor labels, grove_tensor class_weights,
                                 int64_t classes, const grove_cross_entropy_options *options) {
    bool all_count_the_same = !grove_is_valid(class_weights) && !(options && options->ignore);
    if (all_count_the_same) {
        return grove_mean(rows, GROVE_ALL_AXES);
    }
    grove_tensor weights = grove_label_weights(labels, class_weights, classes, options);
    /* One after the other: the order of arguments, and so of nodes, is the compiler's to choose. */
    grove_tensor total = grove_sum(rows, GROVE_ALL_AXES);
    return grove_div(total, grove_sum(weights, GROVE_ALL_AXES));
}

grove_tensor grove_softmax_cross_entropy_with(grove_tensor logits, grove_tensor labels,
                                              grove_tensor class_weights,
                                              const grove_cross_entropy_options *options) {
    grove_tensor rows = grove_softmax_cross_entropy_rows(logits, labels, class_weights, options);
    grove_shape shape = grove_node_shape(logits);
    int64_t classes = shape.rank == 2 ? shape.dim[1] : 0;
    return mean_of_rows(rows, labels, class_weights, classes, options);
}

/* The op yields the loss of a row and the logarithm of its divisor: the first column is wanted. */
grove_tensor grove_linear_cross_entropy(grove_tensor x, grove_tensor weight, grove_tensor bias,
                                        grove_tensor labels, grove_tensor class_weights,
                                        const grove_cross_entropy_options *options) {
    grove_tensor pairs =
        grove_linear_cross_entropy_rows(x, weight, bias, labels, class_weights, options);
    if (!grove_is_valid(pairs)) {
        return GROVE_NONE;
    }
    int64_t n = grove_node_shape(pairs).dim[0], classes = grove_node_shape(weight).dim[0];
    grove_tensor rows = grove_reshape(grove_slice(pairs, 1, 0, 1), GROVE_SHAPE(n));
    return mean_of_rows(rows, labels, class_weights, classes, options);
}

grove_tensor grove_softmax_cross_entropy(grove_tensor logits, grove_tensor labels) {
    return grove_softmax_cross_entropy_with(logits, labels, GROVE_NONE, NULL);
}

grove_tensor grove_binary_cross_entropy(grove_tensor logits, grove_tensor targets) {
    return grove_mean(grove_binary_cross_entropy_elements(logits, targets), GROVE_ALL_AXES);
}
