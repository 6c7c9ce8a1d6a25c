"""The network between services and the store goes bad, in one direction or both, and well again."""
import json
import signal
import subprocess
import time

from network.times import first_after, longest_silence, successes
from network.tunnel import BOTH, Tunnel
from photond import BUILD, MUON, Photond
from promise import Broken

FAULT = "network: delay, loss, cut, half-open, reset, between client and store, responder and store"
HOW = "namespaces and a tunnel of ours; each client goes on ≤ 2 s after it is well again"
TRIES = (7, 500)
ALONE = True

SOAK_LOAD, CHECK = BUILD / "tests/history/soak_load", BUILD / "tests/history/history_check"
CLIENTS, SERVICES, CALM, ENDS = 1, 2, 3, 3
NAMES = {CLIENTS: "the clients", SERVICES: "the services"}
WHO = 2 + 2 + 3 + 3 + 3 + 1 + 1 + 1 + 1  # writers, racers, followers, callers and responders, and the calm
AGAIN_S = 2.0  # what is promised, with docs/operating.md's settings for a quick recovery
LIMIT_S = 120
BEAT_S, ROOM_S = 0.5, 0.5
QUICK = ["--beat-time", f"{BEAT_S * 1000:.0f}ms", "--keepalive-time", "1s"]
CLIENTS_QUICK = ["--set", "keepalive.ms=1000", "--set", "reconnect.max_ms=500"]
KINDS = ("cut", "half-open to the store", "half-open from the store", "reset", "loss", "delay", "disorder")


def fault(kind, random):
    """How the tunnel says it: the directions, and what befalls packets."""
    if kind == "cut":
        return BOTH, {"lost": 1000}
    if kind.startswith("half-open"):
        return ("up" if "to" in kind.split() else "down",), {"lost": 1000}
    if kind == "reset":
        return BOTH, {"reset": 1}
    if kind == "loss":
        return random.choice((BOTH, ("up",), ("down",))), {"lost": random.randrange(50, 600)}
    if kind == "delay":
        return BOTH, {"delay": random.randrange(50, 1000), "jitter": random.randrange(1, 300)}
    return BOTH, {"delay": 1, "jitter": random.randrange(5, 50), "twice": random.randrange(50, 500), "lost": random.randrange(0, 100)}


class Load:
    """soak_load at an end of the tunnel."""

    def __init__(self, scene, end, name, *what):
        certs = ["--certs", scene.photond.dir / "init"] if scene.photond.tls else []
        to = [] if "--final" in what else ["--seconds", "3600", "--seed", str(scene.room.seed), "--name", name, *CLIENTS_QUICK]
        scene.folder.mkdir(exist_ok=True)
        self.name = name
        with open(scene.room.dir / f"{name}.log", "w") as log:
            self.process = subprocess.Popen([*scene.tunnel.at(end), SOAK_LOAD, "--url", scene.photond.url, *certs, "--dir", scene.folder,
                                             "--log", *to, *what], stdout=log, stderr=log)

    def finish(self):
        try:
            code = self.process.wait(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            raise Broken(f"the {self.name} do not end") from None
        if code:
            raise Broken(f"the {self.name} end with {code}; {self.name}.log tells why")


def judge(scene, late, healed, what):
    """How late the slowest client was. A machine that holds up those whose network was never bad is not blamed on the store."""
    slowest = max(late, key=lambda who: LIMIT_S if late[who] is None else late[who])
    calm, connect = scene.calm_silence(healed - 1, healed + AGAIN_S), max(scene.connects)
    seen = f"{what}: {slowest[0]} is the last of {len(late)} to go on, {late[slowest]} s after it was well again; " \
           f"calm ones are silent for {calm:.2f} s, and a new one takes {connect:.2f} s to connect"
    scene.room.say(seen)
    if late[slowest] is None or not scene.room.short and late[slowest] > AGAIN_S + calm + connect:
        raise Broken(seen)


class Scene:
    """A store, and at three ends of its network: clients, services, and those whose network is never bad."""

    def __init__(self, room, tunnel):
        tls = room.random.random() < 0.5
        self.room, self.tunnel, self.folder = room, tunnel, room.dir / "history"
        self.photond = Photond(tls, *QUICK, *([] if tls else ["--insecure-plaintext"]), host=tunnel.host, within=tunnel.at(0))
        self.loads, self.connects = [], []

    def begin(self):
        few = ["--rate", "100", "--writers", "2", "--racers", "2"]
        self.loads = [Load(self, CLIENTS, "clients", *few, "--subscribers", "3"),
                      Load(self, SERVICES, "services", "--writers", "0", "--subscribers", "0", "--services", "3"),
                      Load(self, CALM, "calm", "--rate", "100", "--writers", "1", "--subscribers", "1", "--services", "1")]
        self.wait_for_success(time.monotonic())
        self.connects = []

    def wait_for_success(self, moment):
        """Until each client has had one since then; returns who had it when. Meanwhile others connect, whose network was never bad."""
        begun = time.monotonic()
        while True:
            self.connect()
            late = {who: first_after(times, moment) for who, times in successes(self.folder).items()}
            if len(late) >= WHO and None not in late.values():
                return late
            if time.monotonic() - begun > LIMIT_S:
                return late

    def connect(self):
        begun = time.monotonic()
        subprocess.run([*self.tunnel.at(CALM), MUON, "ping"], capture_output=True, timeout=LIMIT_S, env=self.photond.environment)
        self.connects.append(time.monotonic() - begun)

    def attack(self):
        """Returns when it was well again, and what it was, in words."""
        random = self.room.random
        kind = KINDS[self.room.seed % len(KINDS)]
        ends = random.choice(((CLIENTS,), (SERVICES,), (CLIENTS, SERVICES)))
        ways, what = fault(kind, random)
        what["spared"] = random.choice((0, 0, 500))
        seconds = random.uniform(0.2, 1) if self.room.short else random.uniform(0.2, 12)
        time.sleep(random.uniform(0, 0.5))
        for end in ends:
            self.tunnel.befall(end, ways, **what)
        begun = time.monotonic()
        if SERVICES in ends and what.get("lost") == 1000 and not what["spared"]:
            self.find_lost(begun)
        time.sleep(max(0, begun + seconds - time.monotonic()))
        met = sum(self.tunnel.heal(end) for end in ends)
        if not met and not what["spared"]:
            raise RuntimeError("nothing befell anybody")
        return time.monotonic(), f"{kind} for {seconds:.1f} s at {' and '.join(NAMES[end] for end in ends)}, {what}"

    def find_lost(self, since):
        """Services that nothing is heard of, or that hear nothing, are given up within two beats."""
        command = [*self.tunnel.at(CALM), MUON, "discover", "services-service", "--json"]
        while True:
            asked = time.monotonic()
            told = subprocess.run(command, capture_output=True, timeout=LIMIT_S, env=self.photond.environment)
            if told.returncode == 0 and not json.loads(told.stdout)["services"]:
                break
            if asked - since > LIMIT_S:
                raise Broken(f"photond never finds that services are gone: {told}")
            time.sleep(0.05)
        calm = self.calm_silence(since, asked)
        self.room.say(f"services that are cut off are given up {asked - since:.2f} s later; calm ones are silent for {calm:.2f} s")
        if not self.room.short and asked - since > 2 * BEAT_S + ROOM_S + calm:
            raise Broken(f"services that are cut off are given up only {asked - since:.2f} s later")

    def calm_silence(self, begin, end):
        """Of those whose network was never bad, the longest: what the machine makes of it."""
        return max(longest_silence(times, begin, end) for who, times in successes(self.folder).items() if who[0].startswith("calm"))

    def end(self):
        """After the load each of its clients has to succeed once more; then the histories are compared with the log."""
        for load in self.loads:
            load.process.send_signal(signal.SIGTERM)
        for load in self.loads:
            load.finish()
        Load(self, CALM, "final", "--final").finish()
        done = subprocess.run([CHECK, self.folder], capture_output=True, text=True)
        self.room.say(done.stdout.strip())
        if done.returncode:
            raise Broken(f"history_check: {done.stdout}{done.stderr}")

    def close(self):
        for load in self.loads:
            load.process.kill()
            load.process.wait()
        self.photond.close()


def episode(room):
    tunnel, scene = Tunnel(ENDS, room.seed), None
    try:
        scene = Scene(room, tunnel)
        scene.begin()
        healed, what = scene.attack()
        judge(scene, scene.wait_for_success(healed), healed, what)
        scene.end()
    finally:
        if scene:
            scene.close()
        tunnel.close()
    return 1
