"""Start, stop and look at the follower of an experiment, from the app or a script: it is a process of its own, which
outlives whoever starts it, and what is known of it lies in the experiment's results."""

import socket
import time
from dataclasses import dataclass
from typing import Any

from smdtui.jobs import local
from smdtui.jobs.folder import JobFolder, make_folder, seconds
from smdtui.jobs.follow import BEAT, FOLLOWER, PAUSED, STOP, Aim, FollowError, ask_to_stop, folder_of, gone, resume
from smdtui.jobs.launch import Place
from smdtui.jobs.place_words import PlaceError, place_words
from smdtui.jobs.span import span

LOG = "follow.txt"  # what followers started from the app say
START_SECONDS = 30.0


@dataclass(frozen=True)
class FollowStatus:
    """`running`: a follower lives (one of another machine: has shown itself lately). Without one the rest describes the
    last one, if it did not leave in order; `paused` is why nothing is submitted, "" when it is; `age` and `silent` in
    seconds since its start and its last sign."""

    running: bool = False
    gone: bool = False  # it ended without leaving: the machine was restarted, or it was killed
    who: str = ""
    host: str = ""
    pid: int = 0
    since: str = ""
    age: float = 0.0
    silent: float = 0.0
    profile: str = ""
    engine: str = ""
    ranks: int = 0
    while_recording: bool = False
    paused: str = ""
    stopping: str = ""  # who asked it to stop

    @property
    def name(self) -> str:
        """off, following, paused, stopping or gone"""
        if not self.running:
            return "gone" if self.gone else "off"
        return "stopping" if self.stopping else "paused" if self.paused else "following"

    @property
    def words(self) -> str:
        """One sentence for people; "" when nobody follows and nobody did."""
        whose = f"{self.who} on {self.host}"
        if not self.running:
            paused = f" It was paused: {self.paused}." if self.paused else ""
            return f"The follower of {whose} is gone; start it again.{paused}" if self.gone else paused.strip()
        words = f"{self.who} follows it on {self.host} for {span(self.age)} with {self.profile}"
        if self.stopping:
            return f"{words}; {self.stopping} asked it to stop"
        return f"{words}; paused: {self.paused}" if self.paused else words

    def as_json(self) -> dict[str, Any]:
        return {
            "state": self.name,
            "who": self.who or None,
            "host": self.host or None,
            "pid": self.pid or None,
            "since": self.since or None,
            "silent_seconds": round(self.silent) if self.running else None,
            "profile": self.profile or None,
            "engine": self.engine or None,
            "ranks": self.ranks or None,
            "while_recording": self.while_recording,
            "paused": self.paused or None,
            "stopping": self.stopping or None,
        }


def status(experiment: Place) -> FollowStatus:
    """Reads three small files; asks nobody."""
    folder = JobFolder(folder_of(experiment))
    paused = str((folder.table(PAUSED) or {}).get("why", ""))
    table = folder.table(FOLLOWER)
    if table is None:
        return FollowStatus(paused=paused)
    now = time.time()
    dead = gone(folder, table)
    try:
        beat = (folder.path / BEAT).stat().st_mtime
    except OSError:
        beat = now
    return FollowStatus(
        running=not dead,
        gone=dead,
        who=str(table.get("who", "?")),
        host=str(table.get("host", "?")),
        pid=int(table.get("pid") or 0),
        since=str(table.get("since", "")),
        age=max(now - (seconds(str(table.get("since", ""))) or now), 0.0),
        silent=max(now - beat, 0.0),
        profile=str(table.get("profile", "")),
        engine=str(table.get("engine", "")),
        ranks=int(table.get("ranks") or 0),
        while_recording=table.get("while_recording") is True,
        paused=paused,
        stopping=str((folder.table(STOP) or {}).get("who", "")),
    )


def start(aim: Aim, resume: bool = False) -> FollowStatus:
    """Starts `smdtui follow` in a session of its own and returns when it holds the experiment; takes a second or two.
    Raises FollowError with its own words where it does not start, OSError where the results cannot be written."""
    words = ["smdtui.cli", *command_words(aim, resume)]
    folder = folder_of(aim.experiment)
    if not folder.exists():
        make_folder(folder)
    path = folder / LOG
    before = path.stat().st_size if path.exists() else 0
    child = local.start_apart(words, path)
    deadline = time.monotonic() + START_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        found = status(aim.experiment)
        if found.running and (found.host, found.pid) == (socket.gethostname(), child.pid):
            return found
        time.sleep(0.05)
    if child.poll() is None:
        child.terminate()
        raise FollowError(f"the follower did not start within {START_SECONDS:.0f} s; {path} may say why")
    said = path.read_bytes()[before:].decode(errors="replace").strip().splitlines()
    raise FollowError(said[-1].removeprefix("smdtui: ") if said else f"it ended with {child.returncode}; see {path}")


def command_words(aim: Aim, resume: bool = False) -> list[str]:
    """The words after `smdtui` that follow this very aim. Raises FollowError where the command line would find other
    results than the experiment's own."""
    words = ["follow", aim.experiment.name, str(aim.profile.absolute())]
    try:
        words += place_words(aim.site, aim.experiment)
    except PlaceError as error:
        raise FollowError(str(error)) from None
    if aim.engine:
        words += ["--engine", aim.engine]
    for option, number in (("--ranks", aim.ranks), ("--at-once", aim.at_once)):
        words += [option, str(number)] if number else []
    return [
        *words,
        *(["--while-recording"] if aim.while_recording else []),
        *(["--resume"] if resume else []),
    ]


def stop(experiment: Place, who: str) -> str:
    """Asks the follower to end, wherever it runs, which leaves the jobs alone; it does after the step that it is at.
    Returns what was done, in words. Raises OSError where the results may not be written."""
    found = status(experiment)
    if not found.running:
        return "nobody follows this experiment"
    ask_to_stop(experiment, who)
    return f"the follower of {found.who} on {found.host} was asked to stop; its jobs go on"


def go_on(experiment: Place, who: str) -> str:
    """Ends the pause after repeated failure. Returns what was done, in words."""
    found = status(experiment)
    if not found.paused:
        return "it is not paused"
    resume(experiment, who, "was asked to")
    return "it goes on" if found.running else "the pause is over; nobody follows the experiment at the moment"
