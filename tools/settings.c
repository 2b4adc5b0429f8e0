/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"

GROVE_PRINTF(2, 3) static bool refuse(grove_error *error, const char *format, ...) {
    va_list more;
    va_start(more, format);
    error->status = GROVE_BAD_DATA;
    vsnprintf(error->message, sizeof error->message, format, more);
    va_end(more);
    return false;
}

static void take_sizes(grove_settings *s, const sizes *list) {
    s->given[GROVE_SETTING_HIDDEN] = list->count >= 0;
    s->hidden_count = list->count > 0 ? list->count : 0;
    memcpy(s->hidden, list->items, (size_t)s->hidden_count * sizeof *s->hidden);
}

static void take_words(grove_settings *s, const options *o) {
    for (int i = 0; i < GROVE_ARCHITECTURES; i++) {
        if (strcmp(o->architecture, grove_architecture_name((grove_architecture)i)) == 0) {
            s->architecture = (grove_architecture)i;
            s->given[GROVE_SETTING_ARCHITECTURE] = true;
        }
    }
    for (int i = 0; i <= GROVE_OPTIMIZER_RMSPROP; i++) {
        if (strcmp(o->optimizer, grove_optimizer_name((grove_optimizer_kind)i)) == 0) {
            s->optimizer = (grove_optimizer_kind)i;
            s->given[GROVE_SETTING_OPTIMIZER] = true;
        }
    }
    s->given[GROVE_SETTING_NUMBERS] =
        grove_number_form_from_name(o->numbers, &s->numbers) && s->numbers != GROVE_NUMBERS_AUTO;
}

static void take_refit(grove_settings *s, const options *o) {
    s->refit = strcmp(o->refit, "yes") == 0;
    s->given[GROVE_SETTING_REFIT] = strcmp(o->refit, "auto") != 0;
}

static void take_numbers(grove_settings *s, const options *o) {
    s->embedding_width = o->embedding_dim;
    s->cross_buckets = o->cross_buckets;
    s->cross_dropout = o->cross_dropout;
    s->dropout = o->dropout;
    s->table_dropout = o->table_dropout;
    s->unknown_share = o->unknown_share;
    s->rate = o->rate;
    s->weight_decay = o->weight_decay;
    s->average = o->average;
    s->batch = o->batch;
    s->epochs = (int)o->epochs;
    s->patience = (int)o->patience;
    s->given[GROVE_SETTING_EMBEDDING_WIDTH] = o->embedding_dim > 0;
    s->given[GROVE_SETTING_CROSS_BUCKETS] = o->cross_buckets > 0;
    s->given[GROVE_SETTING_CROSS_DROPOUT] = o->cross_dropout >= 0;
    s->given[GROVE_SETTING_DROPOUT] = o->dropout >= 0;
    s->given[GROVE_SETTING_TABLE_DROPOUT] = o->table_dropout >= 0;
    s->given[GROVE_SETTING_UNKNOWN_SHARE] = o->unknown_share >= 0;
    s->given[GROVE_SETTING_RATE] = o->rate > 0;
    s->given[GROVE_SETTING_WEIGHT_DECAY] = o->weight_decay >= 0;
    s->given[GROVE_SETTING_AVERAGE] = o->average >= 0;
    s->given[GROVE_SETTING_BATCH] = o->batch > 0;
    s->given[GROVE_SETTING_EPOCHS] = o->epochs > 0;
    s->given[GROVE_SETTING_PATIENCE] = o->patience > 0;
}

/* ---- crosses --------------------------------------------------------------------------------- */

/* The place among the categorical columns; -1 after a mistake. */
static int place_of(const options *o, const grove_schema *schema, const char *name,
                    grove_error *error) {
    for (size_t i = 0; i < grove_schema_categoricals(schema); i++) {
        size_t column = (size_t)grove_schema_categorical(schema, i);
        if (strcmp(grove_schema_name(schema, column), name) == 0) {
            return (int)i;
        }
    }
    char meant[SUGGESTION_SIZE];
    suggestion near = {.wanted = name};
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        consider(&near, grove_schema_name(schema, i));
    }
    if (grove_schema_column(schema, name) >= 0) {
        refuse(error, "--crosses: column '%.200s' is not categorical; --categorical can make it so",
               name);
    } else {
        refuse(error, "--crosses: column '%.100s' is not in %.200s%s", name, o->files[0],
               in_words(meant, &near, ""));
    }
    return -1;
}

static bool has_twice(const grove_cross *cross) {
    for (int i = 1; i < cross->count; i++) {
        for (int before = 0; before < i; before++) {
            if (cross->columns[before] == cross->columns[i]) {
                return true;
            }
        }
    }
    return false;
}

static bool has_column(const grove_cross *cross, int column) {
    for (int i = 0; i < cross->count; i++) {
        if (cross->columns[i] == column) {
            return true;
        }
    }
    return false;
}

/* Is the last cross one of those before it, its columns in any order? */
static bool is_again(const grove_cross *crosses, int count) {
    const grove_cross *last = &crosses[count - 1];
    for (int i = 0; i < count - 1; i++) {
        bool same = crosses[i].count == last->count;
        for (int k = 0; k < last->count && same; k++) {
            same = has_column(&crosses[i], last->columns[k]);
        }
        if (same) {
            return true;
        }
    }
    return false;
}

/* "A*B" is cut up. */
static bool take_cross(grove_cross *cross, const options *o, const grove_schema *schema, char *text,
                       grove_error *error) {
    *cross = (grove_cross){.count = 0};
    for (char *next = text; next;) {
        char *star = strchr(next, '*');
        if (star) {
            *star++ = '\0';
        }
        if (cross->count == GROVE_MOST_CROSSED) {
            return refuse(error, "--crosses: a cross is of at most %d columns", GROVE_MOST_CROSSED);
        }
        int place = place_of(o, schema, next, error);
        if (place < 0) {
            return false;
        }
        cross->columns[cross->count++] = place;
        next = star;
    }
    if (has_twice(cross)) {
        return refuse(error, "--crosses: a column stands twice in a cross of '%.200s'", text);
    }
    return cross->count >= 2 ||
           refuse(error, "--crosses: '%.200s' is no cross: A*B is one of two columns", text);
}

static bool take_crosses(grove_settings *s, const options *o, const grove_schema *schema,
                         grove_error *error) {
    s->given[GROVE_SETTING_CROSSES] = strcmp(o->crosses, "auto") != 0;
    if (!s->given[GROVE_SETTING_CROSSES] || strcmp(o->crosses, "none") == 0) {
        return true;
    }
    char *text = strdup(o->crosses), *rest = text;
    bool good = text != NULL || refuse(error, "out of memory");
    while (rest && good) {
        char *one = next_name(&rest);
        if (!one || s->cross_count == GROVE_MOST_CROSSES) {
            good = refuse(error,
                          one ? "--crosses: there are more than %d"
                              : "--crosses takes crosses like A*B, separated by commas (and "
                                "at most %d)",
                          GROVE_MOST_CROSSES);
            break;
        }
        good = take_cross(&s->crosses[s->cross_count++], o, schema, one, error);
        if (good && is_again(s->crosses, s->cross_count)) {
            good = refuse(error, "--crosses: cross %d has the columns of one before it",
                          s->cross_count);
        }
    }
    free(text);
    return good;
}

/* What a Bayesian network is, unless it was given. */
static void take_bayesian(grove_settings *s) {
    s->given[GROVE_SETTING_ARCHITECTURE] = true; /* no other one is let pass */
    s->architecture = GROVE_ARCHITECTURE_MLP;
    s->dropout = s->given[GROVE_SETTING_DROPOUT] ? s->dropout : 0;
    s->table_dropout = s->given[GROVE_SETTING_TABLE_DROPOUT] ? s->table_dropout : 0;
    s->given[GROVE_SETTING_DROPOUT] = s->given[GROVE_SETTING_TABLE_DROPOUT] = true;
}

void explain_bayesian(const options *o, grove_settings *settings) {
    const struct {
        grove_setting setting;
        const char *option, *reason;
    } own[] = {
        {GROVE_SETTING_ARCHITECTURE, "architecture", "a Bayesian network is one"},
        {GROVE_SETTING_DROPOUT, "dropout", "a Bayesian network's weights are noise enough"},
        {GROVE_SETTING_TABLE_DROPOUT, "table-dropout", "a Bayesian network's vectors are, too"}};
    for (size_t i = 0; i < sizeof own / sizeof *own && o->bayesian; i++) {
        if (!option_is_given(o, own[i].option)) {
            snprintf(settings->reason[own[i].setting], sizeof *settings->reason, "%s",
                     own[i].reason);
        }
    }
}

static bool has_texts(const grove_schema *schema) {
    for (size_t i = 0; i < grove_schema_columns(schema); i++) {
        if (grove_schema_kind(schema, i) == GROVE_COLUMN_TEXT) {
            return true;
        }
    }
    return false;
}

grove_status given_settings(const options *o, const grove_schema *schema, grove_settings *s,
                            grove_error *error) {
    *s = (grove_settings){0};
    if (option_is_given(o, "word-dropout") && !has_texts(schema)) {
        refuse(error,
               "--word-dropout is for columns of text, and there is none; --text names some");
        return error->status;
    }
    take_numbers(s, o);
    take_sizes(s, &o->hidden);
    take_words(s, o);
    take_refit(s, o);
    if (o->bayesian) {
        take_bayesian(s);
    }
    return take_crosses(s, o, schema, error) ? GROVE_OK : error->status;
}

void explain_found(grove_settings *found, const grove_settings *chosen) {
    char before[GROVE_SETTING_TEXT], after[GROVE_SETTING_TEXT];
    for (int i = 0; i < GROVE_SETTINGS; i++) {
        const char *old = grove_setting_value(chosen, (grove_setting)i, before);
        if (strcmp(old, grove_setting_value(found, (grove_setting)i, after)) != 0) {
            snprintf(found->reason[i], sizeof found->reason[i],
                     "of the settings that were tried, the best on the validation rows");
        }
    }
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
