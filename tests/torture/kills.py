"""kill -9 at random moments: the app, the follower and `submit` die again and again while runs are produced."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from terminal import Terminal
from torture.stage import Stage

APP, FOLLOW, SUBMIT = "app", "follow", "submit"


@dataclass
class Figures:
    kills: Counter = field(default_factory=Counter)
    batches: int = 0
    productions: int = 0
    jobs: Counter = field(default_factory=Counter)  # state -> how many
    seconds: float = 0.0

    def words(self) -> str:
        kills = ", ".join(f"{n} of the {who}" for who, n in sorted(self.kills.items()))
        jobs = ", ".join(f"{n} {state}" for state, n in sorted(self.jobs.items()))
        return (
            f"{self.kills.total()} kills ({kills}) in {self.batches} batches and {self.seconds:.0f} s: "
            f"{self.productions} productions asked for and made; jobs: {jobs}"
        )


class _App:
    """Opens the launch sheet and asks for what is missing, looks at the jobs, and again."""

    def __init__(self, stage: Stage, rng: random.Random):
        self.terminal: Terminal = stage.app().__enter__()
        self.keys = self._script(rng)

    def _script(self, rng: random.Random):
        yield from ["", ""]
        while True:
            yield from ["1", "", "L", "", *["shift+tab"] * 5, "end", "ctrl+u", *"missing,stale", "", "", "ctrl+s"]
            yield from [
                "",
                "enter",
                "",
                "",
                "4",
                *rng.choices(["j", "k", "enter", "escape", "r", "G", "2", "3", "5"], k=6),
            ]

    def live(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if key := next(self.keys):
                self.terminal.press(key)
            else:
                self.terminal.pump(0.4)

    def alive(self) -> bool:
        return os.waitpid(self.terminal.pid, os.WNOHANG)[0] == 0

    def kill(self) -> None:
        self.terminal.kill(signal.SIGKILL)
        self.terminal.wait_exit()
        self.terminal.close()


class _Command:
    def __init__(self, stage: Stage, *words: str):
        self.process = stage.start(*words)

    def live(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def torture(
    stage: Stage, kills: int, seed: int, told: Callable[[str], None] = lambda line: None, longest: float = 6.0
) -> Figures:
    """Kills one of the three at a time, after up to `longest` seconds, while the others live; when every run is
    produced the profile changes and all begins anew. Raises AssertionError with every fault found."""
    rng, figures, begin = random.Random(seed), Figures(), time.monotonic()
    profile = str(stage.profile)
    make = {
        APP: lambda: _App(stage, rng),
        FOLLOW: lambda: _Command(stage, "follow", profile, "--at-once", "4", "--resume"),
        SUBMIT: lambda: _Command(stage, "submit", "missing,stale", profile),
    }
    alive: dict[str, _App | _Command] = {}
    try:
        while figures.kills.total() < kills:
            figures.batches += 1
            stage.new_plan(figures.batches - 1)
            looked = time.monotonic()
            while figures.kills.total() < kills:
                for who in rng.sample(sorted(make), len(make)):
                    if who not in alive or not alive[who].alive():
                        alive[who] = make[who]()
                victim = rng.choice([APP, FOLLOW, SUBMIT, SUBMIT])
                alive[victim].live(rng.uniform(0.0, longest))
                if alive[victim].alive():
                    alive.pop(victim).kill()
                    figures.kills[victim] += 1
                    told(f"kill {figures.kills.total()}: {victim}")
                if time.monotonic() - looked > 10:
                    looked = time.monotonic()
                    states = stage.production()
                    told(f"batch {figures.batches}: {dict(states)}")
                    if states == {"verified": len(stage.runs)}:
                        break
            for one in alive.values():
                if one.alive():
                    one.kill()
            alive.clear()
            finish(stage)
            told(f"batch {figures.batches} is whole after {time.monotonic() - begin:.0f} s")
    finally:
        for one in alive.values():
            if one.alive():
                one.kill()
    figures.productions = len(stage.runs) * figures.batches
    figures.jobs = Counter(job["state"] for job in stage.ask("jobs")["jobs"])
    figures.seconds = time.monotonic() - begin
    twice = {run: n for (run, _), n in stage.began().items() if n != 1}
    faults = [f"run {run} was produced {n} times with one plan" for run, n in twice.items()]
    if len(stage.began()) != figures.productions:
        faults.append(f"{len(stage.began())} productions began instead of {figures.productions}")
    faults += stage.faults() + stage.file_faults()
    assert not faults, "\n".join(faults)
    return figures


def finish(stage: Stage) -> None:
    """A last follower, which nobody kills, does what is left."""
    last = stage.start("follow", str(stage.profile), "--at-once", "4", "--resume")
    try:
        stage.wait_all_verified(60 + 60 * len(stage.runs))
    finally:
        last.send_signal(signal.SIGTERM)
        last.wait(60)
    stage.wait_quiet()
