/* SPDX-License-Identifier: MIT */
#include "unpack.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "message.h"

#ifdef GROVE_HAS_ZLIB
#include <zlib.h>
#endif
#ifdef GROVE_HAS_ZSTD
#include <zstd.h>
#endif

struct grove_packing {
    const char *name, *magic, *needs, *command;
    bool (*begin)(grove_unpacker *u);
    /* Unpacks from the block into `to` and returns how much that was; ends `within` where a member
     * ends. */
    size_t (*step)(grove_unpacker *u, char *to, size_t size);
    void (*end)(grove_unpacker *u);
};

static void refuse(grove_unpacker *u, const char *words, const char *reason) {
    char place[GROVE_PLACE_SIZE];
    u->status = grove_fail(u->error, GROVE_BAD_DATA, "%s: what %s packed there is %s%s%s%s",
                           grove_place(place, u->source, 0), u->packing->name, words,
                           *reason ? " (" : "", reason, *reason ? ")" : "");
}

/* ---- gzip ------------------------------------------------------------------------------------ */

#ifdef GROVE_HAS_ZLIB
static void *take_memory(void *user, unsigned count, unsigned size) {
    return grove_alloc_zero(user, count, size);
}

static void give_memory(void *user, void *memory) {
    grove_release(user, memory);
}

static bool begin_gzip(grove_unpacker *u) {
    enum { GZIP_ALONE = 16 };
    z_stream *z = u->state = grove_alloc_zero(u->allocator, 1, sizeof *z);
    if (!z) {
        return false;
    }
    z->zalloc = take_memory;
    z->zfree = give_memory;
    z->opaque = (void *)u->allocator;
    return inflateInit2(z, MAX_WBITS + GZIP_ALONE) == Z_OK;
}

static size_t step_gzip(grove_unpacker *u, char *to, size_t size) {
    z_stream *z = u->state;
    unsigned room = (unsigned)(size < GROVE_PACKED_BLOCK ? size : GROVE_PACKED_BLOCK);
    z->next_in = (unsigned char *)u->block + u->at;
    z->avail_in = (unsigned)(u->size - u->at);
    z->next_out = (unsigned char *)to;
    z->avail_out = room;
    int code = inflate(z, Z_NO_FLUSH);
    u->at = u->size - z->avail_in;
    if (code == Z_STREAM_END) {
        u->within = false;
        code = inflateReset(z);
    }
    if (code == Z_MEM_ERROR) {
        u->status = grove_fail_memory(u->error, 1u << MAX_WBITS);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
        refuse(u, "damaged", z->msg ? z->msg : "");
    }
    return room - z->avail_out;
}

static void end_gzip(grove_unpacker *u) {
    inflateEnd(u->state);
    grove_release(u->allocator, u->state);
}
#else
#define begin_gzip NULL
#define step_gzip NULL
#define end_gzip NULL
#endif

/* ---- zstd ------------------------------------------------------------------------------------ */

#ifdef GROVE_HAS_ZSTD
static bool begin_zstd(grove_unpacker *u) {
    u->state = ZSTD_createDStream();
    return u->state;
}

static size_t step_zstd(grove_unpacker *u, char *to, size_t size) {
    ZSTD_inBuffer in = {u->block, u->size, u->at};
    ZSTD_outBuffer out = {to, size, 0};
    size_t left = ZSTD_decompressStream(u->state, &out, &in);
    u->at = in.pos;
    u->within = left != 0;
    if (ZSTD_isError(left)) {
        refuse(u, "damaged", ZSTD_getErrorName(left));
    }
    return out.pos;
}

static void end_zstd(grove_unpacker *u) {
    ZSTD_freeDStream(u->state);
}
#else
#define begin_zstd NULL
#define step_zstd NULL
#define end_zstd NULL
#endif

/* ---- both ------------------------------------------------------------------------------------ */

static const grove_packing packings[] = {
    {"gzip", "\x1F\x8B", "zlib (Debian: zlib1g-dev)", "gzip -dc", begin_gzip, step_gzip, end_gzip},
    {"zstd", "\x28\xB5\x2F\xFD", "libzstd (Debian: libzstd-dev)", "zstd -dc", begin_zstd, step_zstd,
     end_zstd},
};

/* Reads the next block; false: there is none. */
static bool refill(grove_unpacker *u) {
    errno = 0;
    u->at = u->size = 0;
    if (feof(u->stream)) { /* a terminal would be asked once more */
        return false;
    }
    u->size = fread(u->block, 1, GROVE_PACKED_BLOCK, u->stream);
    if (u->size < GROVE_PACKED_BLOCK && ferror(u->stream)) {
        u->status = grove_cannot_read(u->source, errno, u->error);
    }
    return u->size > 0;
}

static const grove_packing *packing_of(const char *block, size_t size) {
    for (size_t i = 0; i < sizeof packings / sizeof *packings; i++) {
        size_t length = strlen(packings[i].magic);
        if (size >= length && memcmp(block, packings[i].magic, length) == 0) {
            return &packings[i];
        }
    }
    return NULL;
}

static grove_status begin_packing(grove_unpacker *u, const grove_packing *p) {
    char place[GROVE_PLACE_SIZE];
    if (!p->begin) {
        return grove_fail(u->error, GROVE_BAD_DATA,
                          "%s is packed with %s, which this build of grove cannot unpack: build it "
                          "with %s, or pipe the file through '%s'",
                          grove_place(place, u->source, 0), p->name, p->needs, p->command);
    }
    u->packing = p;
    return p->begin(u) ? GROVE_OK : grove_fail_memory(u->error, 1u << 15);
}

grove_status grove_unpack_begin(grove_unpacker *u, FILE *stream, const char *source,
                                const grove_allocator *allocator, grove_error *error) {
    *u = (grove_unpacker){
        .stream = stream, .source = source, .allocator = allocator, .error = error};
    u->block = grove_alloc(allocator, GROVE_PACKED_BLOCK);
    if (!u->block) {
        return u->status = grove_fail_memory(error, GROVE_PACKED_BLOCK);
    }
    const grove_packing *found = refill(u) ? packing_of(u->block, u->size) : NULL;
    if (u->status == GROVE_OK && found) {
        u->status = begin_packing(u, found);
    }
    return u->status;
}

/* What is not packed: the first block, and then the stream itself. */
static size_t pass_on(grove_unpacker *u, char *to, size_t size) {
    size_t first = u->size - u->at < size ? u->size - u->at : size;
    memcpy(to, u->block + u->at, first);
    u->at += first;
    if (first == size || feof(u->stream)) { /* a terminal would be asked once more */
        return first;
    }
    errno = 0;
    size_t rest = fread(to + first, 1, size - first, u->stream);
    if (first + rest < size && ferror(u->stream)) {
        u->status = grove_cannot_read(u->source, errno, u->error);
    }
    return first + rest;
}

/* A library may hold bytes back that came out of blocks before: when the stream has ended within a
 * member, it is cut off only if nothing more comes. */
size_t grove_unpack(grove_unpacker *u, char *to, size_t size) {
    if (!u->packing) {
        return pass_on(u, to, size);
    }
    size_t done = 0;
    while (done < size && u->status == GROVE_OK) {
        bool dry = u->at == u->size && !refill(u);
        if (u->status != GROVE_OK || (dry && !u->within)) {
            break;
        }
        u->within = true;
        size_t made = u->packing->step(u, to + done, size - done);
        done += made;
        if (dry && made == 0 && u->within && u->status == GROVE_OK) {
            refuse(u, "cut off: it has no end", "");
        }
    }
    return done;
}

void grove_unpack_end(grove_unpacker *u) {
    if (u->packing && u->state) {
        u->packing->end(u);
    }
    grove_release(u->allocator, u->block);
}
