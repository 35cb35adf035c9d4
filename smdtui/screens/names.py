"""Names: the detectors, EPICS variables and scan variables of a run, to be put into the profile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from textual.timer import Timer
from textual.widget import Widget

from smdtui import words
from smdtui.catalog.name_query import parse
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.screens.name_cells import COLUMNS, cells
from smdtui.screens.name_rows import APART, TITLES, Facts, InProfile, NameRows, adding
from smdtui.services import Selection
from smdtui.widgets.bindings import bindings
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.plain import Plain
from smdtui.widgets.virtual_list import Cells, VirtualList

RESTS = 0.2  # seconds on one name before the other runs are looked at: a cursor on its way asks nothing


class NamesScreen(BaseScreen):
    """One list; d e s w choose the kind, a and o put the selection into the profile."""

    NAME = "names"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("names", "list", "mark", "filter")
    BINDINGS = bindings("names", "filter")
    CSS_PATH = Path(__file__).with_suffix(".tcss")

    def __init__(self) -> None:
        super().__init__()
        self.rows = NameRows()
        self.facts = Facts()
        self.across: Any = None  # of the name under the cursor, once it is known
        self._asked: int | None = None
        self._kind_here = ""  # kind of the name under the cursor
        self._since = 0.0
        self._clock: Timer | None = None
        self._resting: Timer | None = None

    def compose_body(self) -> Iterable[Widget]:
        yield Plain("", id="kinds")
        yield VirtualList(COLUMNS[""], self._cells, id="names", markable=True, match_columns=(0, 1, 2))
        yield FilterBar()
        yield Plain("", id="detail")

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
        self.rows, self.across = NameRows(kind=self.rows.kind), None
        self.facts = Facts(have=self.facts.have)
        for group in ("values", "events", "before", "across"):
            self.stop(group)
        self.list.state = self.list.state.unmarked().show([])
        self.list.set_empty(f"Asking run {run} for its names …\nYou can go on elsewhere meanwhile (1-5).")
        self._show_counts()
        if self._clock:
            self._clock.resume()

        from smdtui.catalog.names import ProbeFailed, ask_names

        def work(task: Any) -> Any:
            return ask_names(services.site, services.experiment, run, probe=services.probe(), packed=True)

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
        for problem in self.rows.problems[:1]:
            for folder in ("smalldata/", ""):  # the file's name says enough, and leaves room for what is wrong
                problem = problem.replace(f"{self.services.experiment.directory}/{folder}", "")
            more = f" (and {len(self.rows.problems) - 1} more)" if len(self.rows.problems) > 1 else ""
            self.say(f"Run {self._asked}: names may be missing: {problem}{more}", "warn")
        self._find_out()

    def _find_out(self) -> None:
        """What takes longer: values, events, constants."""
        services, run = self.services, self._asked
        if run is None or services.site is None:
            return
        from smdtui.catalog.names import ProbeFailed
        from smdtui.screens import name_work

        def told(**found: Any) -> None:
            self.facts = replace(self.facts, **found)
            self._refilter()
            self._show_detail()

        def start(group: str, work: Callable[[Any], Any], got: str) -> None:
            self.background(
                group,
                work,
                lambda found: told(**{got: found}),
                failed=lambda error: self.say(f"Run {run}: {in_words(error)}", "warn"),
                expected=(ProbeFailed, OSError),
            )

        start("values", lambda task: name_work.statistics(services, run, task), "values")
        start("events", lambda task: name_work.presence(services, run, task), "presence")
        start("constants", lambda task: name_work.constants(services.site), "constants")

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
        return cells(self.rows.names[row], self.rows.kind, self.facts, self.services.ascii)

    def action_kind(self, kind: str) -> None:
        """Only names of one kind ("" = all)."""
        if kind != self.rows.kind:
            self.rows = self.rows.of_kind(kind)
            self.list.set_columns(COLUMNS[kind])
            self._refilter()

    def _refilter(self) -> None:
        bar = self.query_one(FilterBar)
        text = bar.text.strip() if bar.mode == "filter" else ""
        since = parse(text).new_since
        if since is not None and since != self.facts.before_run:
            self._ask_before(since)
        self.list.show(self.rows.search(text, self.facts), text)
        self._show_counts()

    def _ask_before(self, run: int) -> None:
        """The names of the run that "new since" compares with."""
        services = self.services
        self.facts = replace(self.facts, before=None, before_run=run)
        from smdtui.catalog.names import ProbeFailed
        from smdtui.screens import name_work

        def got(names: frozenset[str]) -> None:
            self.facts = replace(self.facts, before=names)
            self._refilter()

        self.background("before", lambda task: name_work.names_of(services, run), got, expected=(ProbeFailed, OSError))

    def _show_counts(self) -> None:
        parts = []
        keys = {"": "w", "detector": "d", "epics": "e", "scan": "s", "raw": "f", "lacking": "m"}
        for kind, title in TITLES.items():
            if (kind == "lacking" and not self.rows.counts[kind]) or (kind == "raw" != self.rows.kind):
                continue
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
        self.across = None
        self._show_detail()
        if self._resting is not None:
            self._resting.stop()
        if event.row is not None and kind not in APART and self._detail_shown:
            look = partial(self._look_across, self.rows.names[event.row].name)
            self._resting = self.set_timer(RESTS, look)

    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        name = self.rows.names[event.row]
        if name.kind == "detector":
            self.open_roi(name.name)
        else:
            self.action_details()

    # -- all about one name
    @property
    def _detail_shown(self) -> bool:
        return bool(self.query_one("#detail").display)

    def action_details(self) -> None:
        """Show or hide what is known of the name under the cursor."""
        self.set_class(not self._detail_shown, "-detail")
        self.set_class(not self.has_class("-detail"), "-no-detail")
        self.on_virtual_list_highlighted(VirtualList.Highlighted(self.list, self.list.state.row))

    def action_through(self) -> None:
        """The name under the cursor, run by run."""
        from smdtui.screens.name_runs import NameRunsScreen

        row = self.list.state.row
        if row is not None:
            self.app.push_screen(NameRunsScreen(self.rows.names[row].name))

    def _show_detail(self) -> None:
        from smdtui.screens.name_details import details

        row = self.list.state.row
        lines = [] if row is None else details(self.rows.names[row], self.facts, self.across, self.services.ascii)
        self.query_one("#detail", Plain).set_text("\n".join(lines))

    def _look_across(self, name: str) -> None:
        services = self.services
        if services.experiment is None:
            return
        from smdtui.screens import name_work

        def told(across: Any) -> None:
            row = self.list.state.row
            if row is not None and self.rows.names[row].name == name:
                self.across = across
                self._show_detail()

        work = partial(name_work.across, services, name)
        self.background("across", work, lambda _: None, progress=told)

    # -- into the profile
    def _look_into_profile(self) -> None:
        document, run = self._document(), self._asked
        if document is None or run is None:
            self._mark_profile(InProfile())
            return
        text, path = document.text, self.services.selection.profile
        from smdtui.screens.name_work import in_profile

        self.background("profile", lambda task: in_profile(text, path, run), self._mark_profile)

    def _document(self) -> Any:
        try:
            return self.services.document
        except (OSError, ValueError) as error:
            self.say(f"The profile cannot be read: {in_words(error)}", "error")
            return None

    def _mark_profile(self, have: InProfile) -> None:
        self.facts = replace(self.facts, have=have)
        rows = self.rows.with_lacking(have.lacking(self.rows.names)) if self.rows.names else self.rows
        if rows is not self.rows:
            self.rows = rows
        self._refilter()

    def action_add(self, per_event: bool) -> None:
        """Put the selected PVs into the profile."""
        from smdtui.profile.document import EditFailed

        document = self._document()
        if document is None:
            self.say("No profile is open. Press 3 to choose or make one; your selection stays.", "warn")
            return
        chosen = [self.rows.names[row] for row in self.list.state.chosen]
        new, there, others = adding(chosen, self.facts.have, per_event)
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
        if action in ("add", "copy", "compare", "details", "through"):
            return True if self.rows.names else None
        if action == "roi":
            row = self.list.state.row if self.is_mounted else None
            return True if row is not None and self.rows.names[row].kind == "detector" else None
        return True

    # -- filter, and another run to compare with
    def action_filter(self) -> None:
        self.query_one(FilterBar).start()

    def action_compare(self) -> None:
        """Which names came and went since another run."""
        self.query_one(FilterBar).start("compare", " compare with run: ")

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        if event.mode == "filter":
            self._refilter()

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        bar, typed = event.bar, event.text.strip()
        if event.mode == "compare":
            bar.clear()
            bar.mode = "filter"
            if event.accepted and typed.isdecimal() and self._asked is not None:
                from smdtui.screens.compare_names import CompareNamesScreen

                self.app.push_screen(CompareNamesScreen(int(typed), self._asked))
            elif event.accepted and typed:
                self.say(f"{typed!r} is not a run number.", "warn")
        self.list.focus()
        if not event.accepted or event.mode == "compare":
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
