/* SPDX-License-Identifier: MIT
 *
 * run_profile.c - where the time of a run goes: the loop of run.c with a clock beside it, and what
 * the clock has counted, op by op. A plan without .profile never comes here.
 */
#include <string.h>

#include "base/clock.h"
#include "run.h"

void grove_run_profiled(grove_plan *plan) {
    double begin = grove_seconds_now();
    for (size_t i = 0; i < plan->step_count && !plan->failed; i++) {
        grove_run_step(plan, i);
        double end = grove_seconds_now();
        plan->steps[i].seconds += end - begin;
        begin = end;
    }
    plan->profiled_runs++;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static size_t bytes_of(const grove_view *view) {
    return view->count * (view->type == GROVE_REAL ? sizeof(grove_real) : sizeof(grove_id));
}

/* A table that is followed by ids is not read whole: of it count as many rows as there are ids. So
 * of the clocks of its rows, [rows]. */
static size_t bytes_by_ids(const grove_call *call, const grove_view *table) {
    size_t ids = SIZE_MAX;
    for (int i = 0; i < call->inputs; i++) {
        const grove_view *in = call->in[i];
        if (in->type == GROVE_ID && in->rank > 0 && in->count < ids) {
            ids = in->count;
        }
    }
    size_t rows = table->rank > 0 ? table->dim[0] : 0;
    return rows > ids ? bytes_of(table) / rows * ids : bytes_of(table);
}

/* What a product adds to its numbers, or masks them by, before it stores them. */
static size_t bytes_of_finish(const grove_finish *finish) {
    const grove_view *read[] = {finish->row, finish->matrix, finish->mask};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        bytes += read[i] ? bytes_of(read[i]) : 0;
    }
    return bytes;
}

/* Inputs are read, the result written; what an update changes is read and written. */
static size_t bytes_of_step(const grove_step *step) {
    size_t bytes = bytes_of(step->call.out);
    bytes += step->call.finish ? bytes_of_finish(step->call.finish) : 0;
    for (int i = 0; i < step->call.inputs; i++) {
        bool written = step->op->written >> i & 1;
        bool looked_up = i == 0 && (step->op->flags & GROVE_LOOKUP);
        size_t of_input = written || looked_up ? bytes_by_ids(&step->call, step->call.in[i])
                                               : bytes_of(step->call.in[i]);
        bytes += written ? 2 * of_input : of_input;
    }
    return bytes;
}

/* ---- by op ----------------------------------------------------------------------------------- */

/* The op's steps together, where this one is the last of them; else none. */
static grove_op_time time_up_to(const grove_plan *plan, size_t last) {
    const grove_op *op = plan->steps[last].op;
    grove_op_time time = {.op = op->name, .runs = plan->profiled_runs};
    for (size_t i = last + 1; i < plan->step_count; i++) {
        if (strcmp(plan->steps[i].op->name, op->name) == 0) {
            return time;
        }
    }
    for (size_t i = 0; i <= last; i++) {
        const grove_step *step = &plan->steps[i];
        if (strcmp(step->op->name, op->name) == 0) {
            time.steps++;
            time.seconds += step->seconds;
            time.bytes += (double)bytes_of_step(step) * (double)plan->profiled_runs;
        }
    }
    return time;
}

/* Puts it among the `count` longest, of which `room` are kept; returns how many there are then. */
static size_t keep_longest(grove_op_time *times, size_t count, size_t room,
                           const grove_op_time *time) {
    size_t place = count;
    while (place > 0 && times[place - 1].seconds < time->seconds) {
        place--;
    }
    count += count < room;
    for (size_t i = count; i-- > place + 1;) {
        times[i] = times[i - 1];
    }
    if (place < count) {
        times[place] = *time;
    }
    return count;
}

size_t grove_plan_profile(const grove_plan *plan, grove_op_time *times, size_t room) {
    size_t count = 0;
    for (size_t i = 0; plan && !plan->broken && plan->options.profile && i < plan->step_count;
         i++) {
        const grove_op_time time = time_up_to(plan, i);
        count = time.steps > 0 ? keep_longest(times, count, room, &time) : count;
    }
    return count;
}
