/* SPDX-License-Identifier: MIT */
#include "schema_file.h"

#include <inttypes.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"

/* A file under way, and the column that is looked at. */
typedef struct reading {
    const char *command, *path;
    const json_t *from; /* the object of the column */
    char words[120];    /* "column 'age'" */
    grove_column_wish *to;
} reading;

static int refuse(const reading *r, const char *format, ...) GROVE_PRINTF(2, 3);
static int refuse(const reading *r, const char *format, ...) {
    char sentence[700], all[1100];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    snprintf(all, sizeof all, "%.200s: %s%s%s", r->path, r->words, *r->words ? ": " : "", sentence);
    return complain(r->command, EXIT_BAD_DATA, all);
}

/* ---- keys ------------------------------------------------------------------------------------ */

typedef struct key key;
struct key {
    const char *name;
    int (*read)(const reading *r, const key *k, const json_t *value);
    size_t field; /* of a count: its place in the form */
    json_int_t most;
    bool is_of[GROVE_COLUMN_KINDS]; /* which kinds have it */
};

static int read_nothing(const reading *r, const key *k, const json_t *value) {
    return json_is_string(value) ? EXIT_DONE
                                 : refuse(r, "key '%s' takes a text in quotes", k->name);
}

static int read_type(const reading *r, const key *k, const json_t *value) {
    char all[160] = "", meant[SUGGESTION_SIZE];
    const char *word = json_string_value(value);
    suggestion near = {.wanted = word ? word : ""};
    if (word && grove_column_kind_from_name(word, &r->to->kind)) {
        return EXIT_DONE;
    }
    for (int kind = 0; kind < GROVE_COLUMN_KINDS; kind++) {
        const char *name = grove_column_kind_name((grove_column_kind)kind);
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", name);
        consider(&near, name);
    }
    return refuse(r, "key '%s' takes one of %s, not '%.40s'%s", k->name, all,
                  word ? word : "what is no text", in_words(meant, &near, ""));
}

/* The empty cell, which is missing in any case, may stand in the list. */
static int read_missing(const reading *r, const key *k, const json_t *value) {
    grove_column_form *form = &r->to->form;
    const char **texts = calloc(json_array_size(value) + 1, sizeof *texts);
    form->missing = texts; /* lives as long as the program */
    if (!texts) {
        return complain(r->command, EXIT_RUN_TIME, "out of memory");
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *text = json_string_value(json_array_get(value, i));
        if (!text) {
            return refuse(r, "key '%s', item %zu, is no text in quotes", k->name, i + 1);
        }
        if (*text) {
            texts[form->missing_count++] = text;
        }
    }
    return json_is_array(value)
               ? EXIT_DONE
               : refuse(r, "key '%s' takes a list of texts, as [\"\", \"NA\"]", k->name);
}

/* The number of a key of that name in this object; `least` to `most`. */
static int read_whole(const reading *r, const char *name, const json_t *value, json_int_t least,
                      json_int_t most, int64_t *number) {
    json_int_t whole = json_integer_value(value);
    if (!json_is_integer(value) || whole < least || whole > most) {
        return refuse(r,
                      "key '%s' takes a whole number from %" JSON_INTEGER_FORMAT
                      " to %" JSON_INTEGER_FORMAT ", or null",
                      name, least, most);
    }
    *number = whole;
    return EXIT_DONE;
}

static int read_count(const reading *r, const key *k, const json_t *value) {
    return read_whole(r, k->name, value, 1, k->most, (int64_t *)((char *)&r->to->form + k->field));
}

static int read_hash(const reading *r, const key *k, const json_t *value) {
    const char *name;
    json_t *item;
    int64_t seed = 0;
    int code = json_is_object(value) ? EXIT_DONE
                                     : refuse(r,
                                              "key '%s' takes {\"buckets\": N, \"seed\": S}, "
                                              "or null",
                                              k->name);
    json_object_foreach((json_t *)(uintptr_t)value, name, item) {
        if (code == EXIT_DONE && strcmp(name, "buckets") == 0) {
            code = read_whole(r, name, item, 1, INT32_MAX - 2, &r->to->form.buckets);
        } else if (code == EXIT_DONE && strcmp(name, "seed") == 0) {
            code = read_whole(r, name, item, 0, INT64_MAX, &seed);
        } else if (code == EXIT_DONE) {
            code = refuse(r, "key '%s' has no '%.40s': it takes buckets and seed", k->name, name);
        }
    }
    if (code == EXIT_DONE && r->to->form.buckets == 0) {
        code = refuse(r, "key '%s' does not say how many buckets", k->name);
    }
    r->to->form.seed = (uint64_t)seed;
    return code;
}

static int read_split(const reading *r, const key *k, const json_t *value) {
    const char *text = json_string_value(value);
    bool one = text && strlen(text) == 1 && !strchr("\"\r\n", *text) && (*text & 0x80) == 0;
    r->to->form.split = one ? *text : 0;
    return one ? EXIT_DONE
               : refuse(r, "key '%s' takes one character of ASCII, no quote and no line end",
                        k->name);
}

/* The place of the value among these words, of which NULL is the last. */
static int read_choice(const reading *r, const key *k, const json_t *value,
                       const char *const *words, int *place) {
    char meant[SUGGESTION_SIZE], all[120] = "";
    const char *word = json_string_value(value);
    suggestion near = {.wanted = word ? word : ""};
    for (*place = 0; words[*place]; ++*place) {
        if (word && strcmp(word, words[*place]) == 0) {
            return EXIT_DONE;
        }
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", words[*place]);
        consider(&near, words[*place]);
    }
    return refuse(r, "key '%s' takes one of %s%s", k->name, all, in_words(meant, &near, ""));
}

static int read_combine(const reading *r, const key *k, const json_t *value) {
    static const char *const words[] = {"mean", "sum", NULL};
    int place;
    const int code = read_choice(r, k, value, words, &place);
    r->to->form.sum = place == 1;
    return code;
}

/* "auto" is what null says. */
static int read_numbers(const reading *r, const key *k, const json_t *value) {
    static const char *const words[] = {
#define WORD(name, words) words,
        GROVE_NUMBER_FORM_LIST(WORD)
#undef WORD
            NULL};
    int place;
    const int code = read_choice(r, k, value, words + 1, &place);
    r->to->form.numbers = (grove_number_form)(place + 1);
    return code;
}

static int read_unknown(const reading *r, const key *k, const json_t *value) {
    static const char *const words[] = {
#define WORD(code, word) word,
        GROVE_UNKNOWN_POLICY_LIST(WORD)
#undef WORD
            NULL};
    int place;
    const int code = read_choice(r, k, value, words, &place);
    r->to->form.unknown = (grove_unknown_policy)place;
    return code;
}

/* The form says what is left out, the file what is there. */
static int read_flag(const reading *r, const key *k, const json_t *value) {
    *(bool *)((char *)&r->to->form + k->field) = json_is_false(value);
    return json_is_boolean(value) ? EXIT_DONE : refuse(r, "key '%s' takes true or false", k->name);
}

static int read_lower(const reading *r, const key *k, const json_t *value) {
    const char *word = json_string_value(value);
    r->to->form.keep_case = json_is_false(value);
    r->to->form.ascii_case = word && strcmp(word, "ascii") == 0;
    return json_is_boolean(value) || r->to->form.ascii_case
               ? EXIT_DONE
               : refuse(r, "key '%s' takes true, false or \"ascii\" (only A to Z)", k->name);
}

#define OF(...)                                                                                    \
    { __VA_ARGS__ }
#define ALL_KINDS                                                                                  \
    OF([GROVE_COLUMN_CATEGORICAL] = true, [GROVE_COLUMN_NUMERIC] = true,                           \
       [GROVE_COLUMN_BAG] = true, [GROVE_COLUMN_TEXT] = true, [GROVE_COLUMN_LABEL] = true,         \
       [GROVE_COLUMN_IGNORED] = true, [GROVE_COLUMN_TARGET] = true, [GROVE_COLUMN_LABELS] = true)
#define SEVERAL OF([GROVE_COLUMN_BAG] = true, [GROVE_COLUMN_LABELS] = true)
#define COUNTED                                                                                    \
    OF([GROVE_COLUMN_CATEGORICAL] = true, [GROVE_COLUMN_BAG] = true, [GROVE_COLUMN_TEXT] = true,   \
       [GROVE_COLUMN_LABELS] = true)
#define VALUES                                                                                     \
    OF([GROVE_COLUMN_CATEGORICAL] = true, [GROVE_COLUMN_BAG] = true, [GROVE_COLUMN_TEXT] = true)
#define FORM(member) offsetof(grove_column_form, member)

static const key keys[] = {
    {"name", read_nothing, 0, 0, ALL_KINDS},
    {"type", read_type, 0, 0, ALL_KINDS},
    {"reason", read_nothing, 0, 0, ALL_KINDS},
    {"missing", read_missing, 0, 0, ALL_KINDS},
    {"min_count", read_count, FORM(min_count), 1000000000, COUNTED},
    {"max_values", read_count, FORM(max_values), INT32_MAX, COUNTED},
    {"hash", read_hash, 0, 0, VALUES},
    {"split", read_split, 0, 0, SEVERAL},
    {"combine", read_combine, 0, 0, OF([GROVE_COLUMN_BAG] = true)},
    {"lower", read_lower, 0, 0, OF([GROVE_COLUMN_TEXT] = true)},
    {"pairs", read_flag, FORM(no_pairs), 0, OF([GROVE_COLUMN_TEXT] = true)},
    {"parts", read_flag, FORM(no_parts), 0, OF([GROVE_COLUMN_TEXT] = true)},
    {"unknown", read_unknown, 0, 0,
     OF([GROVE_COLUMN_CATEGORICAL] = true, [GROVE_COLUMN_NUMERIC] = true)},
    {"numbers", read_numbers, 0, 0, OF([GROVE_COLUMN_NUMERIC] = true)},
};
enum { KEYS = sizeof keys / sizeof *keys };

static int refuse_key(const reading *r, const char *name) {
    char all[200] = "", meant[SUGGESTION_SIZE];
    suggestion near = {.wanted = name};
    for (int i = 0; i < KEYS; i++) {
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", keys[i].name);
        consider(&near, keys[i].name);
    }
    return refuse(r, "there is no key '%.40s'%s%s%s%s", name, in_words(meant, &near, ""),
                  *meant ? "" : " (there are ", *meant ? "" : all, *meant ? "" : ")");
}

static int read_key(const reading *r, const char *name, const json_t *value) {
    for (int i = 0; i < KEYS; i++) {
        const key *k = &keys[i];
        if (strcmp(k->name, name) != 0) {
            continue;
        }
        if (!k->is_of[r->to->kind] && !json_is_null(value)) {
            return refuse(r, "a column of the type %s has no key '%s'",
                          grove_column_kind_name(r->to->kind), name);
        }
        return json_is_null(value) && k->read != read_type ? EXIT_DONE : k->read(r, k, value);
    }
    return refuse_key(r, name);
}

/* ---- columns --------------------------------------------------------------------------------- */

static bool holds_several(grove_column_kind kind) {
    return kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_LABELS;
}

/* The type first: it says which keys there may be. */
static int read_column(reading *r, size_t index, const json_t *from) {
    const char *name = json_string_value(json_object_get(from, "name")), *member;
    json_t *value;
    r->from = from;
    snprintf(r->words, sizeof r->words, "column %zu of the list", index + 1);
    if (!name || !*name) {
        return refuse(r, "it has no 'name'");
    }
    r->to->name = name;
    snprintf(r->words, sizeof r->words, "column '%.80s'", name);
    if (!json_object_get(from, "type")) {
        return refuse(r, "it has no 'type'");
    }
    int code = read_key(r, "type", json_object_get(from, "type"));
    r->to->form.split = holds_several(r->to->kind) ? ';' : 0;
    json_object_foreach((json_t *)(uintptr_t)from, member, value) {
        if (code == EXIT_DONE && strcmp(member, "type") != 0) {
            code = read_key(r, member, value);
        }
    }
    return code;
}

static int read_columns(reading *r, schema_wishes *wishes, const char **label) {
    const json_t *list = json_object_get(wishes->file, "columns");
    int code = EXIT_DONE;
    wishes->items = calloc(json_array_size(list) + 1, sizeof *wishes->items);
    if (!wishes->items) {
        return complain(r->command, EXIT_RUN_TIME, "out of memory");
    }
    for (size_t i = 0; i < json_array_size(list) && code == EXIT_DONE; i++) {
        r->to = &wishes->items[i];
        code = read_column(r, i, json_array_get(list, i));
        for (size_t k = 0; k < i && code == EXIT_DONE; k++) {
            if (strcmp(wishes->items[k].name, r->to->name) == 0) {
                code = refuse(r, "it stands there twice");
            }
        }
        bool is_label = r->to->kind == GROVE_COLUMN_LABEL || r->to->kind == GROVE_COLUMN_TARGET ||
                        r->to->kind == GROVE_COLUMN_LABELS;
        if (code == EXIT_DONE && is_label && *label) {
            code = refuse(r, "a second label: '%.80s' is the label already", *label);
        }
        *label = is_label ? r->to->name : *label;
        wishes->count = i + 1;
    }
    r->words[0] = '\0';
    return code;
}

static int read_file(reading *r, schema_wishes *wishes, const char **label) {
    json_error_t why;
    const json_t *number;
    wishes->file = json_load_file(r->path, JSON_REJECT_DUPLICATES, &why);
    number = json_object_get(wishes->file, "schema");
    if (!wishes->file && why.line > 0) {
        return refuse(r, "line %d, character %d: %s", why.line, why.column, why.text);
    } else if (!wishes->file) {
        char sentence[400];
        snprintf(sentence, sizeof sentence, "cannot read '%.200s': %s", r->path, strerror(errno));
        return complain(r->command, EXIT_BAD_DATA, sentence);
    } else if (!number) {
        return refuse(r, "it is no schema: it has no \"schema\": 1");
    } else if (!json_is_integer(number) || json_integer_value(number) != 1) {
        return refuse(r, "its form, \"schema\", must be 1, which is what this grove reads");
    } else if (!json_is_array(json_object_get(wishes->file, "columns"))) {
        return refuse(r, "it has no list \"columns\"");
    }
    return read_columns(r, wishes, label);
}

int read_schema_file(const char *command, options *o) {
    static schema_wishes wishes;
    reading r = {.command = command, .path = o->schema};
    const char *label = NULL;
    int code = read_file(&r, &wishes, &label);
    if (code == EXIT_DONE && label && o->label && strcmp(label, o->label) != 0) {
        code = refuse(&r, "its label is '%.80s', but --label says '%.80s'", label, o->label);
    }
    o->label = o->label ? o->label : label;
    o->wishes = &wishes;
    return code;
}
