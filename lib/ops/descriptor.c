/* SPDX-License-Identifier: MIT
 *
 * ops/descriptor.c - can an op that somebody else wrote work? Whatever a stage takes for granted of
 * a descriptor is asked here, once for each graph, so that no stage need ask again.
 */
#include <stdio.h>

#include "room.h"

enum {
    NAME_MOST = 40,
    FLAGS = GROVE_ALIAS | GROVE_IN_PLACE | GROVE_TRAINING | GROVE_UPDATE | GROVE_FIRST |
            GROVE_PIECEWISE | GROVE_LOOKUP | GROVE_SEAMLESS | GROVE_PRODUCT,
    FLAGS_OF_INPUTS = GROVE_ALIAS | GROVE_IN_PLACE | GROVE_TRAINING
};

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The name goes into files, pictures and messages: nothing in it needs quotes anywhere. */
static bool is_name(const char *name) {
    size_t length = 0;
    for (; name[length]; length++) {
        char c = name[length];
        bool other = c == '_' || (c >= '0' && c <= '9');
        if (length == NAME_MOST || !(is_letter(c) || (other && length > 0))) {
            return false;
        }
    }
    return length > 0;
}

/* What is wrong with it, or NULL. */
static const char *fault_of_parts(const grove_op *op) {
    bool is_alias = (op->flags & GROVE_ALIAS) != 0;
    bool does_nothing = (op->flags & GROVE_UPDATE) && !op->written; /* it bundles updates */
    if (grove_op_named(op->name)) {
        return "grove itself has an op of that name";
    }
    if (!op->shape) {
        return "it has no shape function";
    }
    if (!op->run && !is_alias && !does_nothing) {
        return "it has no kernel (run) and is no alias (GROVE_ALIAS)";
    }
    if (op->run && is_alias) {
        return "it is an alias (GROVE_ALIAS), whose kernel (run) nobody would call";
    }
    if (!op->grad == !op->no_gradient) {
        return op->grad ? "it has a gradient (grad) and a reason why it has none (no_gradient)"
                        : "it has neither a gradient (grad) nor a reason why not (no_gradient)";
    }
    if (op->min_inputs < 0 || op->max_inputs < op->min_inputs) {
        return "its min_inputs and max_inputs are no range";
    }
    return NULL;
}

static const char *fault_of_flags(const grove_op *op) {
    if (op->flags & ~(unsigned)FLAGS) {
        return "it has flags that only ops of grove itself may have, or that there are not";
    }
    if ((op->flags & FLAGS_OF_INPUTS) && op->min_inputs < 1) {
        return "its flags say something of an input, and it may have none (min_inputs)";
    }
    if ((op->flags & GROVE_LOOKUP) && op->min_inputs < 2) {
        return "it is a lookup (GROVE_LOOKUP), which needs a table and ids (min_inputs)";
    }
    if ((op->flags & GROVE_PRODUCT) && op->min_inputs < 2) {
        return "it is a product (GROVE_PRODUCT), which needs two inputs (min_inputs)";
    }
    if (!(op->flags & GROVE_UPDATE) && ((op->flags & GROVE_FIRST) || op->written)) {
        return "only an update (GROVE_UPDATE) may change inputs (written) or go first";
    }
    if (op->max_inputs < 32 && op->written >> op->max_inputs) {
        return "it says that it changes an input (written) which it has not (max_inputs)";
    }
    return NULL;
}

/* How large a member of the kind is; 0 for no kind. */
static size_t size_of(grove_field_kind kind) {
    switch (kind) {
    case GROVE_FIELD_FLAG:
        return sizeof(bool);
    case GROVE_FIELD_INT:
        return sizeof(int64_t);
    case GROVE_FIELD_REAL:
        return sizeof(double);
    case GROVE_FIELD_SHAPE:
        return sizeof(grove_shape);
    }
    return 0;
}

static const char *fault_of_fields(const grove_op *op) {
    bool any = op->fields && op->fields[0].name;
    if (any != (op->attribute_size > 0)) {
        return any ? "it lists fields of attributes that have no size (attribute_size)"
                   : "it has attributes (attribute_size) and does not list them (fields)";
    }
    for (const grove_field *f = op->fields; f && f->name; f++) {
        size_t size = size_of(f->kind), least = f->kind == GROVE_FIELD_FLAG ? 1 : sizeof(int64_t);
        if (!is_name(f->name) || !size) {
            return "one of its fields has no name or kind that can be saved";
        }
        if (size > op->attribute_size || f->offset > op->attribute_size - size ||
            f->offset % least) {
            return "one of its fields does not lie within its attributes (attribute_size)";
        }
        for (const grove_field *other = op->fields; other != f; other++) {
            if (strcmp(other->name, f->name) == 0) {
                return "two of its fields have one name";
            }
        }
    }
    return NULL;
}

bool grove_op_is_sound(const grove_op *op, char *fault, size_t size) {
    if (!op || !op->name || !op->name[0]) {
        snprintf(fault, size, op ? "an op cannot be used: it has no name" : "there is no op");
        return false;
    }
    if (!is_name(op->name)) {
        snprintf(fault, size,
                 "an op cannot be used: its name must be letters, digits and _, begin with a "
                 "letter, and have at most %d characters",
                 NAME_MOST);
        return false;
    }
    const char *wrong = fault_of_parts(op);
    wrong = wrong ? wrong : fault_of_flags(op);
    wrong = wrong ? wrong : fault_of_fields(op);
    if (wrong) {
        snprintf(fault, size, "the op '%s' cannot be used: %s", op->name, wrong);
    }
    return !wrong;
}
