"""docs.py [FILE...]: runs the code blocks of README.md and docs/, so that documents stay true. CONTRIBUTING.md has the
conventions for who writes them. Run through ./dev docs, which puts the installed build first in PATH and the like.

One document is one session: an empty folder, one bash, its `sh` blocks typed into it in order. What the commands print
is compared with what the document shows. `c` blocks are compiled against the installed libmuon.
Ends with "N passed, N failed", counted by block."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SESSION_TIMEOUT_S = 300
PASSIVE = {"text", "ini", "proto", "cmake", "mermaid", "js", "python"}  # shown, not run
MARK = re.compile(r"^<!-- (norun|file|root|with|numbers)(?:: ?(.*?))? ?-->$")
PRELUDE = "".join(f"#include <{name}>\n" for name in (
    "inttypes.h", "poll.h", "stdbool.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "muon/muon.h"))
C_FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-Wno-unused"]


@dataclass
class Block:
    document: str
    line: int
    language: str
    text: str
    marks: dict = field(default_factory=dict)
    wrong: list = field(default_factory=list)

    def fail(self, why):
        self.wrong.append(f"{self.document}:{self.line}: {why}")


@dataclass
class Command:
    block: Block
    text: str
    output: list


def blocks_of(document, text):
    """The fenced blocks of a document, each with the marks in the comments right above it."""
    found, marks, block = [], {}, None
    for number, line in enumerate(text.split("\n"), 1):
        fence = re.match(r"^ {0,3}```(.*)$", line)
        if block and fence:
            found.append(block)
            block, marks = None, {}
        elif block:
            block.text += line + "\n"
        elif fence:
            block = Block(document, number, fence.group(1).strip(), "", marks)
        elif MARK.match(line.strip()):
            name, value = MARK.match(line.strip()).groups()
            marks[name] = value or ""
        elif line.strip():
            marks = {}
    if block:
        block.fail("a block without an end")
        found.append(block)
    return found


# ---- sh: a transcript ----

def commands_of(block):
    """Lines that begin with "$ " are typed, "> " continues one, all else is what it prints."""
    commands = []
    for line in block.text.rstrip("\n").split("\n"):
        if line.startswith("$ "):
            commands.append(Command(block, line[2:], []))
        elif not commands:
            block.fail('a sh block is a transcript: it begins with "$ " and a command')
            return []
        elif line.startswith("> ") and not commands[-1].output:
            commands[-1].text += "\n" + line[2:]
        else:
            commands[-1].output.append(line)
    return commands


def script_of(commands):
    """One bash script; what each command prints comes between two marks."""
    parts = ["exec 2>&1", f"session=$PWD root={ROOT}"]
    for number, command in enumerate(commands):
        where = "$root" if "root" in command.block.marks else "$session"
        parts.append(f'cd "{where}"' if "root" in command.block.marks else ":")
        parts.append(f"printf '\\001begin {number}\\n'")
        parts.append(f"(exit ${{status:-0}})\n{command.text}\nstatus=$?")
        parts.append(f"printf '\\001end {number} %d\\n' $status")
        parts.append('cd "$session"' if "root" in command.block.marks else ":")
    return "\n".join(parts) + "\n"


def run_session(commands, folder):
    """What bash printed, after everything that was started in the session has been ended."""
    Path(folder, ".session").write_text(script_of(commands))
    with open(Path(folder, ".printed"), "wb+") as printed:
        shell = subprocess.Popen(["bash", ".session"], cwd=folder, stdout=printed, stderr=printed,
                                 stdin=subprocess.DEVNULL, start_new_session=True,
                                 env={**os.environ, "HOME": folder, "TERM": "dumb", "LC_ALL": "C.UTF-8"})
        try:
            shell.wait(SESSION_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        printed.seek(0)
        return printed.read().decode(errors="replace")


def pattern_of(text, numbers_vary):
    """What a piece of a shown line may be in truth."""
    if not numbers_vary:
        return re.escape(text)
    parts = re.split(r"(\d[\d.,]*| +)", text)
    return "".join(r"\d[\d.,]*" if part[:1].isdigit() else " +" if part[:1] == " " else re.escape(part)
                   for part in parts)


def matches(shown, printed, numbers_vary=False):
    """Shown lines against printed ones: "…" stands for anything within a line, alone on a line for any lines."""
    pattern = ""
    for line in shown:
        if line.strip() == "…":
            pattern += r"(?:.*\n)*?"
        else:
            parts = (pattern_of(part, numbers_vary) for part in line.rstrip().split("…"))
            pattern += ".*?".join(parts) + r"[ \t]*\n"
    return re.fullmatch(pattern, printed if not printed or printed.endswith("\n") else printed + "\n") is not None


def judge(commands, printed):
    for number, command in enumerate(commands):
        found = re.search(rf"\001begin {number}\n(.*?)\n?\001end {number} (\d+)\n", printed, re.S)
        if not found:
            rest = printed.split(f"\001begin {number}\n")[-1]
            command.block.fail(f"$ {command.text}\n  did not come to its end; it printed:\n{rest}")
            return
        output, status = found.group(1), int(found.group(2))
        follows = commands[number + 1].text if number + 1 < len(commands) else ""
        if status and "$?" not in follows:
            command.block.fail(f"$ {command.text}\n  failed with {status}; it printed:\n{output}")
        elif not matches(command.output, output, "numbers" in command.block.marks):
            shown = "\n".join(command.output)
            command.block.fail(f"$ {command.text}\n  the document shows:\n{shown}\n  it prints:\n{output}")


# ---- c ----

def pkg_config(what):
    return subprocess.run(["pkg-config", what, "muon"], capture_output=True, text=True, check=True).stdout.split()


def compile_c(source, *arguments):
    run = subprocess.run(["cc", *C_FLAGS, "-x", "c", "-", *arguments], input=source, capture_output=True, text=True)
    return run.stderr if run.returncode else None


def check_c(block, before):
    """A whole program is compiled and linked as it stands. Another block continues the document's earlier ones, either
    at file scope or inside a function; <!-- with: … --> declares what it takes for granted. Returns what it adds."""
    if re.search(r"^(int )?main\(", block.text, re.M):
        problem = compile_c(block.text, *pkg_config("--cflags"), "-o", os.devnull, *pkg_config("--libs"))
        if problem:
            block.fail(f"does not compile:\n{problem}")
        return ""
    flags = [*pkg_config("--cflags"), "-fsyntax-only"]
    given = block.marks.get("with", "")
    at_file_scope = compile_c(f"{PRELUDE}{before}\n{given}\n{block.text}", *flags)
    if at_file_scope is None:
        return f"{given}\n{block.text}"
    body = f"{PRELUDE}{before}\nint documented(void);\nint documented(void)\n{{\n{given}\n{block.text}\nreturn 0;\n}}\n"
    in_function = compile_c(body, *flags)
    if in_function is not None:
        block.fail(f"does not compile, neither at file scope:\n{at_file_scope}\n  nor inside a function:\n{in_function}")
    return ""


# ---- documents ----

def check_language(block):
    known = {"sh", "c", "json"} | PASSIVE
    if not block.language:
        block.fail("a block without a language: sh, c, json, or text for what is neither")
    elif block.language not in known:
        block.fail(f"a block in \"{block.language}\"; known are {', '.join(sorted(known))}")
    if "norun" in block.marks and len(block.marks["norun"]) < 10:
        block.fail("norun wants a reason")
    if block.language == "json" and "norun" not in block.marks:
        try:
            json.loads(block.text)
        except ValueError as error:
            block.fail(f"not JSON: {error}")


def check_document(name, text):
    """Its blocks, with what is wrong in them."""
    blocks = blocks_of(name, text)
    for block in blocks:
        check_language(block)
    live = [block for block in blocks if "norun" not in block.marks]
    before = ""
    for block in live:
        if block.language == "c":
            before += check_c(block, before)
    with tempfile.TemporaryDirectory() as folder:
        for block in live:
            if "file" in block.marks:
                Path(folder, block.marks["file"]).write_text(block.text)
        commands = [command for block in live if block.language == "sh" for command in commands_of(block)]
        if commands:
            judge(commands, run_session(commands, folder))
    return blocks


def documents():
    return [path for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")))
            if path.exists()]


def main(names):
    passed = failed = 0
    for path in [Path(name).resolve() for name in names] or documents():
        blocks = check_document(str(path.relative_to(ROOT)), path.read_text())
        wrong = [block for block in blocks if block.wrong]
        print(f"{'FAIL' if wrong else 'ok':4}  {path.relative_to(ROOT)}: {len(blocks)} blocks")
        for block in wrong:
            print("\n".join(block.wrong))
        passed, failed = passed + len(blocks) - len(wrong), failed + len(wrong)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
