/* SPDX-License-Identifier: MIT */
#include "softmax.h"

#include <string.h>

static const char *const kinds[] = {"full", "sampled", "nce"};
static const char *const samplers[] = {"log-uniform", "uniform", "unigram"};

static int place_of(const char *word, const char *const *words, int count) {
    int found = 0;
    for (int i = 0; word && i < count; i++) {
        found = strcmp(word, words[i]) == 0 ? i : found;
    }
    return found;
}

static grove_softmax_kind kind_of(const options *o) {
    return (grove_softmax_kind)place_of(o->softmax, kinds, 3);
}

void set_softmax(const options *o, grove_classifier_options *network) {
    network->softmax = kind_of(o);
    network->sampler = (grove_sampler_kind)place_of(o->sampler, samplers, 3);
    network->samples = o->drawn_classes;
}

void settle_softmax(const options *o, grove_settings *s) {
    if (kind_of(o) == GROVE_SOFTMAX_FULL) {
        return;
    }
    if (!s->given[GROVE_SETTING_ARCHITECTURE]) {
        s->given[GROVE_SETTING_ARCHITECTURE] = true;
        s->architecture = GROVE_ARCHITECTURE_MLP;
    }
    if (!s->given[GROVE_SETTING_AVERAGE]) {
        s->given[GROVE_SETTING_AVERAGE] = true;
        s->average = 0;
    }
}

static void explain(grove_settings *s, grove_setting setting, const char *why) {
    snprintf(s->reason[setting], sizeof s->reason[setting], "%s", why);
}

void explain_softmax(const options *o, grove_settings *s) {
    if (kind_of(o) == GROVE_SOFTMAX_FULL) {
        return;
    }
    if (strcmp(o->architecture, "auto") == 0) {
        explain(s, GROVE_SETTING_ARCHITECTURE, "classes that are drawn want one last layer");
    }
    if (o->average < 0) {
        explain(s, GROVE_SETTING_AVERAGE,
                "a step moves the classes that were drawn; an average would move all");
    }
}

void print_softmax(const options *o) {
    if (kind_of(o) != GROVE_SOFTMAX_FULL) {
        printf("softmax  %s: %ld classes drawn for a batch, %s; validation is of all classes\n",
               o->softmax, o->drawn_classes, o->sampler);
    }
}

json_t *json_softmax(const options *o) {
    const bool full = kind_of(o) == GROVE_SOFTMAX_FULL;
    return json_pack("{s:s, s:o, s:o}", "kind", kinds[kind_of(o)], "sampler",
                     full ? json_null() : json_string(o->sampler), "samples",
                     full ? json_null() : json_integer(o->drawn_classes));
}

int refuse_many_classes(const char *command, const char *what, size_t rows, size_t classes,
                        const char *instead) {
    char sentence[500], all[40], row[40];
    if (classes < MANY_CLASSES) {
        return EXIT_DONE;
    }
    snprintf(sentence, sizeof sentence,
             "%s would keep a probability of each of %s classes for each of %s rows: %s", what,
             with_commas(all, (int64_t)classes), with_commas(row, (int64_t)rows), instead);
    return complain(command, EXIT_RUN_TIME, sentence);
}
