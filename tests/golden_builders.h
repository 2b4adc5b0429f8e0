/* SPDX-License-Identifier: MIT
 *
 * golden_builders.h - what the files of builders share: how they ask a case, how a builder is
 * written in a line, and the table that each of them ends with.
 */
#ifndef TESTS_GOLDEN_BUILDERS_H
#define TESTS_GOLDEN_BUILDERS_H

#include "golden.h"

/* Ended by a row without a name. */
extern const golden_builder golden_op_builders[];
extern const golden_builder golden_embedding_builders[];
extern const golden_builder golden_layer_builders[];
extern const golden_builder golden_loss_builders[];
extern const golden_builder golden_model_builders[];

/* The input of that name, or GROVE_NONE. */
static inline grove_tensor in(const golden_scene *s, const char *name) {
    return grove_find(s->graph, name);
}

/* The setting of that name, or 0. */
static inline double number(const golden_scene *s, const char *name) {
    return golden_number(s->c, name);
}
static inline int64_t whole(const golden_scene *s, const char *name) {
    return (int64_t)golden_number(s->c, name);
}
static inline bool has(const golden_scene *s, const char *name) {
    return golden_number(s->c, name) != 0;
}
static inline grove_shape list(const golden_scene *s, const char *name) {
    return golden_list(s->c, name);
}

/* The place of the setting that is there, among these words; 0 where none is. */
static inline int word_of(const golden_scene *s, const char *const *words, int count) {
    int found = 0;
    for (int i = 0; i < count; i++) {
        found = has(s, words[i]) ? i : found;
    }
    return found;
}

/* The size of an axis of a parameter that the case gives numbers for: so layers are as wide as
 * their weights. 0 where there is none. */
static inline int64_t side(const golden_scene *s, const char *parameter, int axis) {
    const golden_line *line = golden_find(s->c, GOLDEN_PARAM, parameter);
    return line ? line->shape.dim[axis] : 0;
}

/* BUILD(relu, grove_relu(in(s, "x"))): the builder of all cases that are called relu/... */
#define BUILD(name, formula)                                                                       \
    static grove_tensor build_##name(const golden_scene *s) {                                      \
        return formula;                                                                            \
    }

#define ROW(name)                                                                                  \
    { #name, false, build_##name }
#define ROW_TRAINED(name)                                                                          \
    { #name, true, build_##name }
#define NO_MORE_ROWS                                                                               \
    { NULL, false, NULL }

#endif
