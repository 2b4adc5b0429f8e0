/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "grove/data_table.h"
#include "model.h"

/* ---- writing --------------------------------------------------------------------------------- */

static void put(grove_model_text *text, const char *bytes, size_t size) {
    while (!text->failed && size >= text->capacity - text->size) {
        char *larger =
            grove_grow(&text->allocator, text->bytes, text->capacity, &text->capacity, 1);
        text->failed = !larger;
        text->bytes = larger ? larger : text->bytes;
    }
    if (!text->failed) {
        memcpy(text->bytes + text->size, bytes, size);
        text->size += size;
        text->bytes[text->size] = '\0';
    }
}

void grove_model_put(grove_model_text *text, const char *words) {
    put(text, words, strlen(words));
}

void grove_model_put_string(grove_model_text *text, const char *string) {
    put(text, "\"", 1);
    for (; *string; string++) {
        unsigned char c = (unsigned char)*string;
        char escape[8];
        if (c < 0x20) {
            snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c);
            grove_model_put(text, escape);
        } else {
            put(text, "\\", c == '"' || c == '\\');
            put(text, string, 1);
        }
    }
    put(text, "\"", 1);
}

void grove_model_put_integer(grove_model_text *text, int64_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    grove_model_put(text, digits);
}

void grove_model_put_count(grove_model_text *text, uint64_t number) {
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRIu64, number);
    grove_model_put(text, digits);
}

void grove_model_put_real(grove_model_text *text, double number) {
    char digits[32];
    grove_model_put(text, grove_format_number(digits, number));
}

static void put_shape(grove_model_text *text, const grove_shape *shape) {
    grove_model_put(text, "[");
    for (int i = 0; i < shape->rank; i++) {
        grove_model_put(text, i ? "," : "");
        grove_model_put_integer(text, shape->dim[i]);
    }
    grove_model_put(text, "]");
}

static void put_field(grove_model_text *text, const grove_field *field, const void *from) {
    const void *member = (const char *)from + field->offset;
    grove_model_put_string(text, field->name);
    grove_model_put(text, ":");
    switch (field->kind) {
    case GROVE_FIELD_FLAG:
        grove_model_put(text, *(const bool *)member ? "true" : "false");
        break;
    case GROVE_FIELD_INT:
        grove_model_put_integer(text, *(const int64_t *)member);
        break;
    case GROVE_FIELD_REAL:
        grove_model_put_real(text, *(const double *)member);
        break;
    case GROVE_FIELD_SHAPE:
        put_shape(text, member);
        break;
    }
}

void grove_model_put_fields(grove_model_text *text, const char *key, const grove_field *fields,
                            const void *from) {
    grove_model_put(text, ",");
    grove_model_put_string(text, key);
    grove_model_put(text, ":{");
    for (size_t i = 0; fields[i].name; i++) {
        grove_model_put(text, i ? "," : "");
        put_field(text, &fields[i], from);
    }
    grove_model_put(text, "}");
}

bool grove_model_is_utf8(const char *words) {
    size_t size = strlen(words), length = 1;
    for (size_t at = 0; at < size && length > 0; at += length) {
        length = grove_utf8_length(words + at, size - at);
    }
    return length > 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void want(grove_json *json, bool found, const char *expected) {
    if (!found && !json->wrong) {
        json->wrong = expected;
    }
}

static char next(const grove_json *json) {
    return !json->wrong && json->at < json->size ? json->text[json->at] : '\0';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* The digits of an integer that is at most `most`: no leading zero, nothing after a point. */
static uint64_t take_digits(grove_json *json, uint64_t most, const char *expected) {
    uint64_t number = 0;
    size_t first = json->at;
    for (; is_digit(next(json)); json->at++) {
        uint64_t digit = (uint64_t)(next(json) - '0');
        if (number > (most - digit) / 10 || (json->at == first + 1 && json->text[first] == '0')) {
            break;
        }
        number = number * 10 + digit;
    }
    char after = next(json);
    bool ended = !is_digit(after) && after != '.' && after != 'e' && after != 'E';
    want(json, json->at > first && ended, expected);
    return json->wrong ? 0 : number;
}

uint64_t grove_model_count(grove_json *json) {
    const char *expected = "an integer from 0 to below 2^64";
    want(json, !grove_json_take(json, '-'), expected);
    return take_digits(json, UINT64_MAX, expected);
}

int64_t grove_model_integer(grove_json *json) {
    bool negative = grove_json_take(json, '-');
    uint64_t most = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t number = take_digits(json, most, "an integer");
    if (negative && number > 0) {
        return -(int64_t)(number - 1) - 1;
    }
    return (int64_t)number;
}

double grove_model_real(grove_json *json) {
    double number = 0;
    size_t begin = grove_json_take(json, '-') ? json->at - 1 : json->at;
    bool good = is_digit(next(json));
    while (is_digit(next(json)) || (next(json) && strchr(".eE+-", next(json)))) {
        json->at++;
    }
    good = good && grove_parse_number(json->text + begin, json->at - begin, &number);
    want(json, good, "a number");
    return json->wrong ? 0 : number;
}

bool grove_model_flag(grove_json *json) {
    bool is_true = grove_json_take(json, 't');
    const char *rest = is_true ? "rue" : "alse";
    bool good = is_true || grove_json_take(json, 'f');
    for (; good && *rest; rest++) {
        good = next(json) == *rest;
        json->at += good;
    }
    want(json, good, "true or false");
    return is_true && !json->wrong;
}

const char *grove_model_key(grove_json *json) {
    const char *key = grove_json_string(json);
    grove_json_expect(json, ':');
    return key;
}
