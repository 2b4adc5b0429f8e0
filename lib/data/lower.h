/* SPDX-License-Identifier: MIT
 * data/lower.h - lower case, the same on every machine: no locale is asked. */
#ifndef GROVE_DATA_LOWER_H
#define GROVE_DATA_LOWER_H

#include <stdbool.h>
#include <stddef.h>

/* Makes bytes [size] of UTF-8 lower case where they stand: A to Z, and unless `ascii`, letters of
 * the blocks Latin-1 Supplement, Latin Extended-A, Greek and Coptic (accented and plain letters of
 * modern Greek), and Cyrillic with its supplement, by Unicode's simple mapping. All of these have
 * two bytes in both cases; capital I with a dot, which has not, stays, and so does what is no
 * UTF-8. */
void grove_lower(char *bytes, size_t size, bool ascii);

#endif
