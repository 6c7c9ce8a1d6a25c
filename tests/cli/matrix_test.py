"""Every verb in every form: the tables that `muon help --json` gives are held against the transcripts, which transcript.py holds
against what is printed. A new verb brings, in any file of transcripts/:

- a command that shows something for people, one with --json, one with -q or --quiet, one that fails
- one with --format, if it takes that
- JSON that has each field of its rows in cli/shapes.c, and none beside them

A command counts for a verb when it is that verb alone, perhaps fed by a pipe or a file. For others a remark right above says
what they show: "# shows serve as json" (table, json, quiet, error)."""
import json
import re
import subprocess
import sys
import unittest
from collections import defaultdict
from pathlib import Path

from transcript import HOLES, LIMIT_S, commands_of
from photond import MUON

HERE = Path(__file__).resolve().parent
FORMS = ("table", "json", "quiet", "error")
EXAMPLES = {"<N>": "1", "<TIME>": "2026-11-26T00:00:00.000Z", "<UUID>": "0" * 36, "<REQUEST>": "5f3c91a2-17",
            "<…>": "…"}
ORIGINALS = ("discover", "emit", "introspect", "replay", "stream", "rpc")
TYPES = {"text": str, "integer": int, "number": (int, float), "true or false": bool}
assert EXAMPLES.keys() == HOLES.keys()


def help_json():
    done = subprocess.run([MUON, "help", "--json"], capture_output=True, timeout=LIMIT_S, check=True)
    return json.loads(done.stdout)


class Shown:
    """A command of a transcript, and what it shows."""

    def __init__(self, where, command, lines, remark):
        self.where, self.command, self.remark = where, command, remark
        for hole, example in EXAMPLES.items():
            lines = [line.replace(hole, example) for line in lines]
        self.code = int(lines.pop()[1:-1]) if lines and re.fullmatch(r"\[\d+\]", lines[-1]) else 0
        self.out = [line for line in lines if not line.startswith("! ")]
        self.err = [line[2:] for line in lines if line.startswith("! ")]

    def words(self):
        """Those of its only muon; none, when there is more to it."""
        words = re.sub(r"'[^']*'|\"[^\"]*\"", "_", self.command)
        words = re.sub(r"^\s*(printf|echo|zcat|cat) [^|;&]*\| *", "", words)
        words = re.sub(r"\s<\s*\S+", "", words)
        return [] if re.search(r"[|;&>]|\$\(", words) or not words.startswith("muon ") else words.split()[1:]


def remarks_of(text):
    """The comment line right above each command."""
    lines = text.split("\n")
    return {number: lines[number - 2] for number, _, _ in commands_of(text) if number > 1}


def all_shown():
    for path in sorted((HERE / "transcripts").glob("*.txt")):
        text = path.read_text()
        remarks = remarks_of(text)
        for number, command, lines in commands_of(text):
            yield Shown(f"{path.name}:{number}", command, list(lines), remarks.get(number, ""))


class Matrix(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.help = help_json()
        cls.verbs = {verb["name"]: verb for verb in cls.help["verbs"]}
        cls.takes_value = {o["name"]: "value" in o for o in cls.help["options"]}
        cls.letters = {o["letter"]: o["name"] for o in cls.help["options"] if "letter" in o}
        cls.shown = defaultdict(lambda: defaultdict(list))  # verb, form -> commands
        for shown in all_shown():
            for verb, form in cls.forms_of(shown):
                cls.shown[verb][form].append(shown)

    @classmethod
    def verb_of(cls, word):
        for verb in cls.verbs.values():
            if word in (verb["name"], verb.get("older")):
                return verb["name"]
        begun = [name for name, verb in cls.verbs.items() if name.startswith(word) and not verb["whole-name"]]
        first = [name for name in begun if name in ORIGINALS]
        return first[0] if len(first) == 1 else begun[0] if len(begun) == 1 else None

    @classmethod
    def sorted_words(cls, words):
        """The verb, and the long names of the options."""
        verb, options, words = None, set(), list(words)
        while words:
            word = words.pop(0)
            if word.startswith("--"):
                name = word[2:].split("=")[0]
                options.add(name)
                if cls.takes_value.get(name) and "=" not in word and words:
                    words.pop(0)
            elif re.fullmatch(r"-\w\S*", word):
                for at, letter in enumerate(word[1:], 2):
                    options.add(cls.letters.get(letter, letter))
                    if cls.takes_value.get(cls.letters.get(letter)):
                        if at == len(word) and words:
                            words.pop(0)
                        break
            elif verb is None:
                verb = cls.verb_of(word)
        return verb, options

    @classmethod
    def forms_of(cls, shown):
        told = re.fullmatch(r"# shows (\S+) as (\S+)", shown.remark)
        if told:
            return [told.groups()]
        verb, options = cls.sorted_words(shown.words())
        if verb is None:
            return []
        if "help" in options:
            verb = "help"
        forms = []
        if shown.code:
            forms.append("error")
        elif "json" in options:
            forms.append("json")
        elif "quiet" in options:
            forms.append("quiet")
        elif "format" in options:
            forms.append("format")
        elif "raw" not in options and (shown.out or shown.err):
            forms.append("table")
        return [(verb, form) for form in forms]

    def test_every_verb_is_shown_in_every_form(self):
        missing = [f"{name} as {form}" for name, verb in self.verbs.items()
                   for form in FORMS + (("format",) if "format" in verb["options"] else ())
                   if not self.shown[name][form]]
        self.assertEqual(missing, [], "no transcript shows these")

    def test_every_remark_names_a_verb_and_a_form(self):
        for verb in self.shown:
            self.assertIn(verb, self.verbs)
            self.assertLessEqual(set(self.shown[verb]), {*FORMS, "format"})

    def test_every_verb_says_what_it_prints(self):
        self.assertEqual([name for name, verb in self.verbs.items() if not verb["prints"]], [], "no row in cli/shapes.c")
        for name, verb in self.verbs.items():
            records = [shape["what"] for shape in verb["prints"] if "record" in shape]
            self.assertEqual(len(records), int("format" in verb["options"]), f"{name}: what --format takes apart")

    def test_a_failure_is_two_lines_or_an_object(self):
        for verb in self.shown:
            for shown in self.shown[verb]["error"]:
                first = next(line for line in shown.err if line.startswith(("muon: ", '{"error"')))
                if first.startswith("muon: "):
                    self.assertTrue(shown.err[shown.err.index(first) + 1].startswith("      "), shown.where)

    def test_what_is_json_has_the_documented_shape_without_holes(self):
        seen = set()
        wrong = self.faults(self.help, self.verbs["help"]["prints"], seen)  # too long for a transcript
        for name, verb in self.verbs.items():
            for shown in self.shown[name]["json"]:
                documents = list(documents_of("\n".join(shown.out)))
                if not documents and not shown.err:
                    wrong.append(f"{shown.where}: nothing was printed")
                wrong += [f"{shown.where}: {fault}" for document in documents
                          for fault in self.faults(document, verb["prints"], seen)]
        self.assertEqual(wrong, [])
        unseen = [f"{name}: {field['name']}" for name, verb in self.verbs.items() for shape in verb["prints"]
                  for field in shape["fields"] if (shape["what"], field["name"]) not in seen]
        self.assertEqual(unseen, [], "documented, but in no transcript")

    def test_what_is_said_in_json_on_standard_error_has_its_shape(self):
        kinds = {row["kind"]: row["code"] for row in self.help["exit-codes"]}
        for verb in self.shown:
            for form in "json", "error":
                for shown in self.shown[verb][form]:
                    said = [json.loads(line) for line in shown.err if line.startswith("{")]
                    if said or form == "json":
                        self.assertEqual(len(said), len(shown.err), shown.where)
                    for document in said:
                        self.assert_said(document, shown, kinds)

    def assert_said(self, document, shown, kinds):
        if "note" in document:
            self.assertEqual(list(document), ["note"], shown.where)
            return
        error = document["error"]
        self.assertLessEqual(set(error) - {"advice", "request-id"}, {"kind", "exit", "message"}, shown.where)
        self.assertEqual(kinds[error["kind"]], error["exit"], shown.where)

    def faults(self, document, shapes, seen):
        """What is wrong with it under the shape that fits best."""
        best = min(((list(faults_of(document, shape)), shape) for shape in shapes), key=lambda pair: len(pair[0]))
        if not best[0]:
            seen.update((best[1]["what"], way) for way, _ in ways_of(document))
        return best[0]


def documents_of(text):
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        document, at = decoder.raw_decode(text, at)
        yield document


def ways_of(value, way=""):
    """(way, value) of all that is in it, members of members and elements of lists, too."""
    yield way, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from ways_of(inner, f"{way}.{key}" if way else key)
    elif isinstance(value, list):
        for inner in value:
            yield from ways_of(inner, way + "[]")


def faults_of(document, shape):
    fields = {field["name"]: field for field in shape["fields"]}
    anything = tuple(name + mark for name, field in fields.items() if field["type"] == "JSON" for mark in ".[")
    inner = {name[:at] for name in fields for at in range(len(name)) if name[at] in ".["}
    for way, value in ways_of(document):
        if way in fields:
            kind = TYPES.get(fields[way]["type"], object)
            if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
                yield f"{way} is no {fields[way]['type']}"
        elif way and not way.startswith(anything) and way not in inner:
            yield f"{way} is not documented"
        if way not in fields and not way.startswith(anything) and isinstance(value, dict):
            yield from missing_in(value, way, fields)


def missing_in(value, way, fields):
    """The members that an object should have."""
    prefix = way + "." if way else ""
    for name, field in fields.items():
        rest = name[len(prefix):]
        if name.startswith(prefix) and "when" not in field and re.match(r"[^.\[]+", rest)[0] not in value:
            yield f"{name} is missing"


class ExitCodes(unittest.TestCase):
    def test_a_test_produces_each_code_of_the_table(self):
        tests = "".join(path.read_text() for path in HERE.glob("*_test.py") if path.name != "matrix_test.py")
        tested = {int(code) for code in re.findall(r"def test_(\d+)_", tests)}
        self.assertEqual({row["code"] for row in help_json()["exit-codes"]} - tested, set())


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
