"""Names: the detectors, EPICS variables and scan variables of a run, to be put into the profile."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from textual.timer import Timer
from textual.widget import Widget

from smdtui import words
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.screens.name_rows import TITLES, InProfile, NameRows, adding
from smdtui.services import Selection
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.plain import Plain
from smdtui.widgets.virtual_list import Cell, Cells, VirtualList

PROFILE = Column("in profile", 11)
COLUMNS = {
    "": (Column("name", 24, grow=True), Column("kind", 10), Column("PV, data", 22, grow=True), PROFILE),
    "detector": (
        Column("detector", 16, grow=True),
        Column("type", 12, drop=2),
        Column("data", 12, drop=1),
        Column("shape", 14),
        Column("dtype", 8, drop=3),
        PROFILE,
    ),
    "epics": (Column("alias", 26, grow=True), Column("PV", 30, grow=True), PROFILE),
    "scan": (Column("scan variable", 40, grow=True), PROFILE),
}


class NamesScreen(BaseScreen):
    """One list; d e s w choose the kind, a and o put the selection into the profile."""

    NAME = "names"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("names", "list", "mark", "filter")
    BINDINGS = bindings("names", "filter")
    CSS_PATH = Path(__file__).with_suffix(".tcss")

    def __init__(self) -> None:
        super().__init__()
        self.rows = NameRows()
        self.have = InProfile()
        self._asked: int | None = None
        self._kind_here = ""  # kind of the name under the cursor
        self._since = 0.0
        self._clock: Timer | None = None

    def compose_body(self) -> Iterable[Widget]:
        yield Plain("", id="kinds")
        yield VirtualList(COLUMNS[""], self._cells, id="names", markable=True, match_columns=(0, 1, 2))
        yield FilterBar()

    def on_mount(self) -> None:
        self.list.focus()
        self._clock = self.set_interval(1.0, self._tick, pause=True)

    @property
    def list(self) -> VirtualList:
        return self.query_one(VirtualList)

    # -- the names of the run
    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        if new.run is None:
            self.list.set_empty("No run is selected.\nPress 1 and choose one.")
        elif new.run != self._asked:
            self._ask(new.run)
        elif old is None or old.profile != new.profile:
            self._look_into_profile()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._look_into_profile()

    def _ask(self, run: int, again: bool = False) -> None:
        services = self.services
        self._asked, self._since = run, services.now()
        self.rows = NameRows(kind=self.rows.kind)
        self.list.state = self.list.state.unmarked().show([])
        self.list.set_empty(f"Asking run {run} for its names …\nYou can go on elsewhere meanwhile (1-5).")
        self._show_counts()
        if self._clock:
            self._clock.resume()

        from smdtui.catalog.names import ProbeFailed, ask_names

        def work(task: Any) -> Any:
            return ask_names(services.site, services.experiment, run)

        self.background("ask", work, self._got, failed=self._failed, expected=(ProbeFailed, OSError))

    def _tick(self) -> None:
        if self.busy("ask"):
            seconds = words.duration(self.services.now() - self._since)
            self.say(f"Asking run {self._asked} for its names … {seconds}")

    def _got(self, answer: dict[str, Any]) -> None:
        self._quiet()
        self.rows = NameRows.of(answer, self.rows.kind)
        self.list.set_empty("No name matches. Esc leaves the filter.")
        self._refilter()
        self._look_into_profile()
        self.refresh_bindings()

    def _failed(self, error: Exception) -> None:
        self._quiet()
        self.list.set_empty(f"The names of run {self._asked} cannot be read:\n{in_words(error)}\nPress r to try again.")
        self.say(f"Run {self._asked}: {in_words(error)}", "error")

    def _quiet(self) -> None:
        if self._clock:
            self._clock.pause()
        self.say("")

    def action_refresh_names(self) -> None:
        if self.services.selection.run is not None:
            self._ask(self.services.selection.run, again=True)

    # -- the list
    def _cells(self, row: int) -> Cells:
        name = self.rows.names[row]
        word = self.have.word(name)
        dot = "*" if self.services.ascii else "●"
        mark = Cell(f"{dot} {word}", "ok") if word else ""
        if self.rows.kind == "detector":
            return name.name, name.type, name.what, name.shape, name.dtype, mark
        if self.rows.kind == "epics":
            return name.name, name.what, mark
        if self.rows.kind == "scan":
            return name.name, mark
        what = f"{name.what} {name.shape}".strip()
        return name.name, Cell(name.type if name.kind == "detector" else name.kind, "muted"), what, mark

    def action_kind(self, kind: str) -> None:
        """Only names of one kind ("" = all)."""
        if kind != self.rows.kind:
            self.rows = NameRows(self.rows.names, kind, self.rows.folded)
            self.list.set_columns(COLUMNS[kind])
            self._refilter()

    def _refilter(self) -> None:
        query = self.query_one(FilterBar).text.strip()
        view = self.rows.shown
        if query:
            from smdtui.catalog.fuzzy import search

            hits = search(query, self.rows.folded)
            shown = set(view) if self.rows.kind else None
            view = hits if shown is None else [i for i in hits if i in shown]
        self.list.show(view, query)
        self._show_counts()

    def _show_counts(self) -> None:
        parts = []
        keys = {"": "w", "detector": "d", "epics": "e", "scan": "s"}
        for kind, title in TITLES.items():
            text = f"{keys[kind]} {title} {self.rows.counts[kind]:,}"
            parts.append(f"[{text}]" if kind == self.rows.kind else f" {text} ")
        state = self.list.state
        if state.query:
            parts.append(f"  {len(state.view):,} match")
        if state.marked:
            parts.append(f"  {len(state.marked):,} selected")
        self.query_one("#kinds", Plain).set_text(" ".join(parts))

    def on_virtual_list_marked(self, event: VirtualList.Marked) -> None:
        self._show_counts()

    def on_virtual_list_highlighted(self, event: VirtualList.Highlighted) -> None:
        kind = "" if event.row is None else self.rows.names[event.row].kind
        if kind != self._kind_here:  # only a detector takes a region
            self._kind_here = kind
            self.refresh_bindings()

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        name = self.rows.names[event.row]
        if name.kind == "detector":
            self.open_roi(name.name)
        else:
            self.say(f"{name.name}   {name.what}   a = per event, o = once per run")

    # -- into the profile
    def _look_into_profile(self) -> None:
        document, run = self._document(), self._asked
        if document is None or run is None:
            self.have = InProfile()
            return
        text, path = document.text, self.services.selection.profile
        self.background("profile", lambda task: _in_profile(text, path, run), self._mark_profile)

    def _document(self) -> Any:
        try:
            return self.services.document
        except (OSError, ValueError) as error:
            self.say(f"The profile cannot be read: {in_words(error)}", "error")
            return None

    def _mark_profile(self, have: InProfile) -> None:
        self.have = have
        self.list.refresh()

    def action_add(self, per_event: bool) -> None:
        """Put the selected PVs into the profile."""
        from smdtui.profile.document import EditFailed

        document = self._document()
        if document is None:
            self.say("No profile is open. Press 3 to choose or make one; your selection stays.", "warn")
            return
        chosen = [self.rows.names[row] for row in self.list.state.chosen]
        new, there, others = adding(chosen, self.have, per_event)
        try:
            document.add_pvs([(name.what, name.name) for name in new], per_event)
        except EditFailed as error:
            self.say(str(error), "error")
            return
        how = "per event" if per_event else "once per run"
        told = [f"{words.plural(len(new), 'PV')} added {how} (3 w saves)"] if new else []
        told += [f"{words.plural(len(there), 'PV')} in it already"] if there else []
        told += [f"{others[0].name} is no PV (R for a region of a detector)"] if others else []
        self.say("; ".join(told), "ok" if new else "warn")
        if new:
            self.list.state = self.list.state.unmarked()
            self.changed_profile()
            self._look_into_profile()

    def action_roi(self) -> None:
        """The form for a region of the detector under the cursor."""
        row = self.list.state.row
        if row is not None and self.rows.names[row].kind == "detector":
            self.open_roi(self.rows.names[row].name)

    def action_copy(self) -> None:
        names = [self.rows.names[row].name for row in self.list.state.chosen]
        self.app.copy_to_clipboard("\n".join(names))
        self.say(f"{words.plural(len(names), 'name')} copied", "ok")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("add", "copy"):
            return True if self.rows.names else None
        if action == "roi":
            row = self.list.state.row if self.is_mounted else None
            return True if row is not None and self.rows.names[row].kind == "detector" else None
        return True

    # -- filter
    def action_filter(self) -> None:
        self.query_one(FilterBar).start()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        self._refilter()

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        self.list.focus()
        if not event.accepted:
            self._refilter()

    def go_back(self) -> bool:
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            self._refilter()
            return True
        if self.list.state.marked:
            self.list.state = self.list.state.unmarked()
            return True
        return False


def _in_profile(text: str, path: Any, run: int) -> InProfile:
    """What the profile, as it is being edited, takes of the run; nothing while it has errors."""
    from producer.plan import check, effective

    profile, _ = check(path, text)
    return InProfile.of(effective(profile, run)) if profile is not None else InProfile()
