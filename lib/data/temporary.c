/* SPDX-License-Identifier: MIT */
#include "temporary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "message.h"

grove_status grove_temporary_failed(const char *folder, const char *what, int number,
                                    grove_error *error) {
    char reason[128], place[GROVE_PLACE_SIZE];
    if (strerror_r(number, reason, sizeof reason) != 0) {
        snprintf(reason, sizeof reason, "system error %d", number);
    }
    return grove_fail(error, GROVE_NO_FILE,
                      "cannot write %s to a temporary file in '%s': %s (the environment variable "
                      "TMPDIR names the folder of such files)",
                      what, grove_place(place, folder, 0), reason);
}

FILE *grove_temporary_open(const char *folder, const grove_allocator *allocator,
                           grove_error *error) {
    static const char name[] = "/grove-XXXXXX";
    const size_t length = strlen(folder);
    char *path = grove_alloc(allocator, length + sizeof name);
    if (!path) {
        grove_fail_memory(error, length + sizeof name);
        return NULL;
    }
    memcpy(path, folder, length);
    memcpy(path + length, name, sizeof name);
    int descriptor = mkstemp(path);
    int number = errno;
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w+b") : NULL;
    if (descriptor >= 0) {
        unlink(path);
    }
    if (!file) {
        grove_temporary_failed(folder, "rows", descriptor >= 0 ? errno : number, error);
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    grove_release(allocator, path);
    return file;
}
