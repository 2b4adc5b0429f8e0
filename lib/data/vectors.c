/* SPDX-License-Identifier: MIT
 *
 * Vectors by token, out of the text files of word2vec and its kin. Line by line; wanted vectors go
 * to a copy of the rows, which become the caller's when the last line was good. */
#include "grove/data_vectors.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "message.h"
#include "strings.h"

enum { BLOCK_BYTES = 1 << 16 };

typedef struct reader {
    grove_allocator allocator;
    grove_vector_rows rows;
    const char *source;
    grove_strings index; /* the tokens that ask for something */
    size_t *row_of;      /* [index.count]: the row of a token */
    size_t *line_of;     /* [count]: the line of a row's vector; 0: not met yet */
    grove_real *numbers; /* [count, width]: those of the rows that were met */
    grove_real *vector;  /* [width]: of the line under way */
    char *pending;       /* a line whose end has not come yet */
    size_t pending_size, pending_capacity;
    size_t line; /* from 1 */
    bool declared;
    double declared_count;
    size_t vectors; /* seen so far */
    grove_vector_coverage coverage;
    grove_error *error;
} reader;

static grove_status refuse(const reader *r, size_t line, const char *words) {
    char place[GROVE_PLACE_SIZE];
    return grove_fail(r->error, GROVE_BAD_DATA, "%s%s", grove_place(place, r->source, line), words);
}

/* ---- a line ---------------------------------------------------------------------------------- */

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t';
}

/* Takes the next field off the text: up to a blank, or to the end. */
static grove_cell next_field(grove_cell *text) {
    grove_cell field = {text->bytes, 0};
    while (field.length < text->length && !is_blank(text->bytes[field.length])) {
        field.length++;
    }
    size_t taken = field.length < text->length ? field.length + 1 : field.length;
    text->bytes += taken;
    text->length -= taken;
    return field;
}

static size_t count_fields(grove_cell text) {
    size_t fields = 1;
    for (size_t i = 0; i < text.length; i++) {
        fields += is_blank(text.bytes[i]);
    }
    return fields;
}

static bool is_whole(grove_cell field) {
    for (size_t i = 0; i < field.length; i++) {
        if (field.bytes[i] < '0' || field.bytes[i] > '9') {
            return false;
        }
    }
    return field.length > 0;
}

/* "400000 50" */
static bool take_header(reader *r, grove_cell text, grove_status *status) {
    double width = 0;
    bool fits = r->line == 1 && count_fields(text) == 2;
    grove_cell first = next_field(&text), second = next_field(&text);
    if (!fits || !is_whole(first) || !is_whole(second) ||
        !grove_parse_number(first.bytes, first.length, &r->declared_count) ||
        !grove_parse_number(second.bytes, second.length, &width)) {
        return false;
    }
    r->declared = true;
    if (width != (double)r->rows.width) {
        char words[96];
        snprintf(words, sizeof words, " says that vectors have %.0f numbers; the rows have %zu",
                 width, r->rows.width);
        *status = refuse(r, 1, words);
    }
    return true;
}

static grove_status take_number(reader *r, grove_cell field, size_t k) {
    double value;
    char quoted[GROVE_QUOTE_SIZE], place[GROVE_PLACE_SIZE];
    if (!grove_parse_number(field.bytes, field.length, &value)) {
        return grove_fail(
            r->error, GROVE_BAD_DATA, "%s: %s, number %zu of the vector, is no number",
            grove_place(place, r->source, r->line), grove_quote(quoted, field), k + 1);
    }
    if (fabs(value) > (double)FLT_MAX) {
        return grove_fail(r->error, GROVE_BAD_DATA, "%s: %s is too large for a float",
                          grove_place(place, r->source, r->line), grove_quote(quoted, field));
    }
    r->vector[k] = (grove_real)value;
    return GROVE_OK;
}

/* Keeps the vector if a row asks for it. */
static grove_status keep(reader *r, grove_cell token) {
    int32_t found = grove_strings_find(&r->index, token.bytes, token.length);
    r->vectors++;
    if (found < 0) {
        r->coverage.unused++;
        return GROVE_OK;
    }
    size_t row = r->row_of[found], width = r->rows.width;
    if (r->line_of[row] > 0) {
        char quoted[GROVE_QUOTE_SIZE], place[GROVE_PLACE_SIZE];
        return grove_fail(r->error, GROVE_BAD_DATA, "%s: %s has a vector already, in line %zu",
                          grove_place(place, r->source, r->line), grove_quote(quoted, token),
                          r->line_of[row]);
    }
    r->line_of[row] = r->line;
    r->coverage.found++;
    memcpy(r->numbers + row * width, r->vector, width * sizeof *r->vector);
    return GROVE_OK;
}

static grove_status take_vector(reader *r, grove_cell text) {
    size_t fields = count_fields(text);
    grove_cell token = next_field(&text);
    if (token.length == 0) {
        return refuse(r, r->line, " begins with a blank, where its token should be");
    }
    if (fields != r->rows.width + 1) {
        char words[128];
        snprintf(words, sizeof words, " has %zu numbers behind its token; the rows have %zu%s",
                 fields - 1, r->rows.width,
                 fields > r->rows.width ? " (a token holds no blanks)" : "");
        return refuse(r, r->line, words);
    }
    grove_status status = GROVE_OK;
    for (size_t k = 0; k < r->rows.width && status == GROVE_OK; k++) {
        status = take_number(r, next_field(&text), k);
    }
    return status == GROVE_OK ? keep(r, token) : status;
}

/* A line without its LF. */
static grove_status take_line(reader *r, grove_cell text) {
    grove_status status = GROVE_OK;
    if (r->line++ == 0 && text.length >= 3 && memcmp(text.bytes, "\xEF\xBB\xBF", 3) == 0) {
        text.bytes += 3;
        text.length -= 3;
    }
    text.length -= text.length > 0 && text.bytes[text.length - 1] == '\r';
    text.length -= text.length > 0 && text.bytes[text.length - 1] == ' ';
    if (memchr(text.bytes, 0, text.length)) {
        return refuse(r, r->line, " has a NUL byte: this is no text (a binary file of vectors?)");
    }
    if (text.length == 0) {
        return refuse(r, r->line, " is empty");
    }
    return take_header(r, text, &status) ? status : take_vector(r, text);
}

/* ---- lines out of blocks --------------------------------------------------------------------- */

static grove_status append(reader *r, const char *bytes, size_t size) {
    char *pending =
        grove_bytes_reserve(&r->allocator, r->pending, r->pending_size, size, &r->pending_capacity);
    if (!pending) {
        return grove_fail_memory(r->error, size);
    }
    r->pending = pending;
    memcpy(pending + r->pending_size, bytes, size);
    r->pending_size += size;
    return GROVE_OK;
}

static grove_status feed(reader *r, const char *bytes, size_t size) {
    grove_status status = GROVE_OK;
    while (size > 0 && status == GROVE_OK) {
        const char *end = memchr(bytes, '\n', size);
        size_t length = end ? (size_t)(end - bytes) : size;
        if (!end || r->pending_size > 0) {
            status = append(r, bytes, length);
        }
        if (end && status == GROVE_OK) {
            bool whole = r->pending_size == 0;
            status = take_line(r, whole ? (grove_cell){bytes, length}
                                        : (grove_cell){r->pending, r->pending_size});
            r->pending_size = 0;
            length++;
        }
        bytes += length;
        size -= length;
    }
    return status;
}

static grove_status feed_stream(reader *r, FILE *stream) {
    char *block = grove_alloc(&r->allocator, BLOCK_BYTES);
    if (!block) {
        return grove_fail_memory(r->error, BLOCK_BYTES);
    }
    grove_status status = GROVE_OK;
    size_t size = BLOCK_BYTES;
    while (size == BLOCK_BYTES && status == GROVE_OK) {
        errno = 0;
        size = fread(block, 1, BLOCK_BYTES, stream);
        status = size < BLOCK_BYTES && ferror(stream)
                     ? grove_cannot_read(r->source, errno, r->error)
                     : feed(r, block, size);
    }
    grove_release(&r->allocator, block);
    return status;
}

static grove_status finish(reader *r) {
    if (r->pending_size > 0) {
        grove_status status = take_line(r, (grove_cell){r->pending, r->pending_size});
        if (status != GROVE_OK) {
            return status;
        }
    }
    if (r->declared && r->declared_count != (double)r->vectors) {
        char words[96];
        snprintf(words, sizeof words, " says that there are %.0f vectors; %zu follow",
                 r->declared_count, r->vectors);
        return refuse(r, 1, words);
    }
    return r->vectors > 0 ? GROVE_OK : refuse(r, 0, ": the file has no vectors");
}

/* ---- from begin to end ----------------------------------------------------------------------- */

static grove_status index_tokens(reader *r) {
    for (size_t i = 0; i < r->rows.count; i++) {
        grove_cell token = r->rows.tokens[i];
        int32_t before = r->index.count;
        if (token.length == 0) {
            continue;
        }
        int32_t number = grove_strings_add(&r->index, token.bytes, token.length);
        if (number < 0) {
            return grove_fail_memory(r->error, token.length);
        }
        if (number < before) {
            char quoted[GROVE_QUOTE_SIZE];
            return grove_fail(r->error, GROVE_BAD_ARGUMENT,
                              "the token %s stands in the rows %zu and %zu",
                              grove_quote(quoted, token), r->row_of[number], i);
        }
        r->row_of[number] = i;
    }
    return GROVE_OK;
}

static grove_status begin(reader *r, const char *source, const grove_vector_rows *rows,
                          const grove_allocator *allocator, grove_error *error) {
    size_t numbers;
    grove_error_clear(error);
    *r = (reader){.allocator = grove_allocator_or_default(allocator),
                  .rows = *rows,
                  .source = source,
                  .error = error};
    r->index.allocator = r->allocator;
    if (rows->width == 0) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "a vector of no numbers cannot be read");
    }
    if (!grove_multiply(rows->count, rows->width, &numbers)) {
        return grove_fail_memory(error, SIZE_MAX);
    }
    r->row_of = grove_alloc_zero(&r->allocator, rows->count, sizeof *r->row_of);
    r->line_of = grove_alloc_zero(&r->allocator, rows->count, sizeof *r->line_of);
    r->numbers = grove_alloc_zero(&r->allocator, numbers, sizeof *r->numbers);
    r->vector = grove_alloc_zero(&r->allocator, rows->width, sizeof *r->vector);
    if (!r->row_of || !r->line_of || !r->numbers || !r->vector) {
        return grove_fail_memory(error, numbers * sizeof *r->numbers);
    }
    return index_tokens(r);
}

/* Hands the vectors over, if all was good. */
static grove_status end(reader *r, grove_status status, grove_vector_coverage *coverage) {
    size_t width = r->rows.width;
    r->coverage.missing = (size_t)r->index.count - r->coverage.found;
    for (size_t row = 0; status == GROVE_OK && row < r->rows.count; row++) {
        if (r->line_of[row] > 0) {
            memcpy(r->rows.numbers + row * width, r->numbers + row * width,
                   width * sizeof *r->numbers);
        }
    }
    if (coverage) {
        *coverage = status == GROVE_OK ? r->coverage : (grove_vector_coverage){0};
    }
    grove_release(&r->allocator, r->row_of);
    grove_release(&r->allocator, r->line_of);
    grove_release(&r->allocator, r->numbers);
    grove_release(&r->allocator, r->vector);
    grove_release(&r->allocator, r->pending);
    grove_strings_free(&r->index);
    return status;
}

grove_status grove_read_vectors_bytes(const void *bytes, size_t size, const char *name,
                                      const grove_vector_rows *rows,
                                      const grove_allocator *allocator,
                                      grove_vector_coverage *coverage, grove_error *error) {
    reader r;
    grove_status status = begin(&r, name, rows, allocator, error);
    status = status == GROVE_OK ? feed(&r, bytes, size) : status;
    status = status == GROVE_OK ? finish(&r) : status;
    return end(&r, status, coverage);
}

grove_status grove_read_vectors(const char *path, const grove_vector_rows *rows,
                                const grove_allocator *allocator, grove_vector_coverage *coverage,
                                grove_error *error) {
    reader r;
    bool standard = strcmp(path, "-") == 0;
    grove_status status = begin(&r, standard ? "standard input" : path, rows, allocator, error);
    FILE *stream = status != GROVE_OK ? NULL : standard ? stdin : fopen(path, "rb");
    if (status == GROVE_OK) {
        status = stream ? feed_stream(&r, stream) : grove_cannot_read(path, errno, error);
    }
    if (stream && !standard) {
        fclose(stream);
    }
    status = status == GROVE_OK ? finish(&r) : status;
    return end(&r, status, coverage);
}
