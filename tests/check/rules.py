"""Each numbered rule of semantics and hazards that this code must keep is guarded by a test that names it, on the
line above the test:  /* semantics 3 */  or  /* semantics 1, 8; hazards 3 */  in C,  # semantics 15  or  // semantics 15
elsewhere.
rules.txt lists the rules, and for one that no test can guard the reason."""
import re
from pathlib import Path

from tree import files, lines

LIST = "tests/check/rules.txt"

RULES = r"(?:semantics|hazards) \d+(?:, \d+)*"
NAMED = re.compile(rf"^\s*(?:/\*|#|//) ({RULES}(?:; {RULES})*)(?: \*/)?$")
ALMOST = re.compile(r"^\s*(?:/\*|#|//)\s*(?:semantics|hazards)\s*\d", re.I)
C_TEST = re.compile(r"^(static )?(void|int) \w+\(")


def expected(root):
    """{rule: reason or None}, and what is wrong with the list."""
    rules, wrong = {}, []
    for number, line in lines(root, LIST):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = re.match(r"^(semantics|hazards) (\d+)(?: left out: (.{20,}))?$", line)
        if not match:
            wrong.append(f"{LIST}:{number}: not \"semantics N\" or \"hazards N\", perhaps with \"left out: reason\"")
            continue
        rules[(match.group(1), int(match.group(2)))] = match.group(3)
    return rules, wrong


def rules_in(comment):
    """("semantics", 3) for each rule in "semantics 1, 3; hazards 2"."""
    for part in comment.split("; "):
        kind, numbers = part.split(" ", 1)
        yield from ((kind, int(number)) for number in numbers.split(", "))


def named(root):
    """{rule: places}, and comments that stand above no test."""
    places, wrong = {}, []
    for name in files(root):
        if not name.startswith("tests/") or not name.endswith((".c", ".py", ".js", ".go", ".sh")):
            continue
        content = lines(root, name)
        for number, line in content:
            match = NAMED.match(line)
            if not match:
                if ALMOST.match(line):
                    wrong.append(f"{name}:{number}: not of the form \"semantics 1, 3; hazards 2\": {line.strip()}")
                continue
            follows = content[number][1] if number < len(content) else ""
            if name.endswith(".c") and not C_TEST.match(follows):
                wrong.append(f"{name}:{number}: names a rule, but above no test function")
            for rule in rules_in(match.group(1)):
                places.setdefault(rule, []).append(f"{name}:{number}")
    return places, wrong


def check(root):
    if not Path(root, LIST).exists():
        return [f"{LIST} is missing"]
    rules, wrong = expected(root)
    places, misplaced = named(root)
    for (kind, number), where in sorted(places.items()):
        if (kind, number) not in rules:
            wrong.append(f"{where[0]}: {kind} {number} is not in {LIST}")
        elif rules[(kind, number)]:
            wrong.append(f"{where[0]}: {kind} {number} is left out in {LIST}, and yet tested")
    wrong += [f"no test names {kind} {number}" for (kind, number), reason in sorted(rules.items())
               if not reason and (kind, number) not in places]
    return wrong + misplaced


def table(root):
    """For documents: each rule and the tests that name it."""
    rules, _ = expected(root)
    places, _ = named(root)
    for rule, reason in sorted(rules.items()):
        yield f"{rule[0]} {rule[1]}: " + (f"left out: {reason}" if reason else ", ".join(places.get(rule, ["nothing"])))


if __name__ == "__main__":
    print("\n".join(table(Path(__file__).resolve().parents[2])))
