/* SPDX-License-Identifier: MIT
 *
 * plan.c - stage four: which nodes, in which order, in which memory, in how many tiles.
 *
 * A plan is made in one pass after another over an array of places: select (what do the outputs
 * need?), order (updates marked GROVE_FIRST and what they need go first, all other updates last),
 * views (real sizes at this batch), what products finish (lib/plan_finish.c), aliases, lifetimes,
 * steps (lib/plan_steps.c), layout (lib/layout.c).
 */
#include "plan.h"

#include <inttypes.h>

static bool plan_fails(grove_plan *plan, grove_status status, const char *format, ...)
    GROVE_PRINTF(3, 4);
static bool plan_fails(grove_plan *plan, grove_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    grove_fail_va(&plan->error, status, format, arguments);
    va_end(arguments);
    plan->broken = true;
    return false;
}

bool grove_plan_needs_memory(grove_plan *plan, size_t bytes) {
    plan->broken = true;
    return grove_fail_memory(&plan->error, bytes) == GROVE_OK;
}

static const grove_node *node_at(const grove_plan *plan, const grove_place *place) {
    return &plan->graph->nodes[place->node];
}

/* ---- select and order ------------------------------------------------------------------------ */

/* The input whose memory the node's result is in this plan, or -1 if it has its own. */
int32_t grove_plan_aliased_input(const grove_plan *plan, const grove_node *node) {
    if ((node->op->flags & GROVE_TRAINING) && !plan->options.training) {
        return node->inputs - 1;
    }
    return node->op->flags & GROVE_ALIAS ? 0 : -1;
}

bool grove_plan_reads(const grove_plan *plan, const grove_node *node, int32_t input) {
    int32_t aliased = grove_plan_aliased_input(plan, node);
    return aliased < 0 || aliased == input;
}

enum { NEEDED = 1, EARLY = 2 };

/* Marks what the outputs need, and what must be early for the sake of a GROVE_FIRST update. */
static void mark(const grove_plan *plan, unsigned char *marks) {
    for (size_t i = plan->nodes; i-- > 0;) {
        const grove_node *node = &plan->graph->nodes[i];
        if (!(marks[i] & NEEDED)) {
            continue;
        }
        if (node->op->flags & GROVE_FIRST) {
            marks[i] |= EARLY;
        }
        for (int32_t k = 0; k < node->inputs; k++) {
            marks[node->in[k]] |= grove_plan_reads(plan, node, k) ? marks[i] : 0;
        }
    }
}

static void take(grove_plan *plan, const unsigned char *marks, unsigned char wanted, bool updates) {
    for (size_t i = 0; i < plan->nodes; i++) {
        const grove_node *node = &plan->graph->nodes[i];
        bool early = marks[i] == (NEEDED | EARLY);
        bool fits = early || ((node->op->flags & GROVE_UPDATE) != 0) == updates;
        if (marks[i] == wanted && fits) {
            plan->place_of[i] = (int32_t)plan->place_count;
            plan->places[plan->place_count++] = (grove_place){.node = (int32_t)i};
        }
    }
}

static bool select_and_order(grove_plan *plan, const grove_tensor *outputs, int count) {
    unsigned char *marks = grove_alloc_zero(&plan->allocator, plan->nodes, 1);
    size_t needed = 0;
    if (!marks) {
        return grove_plan_needs_memory(plan, plan->nodes);
    }
    for (int i = 0; i < count; i++) {
        marks[outputs[i].index] = NEEDED;
    }
    mark(plan, marks);
    for (size_t i = 0; i < plan->nodes; i++) {
        needed += marks[i] != 0;
        plan->place_of[i] = -1;
    }
    plan->places = grove_arena_alloc(&plan->arena, needed * sizeof *plan->places);
    if (plan->places) {
        take(plan, marks, NEEDED | EARLY, true);
        take(plan, marks, NEEDED, false);
        plan->first_update_place = plan->place_count;
        take(plan, marks, NEEDED, true);
    }
    grove_release(&plan->allocator, marks);
    return plan->places || grove_plan_needs_memory(plan, needed * sizeof *plan->places);
}

/* ---- views: real sizes ----------------------------------------------------------------------- */

static bool set_view(grove_plan *plan, grove_place *place) {
    const grove_node *node = node_at(plan, place);
    grove_view *view = &place->view;
    view->type = node->type;
    view->rank = node->shape.rank;
    bool fits = grove_shape_count(node->shape, plan->batch, &view->count);
    for (int i = 0; i < view->rank && fits; i++) {
        int64_t dim = node->shape.dim[i];
        view->dim[i] = (size_t)grove_dim_batches(dim) * plan->batch + (size_t)grove_dim_more(dim);
        fits = view->dim[i] <= INT32_MAX;
    }
    if (!fits) {
        char words[160], text[96];
        return plan_fails(plan, GROVE_BAD_SHAPE,
                          "%s: the shape %s at a batch of %zu is larger than grove can hold",
                          grove_node_words(plan->graph, place->node, words, sizeof words),
                          grove_shape_text(node->shape, text, sizeof text), plan->batch);
    }
    return true;
}

/* ---- aliases and lifetimes ------------------------------------------------------------------- */

bool grove_place_in_block(const grove_plan *plan, const grove_place *place) {
    return !(node_at(plan, place)->op->flags & (GROVE_STORED | GROVE_BOUND));
}

static int32_t input_place(const grove_plan *plan, const grove_node *node, int32_t input) {
    return plan->place_of[node->in[input]];
}

/* An alias has the root of its input; every root knows when it is read for the last time. */
static void find_lifetimes(grove_plan *plan) {
    for (size_t i = 0; i < plan->place_count; i++) {
        grove_place *place = &plan->places[i];
        const grove_node *node = node_at(plan, place);
        place->root = (int32_t)i;
        place->next_alias = -1;
        place->last_use = (int32_t)i;
        int32_t aliased = grove_plan_aliased_input(plan, node);
        int32_t same = place->finishes >= 0 ? place->finishes
                       : aliased >= 0       ? input_place(plan, node, aliased)
                                            : -1;
        if (same >= 0) {
            place->root = plan->places[same].root;
            grove_place *root = &plan->places[place->root];
            place->next_alias = root->next_alias;
            root->next_alias = (int32_t)i;
        }
        for (int32_t k = 0; k < node->inputs; k++) {
            if (grove_plan_reads(plan, node, k)) {
                plan->places[plan->places[input_place(plan, node, k)].root].last_use = (int32_t)i;
            }
        }
    }
}

static void keep(grove_plan *plan, const grove_tensor *outputs, int count) {
    for (size_t i = 0; i < plan->place_count && plan->options.keep_all; i++) {
        plan->places[i].kept = true;
    }
    for (int i = 0; i < count; i++) {
        int32_t place = plan->place_of[outputs[i].index];
        if (place >= 0) {
            plan->places[plan->places[place].root].kept = true;
        }
    }
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void *memory_of(const grove_plan *plan, const grove_place *root) {
    const grove_node *node = node_at(plan, root);
    if (node->storage) {
        return node->storage->data;
    }
    return grove_place_in_block(plan, root) ? plan->block + root->offset : NULL;
}

static bool lay_out(grove_plan *plan) {
    size_t results = grove_plan_layout(plan);
    if (results == SIZE_MAX || plan->stats.scratch_bytes > SIZE_MAX / 2 - results) {
        return grove_plan_needs_memory(plan, SIZE_MAX);
    }
    plan->stats.block_bytes = results + plan->stats.scratch_bytes;
    plan->stats.bound_bytes += plan->stats.scratch_bytes;
    plan->block = grove_alloc_aligned(&plan->allocator, plan->stats.block_bytes);
    if (!plan->block) {
        return grove_plan_needs_memory(plan, plan->stats.block_bytes);
    }
    for (size_t i = 0; i < plan->place_count; i++) {
        plan->places[i].view.data = memory_of(plan, &plan->places[plan->places[i].root]);
    }
    for (size_t i = 0; i < plan->step_count; i++) {
        plan->steps[i].call.scratch = plan->block + results;
    }
    return true;
}

/* ---- making a plan --------------------------------------------------------------------------- */

/* Updates are for training alone. (Only updates read updates: no other node needs any.) */
static bool check_output(grove_plan *plan, int i, grove_tensor output) {
    const grove_graph *graph = plan->graph;
    if (!grove_is_valid(output) || output.graph != graph ||
        (size_t)output.index >= graph->node_count) {
        return plan_fails(plan, GROVE_BAD_ARGUMENT, "plan: output %d is no tensor of the graph", i);
    }
    if ((grove_node_of(output)->op->flags & GROVE_UPDATE) && !plan->options.training) {
        char words[160];
        return plan_fails(plan, GROVE_BAD_ARGUMENT,
                          "plan: output %d is %s, which is an update: plan it with .training", i,
                          grove_node_words(graph, output.index, words, sizeof words));
    }
    return true;
}

static bool find_threads(grove_plan *plan) {
    int *threads = &plan->options.threads;
    if (*threads < 0 || *threads > GROVE_MOST_THREADS) {
        return plan_fails(plan, GROVE_BAD_ARGUMENT, "plan: %d threads are not possible (1 to %d)",
                          *threads, GROVE_MOST_THREADS);
    }
    *threads = *threads ? *threads : grove_threads_wished();
    if (!*threads) {
        return plan_fails(
            plan, GROVE_BAD_ARGUMENT,
            "plan: the environment variable GROVE_NUM_THREADS is no whole number from "
            "1 to %d",
            GROVE_MOST_THREADS);
    }
    return *threads == 1 || grove_threads_from(&plan->shared_from) ||
           plan_fails(plan, GROVE_BAD_ARGUMENT,
                      "plan: the environment variable GROVE_THREADS_FROM is no whole number (of "
                      "additions that steps must be worth to be shared by threads)");
}

static bool check_wishes(grove_plan *plan, const grove_tensor *outputs, int count) {
    const grove_graph *graph = plan->graph;
    if (graph->error.status != GROVE_OK) {
        return plan_fails(plan, graph->error.status, "%s", graph->error.message);
    }
    if (count <= 0 || !outputs) {
        return plan_fails(plan, GROVE_BAD_ARGUMENT, "plan: no output is asked for");
    }
    for (int i = 0; i < count; i++) {
        if (!check_output(plan, i, outputs[i])) {
            return false;
        }
    }
    if (plan->options.batch < GROVE_EMPTY || plan->options.batch > INT32_MAX) {
        return plan_fails(plan, GROVE_BAD_ARGUMENT,
                          "plan: a batch of %" PRId64 " rows is not possible", plan->options.batch);
    }
    if (plan->options.profile && plan->options.check_finite) {
        return plan_fails(
            plan, GROVE_BAD_ARGUMENT,
            "plan: profile and check_finite do not go together: the clock would count "
            "the looking");
    }
    return find_threads(plan);
}

static bool set_views(grove_plan *plan) {
    for (size_t i = 0; i < plan->place_count; i++) {
        if (!set_view(plan, &plan->places[i])) {
            return false;
        }
    }
    return true;
}

static bool start_threads(grove_plan *plan) {
    if (!plan->shared) {
        return true;
    }
    plan->pool = grove_pool_new(&plan->allocator, plan->options.threads, grove_cores());
    return plan->pool || grove_plan_needs_memory(plan, sizeof(void *));
}

static void make(grove_plan *plan, const grove_tensor *outputs, int count) {
    int64_t batch = plan->options.batch;
    plan->batch = batch == 0 ? 1 : batch == GROVE_EMPTY ? 0 : (size_t)batch;
    plan->nodes = plan->graph->node_count;
    plan->place_of = grove_arena_alloc(&plan->arena, plan->nodes * sizeof *plan->place_of);
    if (!plan->place_of) {
        grove_plan_needs_memory(plan, plan->nodes * sizeof *plan->place_of);
        return;
    }
    if (plan->options.check_finite) {
        plan->marks = grove_arena_alloc(&plan->arena, plan->nodes);
        if (!plan->marks) {
            grove_plan_needs_memory(plan, plan->nodes);
            return;
        }
    }
    if (!select_and_order(plan, outputs, count) || !set_views(plan)) {
        return;
    }
    if (!grove_plan_find_finishes(plan, outputs, count)) {
        return;
    }
    find_lifetimes(plan);
    keep(plan, outputs, count);
    (void)(grove_plan_make_steps(plan) && lay_out(plan) && start_threads(plan));
}

grove_plan *grove_plan_new(const grove_graph *graph, const grove_tensor *outputs, int output_count,
                           const grove_plan_options *options) {
    if (!graph) {
        return NULL;
    }
    grove_allocator allocator = grove_allocator_or_default(options ? &options->allocator : NULL);
    grove_plan *plan = grove_alloc_zero(&allocator, 1, sizeof *plan);
    if (!plan) {
        return NULL;
    }
    plan->allocator = allocator;
    plan->arena.allocator = allocator;
    plan->graph = graph;
    plan->options = options ? *options : (grove_plan_options){0};
    pthread_mutex_init(&plan->failing, NULL);
    if (check_wishes(plan, outputs, output_count)) {
        make(plan, outputs, output_count);
    }
    return plan;
}

void grove_plan_free(grove_plan *plan) {
    if (!plan) {
        return;
    }
    grove_allocator allocator = plan->allocator;
    grove_pool_free(plan->pool);
    grove_release_aligned(&allocator, plan->block);
    grove_arena_free(&plan->arena);
    pthread_mutex_destroy(&plan->failing);
    grove_release(&allocator, plan);
}

grove_plan_stats grove_plan_statistics(const grove_plan *plan) {
    return plan ? plan->stats : (grove_plan_stats){0};
}
