/* SPDX-License-Identifier: MIT
 * data/temporary.h - files without a name, which are gone when they are closed. */
#ifndef GROVE_DATA_TEMPORARY_H
#define GROVE_DATA_TEMPORARY_H

#include <stdio.h>

#include "grove/status.h"

/* A file in that folder, to be written and read; NULL with the mistake told. */
FILE *grove_temporary_open(const char *folder, const grove_allocator *allocator,
                           grove_error *error);

/* "cannot write WHAT to a temporary file in '/tmp': No space left on device..."; number is
 * errno's. */
grove_status grove_temporary_failed(const char *folder, const char *what, int number,
                                    grove_error *error);

#endif
