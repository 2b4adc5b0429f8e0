/* SPDX-License-Identifier: MIT
 *
 * hostile_allocator.h - an allocator that fails when it is told to, always moves what it resizes,
 * fills new memory with rubbish, and counts what was not given back. */
#ifndef TESTS_HOSTILE_ALLOCATOR_H
#define TESTS_HOSTILE_ALLOCATOR_H

#include <stdbool.h>

#include "grove/status.h"

/* Zero it, set what should fail, and keep it for as long as the blocks live. */
typedef struct hostile_memory {
    size_t fail_at; /* the call for memory that fails, counted from 1; 0: none */
    bool for_good;  /* all calls after it fail too */
    size_t calls;   /* calls for memory so far */
    size_t live;    /* blocks that were not given back */
    size_t bytes, most_bytes; /* that live now, and that lived at once */
} hostile_memory;

grove_allocator hostile_allocator(hostile_memory *memory);

#endif
