/* SPDX-License-Identifier: MIT
 * io/atomic_file.h - grove/atomic_file.h, and what reading and writing share. */
#ifndef GROVE_IO_ATOMIC_FILE_H
#define GROVE_IO_ATOMIC_FILE_H

#include "../base/error.h"
#include "../base/memory.h"
#include "grove/atomic_file.h"

/* GROVE_NO_FILE, "cannot read 'x': No such file or directory", for what = "read" and a number of
 * errno. */
grove_status grove_fail_errno(grove_error *error, const char *what, const char *path, int number);

#endif
