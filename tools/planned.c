/* SPDX-License-Identifier: MIT */
#include "planned.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "task.h"

/* ---- memory that is counted ------------------------------------------------------------------ */

/* In front of each block: its size. As long as malloc's alignment, which is kept so. */
enum { HEAD = 16 };

typedef struct counter {
    double bytes, limit; /* held; at most */
    bool too_much;
} counter;

static size_t size_of(const void *block) {
    size_t size = 0;
    if (block) {
        memcpy(&size, (const char *)block - HEAD, sizeof size);
    }
    return size;
}

static void *resize(void *user, void *block, size_t size) {
    counter *c = user;
    const double more = (double)size - (double)size_of(block);
    char *head = block ? (char *)block - HEAD : NULL;
    c->too_much = c->too_much || (c->limit > 0 && size > 0 && c->bytes + more > c->limit);
    if (size > 0 && (c->too_much || size > SIZE_MAX - HEAD)) {
        return NULL;
    }
    if (size == 0) {
        c->bytes += more;
        free(head);
        return NULL;
    }
    head = realloc(head, HEAD + size);
    if (!head) {
        return NULL;
    }
    memcpy(head, &size, sizeof size);
    c->bytes += more;
    return head + HEAD;
}

/* ---- a model --------------------------------------------------------------------------------- */

enum { VALIDATED = 512 }; /* rows at a time, at most */

/* No plan is run, so each may go before the next comes. */
static double plan_bytes(const job *j, const grove_classifier *m, const grove_tensor *outputs,
                         int count, size_t batch, bool training) {
    if (batch == 0) {
        return 0;
    }
    const grove_plan_options options = {.batch = (int64_t)batch,
                                        .training = training,
                                        .threads = (int)j->o->threads,
                                        .allocator = grove_graph_allocator(m->graph)};
    grove_plan *plan = grove_plan_new(m->graph, outputs, count, &options);
    const double bytes = (double)grove_plan_statistics(plan).block_bytes;
    grove_plan_free(plan);
    return bytes;
}

/* As grove_fit makes them. */
static void plan_all(const job *j, const grove_classifier *m, const counter *c, planned *p) {
    grove_fit_options how = {0};
    grove_settings_fit(&j->settings, &how);
    const size_t rows = j->train.count, wish = (size_t)how.batch;
    const size_t batch = wish < rows ? wish : rows;
    const grove_shape answer = grove_node_shape(m->answer);
    const size_t most = grove_rows_at_once(VALIDATED, answer.rank == 2 ? (size_t)answer.dim[1] : 1);
    const size_t valid = j->valid.count < most ? j->valid.count : most;
    const grove_tensor loss =
        how.optimizer.lazy ? m->loss : grove_fold_lookups(m->loss, (int64_t)batch);
    const grove_tensor outputs[] = {grove_minimize(loss, &how.optimizer), loss};
    p->trained = c->bytes;
    p->plans = plan_bytes(j, m, outputs, 2, batch, true) +
               plan_bytes(j, m, outputs, 2, batch ? rows % batch : 0, true) +
               plan_bytes(j, m, &m->answer, 1, valid, false);
}

int plan_model(const job *j, double limit, planned *p) {
    counter c = {.limit = limit};
    grove_error error = {0};
    grove_classifier m = {0};
    grove_classifier_options network = {.word_dropout = j->o->word_dropout,
                                        .weighted = j->weights.rows || j->weights.classes,
                                        .seed = (uint64_t)j->o->seed,
                                        .allocator = {resize, &c}};
    set_loss(j->o, &network);
    grove_status status =
        grove_settings_classifier(&j->settings, j->schema, j->train, &network, &m, &error);
    *p = (planned){.model = c.bytes};
    if (status == GROVE_OK) {
        plan_all(j, &m, &c, p);
        grove_classifier_free(&m);
    }
    p->too_much = c.too_much;
    return status == GROVE_OK || c.too_much
               ? EXIT_DONE
               : complain(j->command, code_of_data(status), error.message);
}
