#!/bin/sh
# abi.sh LIBRARY ABI_PROGRAM SOURCE_DIR: what libmuon exports and how its structures lie is as written in symbols.txt and
# abi.txt; and muon.h and admin.h compile as C99, C11 and C++ without a warning. A change of either file is a decision: additions raise the
# minor version, anything else needs a new soname.
set -eu
library=$1 abi=$2 source=$3
here=$source/tests/sdk
nm -D --defined-only "$library" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | LC_ALL=C sort | diff "$here/symbols.txt" -
"$abi" | diff "$here/abi.txt" -
readelf -d "$library" | grep -q 'SONAME.*\[libmuon.so.1\]'
for std in c99 c11; do
    echo '#include <muon/admin.h>' | ${CC:-cc} -std=$std -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror \
        -I"$source/sdk/include" -x c -fsyntax-only -
done
echo '#include <muon/admin.h>' | ${CXX:-c++} -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$source/sdk/include" -x c++ -fsyntax-only -
# Bindings read the header like this.
echo '#include <muon/muon.h>' | ${CC:-cc} -DMUON_API= -I"$source/sdk/include" -E -P - | grep -q 'int32_t muon_emit('
# Every function that the headers declare is there, and the other way round.
${CC:-cc} -DMUON_API=EXPORTED -I"$source/sdk/include" -E -P -include muon/admin.h -x c /dev/null |
    tr '\n' ' ' | grep -o 'EXPORTED [^(]*(' | grep -o 'muon_[a-z_]*(' | tr -d '(' | LC_ALL=C sort | diff "$here/symbols.txt" -
echo "the ABI is as written"
