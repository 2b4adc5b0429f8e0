/* SPDX-License-Identifier: MIT
 *
 * run_finite.c - stage five with .check_finite: the same steps, and a look at what each has made.
 *
 * What the caller and the graph bring is looked at before the first step, and each result before
 * the next one. So all that a step reads is finite, and the first bad number was made where it is
 * found. The rest of this file says in words where that is.
 */
#include <math.h>
#include <stdio.h>

#include "run.h"

/* ---- looking --------------------------------------------------------------------------------- */

#ifdef GROVE_DOUBLE
typedef uint64_t bits;
static const bits exponent = 0x7FF0000000000000u, lowest = 0x0010000000000000u;
#else
typedef uint32_t bits;
static const bits exponent = 0x7F800000u, lowest = 0x00800000u;
#endif

/* NaN and infinities are the numbers whose exponent has all bits set; adding its lowest bit then
 * carries into the sign's place. Nothing is compared, so any vector unit does it. */
static bool are_finite(const grove_real *x, size_t count) {
    bits sum = 0;
    for (size_t i = 0; i < count; i++) {
        bits number;
        memcpy(&number, &x[i], sizeof number);
        sum |= (number & exponent) + lowest;
    }
    return !(sum & ~(exponent | (lowest - 1)));
}

/* The view has a number that is not finite: which is the first, and how many are there? */
static void find_first(const grove_view *view, grove_nonfinite *finding) {
    const grove_real *x = view->data;
    size_t rows = view->rank ? view->dim[0] : 1, first = view->count;
    for (size_t i = view->count; i-- > 0;) {
        if (!isfinite(x[i])) {
            first = i;
            finding->count++;
        }
    }
    finding->row = first / (view->count / rows);
    finding->position = first % (view->count / rows);
    finding->value = (double)x[first];
}

/* ---- which way the number was going ---------------------------------------------------------- */

enum { BEHIND_BACKWARD = 1, AFTER_IT = 2 }; /* bits of plan->marks */

static const grove_node *node_of(const grove_plan *plan, int32_t index) {
    return &plan->graph->nodes[index];
}

static bool is_trained(const grove_node *node) {
    return (node->op->flags & GROVE_TRAINED) != 0;
}

/* Marks what depends on the bad node, and what depends on nodes of a backward pass. */
static void mark_ways(grove_plan *plan, int32_t bad) {
    for (size_t i = 0; i < plan->nodes; i++) {
        const grove_node *node = node_of(plan, (int32_t)i);
        plan->marks[i] = node->backward_of >= 0 ? BEHIND_BACKWARD : 0;
        for (int32_t k = 0; k < node->inputs; k++) {
            plan->marks[i] |= plan->marks[node->in[k]];
        }
        if ((int32_t)i == bad) {
            plan->marks[i] |= AFTER_IT;
        }
    }
}

/* What is made of gradients after a backward pass (clipping, say) belongs to it, unless it has
 * gradients of its own: then it is part of a loss. */
static grove_phase phase_of(const grove_plan *plan, int32_t index) {
    const grove_node *node = node_of(plan, index);
    if (node->op->flags & GROVE_UPDATE) {
        return GROVE_PHASE_UPDATE;
    }
    bool after_gradients = (plan->marks[index] & BEHIND_BACKWARD) && node->gradient < 0;
    return node->backward_of >= 0 || after_gradients ? GROVE_PHASE_BACKWARD : GROVE_PHASE_FORWARD;
}

/* The node whose gradient this is, or -1. Rules may hand one gradient to several: a parameter comes
 * before another named node, and that before one without a name. */
static int32_t whose_gradient(const grove_plan *plan, int32_t gradient) {
    int32_t found = -1, best = 0;
    for (size_t i = plan->nodes; i-- > 0;) {
        const grove_node *node = node_of(plan, (int32_t)i);
        int32_t rank = 1 + (node->name != NULL) + is_trained(node);
        if (node->gradient == gradient && rank > best) {
            best = rank;
            found = (int32_t)i;
        }
    }
    return found;
}

/* The first trained parameter that an update writes, or -1. */
static int32_t moved_by(const grove_plan *plan, const grove_node *update) {
    for (int32_t k = 0; k < update->inputs && k < 32; k++) {
        if ((update->op->written >> k & 1u) && is_trained(node_of(plan, update->in[k]))) {
            return update->in[k];
        }
    }
    return -1;
}

/* The parameter to whose gradient the shortest way leads from here; where that is behind it, the
 * one that is updated first. */
static int32_t nearest_parameter(const grove_plan *plan) {
    int32_t found = -1, nearest = INT32_MAX;
    for (size_t i = 0; i < plan->nodes; i++) {
        const grove_node *node = node_of(plan, (int32_t)i);
        bool leads = is_trained(node) && node->gradient >= 0 &&
                     (size_t)node->gradient < plan->nodes &&
                     (plan->marks[node->gradient] & AFTER_IT);
        if (leads && node->gradient < nearest) {
            nearest = node->gradient;
            found = (int32_t)i;
        }
    }
    for (size_t i = 0; i < plan->nodes && found < 0; i++) {
        const grove_node *node = node_of(plan, (int32_t)i);
        bool leads = (plan->marks[i] & AFTER_IT) && (node->op->flags & GROVE_UPDATE);
        found = leads ? moved_by(plan, node) : -1;
    }
    return found;
}

/* The named node that depends on the bad one and comes first, or -1. */
static int32_t nearest_name(const grove_plan *plan) {
    for (size_t i = 0; i < plan->nodes; i++) {
        const grove_node *node = node_of(plan, (int32_t)i);
        if ((plan->marks[i] & AFTER_IT) && node->name && !(node->op->flags & GROVE_UPDATE)) {
            return (int32_t)i;
        }
    }
    return -1;
}

static void find_ways(grove_plan *plan, int32_t index) {
    grove_nonfinite *finding = &plan->finding;
    const grove_node *node = node_of(plan, index);
    mark_ways(plan, index);
    finding->phase = phase_of(plan, index);
    if (finding->phase == GROVE_PHASE_UPDATE) {
        finding->parameter = grove_node_at(plan->graph, moved_by(plan, node));
    } else if (finding->phase == GROVE_PHASE_BACKWARD) {
        int32_t of = whose_gradient(plan, index);
        bool whole = of >= 0 && is_trained(node_of(plan, of));
        finding->backward_of = grove_node_at(plan->graph, node->backward_of);
        finding->gradient_of = grove_node_at(plan->graph, of);
        finding->parameter = grove_node_at(plan->graph, whole ? of : nearest_parameter(plan));
    }
}

/* ---- in words -------------------------------------------------------------------------------- */

/* A sentence that grows as long as there is room. */
typedef struct words {
    char text[440];
    size_t used;
} words;

static void say(words *to, const char *format, ...) GROVE_PRINTF(2, 3);
static void say(words *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t left = sizeof to->text - to->used;
    int length = vsnprintf(to->text + to->used, left, format, arguments);
    to->used += length < 0 ? 0 : (size_t)length < left ? (size_t)length : left - 1;
    va_end(arguments);
}

static void say_node(words *to, const grove_plan *plan, int32_t index) {
    const char *name = node_of(plan, index)->name;
    if (name) {
        say(to, "'%.60s'", name);
    } else {
        say(to, "%s (node %d)", node_of(plan, index)->op->name, (int)index);
    }
}

/* " at row 17, column 3"; "" for a scalar. */
static void say_place(words *to, const grove_view *view, const grove_nonfinite *finding) {
    size_t rest = finding->position, part = view->rank ? view->count / view->dim[0] : 1;
    if (view->rank > 0) {
        say(to, " at row %zu", finding->row);
    }
    if (view->rank == 2) {
        say(to, ", column %zu", finding->position);
    }
    for (int i = 1; i < view->rank && view->rank > 2; i++) {
        part /= view->dim[i];
        say(to, "%s%zu%s", i == 1 ? ", place [" : ", ", rest / part, i + 1 < view->rank ? "" : "]");
        rest %= part;
    }
}

static void say_number(words *to, const grove_plan *plan, const grove_view *view) {
    const grove_nonfinite *finding = &plan->finding;
    say(to, "%s", isnan(finding->value) ? "nan" : finding->value > 0 ? "inf" : "-inf");
    if (finding->tensor.index != finding->node.index) {
        say(to, " in ");
        say_node(to, plan, finding->tensor.index);
    }
    say_place(to, view, finding);
    if (finding->count > 1) {
        say(to, ", the first of %zu such numbers", finding->count);
    }
}

/* What an input held: its number at the same place, or from the smallest to the largest. */
static void say_input(words *to, const grove_view *in, const grove_view *bad, size_t at) {
    const grove_real *x = in->data;
    if (in->count == bad->count || in->count == 1) {
        say(to, " is %g", (double)x[in->count == 1 ? 0 : at]);
        return;
    }
    grove_real low = x[0], high = x[0];
    for (size_t i = 1; i < in->count; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    if (low < high) {
        say(to, " lies from %g to %g", (double)low, (double)high);
    } else {
        say(to, " is %g throughout", (double)low);
    }
}

/* What an update writes is no longer what it read. */
static void say_inputs(words *to, const grove_plan *plan, const grove_view *bad) {
    const grove_step *step = plan->found_at;
    const grove_node *node = node_of(plan, step->call.node);
    size_t at =
        plan->finding.row * (bad->rank ? bad->count / bad->dim[0] : 1) + plan->finding.position;
    int told = 0;
    say(to, "; all that it reads is finite: it was made here");
    for (int32_t k = 0; k < node->inputs && told < 4; k++) {
        const grove_view *in = step->call.in[k];
        bool written = k < 32 && (step->op->written >> k & 1u);
        if (in->type == GROVE_REAL && in->count > 0 && !written) {
            say(to, "%s", told++ ? ", " : ", where ");
            say_node(to, plan, node->in[k]);
            say_input(to, in, bad, at);
        }
    }
}

static void say_way(words *to, const grove_plan *plan) {
    static const char *const phases[] = {"", "", ", forward", ", backward", ", an update"};
    const grove_nonfinite *f = &plan->finding;
    say(to, "%s", phases[f->phase]);
    bool forward = f->phase == GROVE_PHASE_FORWARD;
    int32_t next = forward ? nearest_name(plan) : f->parameter.index;
    if (f->backward_of.index >= 0) {
        say(to, " of ");
        say_node(to, plan, f->backward_of.index);
    }
    if (f->gradient_of.index >= 0) {
        say(to, ", the gradient of ");
        say_node(to, plan, f->gradient_of.index);
    }
    if (next >= 0 && next != f->node.index && next != f->gradient_of.index) {
        say(to, "%s",
            forward                          ? ", on the way to "
            : f->phase == GROVE_PHASE_UPDATE ? " of "
                                             : ", on the way to the gradient of ");
        say_node(to, plan, next);
    }
}

/* ---- stopping -------------------------------------------------------------------------------- */

/* Notes a bad number of `place`, which the step made, or (NULL) brought along. */
static void stop(grove_plan *plan, const grove_step *step, const grove_place *place) {
    int32_t index = step ? step->call.node : place->node;
    grove_nonfinite *finding = &plan->finding;
    bool stored = node_of(plan, index)->storage != NULL;
    words to = {.used = 0};
    char node[160];
    *finding = (grove_nonfinite){.phase = stored ? GROVE_PHASE_STORED : GROVE_PHASE_INPUT,
                                 .node = grove_node_at(plan->graph, index),
                                 .tensor = grove_node_at(plan->graph, place->node),
                                 .backward_of = GROVE_NONE,
                                 .gradient_of = GROVE_NONE,
                                 .parameter = GROVE_NONE};
    plan->found_at = step;
    plan->failed = true;
    find_first(&place->view, finding);
    if (step) {
        find_ways(plan, index);
    } else if (is_trained(node_of(plan, index))) {
        finding->parameter = finding->node;
    }
    say(&to, "%.140s", grove_node_words(plan->graph, index, node, sizeof node));
    say_way(&to, plan);
    say(&to, ": ");
    say_number(&to, plan, &place->view);
    if (step) {
        say_inputs(&to, plan, &place->view);
    }
    grove_fail(&plan->error, GROVE_BAD_DATA, "%s", to.text);
}

/* True if the place holds numbers, and one of them is not finite. */
static bool is_bad(const grove_place *place) {
    const grove_view *view = &place->view;
    return view->type == GROVE_REAL && !are_finite(view->data, view->count);
}

static void look_at_leaves(grove_plan *plan) {
    for (size_t i = 0; i < plan->place_count && !plan->failed; i++) {
        const grove_place *place = &plan->places[i];
        bool leaf = node_of(plan, place->node)->op->flags & (GROVE_STORED | GROVE_BOUND);
        if (leaf && is_bad(place)) {
            stop(plan, NULL, place);
        }
    }
}

/* A step makes its result; an update, what it writes. */
static void look_at_step(grove_plan *plan, const grove_step *step) {
    const grove_node *node = node_of(plan, step->call.node);
    const grove_place *own = &plan->places[plan->place_of[step->call.node]];
    if (is_bad(own)) {
        stop(plan, step, own);
    }
    for (int32_t k = 0; k < node->inputs && k < 32 && step->op->written && !plan->failed; k++) {
        const grove_place *in = &plan->places[plan->place_of[node->in[k]]];
        if ((step->op->written >> k & 1u) && is_bad(in)) {
            stop(plan, step, in);
        }
    }
}

void grove_run_checked(grove_plan *plan) {
    look_at_leaves(plan);
    for (size_t i = 0; i < plan->step_count && !plan->failed; i++) {
        grove_run_step(plan, i);
        if (!plan->failed) {
            look_at_step(plan, &plan->steps[i]);
        }
    }
}

/* ---- looking back ---------------------------------------------------------------------------- */

const grove_nonfinite *grove_plan_nonfinite(const grove_plan *plan) {
    return plan && plan->finding.count > 0 ? &plan->finding : NULL;
}

bool grove_run_stopped_at(const grove_plan *plan, const grove_place *root) {
    if (!grove_plan_nonfinite(plan) || !plan->found_at) {
        return false;
    }
    const grove_node *node = node_of(plan, plan->found_at->call.node);
    bool known = root->node == plan->found_at->call.node;
    for (int32_t k = 0; k < node->inputs && !known; k++) {
        known = &plan->places[plan->places[plan->place_of[node->in[k]]].root] == root;
    }
    return known;
}
