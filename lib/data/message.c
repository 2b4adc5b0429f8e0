/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <string.h>

#include "base/error.h"
#include "table.h"

const char *grove_quote(char text[GROVE_QUOTE_SIZE], grove_cell cell) {
    enum { MOST = GROVE_QUOTE_SIZE - 6 }; /* two quotes, three points, a NUL */
    size_t length = cell.length;
    if (length > MOST) {
        length = MOST;
        while (length > 0 && ((unsigned char)cell.bytes[length] & 0xC0) == 0x80) {
            length--; /* not within a UTF-8 character */
        }
    }
    char *end = text;
    *end++ = '\'';
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)cell.bytes[i];
        *end++ = byte < 0x20 || byte == 0x7F ? '?' : (char)byte;
    }
    strcpy(end, length < cell.length ? "...'" : "'");
    return text;
}

const char *grove_quote_text(char text[GROVE_QUOTE_SIZE], const char *value) {
    return grove_quote(text, (grove_cell){value, strlen(value)});
}

static const char *place(char text[GROVE_PLACE_SIZE], const char *source, const char *unit,
                         size_t number) {
    enum { MOST = 120 };
    size_t length = strlen(source);
    const char *cut = length > MOST ? "..." : "",
               *end = source + (length > MOST ? length - MOST : 0);
    if (number > 0) {
        snprintf(text, GROVE_PLACE_SIZE, "%s%s: %s %zu", cut, end, unit, number);
    } else {
        snprintf(text, GROVE_PLACE_SIZE, "%s%s", cut, end);
    }
    return text;
}

const char *grove_place(char text[GROVE_PLACE_SIZE], const char *source, size_t line) {
    return place(text, source, "line", line);
}

const char *grove_table_place(char text[GROVE_PLACE_SIZE], const grove_table *table, size_t row) {
    return place(text, table->source, grove_table_unit(table), grove_table_line(table, row));
}

bool grove_list_add(char text[GROVE_LIST_SIZE], size_t *used, grove_cell item) {
    char quoted[GROVE_QUOTE_SIZE];
    size_t length = strlen(grove_quote(quoted, item));
    const char *comma = *used ? ", " : "";
    bool fits = *used + 2 + length + sizeof ", ..." <= GROVE_LIST_SIZE;
    snprintf(text + *used, GROVE_LIST_SIZE - *used, "%s%s", comma, fits ? quoted : "...");
    *used += strlen(text + *used);
    return fits;
}

grove_status grove_no_column(const grove_table *table, const char *name, grove_error *error) {
    size_t nearest = 0, least = SIZE_MAX;
    const grove_cell asked = {name, strlen(name)};
    for (size_t i = 0; i < table->columns; i++) {
        const grove_cell other = {table->names[i], strlen(table->names[i])};
        size_t distance = grove_cell_distance(asked, other);
        if (distance < least) {
            least = distance;
            nearest = i;
        }
    }
    char place[GROVE_PLACE_SIZE], wanted[GROVE_QUOTE_SIZE], there[GROVE_QUOTE_SIZE];
    return grove_fail(error, GROVE_NOT_FOUND, "%s has no column %s; the nearest name is %s",
                      grove_place(place, table->source, 0), grove_quote_text(wanted, name),
                      grove_quote_text(there, table->names[nearest]));
}

grove_status grove_cannot_read(const char *path, int number, grove_error *error) {
    char reason[128], place[GROVE_PLACE_SIZE];
    if (strerror_r(number, reason, sizeof reason) != 0) {
        snprintf(reason, sizeof reason, "system error %d", number);
    }
    return grove_fail(error, GROVE_NO_FILE, "cannot read '%s': %s", grove_place(place, path, 0),
                      reason);
}
