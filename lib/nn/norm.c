/* SPDX-License-Identifier: MIT
 *
 * norm.c - normalization by row and by batch; the updates of running averages.
 */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "grove/layers.h"
#include "layer.h"

static const double usual_epsilon = 1e-5, usual_momentum = 0.1;

static double or_usual(double wish, double usual) {
    return wish != 0 ? wish : usual;
}

/* Refuses what no op would refuse, or not in these words. */
static bool check(grove_tensor x, const char *layer, const char *name, int rank, double epsilon) {
    char text[96];
    grove_shape shape = grove_node_shape(x);
    if (!grove_layer_takes(GROVE_REAL, x, layer, name)) {
        return false;
    }
    if (shape.rank < rank || grove_last_dimension(x) <= 0) {
        grove_mistake(x.graph, GROVE_BAD_SHAPE,
                      "%s '%.80s': x must have %sa last axis of fixed size, not the shape %s",
                      layer, name, rank > 1 ? "leading axes and " : "",
                      grove_shape_text(shape, text, sizeof text));
        return false;
    }
    if (!(epsilon > 0) || !isfinite(epsilon)) {
        grove_mistake(x.graph, GROVE_BAD_ARGUMENT,
                      "%s '%.80s': epsilon must be a finite number above 0", layer, name);
        return false;
    }
    return true;
}

/* What is learned [width], made before the nodes that use it, one after the other: the order of
 * nodes must not be left to the compiler, as that of arguments is. */
typedef struct learned {
    grove_tensor weight, bias;
} learned;

static learned learn(grove_tensor x, const char *name) {
    grove_shape width = GROVE_SHAPE(grove_last_dimension(x));
    learned made;
    made.weight = grove_part_parameter(x.graph, name, "weight", width,
                                       (grove_init){.kind = GROVE_INIT_CONSTANT, .a = 1});
    made.bias = grove_part_parameter(x.graph, name, "bias", width, (grove_init){0});
    return made;
}

/* ---- by row ---------------------------------------------------------------------------------- */

grove_tensor grove_nn_layer_norm(grove_tensor x, const char *name,
                                 const grove_layer_norm_options *options) {
    double epsilon = or_usual(options ? options->epsilon : 0, usual_epsilon);
    if (!grove_is_valid(x) || !check(x, "layer_norm", name, 1, epsilon)) {
        return GROVE_NONE;
    }
    learned own = learn(x, name);
    return grove_name_if_free(grove_layer_norm(x, own.weight, own.bias, epsilon), name);
}

/* ---- by batch -------------------------------------------------------------------------------- */

/* A state [width] that begins with this number everywhere. */
static grove_tensor running(grove_tensor x, const char *name, const char *part, double beginning) {
    grove_part_name full;
    grove_tensor state = grove_state(x.graph, grove_part(&full, name, part), GROVE_REAL,
                                     GROVE_SHAPE(grove_last_dimension(x)));
    grove_real *data = grove_parameter_data(state);
    for (size_t i = 0; i < grove_parameter_size(state); i++) {
        data[i] = (grove_real)beginning;
    }
    return state;
}

static grove_shape leading_axes(grove_shape shape) {
    grove_shape axes = {.rank = shape.rank - 1};
    for (int i = 0; i < axes.rank; i++) {
        axes.dim[i] = i;
    }
    return axes;
}

/* The number of rows, n, as a scalar: it depends on the plan. */
static grove_tensor count_rows(grove_tensor x) {
    grove_shape rows = grove_node_shape(x);
    rows.rank--;
    return grove_sum(grove_fill(x.graph, rows, 1), GROVE_ALL_AXES);
}

/* What the state is to follow: the sample, or itself where there are fewer than two rows. */
static grove_tensor sample_of(grove_tensor state, grove_tensor sample, grove_tensor rows) {
    grove_tensor enough = grove_above(rows, 1);
    return grove_add(state, grove_mul(grove_sub(sample, state), enough));
}

grove_tensor grove_nn_batch_norm(grove_tensor x, const char *name,
                                 const grove_batch_norm_options *options) {
    double epsilon = or_usual(options ? options->epsilon : 0, usual_epsilon);
    double momentum = or_usual(options ? options->momentum : 0, usual_momentum);
    if (!grove_is_valid(x) || !check(x, "batch_norm", name, 2, epsilon)) {
        return GROVE_NONE;
    }
    learned own = learn(x, name);
    grove_shape leading = leading_axes(grove_node_shape(x));
    grove_tensor running_mean = running(x, name, "running_mean", 0);
    grove_tensor running_variance = running(x, name, "running_var", 1);
    grove_tensor rows = count_rows(x);
    grove_tensor mean = grove_mean(x, leading);
    grove_tensor known_mean =
        grove_running_average(running_mean, sample_of(running_mean, mean, rows), momentum);
    /* In training this is x - mean, so what follows is the batch's variance; outside nobody asks
     * for that. */
    grove_tensor centred = grove_sub(x, grove_when_training(mean, known_mean));
    grove_tensor variance = grove_mean(grove_mul(centred, centred), leading); /* divided by n */
    grove_tensor correction = grove_div(rows, grove_maximum(grove_shift(rows, -1), 1));
    grove_tensor unbiased = grove_mul(variance, correction); /* by n - 1 */
    grove_tensor known_variance = grove_running_average(
        running_variance, sample_of(running_variance, unbiased, rows), momentum);
    grove_tensor spread = grove_when_training(variance, known_variance);
    grove_tensor factor = grove_pow(grove_shift(spread, epsilon), -0.5); /* [width] */
    grove_tensor scaled = grove_mul(centred, grove_mul(factor, own.weight));
    return grove_name_if_free(grove_add(scaled, own.bias), name);
}

/* ---- running averages ------------------------------------------------------------------------ */

/* Marks what the loss depends on, and appends a follow for each running average among it. */
static int follow_all(grove_tensor loss, bool *needed, grove_tensor *follow) {
    int count = 0;
    needed[loss.index] = true;
    for (int32_t i = loss.index; i >= 0; i--) {
        grove_tensor node = grove_node_at(loss.graph, i);
        for (int k = 0; needed[i] && k < grove_node_inputs(node); k++) {
            needed[grove_node_input(node, k).index] = true;
        }
        if (needed[i] && strcmp(grove_node_op(node), "running_average") == 0) {
            follow[count++] = grove_follow(node);
        }
    }
    return count;
}

grove_tensor grove_running_averages(grove_tensor loss) {
    if (!grove_is_valid(loss)) {
        return GROVE_NONE;
    }
    grove_allocator allocator = grove_graph_allocator(loss.graph);
    size_t nodes = (size_t)loss.index + 1;
    bool *needed = grove_alloc_zero(&allocator, nodes, sizeof *needed);
    grove_tensor *follow = grove_alloc(&allocator, nodes * sizeof *follow);
    grove_tensor all = GROVE_NONE;
    if (needed && follow) {
        int count = follow_all(loss, needed, follow);
        all = count > 0 ? grove_group(follow, count) : GROVE_NONE;
    } else {
        grove_mistake(loss.graph, GROVE_NO_MEMORY, "out of memory: no running average was updated");
    }
    grove_release(&allocator, needed);
    grove_release(&allocator, follow);
    return all;
}
