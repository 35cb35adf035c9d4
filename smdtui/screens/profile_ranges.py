"""The keys of the Profile screen that change run ranges; they are about the section of the cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from producer.report import Path
from producer.run_ranges import RunRange
from smdtui.profile import sections
from smdtui.profile.change import EditFailed, one_step, override
from smdtui.profile.document import ProfileDocument
from smdtui.screens.range_form import RangeForm

if TYPE_CHECKING:
    from smdtui.profile.outline import Part
    from smdtui.screens.profile_rows import ProfileState


class RangeKeys:
    """Mixed into the Profile screen."""

    if TYPE_CHECKING:
        app: Any
        services: Any
        runs: list[int]
        state: ProfileState

        @property
        def part(self) -> Part | None: ...

        def say(self, text: str, role: str = "") -> None: ...

        def edit(
            self, change: Callable[[ProfileDocument], Any], told: str | Callable[[], str], then: Callable[[], Path]
        ) -> None: ...

    @property
    def place(self) -> Path | None:
        """The section of the cursor, as `sections` has it; None, and why on the message line."""
        part = self.part
        if part is not None and part.path[:1] == ("runs",) and len(part.path) > 1:
            return part.path[:4]
        self.say("Put the cursor on a section of runs first.", "warn")
        return None

    def action_split(self) -> None:
        """From the selected run on a section of its own."""
        place, run, part = self.place, self.services.selection.run, self.part
        if place is None or part is None:
            return
        if run is None:
            self.say("Select the run from which on it is to be otherwise: [ and ]", "warn")
            return

        def change(scratch: ProfileDocument) -> None:
            if not part.own:
                one_step(scratch, lambda inner: override(inner, place, run))
            else:
                scratch.text = sections.split(scratch.text, place, run)

        told = f"From run {run} on: change it now, the runs before keep theirs"
        self._ranges(change, told, lambda: self._holding(place))

    def _holding(self, place: Path) -> Path:
        """The section of the same detector and function that holds the selected run."""
        run, document = self.services.selection.run, self.services.document
        for key in document.value(("runs",)) or {}:
            there = ("runs", key, *place[2:])
            held = sections.parse(key)
            if not held.is_all and held.contains(run) and document.value(there) is not None:
                return there
        return place

    def action_end(self, by: int) -> None:
        """The last run of the section a recorded run later or earlier; beyond the last recorded run it is open, where
        no other section follows."""
        self._move(lambda held, at: sections.with_end(held, at, self._next_end(held, at, by)))

    def action_begin(self, by: int) -> None:
        def moved(held: RunRange, at: int) -> RunRange:
            first = next(first for first, last in held.spans if first <= at and (last is None or at <= last))
            return sections.with_begin(held, at, self._step(first, by))

        self._move(moved)

    def _next_end(self, held: RunRange, at: int, by: int) -> int | None:
        last = next(last for first, last in held.spans if first <= at and (last is None or at <= last))
        newest = self.runs[-1] if self.runs else None
        if last is None:
            return newest if by < 0 else None
        if by > 0 and newest is not None and last >= newest:
            return last + 1 if self._followed(last) else None
        return self._step(last, by)

    def _followed(self, last: int) -> bool:
        """Whether another section of the same has runs behind `last`."""
        place, document = self.place, self.services.document
        rest = sections.others(document.text, place) if place is not None else []
        return any(not other.is_all and other.since(last + 1) is not None for other, _ in rest)

    def _step(self, run: int, by: int) -> int:
        """The next recorded run in that direction, else just the next number."""
        beyond = [r for r in self.runs if (r > run if by > 0 else r < run)]
        return (beyond[0] if by > 0 else beyond[-1]) if beyond else max(0, run + by)

    def _move(self, moved: Callable[[RunRange, int], RunRange]) -> None:
        place, part = self.place, self.part
        if place is None or part is None:
            return
        wanted = RunRange.parse(str(place[1]))

        def change(scratch: ProfileDocument) -> None:
            nonlocal wanted
            self._own(part)
            held, run = sections.parsed(place), self.services.selection.run
            at = run if run is not None and held.contains(run) else held.spans[-1][0]
            wanted = moved(held, at)
            scratch.text = sections.set_range(scratch.text, place, wanted.text)

        self._ranges(
            change,
            lambda: f"{sections.named(place) if len(place) > 2 else 'All of it'}: runs {wanted.text}",
            lambda: ("runs", self.services.document.range_key(wanted.text), *place[2:]),
        )

    def action_join(self) -> None:
        """The section also for the runs of its neighbour: the one behind it, else the one before."""
        place, part = self.place, self.part
        if place is None or part is None:
            return

        def change(scratch: ProfileDocument) -> None:
            self._own(part)
            held = sections.parsed(place)
            ranges = {path[1]: other for other, path in sections.others(scratch.text, place) if not other.is_all}
            behind = [key for key, other in ranges.items() if other.spans[0] > held.spans[0]]
            before = [key for key, other in ranges.items() if other.spans[0] < held.spans[0]]
            if not behind and not before:
                raise EditFailed(f"{sections.named(place)} has no other section to join with")
            key = min(behind, key=lambda k: ranges[k].spans) if behind else max(before, key=lambda k: ranges[k].spans)
            scratch.text = sections.join(scratch.text, place, str(key))

        self._ranges(change, "Joined: these values hold for the runs of both; u brings them back", lambda: place)

    def action_range(self) -> None:
        self._form("range")

    def action_duplicate(self) -> None:
        self._form("copy")

    def _form(self, what: Any) -> None:
        place, part = self.place, self.part
        if place is None or part is None:
            return
        try:
            self._own(part)
        except EditFailed as refused:
            self.say(str(refused), "error")
            return
        self.app.push_screen(RangeForm(place, what))

    def _own(self, part: Part) -> None:
        if not part.own:
            file = part.origin.file.rpartition("/")[2]
            raise EditFailed(f"{part.title} comes from the base {file}; s makes a section of this file for it")

    def _ranges(
        self, change: Callable[[ProfileDocument], None], told: str | Callable[[], str], then: Callable[[], Path]
    ) -> None:
        self.edit(change, told, then)  # one step of undo, for `sections` gives one new text
