"""./dev mutate [NAME...]: plants the faults of mutations.py, one at a time, in a copy of the tree, builds it, and runs the
test that must catch the fault. A fault that is not caught is a failure. Ends with "N passed, N failed"."""
import shutil
import subprocess
import sys
from pathlib import Path

from mutations import MUTATIONS
from tree import files

ROOT = Path(__file__).resolve().parents[2]
COPY = ROOT / "build/mutant"
BUILD = COPY / "build/debug"
TEST_S = 120


def run(*command):
    return subprocess.run(command, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def write(target, text):
    """Only when it differs, so that only what is changed is built again."""
    if not target.exists() or target.read_text(errors="replace") != text:
        target.write_text(text)


def copy_tree():
    for name in files(ROOT):
        if name.startswith(("docs/", "tests/check/", "tests/clients/")):
            continue
        target = COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        data = (ROOT / name).read_bytes()
        if not target.exists() or target.read_bytes() != data:
            target.write_bytes(data)
            shutil.copymode(ROOT / name, target)


def build():
    """What the compiler says if it does not build."""
    configured = run("cmake", "--preset", "debug", "-DMUON_WERROR=OFF")
    if configured.returncode:
        return configured.stdout
    built = run("cmake", "--build", "--preset", "debug")
    return built.stdout if built.returncode else None


def test(program):
    """Its exit status and output, as ctest runs it."""
    done = run("ctest", "--test-dir", str(BUILD), "-R", f"^{program}$", "--no-tests=error", "--output-on-failure",
               "--timeout", str(TEST_S))
    return done.returncode, done.stdout


def try_mutation(mutation):
    """None when the fault is caught, else what happened instead."""
    target = COPY / mutation.file
    sound = target.read_text()
    if sound.count(mutation.old) != 1:
        return f"{mutation.file} holds the place to change {sound.count(mutation.old)} times; mend mutations.py"
    try:
        write(target, sound.replace(mutation.old, mutation.new))
        problem = build()
        if problem:
            return f"does not build:\n{problem[-3000:]}"
        status, output = test(mutation.caught_by)
        if "No tests were found" in output:
            return f"there is no test {mutation.caught_by}"
        return None if status else f"{mutation.caught_by} passes all the same"
    finally:
        write(target, sound)


def main(names):
    chosen = [mutation for mutation in MUTATIONS if not names or mutation.name in names]
    copy_tree()
    problem = build()
    if problem or not chosen:
        print(problem or f"mutate: known are {', '.join(mutation.name for mutation in MUTATIONS)}")
        return 1
    failed = 0
    for program in sorted({mutation.caught_by for mutation in chosen}):
        status, output = test(program)
        if status:
            print(f"FAIL  {program} fails without any fault\n{output[-3000:]}")
            failed += 1
    for mutation in chosen:
        problem = try_mutation(mutation)
        print(f"{'FAIL' if problem else 'ok':4}  {mutation.name}: {problem or 'caught by ' + mutation.caught_by}", flush=True)
        failed += problem is not None
    print(f"{len(chosen) - min(failed, len(chosen))} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
