/* SPDX-License-Identifier: MIT
 *
 * golden_file.c - reads files of golden numbers, lines of words, one tensor a line; and compares
 * with them.
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

static const char *const kinds[] = {"set", "real", "ids", "state", "param", "want"};

static bool fail(golden_reader *reader, const char *problem) {
    reader->problem = problem;
    return false;
}

/* ---- words and numbers ----------------------------------------------------------------------- */

/* Cuts the next word off *rest; NULL if there is none. */
static char *next_word(char **rest) {
    char *word = *rest + strspn(*rest, " \n");
    size_t length = strcspn(word, " \n");
    *rest = word + length + (word[length] != '\0');
    word[length] = '\0';
    return length ? word : NULL;
}

/* The next line that says something, without its first word, which comes by itself; NULL at the
 * end. */
static char *next_line(golden_reader *reader, char **rest) {
    while (getline(&reader->text, &reader->size, reader->file) > 0) {
        reader->number++;
        *rest = reader->text;
        char *word = next_word(rest);
        if (word && word[0] != '#') {
            return word;
        }
    }
    return NULL;
}

/* "2x3", or "-" for a scalar. */
static bool parse_shape(const char *word, grove_shape *shape, size_t *count) {
    *shape = GROVE_SCALAR;
    *count = 1;
    while (word && *word && strcmp(word, "-") != 0) {
        char *end;
        long dim = strtol(word, &end, 10);
        if (end == word || dim < 0 || shape->rank == GROVE_MAX_RANK || (*end && *end != 'x')) {
            return false;
        }
        shape->dim[shape->rank++] = dim;
        *count *= (size_t)dim;
        word = end + (*end == 'x');
    }
    return word != NULL;
}

static size_t count_words(const char *text) {
    size_t count = 0;
    for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
        text += strcspn(text, " \n");
        count++;
    }
    return count;
}

/* The rest of the line is exactly line->count numbers. */
static bool parse_numbers(golden_reader *reader, char *rest, golden_line *line) {
    line->numbers = calloc(line->count + 1, sizeof *line->numbers);
    line->data = calloc(line->count + 1, sizeof(double));
    if (!line->numbers || !line->data) {
        return fail(reader, "out of memory");
    }
    if (count_words(rest) != line->count) {
        return fail(reader, "there are not as many numbers as the shape says");
    }
    for (size_t i = 0; i < line->count; i++) {
        char *word = next_word(&rest), *end;
        line->numbers[i] = strtod(word, &end);
        if (*end) {
            return fail(reader, "this is no number");
        }
        if (line->kind == GOLDEN_IDS) {
            ((grove_id *)line->data)[i] = (grove_id)line->numbers[i];
        } else {
            ((grove_real *)line->data)[i] = (grove_real)line->numbers[i];
        }
    }
    return true;
}

/* ---- lines and cases ------------------------------------------------------------------------- */

/* "tolerance 1e-11 1e-6": in the double build, in the float build. */
static bool parse_tolerance(golden_reader *reader, char *rest, double *tolerance) {
    char *in_double = next_word(&rest), *in_float = next_word(&rest);
    if (!in_float) {
        return fail(reader, "there are two tolerances, one for double and one for float");
    }
    *tolerance = strtod(sizeof(grove_real) == sizeof(double) ? in_double : in_float, NULL);
    return *tolerance > 0 || fail(reader, "a tolerance is above zero");
}

static bool parse_line(golden_reader *reader, const char *kind, char *rest, golden_case *c) {
    if (c->lines == GOLDEN_LINES) {
        return fail(reader, "a case has too many lines");
    }
    golden_line *line = &c->line[c->lines++];
    int known = (int)(sizeof kinds / sizeof *kinds), k = 0;
    while (k < known && strcmp(kind, kinds[k]) != 0) {
        k++;
    }
    const char *name = next_word(&rest);
    if (k == known || !name || strlen(name) >= GOLDEN_NAME) {
        return fail(reader, "a line begins with set, real, ids, state, param or want, and a name");
    }
    line->kind = (golden_kind)k;
    memcpy(line->name, name, strlen(name) + 1);
    if (line->kind == GOLDEN_SET) {
        line->count = count_words(rest);
        line->shape = GROVE_SHAPE((int64_t)line->count);
    } else if (!parse_shape(next_word(&rest), &line->shape, &line->count)) {
        return fail(reader, "a shape is written 2x3, that of a scalar -");
    }
    return parse_numbers(reader, rest, line);
}

/* Up to the line "case NAME". */
static bool begin_case(golden_reader *reader, golden_case *c) {
    char *rest, *word = next_line(reader, &rest);
    if (word && strcmp(word, "tolerance") == 0) {
        if (!parse_tolerance(reader, rest, &reader->tolerance)) {
            return false;
        }
        word = next_line(reader, &rest);
    }
    if (!word) {
        return false;
    }
    const char *name = next_word(&rest);
    if (strcmp(word, "case") != 0 || !name || strlen(name) >= GOLDEN_NAME ||
        !(reader->tolerance > 0)) {
        return fail(reader, "here begins no case");
    }
    memcpy(c->name, name, strlen(name) + 1);
    c->tolerance = reader->tolerance;
    return true;
}

bool golden_next(golden_reader *reader, golden_case *c) {
    *c = (golden_case){.lines = 0};
    if (reader->problem || !begin_case(reader, c)) {
        return false;
    }
    for (;;) {
        char *rest, *word = next_line(reader, &rest);
        if (!word) {
            return fail(reader, "the last case has no end");
        }
        if (strcmp(word, "end") == 0) {
            return true;
        }
        if (!(strcmp(word, "tolerance") == 0 ? parse_tolerance(reader, rest, &c->tolerance)
                                             : parse_line(reader, word, rest, c))) {
            return false;
        }
    }
}

void golden_case_free(golden_case *c) {
    for (int i = 0; i < c->lines; i++) {
        free(c->line[i].numbers);
        free(c->line[i].data);
    }
    c->lines = 0;
}

bool golden_open(golden_reader *reader, const char *path) {
    *reader = (golden_reader){.file = fopen(path, "r")};
    return reader->file || fail(reader, "the file cannot be opened");
}

void golden_close(golden_reader *reader) {
    if (reader->file) {
        fclose(reader->file);
    }
    free(reader->text);
}

/* ---- asking a case --------------------------------------------------------------------------- */

const golden_line *golden_find(const golden_case *c, golden_kind kind, const char *name) {
    for (int i = 0; i < c->lines; i++) {
        if (c->line[i].kind == kind && strcmp(c->line[i].name, name) == 0) {
            return &c->line[i];
        }
    }
    return NULL;
}

double golden_number(const golden_case *c, const char *name) {
    const golden_line *line = golden_find(c, GOLDEN_SET, name);
    return line && line->count ? line->numbers[0] : 0;
}

grove_shape golden_list(const golden_case *c, const char *name) {
    const golden_line *line = golden_find(c, GOLDEN_SET, name);
    grove_shape list = GROVE_SCALAR;
    for (size_t i = 0; line && i < line->count && i < GROVE_MAX_RANK; i++) {
        list.dim[list.rank++] = (int64_t)line->numbers[i];
    }
    return list;
}

bool golden_ending(const char *name, const char *ending, char stem[GOLDEN_NAME]) {
    size_t length = strlen(name), tail = strlen(ending);
    bool has = length > tail && strcmp(name + length - tail, ending) == 0;
    if (has) {
        memcpy(stem, name, length - tail);
        stem[length - tail] = '\0';
    }
    return has;
}

/* ---- comparing ------------------------------------------------------------------------------- */

void golden_fault(golden_tally *t, const golden_case *c, const char *format, ...) {
    char line[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    t->faults++;
    int length = snprintf(t->words + t->used, sizeof t->words - t->used, "\n%s: %s: %s", t->file,
                          c->name, line);
    size_t left = sizeof t->words - t->used;
    t->used += (size_t)length < left ? (size_t)length : left - 1;
}

double golden_size(const golden_line *want) {
    double largest = 0;
    for (size_t i = 0; i < want->count; i++) {
        largest = fmax(largest, fabs(want->numbers[i]));
    }
    return largest < 1e-12 ? 1 : largest;
}

bool golden_compare(golden_tally *t, const golden_case *c, const golden_line *want, size_t begin,
                    const grove_real *got, size_t count) {
    if (begin + count > want->count || (count == 0 && want->count != 0)) {
        golden_fault(t, c, "%s: %zu numbers, not %zu", want->name, begin + count, want->count);
        return false;
    }
    double size = golden_size(want);
    for (size_t i = 0; i < count; i++) {
        double expected = want->numbers[begin + i], number = got ? (double)got[i] : 0;
        double error = fabs(number - expected) / size;
        if (!(error <= c->tolerance)) {
            golden_fault(t, c, "%s[%zu] is %.17g and should be %.17g: an error of %g, over %g",
                         want->name, begin + i, number, expected, error, c->tolerance);
            return false;
        }
        t->worst = fmax(t->worst, error / c->tolerance);
    }
    return true;
}

bool golden_compare_ids(golden_tally *t, const golden_case *c, const golden_line *want,
                        const grove_id *got) {
    for (size_t i = 0; i < want->count; i++) {
        if (!got || (double)got[i] != want->numbers[i]) {
            golden_fault(t, c, "%s[%zu] is %.17g and should be %.17g", want->name, i,
                         got ? (double)got[i] : 0, want->numbers[i]);
            return false;
        }
    }
    return true;
}

int golden_spoil(golden_case *c) {
    int spoiled = 0;
    for (int i = 0; i < c->lines; i++) {
        golden_line *want = &c->line[i];
        if (want->kind == GOLDEN_WANT && want->count) {
            want->numbers[want->count - 1] += 5 * c->tolerance * golden_size(want);
            spoiled++;
        }
    }
    return spoiled;
}

void golden_note_ops(golden_tally *t, const grove_graph *graph) {
    for (int32_t i = 0; i < grove_node_count(graph); i++) {
        const char *op = grove_node_op(grove_node_at(graph, i));
        for (int row = 0; row < GROVE_ROWS; row++) {
            t->op[row] = t->op[row] || strcmp(op, grove_op_table[row]->name) == 0;
        }
    }
}
