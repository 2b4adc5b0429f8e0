/* SPDX-License-Identifier: MIT
 *
 * names.c - lists of names as they are written in options: a,"b, c",d.
 */
#include "options.h"

char *next_name(char **text) {
    char *from = *text, *to = *text, *name = *text;
    bool quoted = *from == '"';
    from += quoted;
    while (*from && (quoted || *from != ',')) {
        if (quoted && *from == '"' && *++from != '"') {
            quoted = false;
            break;
        }
        *to++ = *from++;
    }
    bool good = !quoted && to > name && (*from == ',' || !*from);
    *text = *from == ',' ? from + 1 : NULL;
    *to = '\0';
    return good ? name : NULL;
}
