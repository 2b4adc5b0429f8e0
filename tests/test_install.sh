#!/bin/sh
# SPDX-License-Identifier: MIT
#
# grove as others meet it: installed, found by pkg-config, or as a subproject of theirs.
#
#     tests/test_install.sh SOURCE_ROOT BUILD_ROOT
set -eu
export LC_ALL=C

source_root=$1
build_root=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
CC=${CC:-cc}
CXX=${CXX:-c++}

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# The sanitizers of the build under test are needed by all that links to it.
sanitize=$(meson introspect "$build_root" --buildoptions |
    python3 -c 'import json, sys
value = {o["name"]: o["value"] for o in json.load(sys.stdin)}["b_sanitize"]
print("" if value == "none" else "-fsanitize=" + value)')

# ---- the outside program: what a user's first lines might be -------------------------------------

cat >"$work/outside.c" <<'PROGRAM'
#include <stdio.h>
#include <string.h>

#include <grove/status.h>

int main(int argc, char **argv) {
    printf("grove %s\n", grove_version());
    return argc == 2 && strcmp(grove_version(), argv[1]) == 0 ? 0 : 1;
}
PROGRAM

# ---- installed -----------------------------------------------------------------------------------

meson install -C "$build_root" --no-rebuild --destdir "$work/root" >"$work/install.log" 2>&1 ||
    fail "meson install: $(cat "$work/install.log")"

pc=$(find "$work/root" -name grove.pc)
[ -n "$pc" ] || fail "no grove.pc was installed"
sed -i "s|^prefix=|prefix=$work/root|" "$pc"
libdir=$(dirname "$(dirname "$pc")")
PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
version=$(pkg-config --modversion grove)
includedir=$(pkg-config --variable=includedir grove)

for field in '^Description:' '^Version:'; do
    grep -q "$field" "$pc" || fail "grove.pc has no line $field"
done
case " $(pkg-config --libs grove) " in
*blas* | *' -lm '*) fail "what only a static link needs is public in grove.pc" ;;
esac

# build_outside NAME FLAG...: compiles and runs the outside program as a user would.
build_outside() {
    name=$1
    shift
    # shellcheck disable=SC2046,SC2086 # lists of options
    "$CC" -std=c11 $sanitize "$work/outside.c" -o "$work/$name" \
        $(pkg-config --cflags --libs "$@" grove) || fail "$name: does not compile or link"
    LD_LIBRARY_PATH="$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$work/$name" "$version" ||
        fail "$name: does not run, or is not version $version"
}

build_outside shared
ldd "$work/shared" | grep -q 'libgrove\.so\.0' || fail "shared: not linked to libgrove.so.0"

# ---- an op of a user's own, against the installed headers: in C, and in C++ ----------------------

cat >"$work/own.cpp" <<'PROGRAM'
#include <cstdio>
#include <cstring>

#include <grove/grove.h>

struct power_attributes {
    int64_t exponent;
};
static const grove_field power_fields[] = {GROVE_FIELD(power_attributes, exponent, INT),
                                           GROVE_NO_MORE_FIELDS};
static int64_t exponent_of(const void *attributes) {
    return static_cast<const power_attributes *>(attributes)->exponent;
}

static grove_op make_power();
static const grove_op power_op = make_power();

static grove_tensor power(grove_tensor x, int64_t exponent) {
    power_attributes attributes = {exponent};
    return grove_append1(&power_op, x, &attributes);
}

static grove_op make_power() {
    grove_op op{};
    op.name = "whole_power";
    op.min_inputs = op.max_inputs = 1;
    op.attribute_size = sizeof(power_attributes);
    op.fields = power_fields;
    op.shape = [](grove_shaping *s) {
        return exponent_of(s->attributes) >= 0
                   ? grove_same_shape(s)
                   : grove_refuse(s, GROVE_BAD_ARGUMENT, "the exponent is below 0");
    };
    op.run = [](const grove_call *call, size_t begin, size_t end) {
        for (size_t i = begin; i < end; i++) {
            grove_real y = 1;
            for (int64_t k = 0; k < exponent_of(call->attributes); k++) {
                y *= grove_reals(call, 0)[i];
            }
            grove_out(call)[i] = y;
        }
        return GROVE_OK;
    };
    op.items = grove_by_element;
    op.grad = [](grove_tensor y, grove_tensor dy, grove_tensor *dx) {
        int64_t exponent = exponent_of(grove_attributes(y));
        if (exponent > 0) {
            grove_tensor less = power(grove_node_input(y, 0), exponent - 1);
            dx[0] = grove_mul(dy, grove_scale(less, static_cast<double>(exponent)));
        }
    };
    return op;
}

int main() {
    const int64_t three = 3;
    grove_graph *g = grove_graph_new(nullptr);
    grove_tensor x = grove_input(g, "x", GROVE_REAL, grove_shape_of(1, &three));
    grove_tensor y = power(x, 4), slope = grove_gradient(grove_gradient(y, x), x);
    grove_tensor outputs[] = {y, slope};
    grove_plan *plan = grove_plan_new(g, outputs, 2, nullptr);
    const grove_real numbers[] = {1, -2, 3}, fourth[] = {1, 16, 81}, twelve[] = {12, 48, 108};
    grove_bind(plan, x, numbers);
    bool good = grove_run(plan) == GROVE_OK &&
                std::memcmp(grove_value(plan, y), fourth, sizeof fourth) == 0 &&
                std::memcmp(grove_value(plan, slope), twelve, sizeof twelve) == 0;
    good = good && !grove_is_valid(power(x, -1));
    std::printf("%s\n", grove_graph_error(g)->message);
    good = good && std::strstr(grove_graph_error(g)->message, "whole_power (node");
    grove_plan_free(plan);
    grove_graph_free(g);
    return good ? 0 : 1;
}
PROGRAM

# shellcheck disable=SC2046,SC2086 # lists of options
"$CXX" -std=c++17 -Wall -Wextra -Werror $sanitize "$work/own.cpp" -o "$work/own_cpp" \
    $(pkg-config --cflags --libs grove) || fail "an own op in C++17 does not compile or link"
# shellcheck disable=SC2046,SC2086
"$CC" -std=c11 -pedantic -Wall -Wextra -Werror $sanitize "$source_root/models/own_op.c" \
    -o "$work/own_c" $(pkg-config --cflags --libs grove) -lm ||
    fail "models/own_op.c does not compile against what is installed"
# shellcheck disable=SC2046
"$CC" -std=c11 -pedantic -Wall -Wextra -Werror $(pkg-config --cflags grove) -fsyntax-only \
    "$source_root/tests/own_ops.c" || fail "tests/own_ops.c needs more than is installed"
for name in own_cpp own_c; do
    LD_LIBRARY_PATH="$libdir${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$work/$name" >"$work/$name.log" ||
        fail "$name: $(cat "$work/$name.log")"
done

# ---- symbols -------------------------------------------------------------------------------------

nm -D --defined-only "$libdir/libgrove.so" | awk '{ print $NF }' | sort >"$work/exported"
strangers=$(grep -v '^grove_' "$work/exported" || true)
[ -z "$strangers" ] || fail "libgrove.so exports names that are not grove_: $strangers"

# What the headers mark with GROVE_API, and nothing else, is exported.
for header in "$includedir"/grove/*.h; do
    printf '#include <grove/%s>\n' "$(basename "$header")"
done >"$work/all.c"
"$CC" -std=c11 -E -P -I"$includedir" "$work/all.c" | python3 -c 'import re, sys
mark = r"__attribute__\(\(visibility\(\"default\"\)\)\)"
print(*re.findall(mark + r"[^;(]*?(\w+)\s*\(", sys.stdin.read()), sep="\n")' |
    sort -u >"$work/declared"
[ -s "$work/declared" ] || fail "no function with GROVE_API was found in the headers"
strangers=$(comm -23 "$work/exported" "$work/declared")
[ -z "$strangers" ] || fail "libgrove.so exports what no public header declares: $strangers"
if [ "$(pkg-config --variable=csv grove)$(pkg-config --variable=json grove)" = truetrue ]; then
    absent=$(comm -13 "$work/exported" "$work/declared")
    [ -z "$absent" ] || fail "declared with GROVE_API, but not in libgrove.so: $absent"
fi

nm -g --defined-only "$libdir/libgrove.a" | awk 'NF == 3 { print $3 }' >"$work/symbols"
[ -n "$sanitize" ] || strangers=$(grep -v '^grove_' "$work/symbols" || true)
[ -z "$strangers" ] || fail "libgrove.a defines names that are not grove_: $strangers"

# ---- static: the shared library out of the way ---------------------------------------------------

rm "$libdir"/libgrove.so*
build_outside static --static
if ldd "$work/static" | grep -q libgrove; then
    fail "static: still wants libgrove.so"
fi

# ---- each public header alone --------------------------------------------------------------------

for header in "$includedir"/grove/*.h; do
    name=grove/$(basename "$header")
    printf '#include <%s>\nextern int nothing;\n' "$name" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cpp"
    for real in -UGROVE_DOUBLE -DGROVE_DOUBLE=1; do
        "$CC" -std=c11 -pedantic -Wall -Wextra -Wconversion -Werror -I"$includedir" $real \
            -fsyntax-only "$work/alone.c" || fail "$name is not clean C11 ($real)"
        "$CXX" -std=c++17 -pedantic -Wall -Wextra -Werror -I"$includedir" $real \
            -fsyntax-only "$work/alone.cpp" || fail "$name is not clean C++17 ($real)"
    done
done

# ---- as a subproject, under flags that grove does not live by ------------------------------------

project=$work/project
mkdir -p "$project/subprojects/grove"
for part in LICENSE meson.build meson_options.txt include lib models tests tools; do
    cp -R "$source_root/$part" "$project/subprojects/grove/"
done
cp "$work/outside.c" "$project/"
cat >"$project/meson.build" <<'PROJECT'
project('outside', 'c')
grove = dependency('grove', fallback: 'grove')
executable('outside', 'outside.c', dependencies: grove)
PROJECT

# -Wpadded warns of nearly every struct: were -Werror left on, nothing would compile.
meson setup "$project/build" "$project" --wrap-mode=forcefallback -Dc_args=-Wpadded \
    -Doptimization=0 >"$work/setup.log" 2>&1 || fail "subproject: $(cat "$work/setup.log")"
ninja -C "$project/build" outside >"$work/ninja.log" 2>&1 ||
    fail "subproject: $(tail -n 30 "$work/ninja.log")"
grep -q 'Wpadded' "$work/ninja.log" || fail "subproject: the flag that should warn did not"
"$project/build/outside" "$version" || fail "subproject: does not run, or is not $version"

echo "installed, shared, static, headers, subproject: all fine"
