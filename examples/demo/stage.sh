# stage.sh - behind the scenes of `run`: the programs of the demo, how they are started, asked, listened to and killed.
# $build and $dir are set by `run`. Nothing waits by the clock: who waits for something reads the line that tells it.

photond=$build/store/photond muon=$build/cli/muon
declare -A pid=() # the programs that run
photond_pid= log_pid=

finish() {
    local code=$?
    trap - EXIT
    kill "${pid[@]}" $photond_pid 2>>"$dir/noise" || true
    wait 2>>"$dir/noise" || true
    if ((code && code != 130)); then # 130: somebody has had enough
        printf '\n  The demo failed. What photond said last:\n' >&2
        tail -n 20 "$dir/photond.log" >&2 || true
    fi
    rm -rf "$dir"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

bold= dim= green= plain=
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'
fi
title() { printf '\n  %s%s%s\n' "$bold" "$1" "$plain"; }
say() { printf '     %s\n' "$@"; }
aside() { # as say, but quietly
    local text
    for text in "$@"; do
        printf '     %s%s%s\n' "$dim" "$text" "$plain"
    done
}
fail() {
    printf '\n  %s\n' "$1" >&2
    exit 1
}
now_us() { printf '%s' "${EPOCHREALTIME/[.,]/}"; }
ms_since() { printf '%s' $((($(now_us) - $1) / 1000)); }

# Start photond and wait until its log says that it is ready. Its first port stays its port; it is below those that the
# system gives to outgoing connections, so that nobody gets it while photond is down.
port=
photond_start() {
    local tries
    for tries in {1..20}; do
        photond_start_at "${port:-$((20000 + RANDOM % 10000))}" && return
        [[ $port ]] && break
    done
    fail "photond did not start."
}
photond_start_at() {
    local said= log
    rm -f "$dir/log.pipe" # a new one: who still reads the last one would make its opening wait for ever
    mkfifo "$dir/log.pipe"
    alone "$photond" --config "$dir/photond.conf" --listen "127.0.0.1:$1" 2>"$dir/log.pipe" &
    photond_pid=$!
    exec {log}<"$dir/log.pipe"
    while read -r said <&"$log"; do
        printf '%s\n' "$said" >>"$dir/photond.log"
        [[ $said == *'"ready"'* ]] && port=$1 && break
    done
    alone cat <&"$log" >>"$dir/photond.log" &
    log_pid=$!
    exec {log}<&-
    [[ $said == *'"ready"'* ]]
}

# kill -9, and wait until it is gone. bash tells of it in one place or the other.
kill_9() {
    kill -KILL "$1"
    wait "$@" || true
} 2>>"$dir/noise"
photond_kill() { kill_9 "$photond_pid" "$log_pid"; } # whoever still read the log would take lines of the next one

# A program without the pipes of the others: for each, an end is an end.
declare -A ask=() hear=()
alone() {
    local fd
    for fd in "${ask[@]}" "${hear[@]}"; do
        exec {fd}>&-
    done
    exec "$@"
}

# program NAME COMMAND...: start it with pipes to ask it and to hear it.
program() {
    local name=$1 to from
    shift
    mkfifo "$dir/to-$name" "$dir/from-$name"
    exec {to}<>"$dir/to-$name" # to and fro, so that opening waits for nobody
    ask[$name]=$to
    alone "$@" <"$dir/to-$name" >"$dir/from-$name" &
    pid[$name]=$!
    exec {from}<"$dir/from-$name"
    hear[$name]=$from
}
tell() { printf '%s\n' "$2" >&"${ask[$1]}"; }

# heard NAME WORD: wait for the line that begins with it. It is made of words and what they tell: said[WORD].
declare -A said=()
heard() {
    local line= words i
    while read -r line <&"${hear[$1]}"; do
        [[ $line == "$2"* ]] || continue
        read -ra words <<<"$line"
        for ((i = 0; i < ${#words[@]}; i += 2)); do
            said[${words[i]}]=${words[i + 1]:-}
        done
        return
    done
    fail "The program \"$1\" ended before its time."
}

# ended NAME: it has nothing more to do; wait until it has ended well.
ended() {
    local to=${ask[$1]}
    exec {to}>&-
    unset "ask[$1]"
    wait "${pid[$1]}" || fail "The program \"$1\" failed."
    unset "pid[$1]"
}
