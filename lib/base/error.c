/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdio.h>

const char *grove_status_words(grove_status status) {
    switch (status) {
#define WORDS(code, name, words)                                                                   \
    case GROVE_##name:                                                                             \
        return words;
        GROVE_STATUS_LIST(WORDS)
#undef WORDS
    }
    return "an unknown status";
}

#define TEXT(x) #x
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *grove_version(void) {
    return VERSION(GROVE_VERSION_MAJOR, GROVE_VERSION_MINOR, GROVE_VERSION_PATCH);
}

grove_status grove_fail_va(grove_error *error, grove_status status, const char *format,
                           va_list arguments) {
    if (error) {
        error->status = status;
        vsnprintf(error->message, sizeof error->message, format, arguments);
    }
    return status;
}

grove_status grove_fail(grove_error *error, grove_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    grove_fail_va(error, status, format, arguments);
    va_end(arguments);
    return status;
}

grove_status grove_fail_memory(grove_error *error, size_t bytes) {
    return grove_fail(error, GROVE_NO_MEMORY, "out of memory: %zu bytes were asked for", bytes);
}

void grove_error_clear(grove_error *error) {
    if (error) {
        error->status = GROVE_OK;
        error->message[0] = '\0';
    }
}
