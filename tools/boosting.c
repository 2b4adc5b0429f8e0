/* SPDX-License-Identifier: MIT */
#include "boosting.h"

#include <math.h>

/* ---- training -------------------------------------------------------------------------------- */

static void choose(grove_settings *s, grove_setting setting, const char *reason) {
    snprintf(s->reason[setting], sizeof *s->reason, "%s", reason);
}

static void settle_network(grove_settings *s) {
    if (!s->given[GROVE_SETTING_ARCHITECTURE]) {
        s->architecture = GROVE_ARCHITECTURE_MLP;
        s->cross_count = 0;
        choose(s, GROVE_SETTING_ARCHITECTURE, "of each weak model of boosting");
        choose(s, GROVE_SETTING_CROSSES, "weak models have none");
    }
    if (!s->given[GROVE_SETTING_HIDDEN]) {
        s->hidden[0] = 32;
        s->hidden_count = 1;
        choose(s, GROVE_SETTING_HIDDEN, "of each weak model: it is to be small");
    }
}

void settle_boosting(const options *o, size_t rows, grove_settings *s) {
    enum { STEPS = 200, LEAST = 2, MOST = 100 };
    if (o->boost == 0) {
        return;
    }
    settle_network(s);
    const size_t steps = (rows + (size_t)s->batch - 1) / (size_t)s->batch; /* of an epoch */
    const size_t epochs = steps ? (STEPS + steps - 1) / steps : 1;
    if (!s->given[GROVE_SETTING_EPOCHS]) {
        s->epochs = (int)(epochs < LEAST ? LEAST : epochs > MOST ? MOST : epochs);
        choose(s, GROVE_SETTING_EPOCHS, "of each weak model: for some 200 steps");
    }
    if (!s->given[GROVE_SETTING_AVERAGE]) {
        s->average = 1 - 4 / fmax(8, (double)s->epochs * (double)steps);
        choose(s, GROVE_SETTING_AVERAGE, "over a quarter of the steps of a weak model");
    }
    if (!s->given[GROVE_SETTING_PATIENCE]) {
        s->patience = 5;
        choose(s, GROVE_SETTING_PATIENCE, "stages of boosting");
    }
}

grove_status fit_boosted(const options *o, int stages, const grove_settings *settings,
                         const grove_schema *schema, grove_rows train, grove_rows valid,
                         const grove_classifier_options *network, const grove_fit_options *fit,
                         boosting *b, grove_classifier *model, grove_fit_result *result,
                         grove_error *error) {
    const grove_boost_options options = {.stages = stages,
                                         .shrinkage = o->boost_rate,
                                         .corrective_epochs = o->corrective_epochs < 0
                                                                  ? (settings->epochs + 1) / 2
                                                                  : (int)o->corrective_epochs,
                                         .network = network,
                                         .fit = fit};
    grove_status status = grove_settings_boost(settings, schema, train, valid, &options, b->stages,
                                               model, &b->result, error);
    *result = (grove_fit_result){.epochs = b->result.stages,
                                 .best_epoch = b->result.best_stage,
                                 .train_loss = b->result.train_loss,
                                 .valid_loss = b->result.valid_loss,
                                 .valid = b->result.valid};
    return status;
}

/* ---- telling --------------------------------------------------------------------------------- */

json_t *json_boosting(const boosting *b) {
    json_t *rates = json_array(), *searched = json_array(), *train = json_array();
    json_t *valid = json_array();
    for (int i = 0; i < b->result.stages; i++) {
        const grove_boost_stage *s = &b->stages[i];
        json_array_append_new(rates, json_number(s->rate));
        json_array_append_new(searched, json_number(s->searched_loss));
        json_array_append_new(train, json_number(s->train_loss));
        if (isfinite(s->valid_loss)) {
            json_array_append_new(valid, json_number(s->valid_loss));
        }
    }
    return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "stages", b->result.stages, "best_stage",
                     b->result.best_stage, "step", rates, "searched_loss", searched,
                     "training_loss", train, "validation_loss", valid);
}

/* Of a list that may be another thing, or short. */
static void print_at(const json_t *list, size_t i, int width) {
    char text[40] = "-";
    const json_t *number = json_array_get(list, i);
    if (json_is_number(number)) {
        snprintf(text, sizeof text, "%.4f", json_number_value(number));
    }
    printf("  %*s", width, text);
}

void print_boosting(const json_t *told) {
    const json_t *train = json_object_get(told, "training_loss");
    const json_t *valid = json_object_get(told, "validation_loss");
    const json_int_t best = json_integer_value(json_object_get(told, "best_stage"));
    printf("\nstage      step  training loss  validation loss\n");
    for (size_t i = 0; i < json_array_size(train); i++) {
        printf("%5zu", i + 1);
        print_at(json_object_get(told, "step"), i, 8);
        print_at(train, i, 13);
        print_at(valid, i, 15);
        printf("%s\n", (json_int_t)i + 1 == best ? "  the model ends here" : "");
    }
    printf("Stage 1 is the first weak model alone; a step is what was searched for, before all "
           "stages\nso far were corrected together.\n");
}

char *boosting_text(const boosting *b) {
    return json_write(json_boosting(b), JSON_COMPACT);
}

/* A file is not trusted: an object, or nothing. */
json_t *read_boosting(const grove_model *model) {
    const char *text = grove_model_metadata(model, "boosting");
    json_t *object = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}
