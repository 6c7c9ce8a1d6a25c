"""The checkers themselves: each must find what it is there to find. A planted violation is a small tree with one
fault in it, and what the checker has to say about it; the same tree without the fault must be clean."""
import shutil
import subprocess
import tempfile
from pathlib import Path

import borders
import buf
import contract
import docs
import links
import rules
import style
import suppressions
import symbols

# (checker, what it must say, the faulty tree)
PLANTED = [
    (borders, "a gRPC header", {"store/emit.c": "#include <grpc/grpc.h>\n"}),
    (borders, "a generated protobuf-c header", {"wire/cq.c": '#include "muon/v1/event.pb-c.h"\n'}),
    (borders, "protobuf-c's header", {"sdk/emit.c": "#include <protobuf-c/protobuf-c.h>\n"}),
    (borders, "leveldb/c.h", {"store/record.c": "#include <leveldb/c.h>\n"}),
    (borders, "json-c", {"cli/emit.c": "#include <json-c/json.h>\n"}),
    (borders, "cli/ must not include wire/", {"cli/emit.c": '#include "wire/text.h"\n'}),
    (borders, "wire/ must not include store/", {"wire/cq.c": '#include "store/log.h"\n'}),
    (borders, "store/ must not include bus/", {"store/emit.c": '#include "bus/bus.h"\n'}),
    (borders, "store/ must not include bus/", {"store/service.c": '#include "bus/registry.h"\n'}),
    (borders, "bus/ must not include store/", {"bus/bus.c": '#include "store/log.h"\n'}),
    (borders, "sdk/ must not include store/", {"sdk/emit.c": '#include "store/log.h"\n'}),
    (borders, "store/ must not use libmuon", {"store/emit.c": "#include <muon/muon.h>\n"}),
    (borders, "gpr_log does not exist", {"wire/tls.c": 'gpr_log(GPR_ERROR, "no");\n'}),
    (style, "a function of 71 lines", {"tests/t.c": "int f(void)\n{\n" + "    f();\n" * 71 + "}\n"}),
    (style, "502 lines", {"tests/t.c": "int a;\n" * 502}),
    (style, "has no header store/a.h", {"store/a.c": "int a;\n"}),
    (style, "white space", {"docs/a.md": "words \n"}),
    (style, "left open", {"docs/a.md": "TO" "DO: write this\n"}),
    (style, "a path of one machine", {"docs/a.md": "cd /" "home/somebody\n"}),
    (style, "new line", {"docs/a.md": "words"}),
    (style, "a test that sleeps", {"tests/t.c": "int f(void)\n{\n    usleep(10);\n}\n"}),
    (style, "must stay under", {"README.md": "line\n" * 150}),
    (style, "not as clang-format", {"tests/t.c": "int a  ;\n"}),
    (links, "which is not there", {"docs/a.md": "see [b](b.md)\n"}),
    (rules, "is not in", {"tests/check/rules.txt": "", "tests/t.c": "/* semantics 3 */\nstatic void a(void **s)\n"}),
    (rules, "no test names semantics 4", {"tests/check/rules.txt": "semantics 4\n"}),
    (rules, "above no test", {"tests/check/rules.txt": "semantics 3\n", "tests/t.c": "/* semantics 3 */\n\nint a;\n"}),
    (rules, "not of the form", {"tests/check/rules.txt": "semantics 3\n",
                                "tests/t.c": "/* semantics 3 and 4 */\nstatic void a(void **s)\n"}),
    (rules, "is not in", {"tests/check/rules.txt": "semantics 3\n",
                          "tests/t.c": "/* semantics 3; hazards 1 */\nstatic void a(void **s)\n"}),
    (rules, "and yet tested", {"tests/check/rules.txt": "hazards 3 left out: a reason that is long enough\n",
                               "tests/t.c": "/* hazards 3 */\nstatic void a(void **s)\n"}),
    (rules, "not \"semantics N\"", {"tests/check/rules.txt": "semantics 3 left out: why\n"}),
    (suppressions, "without its reason", {"tests/check/suppressions/tsan.supp": "race:anything\n"}),
    (suppressions, "without its reason",
     {"tests/check/suppressions/valgrind.supp": "{\n  a\n  Memcheck:Leak\n}\n"}),
]

CLEAN = {
    "wire/cq.c": "#include <grpc/grpc.h>\n",
    "wire/cq.h": "int cq;\n",
    "store/log.c": '#include "store/log_inside.h"\n#include "wire/cq.h"\n',
    "store/log_inside.h": "#include <leveldb/c.h>\n",
    "store/log.h": "int log;\n",
    "cli/main.c": "#include <muon/muon.h>\nint main(void)\n{\n}\n",
    "tests/t.c": "/* semantics 3 */\nstatic void a(void **s)\n{\n" + "    a(s);\n" * 70 + "}\n",
    "tests/check/rules.txt": "semantics 3\nhazards 7 left out: a reason that is long enough\n",
    "tests/check/suppressions/tsan.supp": "# gRPC's own, in a thread that we cannot see into.\nrace:anything\n",
    "README.md": "words, [here](wire/cq.c#L1) and [there](https://example.org)\n",
}

# Faults in a contract: (what must be said, the file).
HEAD = 'syntax = "proto3";\n// p\npackage muon.v1;\n'
CONTRACTS = [
    ("M has no comment", HEAD + "message M {}\n"),
    ("M.a has no comment", HEAD + "// m\nmessage M {\n  int32 a = 1;\n}\n"),
    ("M.k has no comment", HEAD + "// m\nmessage M {\n  oneof k {\n    // a\n    int32 a = 1;\n  }\n}\n"),
    ("E.E_UNSPECIFIED has no comment", HEAD + "// e\nenum E {\n  E_UNSPECIFIED = 0;\n}\n"),
    ("S.Call has no comment", HEAD + "// m\nmessage M {}\n// s\nservice S {\n  rpc Call(M) returns (M);\n}\n"),
    ('"optional"', HEAD + "// m\nmessage M {\n  // a\n  optional int32 a = 1;\n}\n"),
    ("a map", HEAD + "// m\nmessage M {\n  // a\n  map<string, int32> a = 1;\n}\n"),
    ("contains itself", HEAD + "// m\nmessage M {\n  // n\n  N n = 1;\n}\n// n\nmessage N {\n  // m\n  M m = 1;\n}\n"),
]

# Documents: (what must be said, or None, the text).
DOCUMENTS = [
    (None, "```sh\n$ echo one; echo two\none\ntwo\n```\n"),
    (None, "```sh\n$ echo a 17 b\na … b\n$ seq 9\n1\n…\n9\n```\n"),
    (None, "```sh\n$ cat <<END\n> words\n> END\nwords\n```\n"),
    (None, "```sh\n$ false\n$ echo $?\n1\n```\n"),
    (None, "<!-- norun: it would take a week -->\n```sh\n$ false\n```\n"),
    (None, "<!-- file: a.txt -->\n```text\nwords\n```\n\n```sh\n$ cat a.txt\nwords\n```\n"),
    (None, "<!-- root -->\n```sh\n$ ls dev\ndev\n```\n\n```sh\n$ ls dev 2>/dev/null\n$ echo $?\n2\n```\n"),
    (None, "<!-- numbers -->\n```sh\n$ echo took 1.25 s for    7\ntook 17 s for 8,000\n```\n"),
    ("it prints", "<!-- numbers -->\n```sh\n$ echo took 1 s\ntook one s\n```\n"),
    ("it prints", "```sh\n$ echo one\ntwo\n```\n"),
    ("it prints", "```sh\n$ seq 3\n1\n3\n```\n"),
    ("failed with 1", "```sh\n$ false\n```\n"),
    ("did not come to its end", "```sh\n$ exit 3\n```\n"),
    ("a transcript", "```sh\necho one\n```\n"),
    ("without a language", "```\nwords\n```\n"),
    ('in "perl"', "```perl\nwords\n```\n"),
    ("wants a reason", "<!-- norun: -->\n```sh\n$ false\n```\n"),
    ("not JSON", "```json\n{a}\n```\n"),
    ("without an end", "```sh\n$ true\n"),
]


def plant(folder, tree):
    for name, content in tree.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def check_planted(checker, expected, tree):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Path(__file__).parents[2] / ".clang-format", folder)
        plant(folder, tree)
        found = checker.check(folder)
        if expected is None:
            return [f"{checker.__name__}: sees in a clean tree: {violation}" for violation in found]
        if not any(expected in violation for violation in found):
            return [f"{checker.__name__}: does not see \"{expected}\" in {sorted(tree)[-1]}; it says {found}"]
    return []


def check_contract(expected, proto):
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, contract.SET)
        target.parent.mkdir(parents=True)
        plant(folder, {"t.proto": proto})
        subprocess.run(["protoc", "-I", folder, "--include_source_info", "--experimental_allow_proto3_optional",
                        f"--descriptor_set_out={target}", "t.proto"], check=True)
        found = contract.check(folder)
    return [] if any(expected in violation for violation in found) else \
        [f"contract: does not see \"{expected}\"; it says {found}"]


def check_document(expected, text):
    wrong = [line for block in docs.check_document("planted.md", text) for line in block.wrong]
    if expected is None:
        return [f"docs: {text!r} should be right, but: {line}" for line in wrong]
    return [] if any(expected in line for line in wrong) else [f"docs: does not see \"{expected}\" in {text!r}: {wrong}"]


def check_symbols():
    """A library that exports a name of somebody else's."""
    with tempfile.TemporaryDirectory() as folder:
        plant(folder, {"build/debug/sdk/a.c": "int muon_open;\nint helper;\n"})
        subprocess.run(["cc", "-shared", "-fPIC", "-o", "libmuon.so", "a.c"], cwd=Path(folder, "build/debug/sdk"),
                       check=True)
        found = symbols.check(folder)
    return [] if found == ["libmuon exports helper"] else [f"symbols: does not see a foreign name; it says {found}"]


def check_buf(root, what, old, new):
    """Our own contract with one change that must not pass."""
    with tempfile.TemporaryDirectory(dir=Path(root, "build")) as folder:
        shutil.copytree(Path(root, "protos"), folder, dirs_exist_ok=True)
        photon = Path(folder, "muon/v1/photon.proto")
        photon.write_text(photon.read_text().replace(old, new, 1))
        found = buf.check(root, protos=str(Path(folder).relative_to(root)))
    return [] if any(what in line for line in found) else [f"buf: does not see that {old} is now {new}; it says {found}"]


def check(root):
    found = []
    for planted in PLANTED:
        found += check_planted(*planted)
    for checker in (borders, links, style, rules, suppressions):
        found += check_planted(checker, None, CLEAN)
    for planted in CONTRACTS:
        found += check_contract(*planted)
    for planted in DOCUMENTS:
        found += check_document(*planted)
    found += check_symbols()
    found += check_buf(root, "should be lower_snake_case", "string store_id", "string storeID")
    found += check_buf(root, "Previously present field \"1\"", "string stream_name = 1", "string stream_name = 99")
    return found
