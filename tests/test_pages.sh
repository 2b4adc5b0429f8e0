#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Makes grove's pages and opens them in Chromium (tests/pages).
#
#     tests/test_pages.sh SOURCE_ROOT BUILD_ROOT OP_EXAMPLES
#
# Skipped where there is no Chromium, no Node.js, or no playwright-core in BUILD_ROOT/pages
# (tools/test puts it there).
set -eu
source_root=$1
build_root=$2
op_examples=$3

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
export CHROMIUM PAGE="$page" NODE_MODULES="$build_root/pages"
exec node --test "$source_root/tests/pages/pages.test.mjs"
