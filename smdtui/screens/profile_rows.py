"""What the Profile screen says of a part and of a value of the plan; no widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from producer.layers import DEFAULT
from producer.plan import Plan, Profile, effective
from producer.problem import Problem, errors
from smdtui import words
from smdtui.profile.document import ProfileDocument
from smdtui.profile.outline import Part, PlanRow, parts, plan_rows, problem_parts, timeline
from smdtui.profile.presence import Editor
from smdtui.profile.timeline import Timeline
from smdtui.theme import look
from smdtui.widgets.columns import Column
from smdtui.widgets.virtual_list import Cell, Cells

PART_COLUMNS = (Column("profile", 24, grow=True), Column("", 20, grow=True), Column("from", 11, drop=1))
PLAN_COLUMNS = (Column("plan", 22), Column("value", 12, grow=True), Column("from", 11))


@dataclass(frozen=True)
class ProfileState:
    """What is shown of one text of the profile and one selected run."""

    text: str = ""
    run: int | None = None
    file: str = ""
    parts: tuple[Part, ...] = ()
    plan: tuple[PlanRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    timeline: Timeline = field(default_factory=lambda: Timeline((), ()))
    readable: bool = True  # False: the text is no TOML, and the parts are those of before

    @classmethod
    def of(cls, document: ProfileDocument, run: int | None, runs: list[int], before: ProfileState) -> ProfileState:
        """Everything made from the buffer; with a text that cannot be read the parts of `before` stay."""
        profile, problems = document.check()
        rows = parts(profile, run) if profile else tuple(p for p in before.parts if p.kind != "problem")
        if not profile:
            rows = tuple(p for p in rows if p.path != ("problems",))
        plan = _plan(profile, run)
        return cls(
            document.text,
            run,
            str(document.path),
            (*problem_parts(problems), *rows),
            plan_rows(plan) if plan else (),
            tuple(problems),
            timeline(profile, runs, run) if profile else before.timeline,
            profile is not None,
        )

    @property
    def errors(self) -> int:
        return len(errors(self.problems))

    def head(self, dirty: bool, ascii_only: bool = False, editors: Sequence[Editor] = ()) -> str:
        """The line above the parts: which run, whether it is saved, how many problems."""
        run = f"run {self.run}" if self.run is not None else "no run"
        told = [run]
        if self.timeline.runs and self.run in self.timeline.runs:
            told[0] += f" ({self.timeline.runs.index(self.run) + 1} of {len(self.timeline.runs)})"
        told.append("* not saved" if dirty else "saved")
        if any(p.severity != "note" for p in self.problems):
            mild = sum(p.severity == "warning" for p in self.problems)
            shown = look("error" if self.errors else "warning")
            counts = [words.plural(self.errors, "error")] if self.errors else []
            counts += [words.plural(mild, "warning")] if mild else []
            told.append(f"{shown.ascii if ascii_only else shown.glyph} {', '.join(counts)}")
        if editors:
            others = f" and {len(editors) - 1} more" if len(editors) > 1 else ""
            told.append(f"{'!' if ascii_only else '▲'} {editors[0].text()}{others}")
        return "   ".join(told)


def _plan(profile: Profile | None, run: int | None) -> Plan | None:
    return effective(profile, run) if profile is not None and run is not None else None


def origin_text(part: Part) -> str:
    if part.origin == DEFAULT:
        return ""
    return f"line {part.origin.line}" if part.own else f"{part.origin.file.rpartition('/')[2]}:{part.origin.line}"


def part_cells(part: Part, ascii_only: bool = False) -> Cells:
    indent = "  " * part.depth
    if part.kind == "problem":
        shown = look(part.data.severity)
        glyph = shown.ascii if ascii_only else shown.glyph
        return Cell(f"{indent}{glyph} {part.title}", shown.role), Cell(part.value, shown.role), ""
    role = "muted" if not part.used or not part.own else "strong" if part.kind in ("head", "range") else ""
    note = part.value if part.used else f"{part.value}  (not this run)" if part.kind == "range" else part.value
    return Cell(indent + part.title, role), Cell(note.strip(), role), Cell(origin_text(part), "muted")


def plan_cells(row: PlanRow, file: str) -> Cells:
    role = "strong" if row.origin is None else "muted" if row.is_default else ""
    return Cell(row.title, role), Cell(row.value, role), Cell(row.origin_text(file), "muted")
