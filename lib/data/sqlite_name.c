/* SPDX-License-Identifier: MIT
 *
 * The names of sources that are databases, and what they are made of. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "message.h"
#include "sqlite.h"

static const char prefix[] = "sqlite:";

bool grove_is_sqlite(const char *source) {
    return source && strncmp(source, prefix, sizeof prefix - 1) == 0;
}

static int hex_digit(char byte) {
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                        : -1;
}

/* The byte that two hexadecimal digits name; -1 where there are none, and for a NUL. */
static int escaped(const char *at, const char *end) {
    int high = end - at < 2 ? -1 : hex_digit(at[0]);
    int low = high < 0 ? -1 : hex_digit(at[1]);
    int byte = low < 0 ? -1 : 16 * high + low;
    return byte == 0 ? -1 : byte;
}

bool grove_sqlite_unescape(const char *from, size_t length, char *to) {
    const char *end = from + length;
    while (from < end) {
        int byte = (unsigned char)*from++;
        if (byte == '%') {
            byte = escaped(from, end);
            from += 2;
        }
        if (byte < 0) {
            return false;
        }
        *to++ = (char)byte;
    }
    *to = '\0';
    return true;
}

size_t grove_sqlite_file_length(const char *source) {
    return strcspn(source + sizeof prefix - 1, "?");
}

const char *grove_sqlite_file(const char *source) {
    return source + sizeof prefix - 1;
}

static grove_status refuse(const char *source, const char *words, grove_error *error) {
    char place[GROVE_PLACE_SIZE];
    return grove_fail(error, GROVE_BAD_ARGUMENT, "'%s' %s", grove_place(place, source, 0), words);
}

grove_status grove_sqlite_take_name(grove_sqlite_reader *r, const char *source) {
    static const char *const words[] = {"table=", "query="};
    const grove_allocator *memory = &r->allocator;
    size_t length = grove_sqlite_file_length(source);
    const char *file = grove_sqlite_file(source), *wish = file + length + (file[length] == '?');
    r->is_query = strncmp(wish, words[1], strlen(words[1])) == 0;
    if (length == 0 || (!r->is_query && strncmp(wish, words[0], strlen(words[0])) != 0) ||
        !wish[strlen(words[0])]) {
        return refuse(source,
                      "does not say what to read: sqlite:FILE?table=NAME or "
                      "sqlite:FILE?query=SELECT...",
                      r->error);
    }
    wish += strlen(words[0]);
    r->file = grove_alloc(memory, length + 1);
    r->wish = grove_alloc(memory, strlen(wish) + 1);
    if (!r->file || !r->wish) {
        return grove_fail_memory(r->error, strlen(source));
    }
    if (!grove_sqlite_unescape(file, length, r->file) ||
        !grove_sqlite_unescape(wish, strlen(wish), r->wish)) {
        return refuse(source,
                      "has a '%' that no two hexadecimal digits follow: they stand for a byte, and "
                      "'%' itself is written %25",
                      r->error);
    }
    return GROVE_OK;
}
