/* SPDX-License-Identifier: MIT
 *
 * page.h - the page of a report: tools/page/ as it is built into the command, and the data in it.
 */
#ifndef TOOLS_PAGE_H
#define TOOLS_PAGE_H

/* Made by tools/embed-page when grove is built. */
extern const char page_before_data[], page_after_data[];

#endif
