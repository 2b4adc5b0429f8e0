/* SPDX-License-Identifier: MIT
 * base/error.h - filling a grove_error. */
#ifndef GROVE_BASE_ERROR_H
#define GROVE_BASE_ERROR_H

#include <stdarg.h>

#include "grove/status.h"

/* Writes status and sentence into `error` (NULL is allowed: then only the status travels) and
 * returns the status, so that a function can end with `return grove_fail(error, ...)`. */
grove_status grove_fail(grove_error *error, grove_status status, const char *format, ...)
    GROVE_PRINTF(3, 4);
grove_status grove_fail_va(grove_error *error, grove_status status, const char *format,
                           va_list arguments);

/* Out of memory, in the one wording used everywhere. */
grove_status grove_fail_memory(grove_error *error, size_t bytes);

/* Forgets an earlier mistake. */
void grove_error_clear(grove_error *error);

#endif
