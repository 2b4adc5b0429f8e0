/* SPDX-License-Identifier: MIT */
#include "json_reader.h"

#include <string.h>

static void fail(grove_json *json, const char *expected) {
    if (!json->wrong) {
        json->wrong = expected;
    }
}

/* The character that comes next, after white space; 0 at the end or once something is wrong. */
static char peek(grove_json *json) {
    while (!json->wrong && json->at < json->size) {
        char c = json->text[json->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            return c;
        }
        json->at++;
    }
    return 0;
}

bool grove_json_take(grove_json *json, char mark) {
    if (peek(json) != mark) {
        return false;
    }
    json->at++;
    return true;
}

static const char *name_of(char mark) {
    switch (mark) {
    case '{':
        return "'{'";
    case ':':
        return "':'";
    case '[':
        return "'['";
    case ']':
        return "']'";
    default:
        return "','";
    }
}

void grove_json_expect(grove_json *json, char mark) {
    if (!grove_json_take(json, mark)) {
        fail(json, name_of(mark));
    }
}

bool grove_json_next(grove_json *json, char close, size_t index) {
    if (json->wrong || grove_json_take(json, close)) {
        return false;
    }
    if (index > 0 && !grove_json_take(json, ',')) {
        fail(json, close == '}' ? "',' or '}'" : "',' or ']'");
    }
    return !json->wrong;
}

void grove_json_end(grove_json *json) {
    peek(json);
    if (json->at < json->size) {
        fail(json, "the end");
    }
}

int64_t grove_json_count(grove_json *json) {
    char first = peek(json);
    size_t at = json->at;
    int64_t value = 0;
    for (; !json->wrong && at < json->size; at++) {
        char c = json->text[at];
        int digit = c - '0';
        bool leading_zero = first == '0' && at == json->at + 1;
        if (c == '.' || c == 'e' || c == 'E' || (digit >= 0 && digit <= 9 && leading_zero)) {
            fail(json, "a non-negative integer");
        } else if (digit < 0 || digit > 9) {
            break;
        } else if (value > (INT64_MAX - digit) / 10) {
            fail(json, "an integer below 2^63");
        } else {
            value = value * 10 + digit;
        }
    }
    if (at == json->at) {
        fail(json, "a non-negative integer");
    }
    if (json->wrong) {
        return 0;
    }
    json->at = at;
    return value;
}

/* Ranges of the second byte are narrower after E0 and F0 (else a shorter form would do), after ED
 * (surrogates) and F4 (beyond the last character). */
size_t grove_utf8_length(const char *text, size_t size) {
    const unsigned char *byte = (const unsigned char *)text;
    unsigned char first = size > 0 ? byte[0] : 0xFF;
    if (first < 0x80) {
        return 1;
    }
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || size < length) {
        return 0;
    }
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (byte[1] < low || byte[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((byte[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return length;
}

/* ---- strings --------------------------------------------------------------------------------- */

static char *put_utf8(char *to, unsigned code) {
    if (code < 0x80) {
        *to++ = (char)code;
        return to;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned lead[] = {0, 0xC0, 0xE0, 0xF0};
    *to++ = (char)(lead[more] | code >> (6 * more));
    while (more-- > 0) {
        *to++ = (char)(0x80 | (code >> (6 * more) & 0x3F));
    }
    return to;
}

/* Four hex digits at json->at, which must lie before `end`; 0 (never a wanted one) if not. */
static unsigned four_digits(grove_json *json, size_t end) {
    unsigned code = 0;
    for (size_t i = 0; i < 4; i++) {
        char c = json->at + i < end ? json->text[json->at + i] : '\0';
        if (c >= '0' && c <= '9') {
            code = code * 16 + (unsigned)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            code = code * 16 + (unsigned)((c | 0x20) - 'a' + 10);
        } else {
            return 0;
        }
    }
    json->at += 4;
    return code;
}

/* What follows \u: one number, or two where the first is the upper half of a pair. */
static char *take_code(grove_json *json, size_t end, char *to) {
    unsigned code = four_digits(json, end);
    bool upper = code >= 0xD800 && code < 0xDC00;
    if (upper && end - json->at > 2 && memcmp(json->text + json->at, "\\u", 2) == 0) {
        json->at += 2;
        unsigned lower = four_digits(json, end);
        bool pair = lower >= 0xDC00 && lower < 0xE000;
        code = pair ? 0x10000 + ((code - 0xD800) << 10) + (lower - 0xDC00) : 0;
    }
    if (code == 0 || (code >= 0xD800 && code < 0xE000)) {
        fail(json, "four hex digits of a character other than NUL after \\u");
        return to;
    }
    return put_utf8(to, code);
}

static char *take_escape(grove_json *json, size_t end, char *to) {
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    char c = json->text[json->at + 1]; /* before `end`: find_quote skipped both */
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        json->at += 2;
        *to = into[known - from];
        return to + 1;
    }
    if (c != 'u') {
        fail(json, "an escape sequence of JSON");
        return to;
    }
    json->at += 2;
    return take_code(json, end, to);
}

/* Where the string that starts at json->at ends; json->size if it does not. */
static size_t find_quote(const grove_json *json) {
    size_t at = json->at;
    while (at < json->size && json->text[at] != '"') {
        at += json->text[at] == '\\' && at + 1 < json->size ? 2 : 1;
    }
    return at;
}

/* No escape is shorter than what it stands for, so end - json->at bytes at `to` are enough. */
static void take_characters(grove_json *json, size_t end, char *to) {
    while (!json->wrong && json->at < end) {
        const char *from = json->text + json->at;
        size_t length = grove_utf8_length(from, end - json->at);
        if (*from == '\\') {
            to = take_escape(json, end, to);
        } else if (length == 0 || (unsigned char)*from < 0x20) {
            fail(json, length ? "no control character in a string" : "UTF-8");
        } else {
            memcpy(to, from, length);
            to += length;
            json->at += length;
        }
    }
}

const char *grove_json_string(grove_json *json) {
    if (!grove_json_take(json, '"')) {
        fail(json, "a string");
        return "";
    }
    size_t end = find_quote(json);
    if (end >= json->size) {
        fail(json, "a '\"' that ends the string");
        return "";
    }
    char *string = grove_arena_alloc(json->arena, end - json->at + 1); /* zeroed: terminated */
    if (!string) {
        json->no_memory = true;
        fail(json, "memory");
        return "";
    }
    take_characters(json, end, string);
    if (json->wrong) {
        return "";
    }
    json->at = end + 1;
    return string;
}
