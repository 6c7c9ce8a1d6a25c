# The Debian 12 packages that building and testing need. Why each library: docs/decisions/0001-dependencies.md.

packages=(
    gcc g++ libc6-dev clang libclang-rt-14-dev llvm clang-format cmake ninja-build pkg-config git ca-certificates
    libgrpc-dev protobuf-compiler libprotobuf-dev protobuf-c-compiler libprotobuf-c-dev libssl-dev openssl
    libleveldb-dev libjansson-dev libinih-dev libxxhash-dev libmicrohttpd-dev libzstd-dev libcmocka-dev
    mandoc zsh fish # to check the manual page and the completions
    libfuse3-dev e2fsprogs libfaketime # for attacks: disks, clocks
    valgrind libc6-dbg python3 python3-grpcio python3-protobuf
)

# Used by tests and unpacked into build/tools, not installed: it would start a service.
readonly unpacked=prometheus tools=$root/build/tools

unpack_tools() {
    local folder
    [[ ! -x $tools/usr/bin/$unpacked ]] || return 0
    command -v apt-get >/dev/null || return 0 # the tests that want it say that they are skipped
    echo "dev: unpacking $unpacked into build/tools (the log: build/tools.log)"
    folder=$(mktemp -d)
    {
        (cd "$folder" && apt-get download "$unpacked") && dpkg-deb -x "$folder/$unpacked"_*.deb "$folder/root" &&
            rm -rf "$tools" && mv "$folder/root" "$tools"
    } >build/tools.log 2>&1 || echo "dev: $unpacked could not be had, the tests that want it are skipped" >&2
    rm -rf "$folder"
}

# Prints what is missing. Node.js and npm may have come from elsewhere, so their commands are what counts.
packages_missing() {
    local package
    for package in "${packages[@]}"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    done
    command -v node >/dev/null || echo nodejs
    command -v npm >/dev/null || echo npm
}

packages_install() {
    local missing sudo=()
    mapfile -t missing < <(packages_missing)
    ((${#missing[@]})) || return 0
    command -v apt-get >/dev/null || {
        echo "dev: these packages of Debian 12 are missing, and there is no apt-get to install them: ${missing[*]}" >&2
        return 1
    }
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            echo "dev: these packages are missing; as root, run: apt-get install ${missing[*]}" >&2
            return 1
        }
        sudo=(sudo)
    fi
    echo "dev: installing ${#missing[@]} packages with apt-get (the log: build/setup.log)"
    {
        "${sudo[@]}" apt-get update &&
            "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
                apt-get install -y --no-install-recommends "${missing[@]}"
    } >"$root/build/setup.log" 2>&1 </dev/null || {
        tail -n 30 "$root/build/setup.log" >&2
        echo "dev: apt-get failed; the whole log is build/setup.log" >&2
        return 1
    }
}
