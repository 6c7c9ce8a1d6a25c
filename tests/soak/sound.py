"""Is a store sound? `photond verify` says so."""
import subprocess

from photond import PHOTOND
from promise import Broken


def check_sound(data):
    """data: the directory of a store that nobody works on."""
    verify = subprocess.run([PHOTOND, "verify", "--data-dir", data], capture_output=True, text=True)
    if verify.returncode != 0:
        raise Broken(f"photond verify: {verify.stdout}{verify.stderr}")
