"""Two consoles and a follower on one experiment, with random keys: nobody's work is lost, nothing ends by itself."""

import hashlib
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import tomllib
from terminal import Terminal
from torture.stage import Stage

MOVES = ["j", "k", "j", "j", "down", "up", "G", "g", "pagedown", "pageup", "right", "left", "tab", "shift+tab"]
WAIT = [""] * 8  # for the script to be made, the check to go through
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789[]<>{}.,-_ /:?"


def sessions(rng: random.Random) -> Iterator[str]:
    """Keys without end: what operators do, and what a cat on the keyboard does. "" is a pause."""
    home = ["escape", "escape", "escape"]
    while True:
        some = rng.choices(MOVES, k=rng.randrange(6))
        what = rng.choices(
            ["wander", "launch", "cancel", "retry", "edit", "save", "jobs", "cat", "words"], [3, 4, 3, 2, 4, 3, 3, 3, 1]
        )[0]
        if what == "wander":
            yield from [*home, rng.choice("12345"), *some, rng.choice(["enter", "space", "escape", "?", "s", "S", "p"])]
        elif what == "launch":
            marks = [k for _ in range(rng.randrange(4)) for k in ("space", rng.choice(MOVES))]
            yield from [
                *home,
                "1",
                "",
                *some,
                *marks,
                "L",
                *WAIT,
                "ctrl+s",
                *WAIT,
                rng.choice(["enter", "down"]),
                "enter",
                *WAIT,
            ]
            if rng.random() < 0.5:
                yield from [*home, "4", "", "g", "x", "", "y", ""]
        elif what == "cancel":
            yield from [*home, "4", "", rng.choice("ggj"), *some[:1], "x", "", "y", ""]
        elif what == "retry":
            yield from [*home, "4", "", *some, "r", *WAIT, "ctrl+s", *WAIT, "enter", *WAIT]
        elif what == "edit":
            yield from [*home, "3", "", *some, rng.choice("adsu<>{}[]n"), "", *rng.choices(LETTERS, k=3), "enter", ""]
        elif what == "save":
            where = (
                [*home, "2", "", *some, rng.choice("ao"), ""] if rng.random() < 0.7 else [*home, "3", "", *some, "d"]
            )
            yield from [*where, *home, "3", "", "w", "", rng.choice(["enter", "escape", "y"]), ""]
        elif what == "jobs":
            yield from [*home, "4", *some, rng.choice("optehHDFRwcfnN[]sSd"), "", rng.choice(["enter", "escape", "y"])]
        elif what == "words":
            yield from [*home, rng.choice("1245"), "/", *rng.choices(LETTERS, k=4), "enter", "n"]
        else:
            yield from rng.choices([*LETTERS, *MOVES, "enter", "escape", "backspace", "ctrl+t", "ctrl+r"], k=12)


class Console:
    """An operator's terminal; the app is opened again when a key has closed it, which is no crash."""

    def __init__(self, stage: Stage, rng: random.Random, who: str):
        self.stage, self.rng, self.who = stage, rng, who
        self.keys = sessions(rng)
        self.opened = 0
        self.pressed: list[str] = []
        self._open()

    def _open(self) -> None:
        columns, rows = self.rng.choice([(80, 24), (120, 36)])
        self.terminal: Terminal = self.stage.app(columns, rows, LOGNAME=self.who, USER=self.who).__enter__()
        self.opened += 1

    def act(self) -> None:
        pid, status = os.waitpid(self.terminal.pid, os.WNOHANG)
        if pid:
            self.terminal.pid = -1
            code, screen = os.waitstatus_to_exitcode(status), self.terminal.text()
            why = "\n".join(
                [f"{self.who}'s app ended with {code} after {self.pressed[-40:]}:", screen, *crashes(self.stage)]
            )
            self.terminal.close()
            assert code == 0, why
            self._open()
        key = next(self.keys)
        self.pressed.append(key)
        if key:
            self.terminal.press(key)
        else:
            self.terminal.pump(0.25)
        assert "Traceback (most recent" not in self.terminal.text() or "log.txt" in self.terminal.text()

    def close(self) -> None:
        """Leaves as a person does whose work is done; what is not saved goes with the terminal."""
        if self.terminal.pid < 0:
            return
        self.terminal.hang_up()
        pid, self.terminal.pid = self.terminal.pid, -1
        end = time.monotonic() + 20
        while not os.waitpid(pid, os.WNOHANG)[0]:
            assert time.monotonic() < end, f"{self.who}'s app outlives its terminal after {self.pressed[-40:]}"
            time.sleep(0.1)


@dataclass
class Watch:
    """What has been seen on disk, which must never be lost."""

    stage: Stage
    folders: set[str] = field(default_factory=set)
    events: dict[str, list[str]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)  # hash -> text of the profile

    def look(self) -> list[str]:
        found = []
        text = self.stage.profile.read_text()
        self.versions[hashlib.sha256(text.encode()).hexdigest()] = text
        try:
            tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found.append(f"the profile is not TOML: {error}")
        now = {folder.name for folder in self.stage.folders()}
        found += [f"job {name} is gone" for name in self.folders - now]
        self.folders |= now
        for name in now:
            path = self.stage.jobs / name / "events.jsonl"
            lines = path.read_text().splitlines() if path.exists() else []
            before = self.events.get(name, [])
            if lines[: len(before)] != before:
                found.append(f"{name}: events were lost: {before} {lines}")
            self.events[name] = lines
        return found

    def history_faults(self) -> list[str]:
        """Every text that the profile ever had is there, now or in its history."""
        kept = [self.stage.profile, *(self.stage.profile.parent / ".history").glob("torture.*.toml")]
        there = {hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}
        return [
            f"a version of the profile is lost:\n{text}" for hash_, text in self.versions.items() if hash_ not in there
        ]


@dataclass
class Figures:
    seconds: float = 0.0
    keys: int = 0
    opened: int = 0
    saves: int = 0
    deeds: Counter = field(default_factory=Counter)
    jobs: Counter = field(default_factory=Counter)

    def words(self) -> str:
        jobs = ", ".join(f"{n} {state}" for state, n in sorted(self.jobs.items()))
        deeds = ", ".join(f"{n} {what}" for what, n in sorted(self.deeds.items()))
        return (
            f"{self.seconds:.0f} s, {self.keys} keys, the app opened {self.opened} times, {self.saves} saves of the "
            f"profile; events of jobs: {deeds}; jobs: {jobs}"
        )


def torture(stage: Stage, seconds: float, seed: int, told: Callable[[str], None] = lambda line: None) -> Figures:
    """Raises AssertionError with every fault found."""
    rng, begin = random.Random(seed), time.monotonic()
    watch, figures, faults = Watch(stage), Figures(), []
    consoles = [Console(stage, random.Random(rng.random()), who) for who in ("ada", "bob")]
    follower = _follow(stage)
    looked = 0.0
    try:
        while time.monotonic() - begin < seconds and not faults:
            for console in rng.sample(consoles, 2):
                for _ in range(rng.randrange(1, 6)):
                    console.act()
            if follower.poll() is not None:  # a console may stop it; that is one of its keys
                faults += [] if follower.returncode in (0, 1) else [f"the follower ended with {follower.returncode}"]
                follower = _follow(stage)
            if rng.random() < 0.02:
                _by_command(stage, rng)
            faults += watch.look()
            if time.monotonic() - looked > 30:
                looked = time.monotonic()
                jobs = Counter(job["state"] for job in stage.ask("jobs")["jobs"])
                told(f"{looked - begin:.0f} s, {sum(len(c.pressed) for c in consoles)} keys; jobs: {dict(jobs)}")
    finally:
        for console in consoles:
            console.close()
        follower.send_signal(signal.SIGTERM)
        follower.wait(60)
    stage.wait_quiet(60 + 20 * len(stage.runs))
    faults += watch.look() + watch.history_faults() + stage.faults() + overlaps(stage) + crashes(stage)
    figures.seconds = time.monotonic() - begin
    figures.keys, figures.opened = sum(len(c.pressed) for c in consoles), sum(c.opened for c in consoles)
    figures.saves = len(list((stage.profile.parent / ".history").glob("torture.*.toml")))
    figures.deeds = Counter(json.loads(line)["what"] for lines in watch.events.values() for line in lines)
    figures.jobs = Counter(job["state"] for job in stage.ask("jobs")["jobs"])
    assert not faults, "\n".join(faults)
    return figures


def _follow(stage: Stage) -> "subprocess.Popen[bytes]":
    return stage.start("follow", str(stage.profile), "--at-once", "2", "--resume")


def _by_command(stage: Stage, rng: random.Random) -> None:
    """What a third person does from a shell."""
    folders = stage.folders()
    if rng.random() < 0.5 or not folders:
        stage.start("submit", str(rng.choice(stage.runs)), str(stage.profile)).wait(120)
    else:
        stage.start_bare("cancel", rng.choice(folders[-8:]).name).wait(120)


def overlaps(stage: Stage) -> list[str]:
    """Two jobs that were at work on one file at the same time, by their own records."""
    spans: dict[str, list[tuple[float, float, str]]] = {}
    for folder in stage.folders():
        engine, exit_ = stage.table(folder, "engine.toml"), stage.table(folder, "exit.toml")
        if "started" in engine and "when" in exit_:
            output = stage.table(folder, "request.toml")["output"]
            spans.setdefault(output, []).append((_unix(engine["started"]), _unix(exit_["when"]), folder.name))
    found = []
    for some in spans.values():
        some.sort()
        found += [f"{b[2]} began before {a[2]} ended" for a, b in zip(some, some[1:], strict=False) if b[0] < a[1]]
    return found


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def crashes(stage: Stage) -> list[str]:
    return [path.read_text()[-3000:] for path in Path(stage.root).rglob("crash-*.txt")]
