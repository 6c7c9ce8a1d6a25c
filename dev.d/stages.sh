# What ./dev test is made of. A stage is a command whose output goes to build/log/; it is shown when the stage fails.
# A stage that counts ends with a line "N passed, N failed" and perhaps ", N skipped"; any other counts as one.

jobs=$(nproc)

stages_begin() {
    rm -rf build/log
    mkdir -p build/log
    passed=0 failed=0 skipped=0 begun=$SECONDS started=()
    trap stages_stop INT TERM
}

# Whoever ends the run ends what the stages have started, too: each has a process group of its own.
stages_stop() {
    local one
    for one in "${started[@]}"; do
        kill -- "-${one%% *}"
    done
    exit 130
}

# stage NAME COMMAND...: false when it failed, so that what depends on it can be left out.
stage() {
    stage_start "$@"
    stage_end
}

# What is started before the first is ended runs side by side; they are ended in their order.
stage_start() {
    local name=$1 log
    log=build/log/$(tr -cs 'a-z0-9\n' - <<<"$name").log
    shift
    # In a shell of its own with errexit, which bash ignores wherever a status is looked at.
    set -m
    (from=$SECONDS; trap 'echo $((SECONDS - from)) >"$log.seconds"' EXIT; set -e; "$@") >"$log" 2>&1 </dev/null &
    set +m
    started+=("$! $log $name")
}

stage_end() {
    local pid log name rc=0 counts
    read -r pid log name <<<"${started[0]}"
    wait "$pid" || rc=$?
    started=("${started[@]:1}")
    counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1 || true)
    if [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)? ]]; then
        ((passed += BASH_REMATCH[1], failed += BASH_REMATCH[2], skipped += ${BASH_REMATCH[4]:-0})) || true
        ((rc == 0 || BASH_REMATCH[2] > 0)) || ((failed += 1))
    elif ((rc == 0)); then
        ((passed += 1))
    else
        ((failed += 1))
    fi
    printf '%-4s  %-22s %5s s  %s\n' "$( ((rc)) && echo FAIL || echo ok)" "$name" "$(cat "$log.seconds")" "$counts"
    grep '^note: ' "$log" | sed 's/^/      /' || true
    if ((rc)); then
        grep -v '^note: ' "$log" | tail -n 150 | sed 's/^/      | /'
        echo "      the whole log: $log"
    fi
    return $rc
}

stages_end() {
    local took=$((SECONDS - begun))
    echo
    echo "suppressions: $("$python" tests/check/suppressions.py --count); skipped: $skipped; $((took / 60)) min $((took % 60)) s"
    echo "$passed passed, $failed failed"
    ((failed == 0))
}

build() {
    cmake --preset "$1" >"build/configure-$1.log" 2>&1 || {
        cat "build/configure-$1.log"
        return 1
    }
    cmake --build --preset "$1" -j "$jobs" -- --quiet
}

# For verbs that people run to see something else than a compiler.
build_quietly() {
    [[ -e build/$1/build.ninja ]] || echo "dev: building, which takes a minute or two (the log: build/$1.log)"
    build "$1" >"build/$1.log" 2>&1 || {
        tail -n 60 "build/$1.log" >&2
        return 1
    }
}

# Many tests wait for a disk or for each other's processes rather than compute: more of them than there are processors.
ctest_run() {
    local rc=0
    ctest --test-dir "build/$1" -j $((jobs + 1)) --timeout 300 --output-on-failure --no-tests=error || rc=$?
    "$python" tests/check/counts.py "build/$1" || rc=$?
    return $rc
}

# What users get: the build, installed. Documents, examples and clients are run against this, never against build/.
prefix_use() {
    flock build/install.lock cmake --install build/debug --prefix "$root/build/prefix" >build/install.log
    export PATH=$root/build/prefix/bin:$PATH
    export PKG_CONFIG_PATH=$root/build/prefix/lib/pkgconfig:$root/build/prefix/lib/$(gcc -print-multiarch)/pkgconfig
    export LD_LIBRARY_PATH=$root/build/prefix/lib:$root/build/prefix/lib/$(gcc -print-multiarch)
}

examples_run() {
    prefix_use
    "$python" tests/check/examples.py
}

docs_run() {
    prefix_use
    "$python" tests/check/docs.py "$@"
}

clients_run() {
    prefix_use
    "$python" tests/clients/run.py
}

memcheck_run() {
    "$python" tests/check/memcheck.py build/debug
}
