/* SPDX-License-Identifier: MIT
 *
 * page.h - the page of a report: tools/page/ as it is built into the command, and the data in it.
 */
#ifndef TOOLS_PAGE_H
#define TOOLS_PAGE_H

#include <jansson.h>

/* Made by tools/embed-page when grove is built: what stands before the data, and behind. */
extern const char page_before_data[], page_after_data[];
extern const char compare_before_data[], compare_after_data[];
extern const char softmax_before_data[], softmax_after_data[];

/* Writes a page with the object in it, and lets go of that. Complains and returns an exit code on
 * failure; then no file is touched. */
int write_page(const char *command, const char *path, const char *before, const char *after,
               json_t *object);

#endif
