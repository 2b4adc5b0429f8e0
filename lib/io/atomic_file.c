/* SPDX-License-Identifier: MIT */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if !defined(O_TMPFILE) && defined(__O_TMPFILE)
#define O_TMPFILE __O_TMPFILE /* glibc shows the other name among GNU's words only */
#endif

grove_status grove_fail_errno(grove_error *error, const char *what, const char *path, int number) {
    char reason[128];
    if (strerror_r(number, reason, sizeof reason) != 0) {
        snprintf(reason, sizeof reason, "system error %d", number);
    }
    return grove_fail(error, GROVE_NO_FILE, "cannot %s '%.300s': %s", what, path, reason);
}

static grove_status fail(grove_atomic_file *file, int number) {
    return grove_fail_errno(&file->error, "write", file->path, number);
}

static grove_status fail_because(grove_atomic_file *file, const char *reason) {
    return grove_fail(&file->error, GROVE_NO_FILE, "cannot write '%.300s': %s", file->path, reason);
}

/* ---- beginning ------------------------------------------------------------------------------- */

/* The length of the folder's part of a path, with its slash: 0 for a bare name. */
static size_t folder_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The first `length` bytes of `folder`, then `name`. NULL when memory is short. */
static char *join(const grove_allocator *allocator, const char *folder, size_t length,
                  const char *name) {
    size_t size = strlen(name) + 1;
    char *path = grove_alloc(allocator, length + size);
    if (path) {
        memcpy(path, folder, length);
        memcpy(path + length, name, size);
    }
    return path;
}

enum { LINK_BYTES = 4096, LINK_STEPS = 40 };

/* Replaces file->target, a link, by what it leads to (which need not exist). */
static grove_status follow_link(grove_atomic_file *file, char *words) {
    ssize_t length = readlink(file->target, words, LINK_BYTES);
    if (length < 0 || length == LINK_BYTES) {
        return fail(file, length < 0 ? errno : ENAMETOOLONG);
    }
    words[length] = '\0';
    size_t folder = words[0] == '/' ? 0 : folder_length(file->target);
    char *next = join(&file->allocator, file->target, folder, words);
    if (!next) {
        return grove_fail_memory(&file->error, folder + (size_t)length + 1);
    }
    grove_release(&file->allocator, file->target);
    file->target = next;
    return GROVE_OK;
}

static grove_status follow_links(grove_atomic_file *file) {
    struct stat found;
    grove_status status = GROVE_OK;
    int steps = 0;
    while (status == GROVE_OK && lstat(file->target, &found) == 0 && S_ISLNK(found.st_mode)) {
        /* The buffer for small pieces is not yet in use and lends its space. */
        status = ++steps > LINK_STEPS ? fail(file, ELOOP) : follow_link(file, file->gathered);
    }
    return status;
}

/* A number that no other process hits upon: O_EXCL makes a hit harmless, this makes it rare. */
static uint64_t unpredictable(const void *address) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t x = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    x ^= (uint64_t)getpid() << 40 ^ (uint64_t)(uintptr_t)address << 8;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

enum { NAME_TRIES = 100 };

/* What a name is given to: 0, or a number of errno. `path` is beside the target, and new. */
typedef int give_name(grove_atomic_file *file, const char *path);

/* Of names that chance makes the first that is free; NULL, with the mistake noted, if there is none
 * to be had. */
static char *name_beside(grove_atomic_file *file, give_name *give) {
    for (int i = 0; i < NAME_TRIES; i++) {
        char name[40];
        snprintf(name, sizeof name, ".grove-%016" PRIx64 ".tmp", unpredictable(file));
        char *path = join(&file->allocator, file->target, folder_length(file->target), name);
        if (!path) {
            grove_fail_memory(&file->error, strlen(file->target) + sizeof name);
            return NULL;
        }
        int number = give(file, path);
        if (number == 0) {
            return path;
        }
        grove_release(&file->allocator, path);
        if (number != EEXIST && number != EINTR) {
            fail(file, number);
            return NULL;
        }
    }
    fail(file, EEXIST);
    return NULL;
}

static int create(grove_atomic_file *file, const char *path) {
    file->descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return file->descriptor < 0 ? errno : 0;
}

/* A file without a name is gone with its process, however that ends: nobody has to clean up. Where
 * the file system has none, it is given a name at once. */
static grove_status open_temporary(grove_atomic_file *file) {
#ifdef O_TMPFILE
    const size_t length = folder_length(file->target);
    char *folder = join(&file->allocator, file->target, length, length ? "" : ".");
    if (!folder) {
        return grove_fail_memory(&file->error, length + 2);
    }
    file->descriptor = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
    grove_release(&file->allocator, folder);
    if (file->descriptor >= 0) {
        return GROVE_OK;
    }
#endif
    file->temporary = name_beside(file, create);
    return file->error.status;
}

/* A target that is there already keeps its permissions, and its protection if it has no right of
 * writing. */
static grove_status open_beside(grove_atomic_file *file, const struct stat *old) {
    if (old && access(file->path, W_OK) != 0) {
        return fail(file, errno);
    }
    grove_status status = follow_links(file);
    if (status == GROVE_OK && file->target[folder_length(file->target)] == '\0') {
        status = fail(file, *file->target ? EISDIR : ENOENT);
    }
    if (status == GROVE_OK) {
        file->replaces = true;
        status = open_temporary(file);
    }
    if (status == GROVE_OK && old && fchmod(file->descriptor, old->st_mode & 0777) != 0) {
        status = fail(file, errno);
    }
    return status;
}

static grove_status open_straight(grove_atomic_file *file) {
    do {
        file->descriptor = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    } while (file->descriptor < 0 && errno == EINTR);
    return file->descriptor < 0 ? fail(file, errno) : GROVE_OK;
}

static grove_status open_output(grove_atomic_file *file) {
    if (strcmp(file->path, "-") == 0 || strcmp(file->path, "/dev/stdout") == 0) {
        file->descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
        return file->descriptor < 0 ? fail(file, errno) : GROVE_OK;
    }
    struct stat found;
    if (stat(file->path, &found) != 0) {
        return errno == ENOENT ? open_beside(file, NULL) : fail(file, errno);
    }
    if (S_ISDIR(found.st_mode)) {
        return fail_because(file, "it is a folder");
    }
    return S_ISREG(found.st_mode) ? open_beside(file, &found) : open_straight(file);
}

grove_status grove_atomic_begin(grove_atomic_file *file, const grove_allocator *allocator,
                                const char *path, grove_error *error) {
    *file = (grove_atomic_file){.descriptor = -1};
    file->allocator = grove_allocator_or_default(allocator);
    file->path = grove_copy_text(&file->allocator, path);
    file->target = grove_copy_text(&file->allocator, path);
    file->gathered = grove_alloc(&file->allocator, GROVE_ATOMIC_BUFFER);
    grove_status status = GROVE_OK;
    if (!file->path || !file->target || !file->gathered) {
        status = grove_fail_memory(&file->error, GROVE_ATOMIC_BUFFER);
    } else {
        status = open_output(file);
    }
    if (status != GROVE_OK && error) {
        *error = file->error;
    }
    return status;
}

/* ---- writing --------------------------------------------------------------------------------- */

static grove_status write_all(grove_atomic_file *file, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(file->descriptor, bytes, size);
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (written == 0 || errno != EINTR) {
            return fail(file, written == 0 ? ENOSPC : errno);
        }
    }
    return GROVE_OK;
}

static grove_status flush(grove_atomic_file *file) {
    size_t used = file->used;
    file->used = 0;
    return write_all(file, file->gathered, used);
}

grove_status grove_atomic_write(grove_atomic_file *file, const void *bytes, size_t size) {
    if (file->error.status == GROVE_OK && size > GROVE_ATOMIC_BUFFER - file->used) {
        flush(file);
    }
    if (file->error.status != GROVE_OK || size == 0) {
        return file->error.status;
    }
    if (size >= GROVE_ATOMIC_BUFFER) {
        return write_all(file, bytes, size);
    }
    memcpy(file->gathered + file->used, bytes, size);
    file->used += size;
    return GROVE_OK;
}

/* ---- the end --------------------------------------------------------------------------------- */

static grove_status close_output(grove_atomic_file *file) {
    int descriptor = file->descriptor;
    file->descriptor = -1;
    /* After EINTR the descriptor is gone all the same. */
    return close(descriptor) != 0 && errno != EINTR ? fail(file, errno) : GROVE_OK;
}

/* Makes the new name safe as well. The file has taken its place and cannot go back, so a file
 * system that refuses this is not an error. */
static void sync_folder(grove_atomic_file *file) {
    size_t length = folder_length(file->target);
    file->target[length] = '\0';
    int folder = open(length ? file->target : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
}

static int link_nameless(grove_atomic_file *file, const char *path) {
    char self[40];
    snprintf(self, sizeof self, "/proc/self/fd/%d", file->descriptor);
    return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0 ? errno : 0;
}

/* For where /proc is missing, or links are: into a file that has a name from the beginning. */
static grove_status copy_nameless(grove_atomic_file *file) {
    const int from = file->descriptor;
    struct stat is;
    ssize_t size = 0;
    off_t at = 0;
    file->error = (grove_error){0};
    file->temporary = name_beside(file, create);
    if (file->temporary && (fstat(from, &is) != 0 || fchmod(file->descriptor, is.st_mode & 0777))) {
        fail(file, errno);
    }
    while (file->error.status == GROVE_OK &&
           (size = pread(from, file->gathered, GROVE_ATOMIC_BUFFER, at)) > 0) {
        at += size;
        write_all(file, file->gathered, (size_t)size);
    }
    if (file->error.status == GROVE_OK && (size < 0 || fsync(file->descriptor) != 0)) {
        fail(file, errno);
    }
    close(from);
    return file->error.status;
}

/* All bytes lie safely beside the target, under a name; or have gone straight to where they go. */
static grove_status make_safe(grove_atomic_file *file) {
    if (file->error.status == GROVE_OK && flush(file) == GROVE_OK && file->replaces) {
        grove_status status = fsync(file->descriptor) != 0 ? fail(file, errno) : GROVE_OK;
        if (status == GROVE_OK && !file->temporary) {
            file->temporary = name_beside(file, link_nameless);
            if (file->error.status == GROVE_NO_FILE) {
                copy_nameless(file);
            }
        }
    }
    return file->error.status == GROVE_OK ? close_output(file) : file->error.status;
}

static int link_old(grove_atomic_file *file, const char *path) {
    return link(file->target, path) != 0 ? errno : 0;
}

/* The file takes the target's place. What was there keeps a second name, if it may be wanted again
 * and if the file system has such. */
static grove_status put_in_place(grove_atomic_file *file, bool wanted_again) {
    struct stat old;
    file->is_new = lstat(file->target, &old) != 0;
    if (wanted_again && !file->is_new) {
        file->old = name_beside(file, link_old);
        file->error = (grove_error){0};
    }
    if (rename(file->temporary, file->target) != 0) {
        return fail(file, errno);
    }
    grove_release(&file->allocator, file->temporary);
    file->temporary = NULL;
    file->placed = true;
    return GROVE_OK;
}

static void take_back(grove_atomic_file *file) {
    if (file->old && rename(file->old, file->target) == 0) {
        grove_release(&file->allocator, file->old);
        file->old = NULL;
    } else if (file->is_new) {
        unlink(file->target);
    }
}

grove_status grove_atomic_commit_all(grove_atomic_file *const *files, size_t count,
                                     grove_error *error) {
    grove_status status = GROVE_OK;
    size_t last = 0; /* that was dealt with: the one that failed, if any did */
    for (size_t i = 0; i < count && status == GROVE_OK; i++) {
        status = make_safe(files[last = i]);
    }
    for (size_t i = 0; i < count && status == GROVE_OK; i++) {
        status = files[i]->replaces ? put_in_place(files[last = i], count > 1) : GROVE_OK;
    }
    if (status != GROVE_OK && error) {
        *error = files[last]->error;
    }
    for (size_t i = 0; i < count; i++) {
        if (files[i]->placed && status != GROVE_OK) {
            take_back(files[i]);
        } else if (files[i]->placed) {
            sync_folder(files[i]);
        }
        grove_atomic_abort(files[i]);
    }
    return status;
}

grove_status grove_atomic_commit(grove_atomic_file *file, grove_error *error) {
    return grove_atomic_commit_all(&file, 1, error);
}

static void remove_and_release(grove_atomic_file *file, char *path) {
    if (path) {
        unlink(path);
    }
    grove_release(&file->allocator, path);
}

void grove_atomic_abort(grove_atomic_file *file) {
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    remove_and_release(file, file->temporary);
    remove_and_release(file, file->old);
    grove_release(&file->allocator, file->target);
    grove_release(&file->allocator, file->path);
    grove_release(&file->allocator, file->gathered);
    *file = (grove_atomic_file){.allocator = file->allocator, .descriptor = -1};
}
