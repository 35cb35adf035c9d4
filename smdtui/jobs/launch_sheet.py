"""The launch sheet as a value: what is to be launched, what was found wrong with it, and whether it may go.

The sheet asks nothing itself: what `prepare` and the check against the run answered is put into it, each with the
request it belongs to, so that an answer that comes late never counts for another request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from producer.problem import Problem, errors
from smdtui.profile.form import Field, Form
from smdtui.profile.problem_order import ordered

MANY = 10  # more runs than this are launched only when their number is typed
COSTLY = 100.0  # node-hours; what may cost more is launched only when they are typed

Resolve = Callable[[str], Sequence[int]]
NodeHours = Callable[[str, int, int], float]  # of engine, ranks, number of runs
CheckName = Literal["waiting", "checking", "done", "failed"]


class Ready(Protocol):
    """What `prepare` gives of one run (as far as the sheet shows it)."""

    @property
    def script(self) -> str: ...

    @property
    def output(self) -> Path: ...

    @property
    def problems(self) -> Sequence[Problem]: ...


@dataclass(frozen=True)
class Request:
    """What the fields say, when they can be read: the runs ascending; `events` None for all; `at_once` runs of an array
    at a time, 0: each a job of its own, None: nothing is asked."""

    runs: tuple[int, ...]
    profile: str
    engine: str
    ranks: int
    events: int | None
    at_once: int | None = None


@dataclass(frozen=True)
class Check:
    """The check of the profile against the runs; `message` is why it failed, or how far it is."""

    name: CheckName = "waiting"
    problems: tuple[Problem, ...] = ()
    message: str = ""


@dataclass(frozen=True)
class LaunchSheet:
    form: Form
    resolve: Resolve
    prepared: tuple[Ready, ...] = ()
    prepared_for: Request | None = None
    trouble: str = ""  # why prepare gave nothing for `prepared_for`
    check: Check = Check()
    checked_for: Request | None = None
    many: int = MANY
    gate: Any = None  # smdtui.jobs.gate.Gate: the test of first events that is due, as was found with `prepared`
    node_hours: NodeHours = lambda engine, ranks, runs: 0.0
    arrays: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def new(
        cls,
        runs: str,
        resolve: Resolve,
        engines: Iterable[str],
        engine: str = "",
        ranks: int = 5,
        events: int | None = None,
        profile: str = "",
        many: int = MANY,
        node_hours: NodeHours = lambda engine, ranks, runs: 0.0,
        arrays: Mapping[str, int] | None = None,
    ) -> LaunchSheet:
        """`resolve` turns the text of a RUNS argument into run numbers; ValueError in words when it cannot.
        `node_hours`: what a launch may cost at most, 0 where that is not known; `arrays`: the engines that can launch
        runs together, with how many of them at a time (0: each by itself)."""
        engines = tuple(engines)
        values = {"runs": runs, "profile": profile, "engine": engine or engines[0], "ranks": ranks, "events": events}
        shown = {k: v for k, v in values.items() if v is not None}
        form = Form.of(_fields(engines, resolve), shown)
        return cls(form, resolve, many=many, node_hours=node_hours, arrays=arrays or {})._with_extras()

    def set(self, name: str, text: str) -> LaunchSheet:
        return replace(self, form=self.form.set(name, text))._with_extras()

    def with_resolve(self, resolve: Resolve) -> LaunchSheet:
        """The same texts, with another look at the runs."""
        runs = _runs_field(resolve)
        fields = tuple(runs if f.name == runs.name else f for f in self.form.fields)
        return replace(self, resolve=resolve, form=replace(self.form, fields=fields))._with_extras()

    def _with_extras(self) -> LaunchSheet:
        """Fields that stand there exactly while they are needed: how many runs of an array at a time, and the number of
        runs or node-hours to be typed."""
        runs, engine = len(self.runs), self.form.text("engine")
        hours = self._hours(runs)
        had = {one.name: text for one, text in zip(self.form.fields, self.form.texts, strict=True)}
        kept = [(f, had[f.name]) for f in self.form.fields if f.name not in ("at_once", "count")]
        preset = self.arrays.get(engine)
        if runs > 1 and preset is not None:
            kept.append((_AT_ONCE, had.get("at_once", str(preset))))
        if runs > self.many or hours > COSTLY:
            kept.append((_count_field(runs, hours), had.get("count", "")))
        fields, texts = tuple(f for f, _ in kept), tuple(t for _, t in kept)
        if fields == self.form.fields:
            return self
        return replace(self, form=replace(self.form, fields=fields, texts=texts))

    def _hours(self, runs: int) -> float:
        ranks = self.form.text("ranks").strip()
        return self.node_hours(self.form.text("engine"), int(ranks), runs) if ranks.isdecimal() else 0.0

    @property
    def runs(self) -> tuple[int, ...]:
        """The runs that the field names; () when it cannot be read."""
        try:
            return tuple(self.resolve(self.form.text("runs").strip()))
        except ValueError:
            return ()

    @property
    def problems(self) -> dict[str, str]:
        """What is wrong with the fields, by name."""
        return self.form.problems

    @property
    def request(self) -> Request | None:
        """None while a field cannot be read. The typed number of runs is no part of it."""
        if set(self.form.problems) - {"count"}:
            return None
        values: dict[str, Any] = self.form.values
        at_once = (values.get("at_once") or 0) if "at_once" in (f.name for f in self.form.fields) else None
        return Request(self.runs, values["profile"], values["engine"], values["ranks"], values.get("events"), at_once)

    # -- answers
    def with_prepared(
        self, request: Request, prepared: Iterable[Ready], gate: Any = None, trouble: str = ""
    ) -> LaunchSheet:
        return replace(self, prepared=tuple(prepared), prepared_for=request, gate=gate, trouble=trouble)

    def with_check(self, request: Request, check: Check) -> LaunchSheet:
        return replace(self, check=check, checked_for=request)

    @property
    def is_prepared(self) -> bool:
        return self.request is not None and self.prepared_for == self.request

    @property
    def check_now(self) -> Check:
        """The check of this profile against these runs; what concerned other ones is as good as none."""
        request, before = self.request, self.checked_for
        if request is None or before is None or (before.runs, before.profile) != (request.runs, request.profile):
            return Check()
        return self.check

    @property
    def found(self) -> tuple[Problem, ...]:
        """Every problem of the request and of the check, errors first, each once."""
        prepared = [p for ready in self.prepared for p in ready.problems] if self.is_prepared else []
        return ordered([*prepared, *self.check_now.problems])

    @property
    def obstacle(self) -> str:
        """Why nothing can be launched now, in words; "" when it can (perhaps on confirmation: `unchecked`)."""
        wrong = self.form.problems
        if wrong:
            name = next(iter(wrong))
            title = next((f.title for f in self.form.fields if f.name == name), "")
            return f"{title}: {wrong[name]}" if title else wrong[name]
        if not self.is_prepared:
            return "the script is being made"
        if self.trouble:
            return self.trouble
        count = len(errors(self.found))
        if count:
            return f"{count} error{'s' * (count > 1)} to mend first"
        return ""

    @property
    def unchecked(self) -> str:
        """Why the check says nothing yet; "" when it has its say. Launching then needs a confirmation."""
        check = self.check_now
        if check.name == "failed":
            return f"the check could not be made: {check.message}"
        return "" if check.name == "done" else "the check of the profile against the run is still going on"

    def check_words(self) -> tuple[str, str]:
        """(state for its look, words) of the line on the check."""
        check = self.check_now
        if check.name == "failed":
            return "error", f"not checked: {check.message}"
        if check.name != "done":
            return "running", check.message or "checking..."
        counts = {kind: sum(p.severity == kind for p in check.problems) for kind in ("error", "warning")}
        parts = [f"{n} {kind}{'s' * (n > 1)}" for kind, n in counts.items() if n]
        state = "error" if counts["error"] else "warning" if counts["warning"] else "good"
        return state, ", ".join(parts) or "nothing is wrong"


def _runs_field(resolve: Resolve) -> Field:
    def runs_check(text: str) -> str:
        try:
            return "" if resolve(text) else "no run is meant by this"
        except ValueError as error:
            return str(error)

    return Field("runs", required=True, check=runs_check, help="17,20-32  20-  latest  missing  failed  stale")


def _fields(engines: tuple[str, ...], resolve: Resolve) -> tuple[Field, ...]:
    return (
        _runs_field(resolve),
        Field("profile", required=True, check=_file_check, help="The profile that says what is extracted"),
        Field("engine", kind="choice", choices=engines, required=True, help="Where it runs (from the site file)"),
        Field(
            "ranks",
            kind="integer",
            required=True,
            minimum=1,
            check=_ranks_check,
            help="MPI ranks: 1, or at least 3 (two of them hand out the events)",
        ),
        Field("events", kind="integer", minimum=1, empty="all", help="At most so many events; empty = all of them"),
    )


def _file_check(text: str) -> str:
    path = Path(text).expanduser()
    return "" if path.is_file() else "there is no such file"


def _ranks_check(text: str) -> str:
    return "2 ranks cannot work: psana needs 1, or at least 3" if text == "2" else ""


_AT_ONCE = Field(
    "at_once",
    kind="integer",
    minimum=0,
    empty="each by itself",
    help="One array with so many runs at a time; empty or 0: a job of its own for each run",
)


def _count_field(count: int, hours: float) -> Field:
    """What costs much is typed as node-hours, else as the number of runs."""
    number, what = (round(hours), "node-hours") if hours > COSTLY else (count, "runs")

    def check(text: str) -> str:
        return "" if text == str(number) else f"type {number} to launch {number} {what}"

    jobs = f"These are {count} job{'s' * (count > 1)}"
    costs = f" and may cost {number} node-hours" if hours > COSTLY else ""
    help_text = f"{jobs}{costs}; type {number} to launch {'it' if count == 1 else 'them'}"
    return Field("count", label=f"{number} {what}: type", required=True, check=check, help=help_text)
