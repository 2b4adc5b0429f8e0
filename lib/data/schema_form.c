/* SPDX-License-Identifier: MIT
 *
 * How the cells of a column are read: kept with the schema, and asked for cell by cell. */
#include <string.h>

#include "bag.h"
#include "base/error.h"
#include "grove/data_hash.h"
#include "message.h"
#include "schema.h"

bool grove_is_among_missing(const grove_column_form *form, grove_cell cell) {
    for (size_t i = 0; i < form->missing_count; i++) {
        const char *text = form->missing[i];
        if (strlen(text) == cell.length && memcmp(text, cell.bytes, cell.length) == 0) {
            return true;
        }
    }
    return false;
}

int32_t grove_hashed_id(const grove_column_form *form, grove_cell cell) {
    const uint64_t hash = grove_hash(cell.bytes, cell.length, form->seed);
    return (int32_t)(GROVE_FIRST_VALUE_ID + hash % (uint64_t)form->buckets);
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* A copy [count] of the texts, in one piece with them; NULL when memory is short. */
static const char **copy_texts(const grove_allocator *memory, const char *const *texts,
                               size_t count) {
    size_t bytes = count * sizeof *texts;
    for (size_t i = 0; i < count; i++) {
        bytes += strlen(texts[i]) + 1;
    }
    const char **copy = grove_alloc(memory, bytes);
    char *to = copy ? (char *)(copy + count) : NULL;
    for (size_t i = 0; i < count && copy; i++) {
        size_t size = strlen(texts[i]) + 1;
        copy[i] = memcpy(to, texts[i], size);
        to += size;
    }
    return copy;
}

void grove_form_free(const grove_allocator *memory, grove_column_form *form) {
    grove_release(memory, (void *)(uintptr_t)form->missing);
    *form = (grove_column_form){0};
}

bool grove_form_copy(const grove_allocator *memory, const grove_column_form *from,
                     grove_column_form *to) {
    grove_column_form copy = *from;
    copy.missing = NULL;
    if (from->missing_count > 0) {
        copy.missing = copy_texts(memory, from->missing, from->missing_count);
        if (!copy.missing) {
            return false;
        }
    }
    grove_form_free(memory, to);
    *to = copy;
    return true;
}

/* What is wrong with the form of a column of that kind, in words; NULL if nothing. */
static const char *fault_of(const grove_column_form *form, grove_column_kind kind) {
    if (form->missing_count > 0 && !form->missing) {
        return "the list of cells that are missing is not there";
    }
    if (form->min_count < 0 || form->max_values < 0 || form->max_values > INT32_MAX) {
        return "a vocabulary takes values that one row has or more, and 1 value or more";
    }
    if (form->buckets < 0 || form->buckets > INT32_MAX - 2) {
        return "a hash needs 1 to 2147483645 buckets";
    }
    if (form->buckets > 0 && kind != GROVE_COLUMN_CATEGORICAL && !grove_is_bag(kind)) {
        return "only a categorical column, a bag or a text is hashed";
    }
    const bool several = kind == GROVE_COLUMN_BAG || kind == GROVE_COLUMN_LABELS;
    if (several != (form->split != 0) || form->split == '"' || form->split == '\n' ||
        form->split == '\r' || (unsigned char)form->split >= 0x80) {
        return "a bag or a label of several values, and nothing else, has one ASCII character "
               "between its values, no quote and no line end";
    }
    if (form->sum && kind != GROVE_COLUMN_BAG) {
        return "only the vectors of a bag are summed";
    }
    if ((form->keep_case || form->ascii_case || form->no_pairs || form->no_parts) &&
        kind != GROVE_COLUMN_TEXT) {
        return "only a text has words";
    }
    if ((unsigned)form->unknown >= GROVE_UNKNOWN_POLICIES) {
        return "there is no such policy of unknown cells";
    }
    if (form->unknown != GROVE_UNKNOWN_ROW && kind != GROVE_COLUMN_CATEGORICAL &&
        kind != GROVE_COLUMN_NUMERIC) {
        return "only a categorical or a numeric column has a policy of unknown cells";
    }
    if ((unsigned)form->numbers >= GROVE_NUMBER_FORMS) {
        return "there is no such form of numbers";
    }
    if (form->numbers != GROVE_NUMBERS_AUTO && kind != GROVE_COLUMN_NUMERIC) {
        return "only a numeric column has a form of numbers";
    }
    return NULL;
}

grove_status grove_schema_set_form(grove_schema *schema, size_t position,
                                   const grove_column_form *form, grove_error *error) {
    grove_error_clear(error);
    if (position >= schema->count) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "the schema has %zu columns, none of number %zu", schema->count,
                          position);
    }
    grove_column *column = &schema->columns[position];
    const char *fault = fault_of(form, column->kind);
    if (fault) {
        char quoted[GROVE_QUOTE_SIZE];
        return grove_fail(error, GROVE_BAD_ARGUMENT, "column %s: %s",
                          grove_quote_text(quoted, column->name), fault);
    }
    if (!grove_form_copy(&schema->allocator, form, &column->form)) {
        return grove_fail_memory(error, form->missing_count * sizeof *form->missing);
    }
    return GROVE_OK;
}

/* ---- forms of numbers ------------------------------------------------------------------------ */

static const char *const number_forms[] = {
#define NAME(name, words) [GROVE_NUMBERS_##name] = words,
    GROVE_NUMBER_FORM_LIST(NAME)
#undef NAME
};

const char *grove_number_form_name(grove_number_form form) {
    return (unsigned)form < GROVE_NUMBER_FORMS ? number_forms[form] : "";
}

bool grove_number_form_from_name(const char *name, grove_number_form *form) {
    for (unsigned i = 0; i < GROVE_NUMBER_FORMS; i++) {
        if (strcmp(name, number_forms[i]) == 0) {
            *form = (grove_number_form)i;
            return true;
        }
    }
    return false;
}

/* ---- looking --------------------------------------------------------------------------------- */

const grove_column_form *grove_schema_form(const grove_schema *schema, size_t column) {
    static const grove_column_form none = {0};
    return column < schema->count ? &schema->columns[column].form : &none;
}

bool grove_schema_is_missing(const grove_schema *schema, size_t column, grove_cell cell) {
    return grove_lacks(grove_schema_form(schema, column), cell);
}
