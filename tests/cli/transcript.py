"""transcript.py [--accept] FILE...: runs the command lines that a transcript shows, against a photond of its own, and compares
what they print and how they end.

A transcript:   "$ command" is run by bash;   a line as it stands is standard output;   "! text" is a line of standard
error;   "[4]" is the exit code, when it is not 0;   "# text" and empty lines between commands are for the reader.
In what is shown <N> stands for any number, <TIME> for a time, <UUID> for one, <REQUEST> for a failure's id, <…> for anything
within the line.
--accept rewrites the files with what was printed, and what differs from run to run with such a mark: read the difference
before you believe it."""
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import LIMIT_S, Photond  # noqa: E402

HOLES = {"<N>": r"-?[0-9.]+", "<TIME>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<UUID>": r"[0-9a-f-]{36}",
         "<REQUEST>": r"[0-9a-f]{8}-[0-9]+", "<…>": r"[^\n]*"}
DIFFERS = [(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "<TIME>"), (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}", "<UUID>"),
           (r"\b[0-9a-f]{8}-\d+\b(?=\]|\")", "<REQUEST>"),
           (r"\b\d{13,16}\b", "<N>"), (r"[\d.]+ s, \d+ events/s", "<N> s, <N> events/s"),
           (r'(?<="seconds":)[\d.]+', "<N>"), (r'(?<="round-trip-ms":)[\d.]+', "<N>"),
           (r'(?<="milliseconds":)[\d.]+', "<N>"), (r"(?<=\()[\d.]+(?= s\))", "<N>"), (r'(?<="bytes":)\d+|(?<=, )\d+(?= bytes)', "<N>"), (r"(?<= in )[\d.]+(?= ms)", "<N>"),
           (r'(?<="milliseconds":)[\d.]+', "<N>"), (r"(?<= in )[\d.]+(?= ms)", "<N>"),
           (r"(?<=ipv4:127\.0\.0\.1:)\d+", "<N>"), (r'(?<=-free-bytes":)\d+', "<N>"),
           (r"(?<=no answer within ).*?(?=$|\",\"advice)", "<…>")]


def commands_of(text):
    """(number of the line, command, lines shown), and the remarks before each."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("$ "):
            found.append((number, line[2:], []))
        elif found and line and not line.startswith("# "):
            found[-1][2].append(line)
    return found


def run(photond, command):
    """The lines that the command should be shown with."""
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=LIMIT_S,
                          env=photond.environment, cwd=photond.dir, stdin=subprocess.DEVNULL)
    lines = done.stdout.splitlines() + ["! " + line for line in done.stderr.splitlines()]
    return lines + ([f"[{done.returncode}]"] if done.returncode else [])


def matches(shown, printed):
    pattern = re.escape(shown.rstrip())
    for hole, what in HOLES.items():
        pattern = pattern.replace(re.escape(hole), what)
    return re.fullmatch(pattern, printed.rstrip()) is not None


def check(path):
    photond = Photond()
    wrong = 0
    commands = commands_of(path.read_text())
    try:
        for number, command, shown in commands:
            printed = run(photond, command)
            if len(shown) != len(printed) or not all(map(matches, shown, printed)):
                wrong += 1
                print(f"{path.name}:{number}: $ {command}\n  shown:", *shown, "  printed:", *printed, sep="\n")
    finally:
        photond.close()
    print(f"{'FAIL' if wrong else 'ok':4}  {path.name}: {len(commands)} commands, {wrong} differ")
    return wrong or not commands


def mark(line):
    for what, hole in DIFFERS:
        line = re.sub(what, hole, line)
    return line


def accept(path):
    photond = Photond()
    lines, in_output = [], False
    try:
        for line in path.read_text().rstrip("\n").split("\n"):
            if line.startswith("$ "):
                lines += [line, *map(mark, run(photond, line[2:]))]
                in_output = True
            elif not line or line.startswith("# ") or not in_output:
                lines.append(line)
                in_output = False
    finally:
        photond.close()
    path.write_text("\n".join(lines) + "\n")
    return 0


def main(names):
    one = accept if "--accept" in names else check
    return 1 if sum(one(Path(name)) for name in names if name != "--accept") else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
