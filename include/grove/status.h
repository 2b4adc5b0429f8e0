/* SPDX-License-Identifier: MIT
 *
 * grove/status.h - what can go wrong, said once; the memory grove asks for; the version.
 *
 * Errors are values. Every function that can fail returns a grove_status, and leaves one clear
 * sentence in a grove_error: in the one the caller passes, in the graph (grove_graph_error) or in
 * the plan (grove_plan_error). Nothing is printed, nothing exits, nothing aborts.
 */
#ifndef GROVE_STATUS_H
#define GROVE_STATUS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GROVE_VERSION_MAJOR 0
#define GROVE_VERSION_MINOR 1
#define GROVE_VERSION_PATCH 0

#if defined(_WIN32)
#define GROVE_API
#else
#define GROVE_API __attribute__((visibility("default")))
#endif

#if defined(__GNUC__)
#define GROVE_PRINTF(words, first) __attribute__((__format__(__printf__, words, first)))
#else
#define GROVE_PRINTF(words, first)
#endif

/* The one list of status codes: code, name, words. */
#define GROVE_STATUS_LIST(X)                                                                       \
    X(0, OK, "done")                                                                               \
    X(1, NO_MEMORY, "out of memory")                                                               \
    X(2, BAD_ARGUMENT, "an argument cannot be used")                                               \
    X(3, BAD_SHAPE, "shapes do not fit")                                                           \
    X(4, BAD_TYPE, "types do not fit")                                                             \
    X(5, BAD_DATA, "the data cannot be used")                                                      \
    X(6, BAD_FILE, "the file is not what it should be")                                            \
    X(7, NO_FILE, "the file cannot be opened, read or written")                                    \
    X(8, NOT_FOUND, "there is nothing of that name")                                               \
    X(9, UNSUPPORTED, "grove does not do this")                                                    \
    X(10, INTERRUPTED, "stopped on request")

typedef enum grove_status {
#define GROVE_STATUS_ENUM(code, name, words) GROVE_##name = code,
    GROVE_STATUS_LIST(GROVE_STATUS_ENUM)
#undef GROVE_STATUS_ENUM
} grove_status;

/* One mistake in words. Lives where its owner lives; copy it freely. */
typedef struct grove_error {
    grove_status status;
    char message[512];
} grove_error;

/* The words of a code ("out of memory"); never NULL, also for an unknown code. */
GROVE_API const char *grove_status_words(grove_status status);

/* The version of the library that runs, "0.1.0" (the macros tell the one compiled against). */
GROVE_API const char *grove_version(void);

/* The kind of instructions that loops run with on this processor: "baseline", or a level of x86-64,
 * "v2", "v3", "v4", or "neon" on 64-bit Arm (whose products of matrices are the CBLAS's at the
 * baseline); the environment variable GROVE_CPU can lower it. */
GROVE_API const char *grove_level_name(void);

/* Where grove takes its memory from; a zeroed struct, or NULL where a pointer is asked for, means
 * the C library's. `resize(user, p, size)` is realloc with two additions: p may be NULL (a new
 * block), and size 0 frees p and returns NULL. Blocks must be aligned as malloc's are. `user` is
 * handed through and stays the caller's. */
typedef struct grove_allocator {
    void *(*resize)(void *user, void *pointer, size_t size);
    void *user;
} grove_allocator;

#ifdef __cplusplus
}
#endif
#endif
