/* SPDX-License-Identifier: MIT */
#include "cv_sets.h"

#include <stdlib.h>
#include <string.h>

static size_t classes_of(const grove_schema *schema) {
    return (size_t)grove_schema_ids(schema, (size_t)grove_schema_label(schema));
}

/* Which class of all rows is a class of this round's? [classes of the round], to be freed. One that
 * is frequent enough for the form in these rows only is none of them: NOWHERE. */
#define NOWHERE ((size_t)-1)
static size_t *places_of(const label_sets *sets, const job *j) {
    const size_t label = (size_t)grove_schema_label(j->schema), classes = classes_of(j->schema);
    const size_t whole = (size_t)grove_schema_label(sets->schema);
    size_t *places = calloc(classes + 1, sizeof *places);
    for (size_t c = 0; c < classes && places; c++) {
        const grove_cell name = grove_schema_value(j->schema, label, (int32_t)c);
        const int32_t id = grove_schema_id(sets->schema, whole, name);
        places[c] = id < 0 ? NOWHERE : (size_t)id;
    }
    return places;
}

/* What a round is tested by, for its own rows [count, all classes]. */
typedef struct tested {
    float *p;
    unsigned char *truth, *always;
    size_t count, classes;
} tested;

static void spread(const job *j, const float *own, const size_t *places, tested *t,
                   float *probabilities) {
    const size_t classes = classes_of(j->schema);
    for (size_t i = 0; i < t->count; i++) {
        float *p = t->p + i * t->classes;
        for (size_t c = 0; c < classes; c++) {
            if (places[c] != NOWHERE) {
                p[places[c]] = own[i * classes + c];
            }
        }
        memcpy(probabilities + j->split.test[i] * t->classes, p, t->classes * sizeof *p);
    }
}

static grove_status measure(const tested *t, cv_round *round, grove_error *error) {
    const grove_set_report_options once = {.resamples = 1}; /* no intervals are told */
    grove_set_report report = {0};
    grove_metrics metrics = {0};
    grove_status status =
        grove_set_metrics(t->p, t->truth, NULL, t->count, t->classes, GROVE_USUAL_THRESHOLD,
                          t->always, NULL, &metrics, error);
    if (status == GROVE_OK) {
        status =
            grove_multilabel_report(t->p, t->truth, t->count, t->classes, &once, &report, error);
    }
    for (int i = 0; i < GROVE_SET_MEASURES; i++) {
        round->measures[i] = report.measures[i].value;
    }
    round->baseline = metrics.baseline_accuracy;
    grove_set_report_free(&report);
    return status;
}

static grove_status answer(const job *j, float *own, grove_error *error) {
    grove_predictor *predictor = NULL;
    grove_status status = grove_predictor_new(j->classifier.graph, j->schema, 0, (int)j->o->threads,
                                              &predictor, error);
    if (status == GROVE_OK) {
        status = grove_predictor_run(
            predictor, (grove_rows){j->data, j->split.test, j->split.test_count}, own, error);
    }
    grove_predictor_free(predictor);
    return status;
}

grove_status cv_sets_test(const label_sets *sets, job *j, float *probabilities, cv_round *round) {
    const grove_label_set usual = grove_schema_usual_set(j->schema);
    tested t = {.count = j->split.test_count, .classes = classes_of(sets->schema)};
    float *own = calloc(t.count + 1, classes_of(j->schema) * sizeof *own);
    size_t *places = places_of(sets, j);
    t.p = calloc(t.count + 1, t.classes * sizeof *t.p);
    t.truth = truth_of_sets(sets->data, j->split.test, t.count, t.classes);
    t.always = calloc(t.classes + 1, 1);
    grove_status status = GROVE_NO_MEMORY;
    if (own && places && t.p && t.truth && t.always) {
        status = answer(j, own, &j->error);
    }
    for (size_t i = 0; i < usual.count && status == GROVE_OK; i++) {
        const size_t place = places[usual.classes[i]];
        t.always[place == NOWHERE ? t.classes : place] = 1;
    }
    if (status == GROVE_OK) {
        spread(j, own, places, &t, probabilities);
        status = measure(&t, round, &j->error);
    }
    free(own);
    free(places);
    free(t.p);
    free(t.truth);
    free(t.always);
    return status;
}
