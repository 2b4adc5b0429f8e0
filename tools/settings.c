/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

static void take_sizes(grove_settings *s, const sizes *list) {
    s->given[GROVE_SETTING_HIDDEN] = list->count >= 0;
    s->hidden_count = list->count > 0 ? list->count : 0;
    memcpy(s->hidden, list->items, (size_t)s->hidden_count * sizeof *s->hidden);
}

static void take_words(grove_settings *s, const options *o) {
    for (int i = 0; i <= GROVE_OPTIMIZER_RMSPROP; i++) {
        if (strcmp(o->optimizer, grove_optimizer_name((grove_optimizer_kind)i)) == 0) {
            s->optimizer = (grove_optimizer_kind)i;
            s->given[GROVE_SETTING_OPTIMIZER] = true;
        }
    }
    for (int i = 0; i <= GROVE_NUMBERS_BINS; i++) {
        if (strcmp(o->numbers, grove_number_form_name((grove_number_form)i)) == 0) {
            s->numbers = (grove_number_form)i;
            s->given[GROVE_SETTING_NUMBERS] = true;
        }
    }
}

grove_settings given_settings(const options *o) {
    grove_settings s = {.embedding_width = o->embedding_dim,
                        .dropout = o->dropout,
                        .table_dropout = o->table_dropout,
                        .unknown_share = o->unknown_share,
                        .rate = o->rate,
                        .weight_decay = o->weight_decay,
                        .average = o->average,
                        .batch = o->batch,
                        .epochs = (int)o->epochs,
                        .patience = (int)o->patience};
    s.given[GROVE_SETTING_EMBEDDING_WIDTH] = o->embedding_dim > 0;
    s.given[GROVE_SETTING_DROPOUT] = o->dropout >= 0;
    s.given[GROVE_SETTING_TABLE_DROPOUT] = o->table_dropout >= 0;
    s.given[GROVE_SETTING_UNKNOWN_SHARE] = o->unknown_share >= 0;
    s.given[GROVE_SETTING_RATE] = o->rate > 0;
    s.given[GROVE_SETTING_WEIGHT_DECAY] = o->weight_decay >= 0;
    s.given[GROVE_SETTING_AVERAGE] = o->average >= 0;
    s.given[GROVE_SETTING_BATCH] = o->batch > 0;
    s.given[GROVE_SETTING_EPOCHS] = o->epochs > 0;
    s.given[GROVE_SETTING_PATIENCE] = o->patience > 0;
    take_sizes(&s, &o->hidden);
    take_words(&s, o);
    return s;
}

void print_settings(const grove_settings *settings) {
    char text[GROVE_SETTING_TEXT];
    printf("\n%-14s  %-9s  %s\n", "setting", "value", "why");
    for (int i = 0; i < GROVE_SETTINGS; i++) {
        const char *reason = settings->reason[i];
        printf("%-14s  %-9s  %s\n", grove_setting_name((grove_setting)i),
               grove_setting_value(settings, (grove_setting)i, text), *reason ? reason : "given");
    }
}

/* A number where it is one; a list of them; else a word. */
static json_t *json_value(const grove_settings *settings, grove_setting setting) {
    char text[GROVE_SETTING_TEXT];
    const char *value = grove_setting_value(settings, setting, text);
    double number;
    if (setting == GROVE_SETTING_HIDDEN) {
        json_t *list = json_array();
        for (int i = 0; i < settings->hidden_count; i++) {
            json_array_append_new(list, json_integer(settings->hidden[i]));
        }
        return list;
    }
    return grove_parse_number(value, strlen(value), &number) ? json_number(number)
                                                             : json_string(value);
}

json_t *json_settings(const grove_settings *settings) {
    json_t *object = json_object();
    for (int i = 0; i < GROVE_SETTINGS; i++) {
        const char *reason = settings->reason[i];
        json_object_set_new(object, grove_setting_name((grove_setting)i),
                            json_pack("{s:o, s:o}", "value", json_value(settings, (grove_setting)i),
                                      "reason", *reason ? json_string(reason) : json_null()));
    }
    return object;
}

/* But for epochs and patience, which only say when it ends. */
char *settings_lines(const grove_settings *settings) {
    char *text = NULL, value[GROVE_SETTING_TEXT];
    size_t size;
    FILE *to = open_memstream(&text, &size);
    for (int i = 0; to && i < GROVE_SETTINGS; i++) {
        if (i != GROVE_SETTING_EPOCHS && i != GROVE_SETTING_PATIENCE) {
            fprintf(to, "--%s %s\n", grove_setting_name((grove_setting)i),
                    grove_setting_value(settings, (grove_setting)i, value));
        }
    }
    bool good = to && !ferror(to);
    good = to && fclose(to) == 0 && good;
    if (!good) {
        free(text);
    }
    return good ? text : NULL;
}
