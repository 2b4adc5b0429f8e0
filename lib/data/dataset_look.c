/* SPDX-License-Identifier: MIT
 *
 * Looking at a dataset; batches of it; and one whose rows are in a file. */
#include <string.h>

#include "base/error.h"
#include "dataset.h"

grove_dataset *grove_dataset_in_file(const grove_allocator *memory, const grove_row_file *file,
                                     grove_part part) {
    grove_dataset *d = grove_alloc_zero(memory, 1, sizeof *d);
    if (d) {
        *d = (grove_dataset){.allocator = *memory,
                             .rows = grove_row_file_rows(file, part),
                             .categoricals = grove_row_file_categoricals(file),
                             .features = grove_row_file_features(file),
                             .file = file,
                             .part = part};
    }
    return d;
}

const grove_row_file *grove_dataset_file(const grove_dataset *dataset) {
    return dataset->file;
}

grove_part grove_dataset_part(const grove_dataset *dataset) {
    return dataset->part;
}

/* ---- looking --------------------------------------------------------------------------------- */

size_t grove_dataset_rows(const grove_dataset *dataset) {
    return dataset->rows;
}

size_t grove_dataset_categoricals(const grove_dataset *dataset) {
    return dataset->categoricals;
}

size_t grove_dataset_features(const grove_dataset *dataset) {
    return dataset->features;
}

const int32_t *grove_dataset_ids(const grove_dataset *dataset, size_t i) {
    return i < dataset->categoricals && dataset->ids ? dataset->ids + i * dataset->rows : NULL;
}

const float *grove_dataset_numbers(const grove_dataset *dataset) {
    return dataset->numbers;
}

const int32_t *grove_dataset_labels(const grove_dataset *dataset) {
    return dataset->labels;
}

const float *grove_dataset_targets(const grove_dataset *dataset) {
    return dataset->targets;
}

size_t grove_dataset_bags(const grove_dataset *dataset) {
    return dataset->bag_count;
}

grove_bag grove_dataset_bag(const grove_dataset *dataset, size_t i, size_t row) {
    const grove_bag_list *list = &dataset->bags[i];
    const size_t begin = list->offsets[row];
    return (grove_bag){list->ids + begin, list->weights + begin, list->offsets[row + 1] - begin};
}

int64_t grove_dataset_cells(const grove_dataset *dataset) {
    return dataset->cells;
}

static int64_t one_or_all(const int64_t *counts, size_t columns, size_t column) {
    if (column != GROVE_ALL_COLUMNS) {
        return column < columns ? counts[column] : 0;
    }
    int64_t sum = 0;
    for (size_t i = 0; i < columns; i++) {
        sum += counts[i];
    }
    return sum;
}

int64_t grove_dataset_unknown(const grove_dataset *dataset, size_t column) {
    return one_or_all(dataset->unknown, dataset->columns, column);
}

int64_t grove_dataset_missing(const grove_dataset *dataset, size_t column) {
    return one_or_all(dataset->missing, dataset->columns, column);
}

/* ---- batches --------------------------------------------------------------------------------- */

static void gather_row(const grove_dataset *d, size_t row, size_t to, const grove_batch *batch) {
    for (size_t i = 0; i < d->categoricals && batch->ids; i++) {
        batch->ids[i][to] = d->ids[i * d->rows + row];
    }
    size_t width = d->features;
    if (batch->numbers && width > 0) {
        memcpy(batch->numbers + to * width, d->numbers + row * width, width * sizeof(float));
    }
    if (batch->labels && d->labels) {
        batch->labels[to] = d->labels[row];
    }
}

grove_status grove_dataset_gather(const grove_dataset *dataset, const size_t *order, size_t start,
                                  size_t size, const grove_batch *batch, grove_error *error) {
    grove_error_clear(error);
    if (!dataset || !batch) {
        return grove_fail(error, GROVE_BAD_ARGUMENT, "there is no dataset, or no batch to fill");
    }
    if (dataset->file) {
        return grove_fail(error, GROVE_UNSUPPORTED, "the rows are in a file, not in memory");
    }
    for (size_t i = 0; i < size; i++) {
        size_t row = order ? order[start + i] : start + i;
        if (row >= dataset->rows) {
            return grove_fail(error, GROVE_BAD_ARGUMENT, "row %zu of a dataset of %zu rows", row,
                              dataset->rows);
        }
        gather_row(dataset, row, i, batch);
    }
    return GROVE_OK;
}
