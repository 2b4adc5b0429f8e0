#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes grove's pages and opens them in Chromium (tests/pages).
#
#     tests/test_pages.sh SOURCE_ROOT BUILD_ROOT OP_EXAMPLES GROVE
#
# Skipped where there is no Chromium, no Node.js, or no playwright-core in BUILD_ROOT/pages
# (tools/test puts it there).
set -eu
source_root=$1
build_root=$2
op_examples=$3
GROVE=$4

skip() {
    echo "skipped: $*"
    exit 77
}

for name in chromium chromium-browser google-chrome; do
    CHROMIUM=$(command -v $name) && break
done
[ -n "${CHROMIUM-}" ] || skip 'there is no Chromium'
command -v node >/dev/null || skip 'there is no Node.js'
[ -d "$build_root/pages/node_modules/playwright-core" ] ||
    skip "there is no playwright-core in $build_root/pages"

page=$build_root/pages/ops.html
"$source_root/tools/opdoc" --html --examples "$op_examples" -o "$page"
reports=$build_root/pages/reports
export GROVE
"$source_root/tests/pages/make_reports.py" "$reports"

export CHROMIUM PAGE="$page" NODE_MODULES="$build_root/pages"
export REPORT="$reports/report.html" NUMBERS="$reports/numbers.json" NASTY="$reports/nasty.html"
export PRICES="$reports/prices.html" MANY="$reports/many.html" PRICED="$reports/prices.json"
export BAYESIAN="$reports/bayesian.html" POSTERIORS="$reports/posteriors.json"
export LOSSES="$reports/losses.html" LOSSES_TOLD="$reports/losses.json"
export SETS="$reports/sets.html" SETS_TOLD="$reports/sets.json"
export BOOSTED="$reports/boosted.html" STAGES="$reports/boosted.json"
export COMPARE="$reports/compare.html" COMPARED="$reports/compared.json"
export NASTY_COMPARE="$reports/nasty_compare.html"
exec node --test --test-concurrency=1 "$source_root/tests/pages/"
