/* SPDX-License-Identifier: MIT
 *
 * grove/atomic_file.h - writing a file whole or not at all.
 *
 * The bytes go into a temporary file beside the target, which takes the target's place when all of
 * them are safe. If anything fails before, the temporary is removed and what stood at the path
 * stays as it was. Until then the temporary has no name, where the file system can do that (Linux,
 * O_TMPFILE): a process that is killed leaves nothing. A link is followed: the file it leads to is
 * replaced. What cannot be replaced (a pipe, a terminal, /dev/null) and standard output ("-",
 * "/dev/stdout") is written straight.
 *
 *     grove_atomic_file file;
 *     grove_atomic_begin(&file, allocator, path, error);
 *     grove_atomic_write(&file, bytes, size);         as often as wanted; small pieces are gathered
 *     status = grove_atomic_commit(&file, error);     or grove_atomic_abort(&file)
 *
 * The first mistake sticks: later writes do nothing, commit returns it. After begin, whatever it
 * returned, exactly one commit or abort must follow.
 */
#ifndef GROVE_ATOMIC_FILE_H
#define GROVE_ATOMIC_FILE_H

#include <stdbool.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of no interest to the caller but as a place; its memory comes from the allocator of begin. */
typedef struct grove_atomic_file {
    grove_allocator allocator;
    grove_error error; /* the first mistake */
    char *path;        /* as given, for messages */
    char *target;      /* the file to replace: the path with links followed */
    char *temporary;   /* beside the target; NULL if it has no name yet, or is written straight */
    char *old;         /* what stood at the target, as long as it may be put back; or NULL */
    bool replaces;     /* the target; else the file is written straight */
    bool is_new;       /* nothing stood at the target */
    bool placed;       /* it stands at the target */
    int descriptor;    /* -1 if not open */
    char *gathered;    /* [GROVE_ATOMIC_BUFFER], `used` of them waiting to be written */
    size_t used;
} grove_atomic_file;

enum { GROVE_ATOMIC_BUFFER = 1 << 16 };

/* allocator NULL means the C library's. GROVE_NO_FILE with the path and the reason in words. */
GROVE_API grove_status grove_atomic_begin(grove_atomic_file *file, const grove_allocator *allocator,
                                          const char *path, grove_error *error);
GROVE_API grove_status grove_atomic_write(grove_atomic_file *file, const void *bytes, size_t size);
GROVE_API grove_status grove_atomic_commit(grove_atomic_file *file, grove_error *error);

/* Commits `count` files, all of them or none: no target is replaced before all bytes of all files
 * are safe, and where one cannot be, those before it are put back. (Not where a file system has no
 * hard links, nor what was written straight; and who is killed in between may leave a part.) Each
 * file's commit; *error is the first mistake. */
GROVE_API grove_status grove_atomic_commit_all(grove_atomic_file *const *files, size_t count,
                                               grove_error *error);
GROVE_API void grove_atomic_abort(grove_atomic_file *file);

#ifdef __cplusplus
}
#endif
#endif
