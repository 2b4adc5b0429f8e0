/* SPDX-License-Identifier: MIT
 *
 * graph_hash.c - stage two, boiled down to one number: are these two graphs the same computation?
 */
#include <string.h>

#include "base/random.h"
#include "graph.h"

/* FNV-1a, over whole numbers byte by byte, the lowest first: the same on every machine. */
static void mix(uint64_t *hash, uint64_t number) {
    for (int i = 0; i < 8; i++) {
        *hash = (*hash ^ (number >> 8 * i & 0xff)) * 0x100000001B3u;
    }
}

static void mix_text(uint64_t *hash, const char *text) {
    mix(hash, grove_hash_name(text ? text : ""));
}

static void mix_real(uint64_t *hash, double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    mix(hash, bits);
}

static void mix_shape(uint64_t *hash, const grove_shape *shape) {
    mix(hash, (uint64_t)shape->rank);
    for (int i = 0; i < shape->rank; i++) {
        mix(hash, (uint64_t)shape->dim[i]);
    }
}

static void mix_attributes(uint64_t *hash, const grove_op *op, const void *attributes) {
    for (const grove_field *f = op->fields; f && attributes && f->name; f++) {
        const void *at = (const char *)attributes + f->offset;
        switch (f->kind) {
        case GROVE_FIELD_FLAG:
            mix(hash, *(const bool *)at);
            break;
        case GROVE_FIELD_INT:
            mix(hash, (uint64_t) * (const int64_t *)at);
            break;
        case GROVE_FIELD_REAL:
            mix_real(hash, *(const double *)at);
            break;
        case GROVE_FIELD_SHAPE:
            mix_shape(hash, at);
            break;
        }
    }
}

uint64_t grove_graph_hash(const grove_graph *graph) {
    uint64_t hash = 0xCBF29CE484222325u;
    mix(&hash, grove_seed(graph));
    for (size_t i = 0; graph && i < graph->node_count; i++) {
        const grove_node *node = &graph->nodes[i];
        mix_text(&hash, node->op->name);
        mix_text(&hash, node->name);
        mix(&hash, (uint64_t)node->type);
        mix_shape(&hash, &node->shape);
        mix_attributes(&hash, node->op, node->attributes);
        mix(&hash, (uint64_t)node->inputs);
        for (int32_t k = 0; k < node->inputs; k++) {
            mix(&hash, (uint64_t)node->in[k]);
        }
    }
    return hash;
}
