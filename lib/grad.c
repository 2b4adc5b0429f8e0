/* SPDX-License-Identifier: MIT
 *
 * grad.c - stage three: the backward pass, appended as nodes.
 *
 * One sweep over the indices, downwards: a node is met after everything that uses it, so its
 * gradient is complete when its turn comes. No op is named here.
 */
#include "grove/grad.h"

#include "graph.h"

/* The sum of `size` contributions to a node, which may be joined with others. */
typedef struct waiting {
    int32_t gradient, below; /* below: the next one in the pile, or -1 */
    uint32_t size;
} waiting;

typedef struct sweep {
    grove_graph *graph;
    int32_t top;       /* the index of y */
    int32_t *gradient; /* of each node up to y: the node of its gradient, or -1 */
    int32_t *pile;     /* of each node: the last one that waits for it, or -1 */
    waiting *waiting;
    size_t waiting_count, waiting_capacity;
    bool *wanted;       /* does the node lie on a path from an x to y? */
    grove_tensor *rule; /* room for what one op's rule answers */
} sweep;

/* Which nodes depend on an x through ops that have a gradient. */
static void mark_paths(sweep *s, const grove_tensor *x, int count) {
    for (int i = 0; i < count; i++) {
        if (x[i].index <= s->top) {
            s->wanted[x[i].index] = true;
        }
    }
    for (int32_t i = 0; i <= s->top; i++) {
        const grove_node *node = &s->graph->nodes[i];
        for (int32_t k = 0; k < node->inputs && node->op->grad; k++) {
            s->wanted[i] = s->wanted[i] || s->wanted[node->in[k]];
        }
    }
}

/* A real tensor of this graph? A rule may be anybody's. */
static bool is_real(const sweep *s, grove_tensor tensor) {
    return tensor.graph == s->graph && tensor.index >= 0 &&
           (size_t)tensor.index < s->graph->node_count && grove_node_type(tensor) == GROVE_REAL;
}

/* The sum of two contributions, -1 being none: by their op's own join where it has one, so that a
 * row-sparse gradient stays row-sparse. */
static int32_t sum_of(sweep *s, int32_t a, int32_t b) {
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    grove_tensor sum = GROVE_NONE, first = {s->graph, a}, second = {s->graph, b};
    const grove_op *op = s->graph->nodes[a].op;
    if (op->join && op == s->graph->nodes[b].op) {
        sum = op->join(first, second);
        bool fits =
            is_real(s, sum) && grove_shape_equal(grove_node_shape(sum), grove_node_shape(first));
        if (grove_is_valid(sum) && !fits) {
            grove_mistake(s->graph, GROVE_BAD_SHAPE,
                          "%s: its join gives something else than a tensor of the same shape",
                          op->name);
            return a;
        }
    }
    if (!grove_is_valid(sum)) {
        sum = grove_add(first, second);
    }
    return sum.index;
}

/* Adds a contribution to what earlier paths gave. Joined lists grow, so one at a time they would
 * cost a square: they wait in a pile, and only those of like size are joined. */
static void contribute(sweep *s, int32_t node, int32_t contribution) {
    if (!s->graph->nodes[contribution].op->join) {
        s->gradient[node] = sum_of(s, s->gradient[node], contribution);
        return;
    }
    waiting *piled = grove_grow(&s->graph->allocator, s->waiting, s->waiting_count,
                                &s->waiting_capacity, sizeof *piled);
    if (!piled) {
        grove_mistake(s->graph, GROVE_NO_MEMORY, "out of memory: no backward pass was made");
        return;
    }
    s->waiting = piled;
    waiting top = {.gradient = contribution, .size = 1, .below = s->pile[node]};
    while (top.below >= 0 && piled[top.below].size == top.size) {
        top.gradient = sum_of(s, piled[top.below].gradient, top.gradient);
        top.size *= 2;
        top.below = piled[top.below].below;
    }
    s->pile[node] = (int32_t)s->waiting_count;
    piled[s->waiting_count++] = top;
}

/* The node's turn has come: what waits for it is added up. */
static void clear_pile(sweep *s, int32_t node) {
    int32_t sum = -1;
    for (int32_t i = s->pile[node]; i >= 0; i = s->waiting[i].below) {
        sum = sum_of(s, s->waiting[i].gradient, sum);
    }
    s->gradient[node] = sum_of(s, s->gradient[node], sum);
}

/* Can this be the gradient of the node's input? */
static bool fits(sweep *s, int32_t index, int32_t input, grove_tensor contribution) {
    char node[160], wanted[96], given[96];
    grove_shape shape = s->graph->nodes[s->graph->nodes[index].in[input]].shape;
    bool real = is_real(s, contribution);
    if (real && grove_shape_equal(shape, grove_node_shape(contribution))) {
        return true;
    }
    grove_node_words(s->graph, index, node, sizeof node);
    if (real) {
        grove_mistake(s->graph, GROVE_BAD_SHAPE,
                      "%s: its rule gives a gradient of the shape %s for input %d, which has the "
                      "shape %s",
                      node, grove_shape_text(grove_node_shape(contribution), given, sizeof given),
                      (int)input, grove_shape_text(shape, wanted, sizeof wanted));
    } else {
        grove_mistake(s->graph, GROVE_BAD_ARGUMENT,
                      "%s: its rule gives for input %d what is no tensor of reals of this graph",
                      node, (int)input);
    }
    return false;
}

/* Asks one op for its rule and hands the answers to its inputs. (Appending moves the array of
 * nodes, so nothing points into it across the rule.) */
static void visit(sweep *s, int32_t index) {
    const grove_op *op = s->graph->nodes[index].op;
    const int32_t *in = s->graph->nodes[index].in;
    int32_t inputs = s->graph->nodes[index].inputs;
    for (int32_t k = 0; k < inputs; k++) {
        s->rule[k] = GROVE_NONE;
    }
    op->grad((grove_tensor){s->graph, index}, (grove_tensor){s->graph, s->gradient[index]},
             s->rule);
    for (int32_t k = 0; k < inputs; k++) {
        bool has_path = grove_is_valid(s->rule[k]) && s->wanted[in[k]];
        if (has_path && fits(s, index, k, s->rule[k])) {
            contribute(s, in[k], s->rule[k].index);
        }
    }
}

static void run_sweep(sweep *s) {
    s->gradient[s->top] = grove_fill(s->graph, s->graph->nodes[s->top].shape, 1).index;
    size_t first = s->graph->node_count - 1;
    for (int32_t i = s->top; i >= 0 && s->graph->error.status == GROVE_OK; i--) {
        clear_pile(s, i);
        if (s->wanted[i] && s->gradient[i] >= 0 && s->graph->nodes[i].op->grad) {
            visit(s, i);
        }
        for (; first < s->graph->node_count; first++) {
            s->graph->nodes[first].backward_of = i;
        }
    }
    for (int32_t i = 0; i <= s->top; i++) {
        if (s->wanted[i] && s->gradient[i] >= 0) {
            s->graph->nodes[i].gradient = s->gradient[i];
        }
    }
}

static bool open_sweep(sweep *s, grove_tensor y) {
    const grove_allocator *allocator = &y.graph->allocator;
    size_t size = (size_t)y.index + 1;
    int32_t most_inputs = 1;
    *s = (sweep){.graph = y.graph, .top = y.index};
    for (size_t i = 0; i < size; i++) {
        int32_t inputs = y.graph->nodes[i].inputs;
        most_inputs = inputs > most_inputs ? inputs : most_inputs;
    }
    s->gradient = grove_alloc(allocator, size * sizeof *s->gradient);
    s->pile = grove_alloc(allocator, size * sizeof *s->pile);
    s->wanted = grove_alloc_zero(allocator, size, sizeof *s->wanted);
    s->rule = grove_alloc(allocator, (size_t)most_inputs * sizeof *s->rule);
    for (size_t i = 0; i < size && s->gradient && s->pile; i++) {
        s->gradient[i] = s->pile[i] = -1;
    }
    return s->gradient && s->pile && s->wanted && s->rule;
}

static void close_sweep(sweep *s) {
    grove_release(&s->graph->allocator, s->gradient);
    grove_release(&s->graph->allocator, s->pile);
    grove_release(&s->graph->allocator, s->waiting);
    grove_release(&s->graph->allocator, s->wanted);
    grove_release(&s->graph->allocator, s->rule);
}

static bool can_differentiate(grove_tensor y, const grove_tensor *x, int count) {
    if (y.graph->error.status != GROVE_OK) {
        return false;
    }
    if ((size_t)y.index >= y.graph->node_count) {
        grove_mistake(y.graph, GROVE_BAD_ARGUMENT, "gradients: y is no tensor of the graph");
        return false;
    }
    if (grove_node_type(y) != GROVE_REAL) {
        grove_mistake(y.graph, GROVE_BAD_TYPE,
                      "gradients: y is a tensor of ids, it must be "
                      "one of real numbers");
        return false;
    }
    for (int i = 0; i < count; i++) {
        bool known = grove_is_valid(x[i]) && (size_t)x[i].index < y.graph->node_count;
        if (!known || x[i].graph != y.graph) {
            grove_mistake(y.graph, GROVE_BAD_ARGUMENT,
                          "gradients: x[%d] is no tensor of the "
                          "graph of y",
                          i);
            return false;
        }
    }
    return true;
}

grove_status grove_gradients(grove_tensor y, const grove_tensor *x, int count, grove_tensor *dx) {
    if (count > 0 && (!x || !dx)) {
        grove_mistake(y.graph, GROVE_BAD_ARGUMENT, "gradients: there is no list of tensors");
        return GROVE_BAD_ARGUMENT;
    }
    for (int i = 0; i < count; i++) {
        dx[i] = GROVE_NONE;
    }
    if (!grove_is_valid(y)) {
        return y.graph ? y.graph->error.status : GROVE_BAD_ARGUMENT;
    }
    if (!can_differentiate(y, x, count)) {
        return y.graph->error.status;
    }
    sweep s;
    if (open_sweep(&s, y)) {
        mark_paths(&s, x, count);
        run_sweep(&s);
        for (int i = 0; i < count && y.graph->error.status == GROVE_OK; i++) {
            int32_t found =
                x[i].index <= s.top && s.wanted[x[i].index] ? s.gradient[x[i].index] : -1;
            dx[i] = grove_node_at(y.graph, found);
        }
    } else {
        grove_mistake(y.graph, GROVE_NO_MEMORY, "out of memory: no backward pass was made");
    }
    close_sweep(&s);
    return y.graph->error.status;
}

grove_tensor grove_gradient(grove_tensor y, grove_tensor x) {
    grove_tensor dx = GROVE_NONE;
    grove_gradients(y, &x, 1, &dx);
    return dx;
}

grove_tensor grove_gradient_of(grove_tensor tensor) {
    if (!grove_is_valid(tensor) || (size_t)tensor.index >= tensor.graph->node_count) {
        return GROVE_NONE;
    }
    return grove_node_at(tensor.graph, grove_node_of(tensor)->gradient);
}
