"""What campaigns have in common that strike one photond under a load: now and then it is killed and started again, or held up for a moment; in
the end the histories are checked, and the store."""
import dataclasses

from load import Load
from photond import Photond
from sound import check_sound


@dataclasses.dataclass(frozen=True)
class Strikes:
    times: tuple      # in a short episode, in a long one
    between_s: tuple  # at least, at most
    stall_s: float    # at most
    killed: float     # so many of them, of 1; in the others it is held up


def strike(room, photond, load, strikes):
    if room.random.random() < strikes.killed:
        photond.kill()
        photond.start()
    else:
        photond.pause()
        load.lasts(room.random.uniform(0, strikes.stall_s))
        photond.proceed()


def strike_under_load(room, strikes, load_flags, photond_flags=()):
    """Returns what the load said in the end."""
    photond = Photond(False, *photond_flags, home=room.dir / "photond")
    load = Load(photond.url, room, *load_flags)
    try:
        for _ in range(strikes.times[0 if room.short else 1]):
            load.lasts(room.random.uniform(*strikes.between_s))
            strike(room, photond, load, strikes)
        load.lasts(strikes.between_s[1])
        load.end()
        load.check()
    finally:
        load.kill()
        photond.kill()
    check_sound(photond.dir / "data")
    return load.said
