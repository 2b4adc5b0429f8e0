/* SPDX-License-Identifier: MIT
 *
 * grove/grove.h - all of grove, in reading order.
 *
 * A training step is one graph, and everything in it is a node: inputs, parameters, layers, loss,
 * the backward pass, the optimizer's updates.
 *
 *     status    what can go wrong, said once
 *     tensor    a type, a shape, a handle
 *     graph     nodes are appended, never changed
 *     ops, nn   the builders: ops one by one (ops.def); layers, losses, optimizers. More of them:
 *               losses, sampled_losses, layers, embeddings, number_embeddings, schedules
 *     grad      appends the backward pass, as nodes
 *     plan      for one batch size: order, lifetimes, one block of memory; and the loop over it
 *     gradient_check  holds gradients against differences, number by number
 *
 * Around it: tables and vocabularies (data), hashing instead of them (data_hash, data_collisions),
 * vectors that were learned elsewhere (data_vectors, vectors_file), training on tables (network,
 * train, choose, metrics), what came of it (report, explain, baseline, pictures), files
 * (tensors_file, model_file); and for those who miss an op, the contract of one (op).
 */
#ifndef GROVE_GROVE_H
#define GROVE_GROVE_H

/* In the order of reading. */
/* clang-format off */
#include "status.h"
#include "tensor.h"
#include "graph.h"
#include "ops.h"
#include "grad.h"
#include "schedules.h"
#include "nn.h"
#include "losses.h"
#include "sampled_losses.h"
#include "layers.h"
#include "bayesian.h"
#include "embeddings.h"
#include "number_embeddings.h"
#include "plan.h"
#include "targets.h"
#include "data_table.h"
#include "data_source.h"
#include "data_form.h"
#include "data_split.h"
#include "data.h"
#include "data_bags.h"
#include "data_sets.h"
#include "data_row_file.h"
#include "data_leaks.h"
#include "data_unknown.h"
#include "data_vectors.h"
#include "data_hash.h"
#include "data_collisions.h"
#include "gradient_check.h"
#include "metrics.h"
#include "report.h"
#include "report_numbers.h"
#include "report_sets.h"
#include "pictures.h"
#include "network.h"
#include "train.h"
#include "uncertainty.h"
#include "calibrate.h"
#include "autoencoder.h"
#include "boost.h"
#include "choose.h"
#include "explain.h"
#include "baseline.h"
#include "atomic_file.h"
#include "tensors_file.h"
#include "checkpoint.h"
#include "model_file.h"
#include "language.h"
#include "vectors_file.h"
#include "op_example.h"
#include "op.h"
/* clang-format on */

#endif
