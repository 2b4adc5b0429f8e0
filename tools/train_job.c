/* SPDX-License-Identifier: MIT
 *
 * train_job.c - the training of a job: settings that are tried first, where that is asked for; one
 * model or several, joined; all within its time.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "job.h"
#include "progress.h"
#include "refit.h"
#include "settings.h"
#include "tables.h"
#include "task.h"

enum { MOST_KEPT = 3 };

/* A training under way. */
typedef struct run {
    job *j;
    progress shown;
    double begin, deadline; /* of seconds_now(); infinite: there is none */
    bool quiet, tells_tables;
    bool is_late;  /* the time was over before all was done */
    bool is_built; /* the network that is trained now */
    bool is_done;  /* there is a model */
    grove_classifier_options network;
    grove_fit_options how;
    grove_settings *kept; /* [kept_count] the settings of members, in turn */
    int kept_count;
    int best[GROVE_MOST_MEMBERS]; /* epoch of each member */
} run;

static bool is_late(run *r, double deadline) {
    r->is_late = r->is_late || seconds_now() > deadline;
    return r->is_late;
}

static bool is_over(run *r, double deadline) {
    return is_late(r, deadline) || (r->j->resume.o && interrupt_noted());
}

/* A training that can keep a checkpoint hears of Ctrl-C where it asks for one (resume.c): ended
 * here, it would be over as if it had been finished. */
static bool show(void *user, const grove_progress *progress) {
    run *r = user;
    progress_show(&r->shown, progress);
    resume_see(&r->j->resume, progress);
    return progress->again ||
           !(r->how.checkpoint ? is_late(r, r->deadline) : is_over(r, r->deadline));
}

/* ---- trying settings ------------------------------------------------------------------------- */

/* Half of the time, so that there is some to train with what was found. */
static bool show_trial(void *user, const grove_trial *trial) {
    run *r = user;
    char text[GROVE_SETTING_TEXT];
    const bool over = is_over(r, r->begin + (r->deadline - r->begin) / 2);
    if (trial && !r->quiet) {
        fprintf(stderr, "trial %d of %d, %d epochs: validation loss %.4f (", trial->number,
                trial->trials, trial->epochs, trial->loss);
        const grove_setting told[] = {GROVE_SETTING_ARCHITECTURE, GROVE_SETTING_HIDDEN,
                                      GROVE_SETTING_DROPOUT, GROVE_SETTING_TABLE_DROPOUT,
                                      GROVE_SETTING_RATE};
        for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
            fprintf(stderr, "%s%s", i ? ", " : "",
                    grove_setting_value(trial->settings, told[i], text));
        }
        fprintf(stderr, ")\n");
    }
    return !over;
}

static grove_status search(run *r) {
    job *j = r->j;
    grove_search_options wish = {
        .network = &r->network, .fit = &r->how, .go_on = show_trial, .user = r};
    grove_settings chosen = j->settings;
    grove_status status = grove_search_settings(j->schema, j->train, j->valid, &wish, r->kept,
                                                MOST_KEPT, &r->kept_count, &j->error);
    r->is_late = false;
    for (int i = 0; i < r->kept_count; i++) {
        explain_found(&r->kept[i], &chosen);
    }
    return status;
}

/* ---- a training ------------------------------------------------------------------------------ */

/* Those of the rows of j. */
static void take_weights(run *r, const job *j) {
    r->how.weights = j->weights.rows;
    r->how.valid_weights = j->valid_table ? j->weights.valid_rows : j->weights.rows;
    r->how.class_weights = j->weights.classes;
}

/* What is trained anew on all rows has as many stages as were best. */
static grove_status fit_stages(run *r, const job *j, int stages, grove_classifier *model,
                               grove_fit_result *result) {
    boosting again, *b = stages > 0 ? &again : &r->j->boosting;
    const int wanted = stages > 0 ? stages : (int)j->o->boost;
    r->network.seed = r->how.seed = (uint64_t)j->o->seed;
    r->how.checkpoint = NULL;
    const grove_status status =
        fit_boosted(j->o, wanted, &r->kept[0], j->schema, j->train, j->valid, &r->network, &r->how,
                    b, model, result, &r->j->error);
    r->is_built = status == GROVE_OK || result->epochs > 0;
    return status;
}

/* The k-th model, which begins with other random numbers than those before, on the rows of j; for
 * so many epochs at most (0: as the settings say). */
static grove_status fit_one(run *r, const job *j, int k, int epochs, grove_classifier *model,
                            grove_fit_result *result) {
    const grove_settings *s = &r->kept[k % r->kept_count];
    grove_error *error = &r->j->error;
    if (j->o->boost > 0) {
        return fit_stages(r, j, epochs, model, result);
    }
    r->network.seed = r->how.seed = (uint64_t)j->o->seed + (uint64_t)k;
    grove_settings_fit(s, &r->how);
    if (j->o->bayesian) {
        const double steps = ceil((double)j->train.count / (double)s->batch);
        r->network.bayes.mode = GROVE_BAYES_TRAIN;
        r->network.bayes.rows = j->train.count;
        r->network.bayes.warm_up = (int64_t)(j->o->kl_warm_up * steps);
    }
    r->how.epochs = epochs > 0 ? epochs : r->how.epochs;
    grove_status status =
        grove_settings_classifier(s, j->schema, j->train, &r->network, model, error);
    if (status == GROVE_OK && r->tells_tables) {
        print_tables(stderr, j->schema, model->graph);
        r->tells_tables = false;
    }
    r->is_built = status == GROVE_OK;
    size_t cut = 0;
    r->how.cut = &cut;
    status = r->is_built ? grove_fit(model, j->schema, j->train, j->valid, &r->how, result, error)
                         : status;
    r->how.cut = NULL;
    if (status == GROVE_OK && cut > 0 && !r->quiet) {
        fprintf(stderr,
                "%zu words or values had no room in their batch and were left out of it, where "
                "long cells met; a larger --batch has more\n",
                cut);
    }
    return status;
}

/* A network that cannot be is one that the columns do not give. */
static int code_of(const run *r, grove_status status) {
    return !r->is_built               ? code_of_data(status)
           : status == GROVE_BAD_FILE ? EXIT_BAD_MODEL
                                      : EXIT_RUN_TIME;
}

/* Of the rows of j. */
static grove_status join(run *r, const job *j, const grove_classifier *members,
                         grove_classifier *joined) {
    grove_settings settings[GROVE_MOST_MEMBERS];
    for (int k = 0; k < r->j->members; k++) {
        settings[k] = r->kept[k % r->kept_count];
    }
    r->network.seed = (uint64_t)j->o->seed;
    return grove_settings_join(settings, members, r->j->members, j->schema, j->train, &r->network,
                               joined, &r->j->error);
}

/* Of a Bayesian network, which was trained on the rows of j: networks drawn from it take its
 * place. */
static grove_status draw_networks(run *r, const job *j, grove_classifier *trained) {
    grove_classifier drawn;
    if (!j->o->bayesian) {
        return GROVE_OK;
    }
    r->network.bayes.mode = GROVE_BAYES_DRAWS;
    r->network.seed = (uint64_t)j->o->seed;
    const grove_status status = grove_settings_join(r->kept, trained, 1, j->schema, j->train,
                                                    &r->network, &drawn, &r->j->error);
    if (status == GROVE_OK) {
        grove_classifier_free(trained);
        *trained = drawn;
    }
    return status;
}

/* ---- once more, on all rows ------------------------------------------------------------------ */

static grove_status fit_whole(run *r, job *whole, grove_classifier *members) {
    grove_fit_result result;
    grove_status status = open_refit(r->j, whole);
    take_weights(r, whole);
    if (status == GROVE_OK && !r->quiet) {
        fprintf(stderr, "now anew on all %zu rows, for as many %ss as were best\n",
                whole->train.count, r->j->o->boost > 0 ? "stage" : "epoch");
    }
    for (int k = 0; k < r->j->members && status == GROVE_OK && !is_over(r, r->deadline); k++) {
        status = fit_one(r, whole, k, r->best[k], &members[k], &result);
        status = status == GROVE_OK ? draw_networks(r, whole, &members[k]) : status;
    }
    return status;
}

/* What the time or a signal ends is not kept: the model that was measured stays. */
static int refit(run *r) {
    job *j = r->j, whole;
    grove_classifier members[GROVE_MOST_MEMBERS] = {{0}};
    r->how.checkpoint = NULL;
    r->how.profile = NULL;
    r->shown.history = NULL;
    r->shown.log = NULL;
    grove_status status = fit_whole(r, &whole, members);
    const bool done = status == GROVE_OK && !is_over(r, r->deadline);
    if (done && j->members > 1) {
        status = join(r, &whole, members, &whole.classifier);
    } else if (done) {
        whole.classifier = members[0];
        members[0] = (grove_classifier){0};
    }
    if (done && status == GROVE_OK) {
        take_refit(j, &whole);
    }
    for (int k = 0; k < j->members; k++) {
        grove_classifier_free(&members[k]);
    }
    close_refit(&whole);
    return status == GROVE_OK ? EXIT_DONE
                              : complain(j->command, code_of(r, status), j->error.message);
}

/* There is a model now; and no other one, unless there is time. */
static int finish(run *r) {
    job *j = r->j;
    const bool wanted = j->settings.refit;
    int code = wanted && !is_over(r, r->deadline) ? refit(r) : EXIT_DONE;
    const bool stopped = wanted && j->refit_rows == 0 && j->resume.o && interrupt_noted();
    r->is_done = code == EXIT_DONE && !stopped;
    return code;
}

/* ---- one model ------------------------------------------------------------------------------- */

/* What is told is what they answer together. */
static grove_status measure_draws(run *r) {
    job *j = r->j;
    double loss = 0;
    grove_status status = draw_networks(r, j, &j->classifier);
    return status == GROVE_OK && j->o->bayesian && j->valid.count > 0
               ? grove_fit_validate(&j->classifier, j->schema, j->valid, &r->how, &j->result.valid,
                                    &loss, &j->error)
               : status;
}

static int train_one(run *r) {
    job *j = r->j;
    r->how.checkpoint = j->resume.o ? &j->resume.file : NULL;
    r->how.profile = j->o->profile ? &j->profile : NULL;
    r->tells_tables = !r->quiet;
    grove_status status = fit_one(r, j, 0, 0, &j->classifier, &j->result);
    if (status == GROVE_INTERRUPTED) {
        return resume_tell(&j->resume, j->error.message);
    }
    if (status != GROVE_OK) {
        return complain(j->command, code_of(r, status), j->error.message);
    }
    r->best[0] = j->result.best_epoch;
    status = measure_draws(r);
    if (status != GROVE_OK) {
        return complain(j->command, EXIT_RUN_TIME, j->error.message);
    }
    int code = finish(r);
    return code == EXIT_DONE && !r->is_done && (j->resume.file.written > 0 || j->o->resume)
               ? resume_tell(&j->resume, "training anew on all rows was stopped, and will begin "
                                         "anew")
               : code;
}

/* ---- several, joined ------------------------------------------------------------------------- */

/* The one that the time ends is only kept if it is the first. */
static grove_status train_member(run *r, int k, grove_classifier *member, bool *kept) {
    job *j = r->j;
    grove_fit_result result = {0};
    r->shown.history = k == 0 ? &j->history : NULL;
    r->shown.log = k == 0 ? &j->log : NULL;
    grove_status status = fit_one(r, j, k, 0, member, &result);
    *kept = status == GROVE_OK && (k == 0 || !r->is_late);
    if (status == GROVE_OK && k == 0) {
        j->result = result;
    }
    r->best[k] = result.best_epoch;
    if (*kept && !r->quiet) {
        fprintf(stderr, "model %d: %d epochs, the best was epoch %d, validation loss %.4f\n", k + 1,
                result.epochs, result.best_epoch, result.valid_loss);
    }
    return status;
}

static grove_status join_members(run *r, grove_classifier *members) {
    job *j = r->j;
    double loss = 0;
    grove_status status = join(r, j, members, &j->classifier);
    return status == GROVE_OK && j->valid.count > 0
               ? grove_fit_validate(&j->classifier, j->schema, j->valid, &r->how, &j->result.valid,
                                    &loss, &j->error)
               : status;
}

static int train_members(run *r, int wanted) {
    job *j = r->j;
    grove_classifier members[GROVE_MOST_MEMBERS] = {{0}};
    grove_status status = GROVE_OK;
    bool kept = true;
    j->members = 0;
    for (int k = 0; k < wanted && status == GROVE_OK && (k == 0 || !is_over(r, r->deadline)); k++) {
        status = train_member(r, k, &members[k], &kept);
        j->members += kept;
    }
    const bool stopped = j->resume.o && interrupt_noted();
    if (status == GROVE_OK && !stopped) {
        status = join_members(r, members);
    }
    for (int k = 0; k < wanted; k++) {
        grove_classifier_free(&members[k]);
    }
    if (status != GROVE_OK) {
        return complain(j->command, code_of(r, status), j->error.message);
    }
    return stopped ? EXIT_DONE : finish(r);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool is_effort(const options *o, const char *word) {
    return strcmp(o->effort, word) == 0;
}

static int train_all(run *r) {
    job *j = r->j;
    const bool high = is_effort(j->o, "high");
    const int members = j->o->members > 0 ? (int)j->o->members : high ? HIGH_MEMBERS : 1;
    if (!is_effort(j->o, "low")) {
        grove_status status = search(r);
        if (status != GROVE_OK) {
            return complain(j->command, code_of_data(status), j->error.message);
        }
    }
    if (j->resume.o && interrupt_noted()) {
        return EXIT_DONE;
    }
    j->settings = r->kept[0];
    if (j->tells) {
        print_settings(&j->settings);
        fflush(stdout);
    }
    if (resume_note(&j->resume, &j->settings) != EXIT_DONE) {
        return EXIT_RUN_TIME;
    }
    j->members = 1;
    return members > 1 ? train_members(r, members) : train_one(r);
}

int train_job(job *j) {
    const options *o = j->o;
    grove_settings *kept = calloc(MOST_KEPT, sizeof *kept);
    if (!kept) {
        return complain(j->command, EXIT_RUN_TIME, "out of memory");
    }
    kept[0] = j->settings;
    run r = {.j = j, .shown = progress_new(o->progress), .begin = seconds_now(), .kept = kept};
    r.kept_count = 1;
    r.deadline = o->time_limit > 0 ? r.begin + o->time_limit : (double)INFINITY;
    r.quiet = r.shown.kind == PROGRESS_NONE;
    r.shown.log = &j->log;
    r.shown.history = &j->history;
    r.shown.is_of_stages = o->boost > 0;
    r.network = (grove_classifier_options){
        .word_dropout = o->word_dropout,
        .weighted = j->weights.rows || j->weights.classes,
        .bayes = {.draws = (int)o->draws, .prior = o->prior, .kl_weight = o->kl_weight},
        .seed = (uint64_t)o->seed};
    set_loss(o, &r.network);
    r.how = (grove_fit_options){.seed = (uint64_t)o->seed,
                                .threads = (int)o->threads,
                                .check_finite = o->check_finite,
                                .progress = show,
                                .user = &r};
    take_weights(&r, j);
    resume_begin(&j->resume);
    int code = train_all(&r);
    const bool stopped = code == EXIT_DONE && !r.is_done;
    resume_end(&j->resume);
    j->seconds = seconds_now() - r.begin;
    j->is_late = r.is_late;
    free(kept);
    return stopped ? resume_stopped(j->command) : code;
}
