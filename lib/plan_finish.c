/* SPDX-License-Identifier: MIT
 *
 * plan_finish.c - the part of stage four that joins a product with what is done to its result.
 *
 *     p = matmul(x, w)           p = matmul(x, w), to each number of which, before it is stored,
 *     z = add(p, bias)     =>        bias is added, and which is cut off at zero;
 *     h = relu(z)                h is p's memory
 *
 * A node that finishes is an alias of the product's place: it has no step, and no memory. It is so
 * where nobody else reads the product, and what else the node reads is there before the product
 * is. The numbers are the same, bit by bit: what is left out is a pass through memory.
 *
 * And columns of a product that nobody reads are not computed: where all who read it say how far
 * they reach (op->reach). So it is with the gradient of a row that is put together from vectors
 * that are trained and, behind them, numbers that are not.
 *
 * Neither side is known by name. GROVE_FINISHES says that a kernel heeds call->finish; GROVE_ADDS,
 * GROVE_CLIPS and GROVE_MASKS say what a node does to each number. A kernel does them in the order
 * of grove_finish: a row is added, then a whole matrix, then numbers are clipped or masked.
 */
#include "plan.h"

enum { FINISHING = GROVE_ADDS | GROVE_CLIPS | GROVE_MASKS };

static const grove_node *node_at(const grove_plan *plan, int32_t place) {
    return &plan->graph->nodes[plan->places[place].node];
}

static int32_t input_place(const grove_plan *plan, int32_t place, int32_t input) {
    return plan->place_of[node_at(plan, place)->in[input]];
}

/* The place whose step makes what lies here, as far as is known by now. */
static int32_t maker_of(const grove_plan *plan, int32_t place) {
    return plan->places[place].maker;
}

/* How far does the node reach into the rows of what lies there, its input k? */
static size_t reach_of(const grove_plan *plan, int32_t place, int32_t k, int32_t there) {
    const grove_node *node = node_at(plan, place);
    const grove_view *x = &plan->places[there].view;
    if (k > 0 || !node->op->reach || maker_of(plan, there) != there) {
        return SIZE_MAX;
    }
    return node->op->reach(&(grove_call){.op = node->op,
                                         .attributes = node->attributes,
                                         .out = &plan->places[place].view,
                                         .in = &x,
                                         .inputs = 1,
                                         .batch = plan->batch});
}

static void note_reader(grove_place *read, size_t reach) {
    read->readers++;
    read->reach = reach > read->reach ? reach : read->reach;
}

/* How often is each result read, by others than aliases of it, and how far into its rows? (A wish
 * to keep it is a reader.) */
static void count_readers(grove_plan *plan, const grove_tensor *outputs, int count) {
    for (int32_t i = 0; i < (int32_t)plan->place_count; i++) {
        const grove_node *node = node_at(plan, i);
        int32_t aliased = grove_plan_aliased_input(plan, node);
        plan->places[i].maker = aliased < 0 ? i : maker_of(plan, input_place(plan, i, aliased));
        for (int32_t k = 0; k < node->inputs && aliased < 0; k++) {
            int32_t there = input_place(plan, i, k);
            note_reader(&plan->places[maker_of(plan, there)], reach_of(plan, i, k, there));
        }
    }
    for (int i = 0; i < count; i++) {
        note_reader(&plan->places[maker_of(plan, plan->place_of[outputs[i].index])], SIZE_MAX);
    }
}

/* Is what lies at `other` there when the step of `product` runs? And does no update between the two
 * change what the node at `place` is to read? */
static bool is_ready(const grove_plan *plan, int32_t other, int32_t product, int32_t place) {
    int32_t maker = maker_of(plan, other);
    maker = plan->places[maker].finishes >= 0 ? plan->places[maker].finishes : maker;
    if (!grove_place_in_block(plan, &plan->places[maker])) {
        for (int32_t i = product; i < place; i++) {
            if (node_at(plan, i)->op->flags & GROVE_UPDATE) {
                return false;
            }
        }
        return true;
    }
    return maker < product;
}

/* Adds to what is done at the end of a product, if it comes in the kernel's order. */
static bool extend(grove_finish *finish, unsigned flags, const grove_view *product,
                   const grove_view *other) {
    const bool is_last = finish->clip || finish->mask;
    if (flags & GROVE_CLIPS) {
        finish->clip = !is_last;
        return !is_last;
    }
    if (flags & GROVE_MASKS) {
        finish->mask = is_last ? finish->mask : other;
        return !is_last && other->count == product->count;
    }
    if (is_last || finish->matrix) {
        return false;
    }
    if (other->count == product->count) {
        finish->matrix = other;
        return true;
    }
    if (finish->row || other->count != grove_width(product)) {
        return false;
    }
    finish->row = other;
    return true;
}

/* What is to be done to the product's numbers, up to the node at `place`. */
static bool set_finish(grove_plan *plan, grove_place *product, int32_t place,
                       const grove_finish *finish) {
    if (!product->finish) {
        product->finish = grove_arena_alloc(&plan->arena, sizeof *finish);
    }
    if (!product->finish) {
        return grove_plan_needs_memory(plan, sizeof *finish);
    }
    *product->finish = *finish;
    product->finished_at = place;
    return true;
}

/* Can input k of the node be the product that it finishes? Then it is so from now on. */
static bool finish_input(grove_plan *plan, int32_t place, int32_t k) {
    const grove_node *node = node_at(plan, place);
    const int32_t value = maker_of(plan, input_place(plan, place, k));
    grove_place *of = &plan->places[value];
    const int32_t product = of->finishes >= 0 ? of->finishes : value;
    const int32_t other = node->inputs > 1 ? input_place(plan, place, 1 - k) : -1;
    grove_place *root = &plan->places[product];
    if (of->readers != 1 || !(node_at(plan, product)->op->flags & GROVE_FINISHES) ||
        root->view.count != plan->places[place].view.count ||
        (other >= 0 && !is_ready(plan, other, product, place))) {
        return false;
    }
    grove_finish longer = root->finish ? *root->finish : (grove_finish){0};
    if (!extend(&longer, node->op->flags, &root->view,
                other >= 0 ? &plan->places[other].view : NULL)) {
        return false;
    }
    if (!set_finish(plan, root, place, &longer)) {
        return false;
    }
    plan->places[place].finishes = product;
    return true;
}

/* Are there columns of a product that nobody reads? */
static void narrow(grove_plan *plan, int32_t place) {
    grove_place *product = &plan->places[place];
    if ((node_at(plan, place)->op->flags & GROVE_FINISHES) && !product->finish &&
        product->reach > 0 && product->reach < grove_width(&product->view)) {
        set_finish(plan, product, place, &(grove_finish){.columns = product->reach});
    }
}

bool grove_plan_find_finishes(grove_plan *plan, const grove_tensor *outputs, int count) {
    for (size_t i = 0; i < plan->place_count; i++) {
        plan->places[i].finishes = -1;
    }
    if (plan->options.keep_all || plan->options.check_finite) {
        return true; /* each result is to be seen */
    }
    count_readers(plan, outputs, count);
    for (int32_t i = 0; i < (int32_t)plan->place_count && !plan->broken; i++) {
        const grove_node *node = node_at(plan, i);
        if (!(node->op->flags & FINISHING) || maker_of(plan, i) != i) {
            continue;
        }
        /* A sum may have the product on either side. */
        (void)(finish_input(plan, i, 0) ||
               ((node->op->flags & GROVE_ADDS) && finish_input(plan, i, 1)));
    }
    for (int32_t i = 0; i < (int32_t)plan->place_count && !plan->broken; i++) {
        narrow(plan, i);
    }
    return !plan->broken;
}
