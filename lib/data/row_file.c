/* SPDX-License-Identifier: MIT
 *
 * A file of rows, looked at block by block. */
#include "row_file.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "grove/data_hash.h"
#include "message.h"
#include "schema.h"

struct grove_row_file {
    grove_allocator allocator;
    FILE *stream;
    grove_row_head head;
    grove_row_tail tail;
    uint64_t *blocks[GROVE_ROW_PARTS]; /* where in the file the blocks of a part lie */
    size_t counts[GROVE_ROW_PARTS];    /* blocks of each part */
    grove_holdout holdout;
    grove_dataset *datasets[GROVE_ROW_PARTS];
    bool is_ours; /* it has no name: nobody else can cut it short */
    bool apart;   /* the rows for validation came from a source of their own */
    char place[GROVE_PLACE_SIZE];
};

static size_t block_bytes(const grove_row_file *file) {
    return (size_t)GROVE_BLOCK_ROWS * file->head.width * sizeof(int32_t);
}

void grove_row_file_free(grove_row_file *file) {
    if (file) {
        grove_allocator memory = file->allocator;
        fclose(file->stream);
        for (int part = 0; part < GROVE_ROW_PARTS; part++) {
            grove_dataset_free(file->datasets[part]);
            grove_release(&memory, file->blocks[part]);
        }
        grove_release(&memory, file);
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

static grove_status is_old(const char *name, const char *words, grove_error *error) {
    char place[GROVE_PLACE_SIZE];
    return grove_fail(error, GROVE_NOT_FOUND, "the rows in '%s' %s", grove_place(place, name, 0),
                      words);
}

/* The tail is not hashed: it tells no other numbers of rows than the survey. */
static bool has_rows(const grove_row_file *f, const grove_row_file_plan *plan) {
    const uint64_t valid = plan->valid ? plan->valid_counted->rows : plan->surveyed->valid_rows;
    return f->tail.rows[GROVE_PART_TRAIN] == plan->surveyed->train_rows &&
           f->tail.rows[GROVE_PART_VALID] == valid;
}

static grove_status read_ends(grove_row_file *f, const char *name, const grove_row_head *wanted,
                              const grove_row_file_plan *plan, grove_error *error) {
    char place[GROVE_PLACE_SIZE];
    bool got = fread(&f->head, sizeof f->head, 1, f->stream) == 1;
    if (!got || memcmp(f->head.magic, wanted->magic, sizeof wanted->magic) != 0) {
        return grove_fail(error, GROVE_BAD_FILE,
                          "'%s' is no file of rows that grove has written; it is left as it is",
                          grove_place(place, name, 0));
    }
    if (memcmp(&f->head, wanted, sizeof *wanted) != 0) {
        return is_old(name, "are of other data, or encoded otherwise", error);
    }
    got = fseek(f->stream, -(long)sizeof f->tail, SEEK_END) == 0 &&
          fread(&f->tail, sizeof f->tail, 1, f->stream) == 1 &&
          memcmp(f->tail.magic, wanted->magic, sizeof wanted->magic) == 0;
    if (!got) {
        return is_old(name, "are cut off", error);
    }
    return has_rows(f, plan) ? GROVE_OK : is_old(name, "are damaged", error);
}

/* Where each block lies; false where there are not as many as the rows need. */
static bool place_blocks(grove_row_file *f, const uint8_t *parts) {
    const uint64_t size = block_bytes(f);
    size_t placed[GROVE_ROW_PARTS] = {0};
    for (uint64_t i = 0; i < f->tail.blocks; i++) {
        const uint8_t part = parts[i];
        if (part >= GROVE_ROW_PARTS || placed[part] == f->counts[part]) {
            return false;
        }
        f->blocks[part][placed[part]++] = GROVE_ROW_HEAD_BYTES + i * size;
    }
    return placed[0] == f->counts[0] && placed[1] == f->counts[1];
}

static grove_status read_places(grove_row_file *f, const char *name, grove_error *error) {
    const grove_allocator *memory = &f->allocator;
    struct stat found = {0};
    const uint64_t blocks = f->tail.blocks, size = block_bytes(f);
    const uint64_t body = blocks < UINT32_MAX ? blocks * (size + 1) : 0;
    const uint64_t whole = GROVE_ROW_HEAD_BYTES + body + sizeof f->tail;
    if (fstat(fileno(f->stream), &found) != 0 || (uint64_t)found.st_size != whole) {
        return is_old(name, "are cut off", error);
    }
    for (int part = 0; part < GROVE_ROW_PARTS; part++) {
        f->counts[part] = (size_t)((f->tail.rows[part] + GROVE_BLOCK_ROWS - 1) / GROVE_BLOCK_ROWS);
        f->counts[part] = f->counts[part] <= blocks ? f->counts[part] : 0;
        f->blocks[part] = grove_alloc_zero(memory, f->counts[part], sizeof **f->blocks);
    }
    uint8_t *parts = grove_alloc(memory, (size_t)blocks);
    grove_status status = GROVE_OK;
    if (!parts || !f->blocks[0] || !f->blocks[1]) {
        status = grove_fail_memory(error, (size_t)blocks * sizeof **f->blocks);
    } else if (fseeko(f->stream, (off_t)(GROVE_ROW_HEAD_BYTES + blocks * size), SEEK_SET) != 0 ||
               fread(parts, 1, (size_t)blocks, f->stream) < blocks || !place_blocks(f, parts)) {
        status = is_old(name, "are damaged", error);
    }
    grove_release(memory, parts);
    return status;
}

/* All blocks, as they were hashed when they were written. */
static grove_status check_hash(grove_row_file *f, const char *name, grove_error *error) {
    const size_t size = block_bytes(f);
    void *block = grove_alloc(&f->allocator, size);
    uint64_t hash = 0;
    if (!block) {
        return grove_fail_memory(error, size);
    }
    bool good = fseeko(f->stream, GROVE_ROW_HEAD_BYTES, SEEK_SET) == 0;
    for (uint64_t i = 0; i < f->tail.blocks && good; i++) {
        good = fread(block, size, 1, f->stream) == 1;
        hash = good ? grove_hash(block, size, hash) : 0;
    }
    grove_release(&f->allocator, block);
    return good && hash == f->tail.hash ? GROVE_OK : is_old(name, "are damaged", error);
}

static grove_status take(FILE *stream, const char *name, const grove_row_file_plan *plan,
                         bool check, grove_row_file **file, grove_error *error) {
    const grove_row_head wanted = grove_row_head_of(plan);
    const grove_allocator *memory = &plan->schema->allocator;
    grove_row_file *f = grove_alloc_zero(memory, 1, sizeof *f);
    if (!f) {
        fclose(stream);
        return grove_fail_memory(error, sizeof *f);
    }
    f->allocator = *memory;
    f->stream = stream;
    f->holdout = *plan->holdout;
    f->apart = plan->valid != NULL;
    f->is_ours = !check; /* what has a name is checked */
    grove_place(f->place, name, 0);
    rewind(stream);
    grove_status status = read_ends(f, name, &wanted, plan, error);
    if (status == GROVE_OK) {
        status = read_places(f, name, error);
    }
    if (status == GROVE_OK && check) {
        status = check_hash(f, name, error);
    }
    for (int part = 0; part < GROVE_ROW_PARTS && status == GROVE_OK; part++) {
        f->datasets[part] = grove_dataset_in_file(memory, f, (grove_part)part);
        status = f->datasets[part] ? GROVE_OK : grove_fail_memory(error, sizeof *f);
    }
    if (status != GROVE_OK) {
        grove_row_file_free(f);
        return status;
    }
    *file = f;
    return GROVE_OK;
}

grove_status grove_row_file_take(FILE *stream, const char *name, const grove_row_file_plan *plan,
                                 grove_row_file **file, grove_error *error) {
    return take(stream, name, plan, false, file, error);
}

grove_status grove_row_file_open(const char *path, const grove_row_file_plan *plan,
                                 grove_row_file **file, grove_error *error) {
    grove_error_clear(error);
    *file = NULL;
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        int number = errno;
        grove_status status = grove_cannot_read(path, number, error);
        return number == ENOENT ? grove_fail(error, GROVE_NOT_FOUND, "there is no '%.200s'", path)
                                : status;
    }
    return take(stream, path, plan, true, file, error);
}

/* ---- looking --------------------------------------------------------------------------------- */

size_t grove_row_file_rows(const grove_row_file *file, grove_part part) {
    return (unsigned)part < GROVE_ROW_PARTS ? (size_t)file->tail.rows[part] : 0;
}

size_t grove_row_file_width(const grove_row_file *file) {
    return file->head.width;
}

size_t grove_row_file_categoricals(const grove_row_file *file) {
    return file->head.categoricals;
}

size_t grove_row_file_features(const grove_row_file *file) {
    return file->head.features;
}

const grove_dataset *grove_row_file_dataset(const grove_row_file *file, grove_part part) {
    return (unsigned)part < GROVE_ROW_PARTS ? file->datasets[part] : NULL;
}

uint64_t grove_row_file_hash(const grove_row_file *file) {
    return file->tail.hash;
}

/* Bytes of a file that is ours, mapped while they are copied; false where there is no mapping. */
static bool copy_mapped(const grove_row_file *f, char *bytes, size_t size, uint64_t place) {
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), begin = place - place % page;
    const size_t length = size + (size_t)(place - begin);
    char *map = f->is_ours
                    ? mmap(NULL, length, PROT_READ, MAP_SHARED, fileno(f->stream), (off_t)begin)
                    : MAP_FAILED;
    if (map == MAP_FAILED) {
        return false;
    }
    memcpy(bytes, map + (place - begin), size);
    munmap(map, length);
    return true;
}

/* The bytes at that place of the file, all of them. One with a name is not mapped: whoever cuts it
 * short meanwhile is told, where a mapping would end the program by a signal. */
static grove_status read_bytes(const grove_row_file *f, char *bytes, size_t size, uint64_t place,
                               grove_error *error) {
    for (size_t got = 0; got < size;) {
        const ssize_t some =
            pread(fileno(f->stream), bytes + got, size - got, (off_t)(place + got));
        if (some == 0) {
            return grove_fail(error, GROVE_NO_FILE,
                              "the rows in '%s' were cut off while they were read", f->place);
        }
        if (some < 0 && errno != EINTR) {
            return grove_cannot_read(f->place, errno, error);
        }
        got += some > 0 ? (size_t)some : 0;
    }
    return GROVE_OK;
}

grove_status grove_row_file_read(const grove_row_file *file, grove_part part, size_t row,
                                 size_t count, int32_t **words, grove_error *error) {
    const size_t block = row / GROVE_BLOCK_ROWS, first = row % GROVE_BLOCK_ROWS;
    *words = NULL;
    if ((unsigned)part >= GROVE_ROW_PARTS || block >= file->counts[part] ||
        count > GROVE_BLOCK_ROWS - first) {
        return grove_fail(error, GROVE_BAD_ARGUMENT,
                          "a file of rows has no block with %zu rows from row %zu of that part on",
                          count, row);
    }
    const size_t width = file->head.width * sizeof **words;
    *words = grove_alloc(&file->allocator, count * width);
    if (!*words) {
        return grove_fail_memory(error, count * width);
    }
    const uint64_t place = file->blocks[part][block] + first * width;
    grove_status status = copy_mapped(file, (char *)*words, count * width, place)
                              ? GROVE_OK
                              : read_bytes(file, (char *)*words, count * width, place, error);
    if (status != GROVE_OK) {
        grove_row_file_release(file, *words);
        *words = NULL;
    }
    return status;
}

void grove_row_file_release(const grove_row_file *file, int32_t *words) {
    grove_release(&file->allocator, words);
}

uint64_t grove_row_file_source_row(const grove_row_file *file, grove_part part, size_t i) {
    if (part == GROVE_PART_VALID && file->apart) {
        return i;
    }
    uint64_t row = 0;
    for (size_t met = 0;; row++) {
        met += grove_is_held_out(&file->holdout, row) == (part == GROVE_PART_VALID);
        if (met > i) {
            return row;
        }
    }
}
