"""Borders: who may include whose headers. They keep cli → sdk → wire and store → bus → wire true, and each foreign
library behind one door."""
import re

from tree import c_files, lines

# Foreign headers, and the only places that may include them. The benchmarks measure the bare libraries beside us.
DOORS = [
    ("a gRPC header", r"<grpc/", r"wire/|tests/wire/|bench/raw_"),
    ("a generated protobuf-c header", r"\.pb-c\.h[>\"]",
     r"wire/(codec[a-z_-]*|error|health|reflection|serve)\.[ch]$|tests/wire/|bench/raw_"),
    ("protobuf-c's header", r"<protobuf-c/", r"wire/|tests/wire/|bench/raw_"),
    ("libmicrohttpd's header", r"<microhttpd\.h>", r"store/scrape\.c$"),
    ("leveldb/c.h", r"<leveldb/", r"store/log_inside\.h$|bench/raw_"),
    ("the log's inside", r'"store/log_inside\.h"', r"store/log(_\w+)?\.c$"),
    # hazards 16
    ("json-c's header, which clashes with jansson's", r"<json(-c)?/|<json\.h>", r"$^"),
]

# Folders of ours, and whose headers each may include.
LAYERS = {
    "wire": ("wire",),
    "bus": ("bus", "wire"),
    "sdk": ("sdk", "wire"),
    "store": ("store", "wire"),
    "cli": ("cli",),
    "examples": ("examples",),
}
# Where photond puts the store and the bus together, and what of the bus it may know there.
JOINTS = (r"store/(service|config|photon(_\w+)?|stats|peers)\.[ch]$", r"bus/(bus|inside|owners|session-list)\.h$")
PUBLIC = ("sdk", "cli", "examples", "tests", "bench")  # who may use the SDK's public header

# Names of gRPC that do not compile on every release.
# hazards 9
UNSTABLE = re.compile(r"\b(grpc_tls_\w+|gpr_log)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"][^>"]+[>"])')


def included(root, name):
    for number, line in lines(root, name):
        match = INCLUDE.match(line)
        if match:
            yield f"{name}:{number}", match.group(1)


def check_doors(where, name, header):
    for what, pattern, allowed in DOORS:
        if re.search(pattern, header) and not re.match(allowed, name):
            yield f"{where}: {what} is not allowed here: {header}"


def check_layers(where, name, header):
    folder, target = name.split("/")[0], header[1:-1].split("/")[0]
    if header[1:-1] == "muon/muon.h" and folder not in PUBLIC:
        yield f"{where}: {folder}/ must not use libmuon"
    if re.match(JOINTS[0], name) and re.match(JOINTS[1], header[1:-1]):
        return
    if folder in LAYERS and target in (*LAYERS, "tests", "bench") and target not in LAYERS[folder]:
        yield f"{where}: {folder}/ must not include {target}/: {header}"


def check(root):
    found = []
    for name in c_files(root):
        for where, header in included(root, name):
            found += check_doors(where, name, header)
            found += check_layers(where, name, header)
        for number, line in lines(root, name):
            for word in UNSTABLE.findall(line):
                found.append(f"{name}:{number}: {word} does not exist in every release of gRPC")
    return found
