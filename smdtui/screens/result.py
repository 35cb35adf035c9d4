"""Result: is the file good, what is in it, and a line of figures for each dataset."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual.widget import Widget

from smdtui import words
from smdtui.results.outline import Outline
from smdtui.results.produced import Produced, produced_files, result_of
from smdtui.screens.background import Task
from smdtui.screens.base import BaseScreen
from smdtui.screens.base import words as in_words
from smdtui.services import Selection
from smdtui.theme import look
from smdtui.widgets.bindings import bindings
from smdtui.widgets.columns import Column
from smdtui.widgets.filter_bar import FilterBar
from smdtui.widgets.plain import Plain
from smdtui.widgets.text_view import TextView
from smdtui.widgets.virtual_list import Cell, Cells, VirtualList

TREE = (
    Column("dataset", 24, grow=True),
    Column("shape", 14, drop=2),
    Column("dtype", 8, drop=3),
    Column("min", 9, right=True, drop=1),
    Column("mean", 9, right=True),
    Column("max", 9, right=True, drop=1),
    Column("NaN", 6, right=True),
)
FILES = (
    Column("run", 5, right=True),
    Column("file", 24, grow=True),
    Column("size", 8, right=True, drop=1),
    Column("written", 12, drop=2),
    Column("state", 14),
)


@dataclass(frozen=True)
class Opened:
    """A file as it was read."""

    path: Path
    outline: Outline
    changed: float


class ResultScreen(BaseScreen):
    """The tree of one file, or the list of files (f)."""

    NAME = "result"
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ("result", "list", "filter")
    BINDINGS = bindings("result", "filter")
    CSS_PATH = Path(__file__).with_suffix(".tcss")

    def __init__(self) -> None:
        super().__init__()
        self.files: Sequence[Produced] | None = None  # while the list of files is shown
        self.opened: Opened | None = None
        self.figures: dict[str, Any] = {}  # path of a dataset -> its Summary, or why there is none

    def compose_body(self) -> Iterable[Widget]:
        yield Plain("", id="verdict")
        yield VirtualList(TREE, self._node_cells, id="tree", match_columns=(0,))
        yield FilterBar()
        yield Plain("", id="detail")

    def on_mount(self) -> None:
        self.list.focus()

    @property
    def list(self) -> VirtualList:
        return self.query_one(VirtualList)

    # -- which file
    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        if old and (old.run, old.result, old.job) == (new.run, new.result, new.job):
            return
        if new.result is not None:
            self.open(new.result)
        elif new.run is None:
            self.action_files()
        else:
            run, folder = new.run, self._folder()
            if folder is not None:
                self.background("find", lambda task: result_of(folder, run), lambda path: self._found(run, path))

    def _folder(self) -> Path | None:
        folder = getattr(self.services.experiment, "hdf5", None)
        if folder is None:
            self._nothing("No experiment is open.")
        return folder

    def _found(self, run: int, path: Path | None) -> None:
        if path is not None:
            self.open(path)
        else:
            self._nothing(
                f"Run {run} has not been produced yet.\n"
                "Press L on the Runs screen to produce it, or f here for the files that there are."
            )

    def _nothing(self, why: str) -> None:
        self.opened, self.files = None, None
        self.query_one("#verdict", Plain).set_text("")
        self.query_one("#detail", Plain).set_text("")
        self.list.set_empty(why)
        self.list.show([])

    # -- the list of files
    def action_files(self) -> None:
        """The files that were produced."""
        if (folder := self._folder()) is not None:
            self.background("find", lambda task: produced_files(folder), lambda found: self._show_files(folder, found))

    def _show_files(self, folder: Path, files: Sequence[Produced]) -> None:
        self.stop("figures")
        self.files, self.opened = files, None
        self._leave_filter()
        count = words.plural(len(files), "file")
        self.query_one("#verdict", Plain).set_text(f"{count} in {folder}")
        self.query_one("#detail", Plain).set_text("")
        self.list.set_empty("Nothing has been produced yet.\nPress L on the Runs screen to produce a run.")
        self.list.set_columns(FILES)
        self.list.show(range(len(files)), cells=self._file_cells)

    def _file_cells(self, row: int) -> Cells:
        assert self.files is not None
        file = self.files[row]
        state = Cell("written", "ok") if file.finished else Cell("unfinished", "warn")
        run = "–" if file.run is None else str(file.run)
        when = words.moment(file.changed, self.services.now())
        return run, file.path.name, words.size(file.bytes), when, state

    # -- one file
    def open(self, path: Path) -> None:
        """Read the tree of a file, and judge it."""
        self.query_one("#verdict", Plain).set_text(f"{path.name}: reading …")
        self.background("read", lambda task: _read(path), self._show_tree, failed=lambda e: self._unreadable(path, e))

    def _unreadable(self, path: Path, error: Exception) -> None:
        self._nothing(f"{path.name} cannot be read:\n{in_words(error)}\nf lists the other files.")
        self.say(f"{path.name} cannot be read: {in_words(error)}", "error")

    def _show_tree(self, opened: Opened) -> None:
        self.stop("figures")
        same = self.opened is not None and (opened.path, opened.changed) == (self.opened.path, self.opened.changed)
        self.opened, self.files = opened, None
        if not same:
            self.figures = {}
        self._leave_filter()
        self.services.select(result=opened.path)
        self._seen = self.services.selection
        self.list.set_columns(TREE)
        self.list.set_empty("The file is empty.")
        self.list.show(opened.outline.rows, cells=self._node_cells)
        self._describe(self.list.state.row)
        self._summarize_visible()
        path = opened.path
        self.query_one("#verdict", Plain).set_text(f"{path.name}: verifying …")
        self.background("verify", lambda task: _verify(path), self._show_verdict)

    def _show_verdict(self, judged: Any) -> None:
        assert self.opened is not None
        verdict = judged.verdict
        shown = look(str(verdict.verdict))
        expected = f" of {verdict.expected}" if verdict.expected is not None else ""
        text = f"{shown.text(self.services.ascii)}   {verdict.events}{expected} events   {self.opened.path.name}"
        if judged.recounted:
            text += "   counted again in the data"
        elif verdict.verified:
            text += f"\nnot counted again in the data: {judged.why}"
        problems = [str(getattr(p, "message", None) or (p.get("message") if isinstance(p, dict) else p))
                    for p in verdict.problems]  # fmt: skip
        if problems:
            text += f"\n{problems[0]}" + (f"   (+{len(problems) - 1} more)" if len(problems) > 1 else "")
        line = self.query_one("#verdict", Plain)
        line.set_classes([f"-{shown.role}"])
        line.set_text(text, layout=True)

    def _node_cells(self, row: int) -> Cells:
        assert self.opened is not None
        node = self.opened.outline.nodes[row]
        name = self.opened.outline.label(row)
        if node.kind == "broken":
            return Cell(f"{name} (a link to nothing)", "error"), "", "", "", "", "", ""
        if node.kind != "dataset":
            return Cell(name, "strong"), "", "", "", "", "", ""
        shape = "x".join(map(str, node.shape)) if node.shape else "scalar"
        front = (name, shape, str(node.dtype))
        figures = self.figures.get(node.path)
        if figures is None:
            return *front, Cell("…", "muted"), Cell("…", "muted"), Cell("…", "muted"), Cell("…", "muted")
        if isinstance(figures, str):
            return *front, "", Cell(figures, "error"), "", ""
        nan = figures.nan_share
        return (
            *front,
            words.number(figures.minimum),
            words.number(figures.mean),
            words.number(figures.maximum),
            Cell(words.share(nan), "warn" if nan else "muted"),
        )

    # -- figures, only of what is on the screen
    def _summarize_visible(self) -> None:
        if self.opened is None:
            return
        nodes = [self.opened.outline.nodes[row] for row in self.list.visible_rows]
        wanted = [n.path for n in nodes if n.kind == "dataset" and n.path not in self.figures]
        if not wanted:
            return
        path = self.opened.path
        self.background("figures", lambda task: _summarize(path, wanted, task), lambda _: self._summarize_visible(),
                        progress=self._add_figures)  # fmt: skip

    def _add_figures(self, found: tuple[str, Any]) -> None:
        self.figures[found[0]] = found[1]
        self.list.refresh()
        row = self.list.state.row
        if self.opened and row is not None and self.opened.outline.nodes[row].path == found[0]:
            self._describe(row)

    def on_virtual_list_highlighted(self, event: VirtualList.Highlighted) -> None:
        self._describe(event.row)
        self.set_timer(0.05, self._summarize_visible)

    def _describe(self, row: int | None) -> None:
        """What is known of the row: attributes, and the figures with their words."""
        lines = []
        if self.opened is not None and row is not None:
            node = self.opened.outline.nodes[row]
            figures = self.figures.get(node.path)
            lines.append(node.path)
            lines += [f"{key} = {value}" for key, value in dict(node.attrs or {}).items()]
            if isinstance(figures, str):
                lines.append(figures)
            elif figures is not None and figures.example:
                lines.append(f"first value: {figures.example}")
        self.query_one("#detail", Plain).set_text("\n".join(lines))

    # -- keys
    def on_virtual_list_opened(self, event: VirtualList.Opened) -> None:
        if self.files is not None:
            file = self.files[event.row]
            if file.run is not None:
                self.services.select(run=file.run)
            self.services.select(result=file.path)
            self.follow_selection()
            self.open(file.path)
        elif self.opened is not None:
            node = self.opened.outline.nodes[event.row]
            if node.path in self.opened.outline.parents:
                self._outline(self.opened.outline.toggle(event.row))
            elif node.kind == "dataset":
                path = self.opened.path
                self.background("value", lambda task: _value(path, node.path), lambda text: self._show_text(node, text))

    def _show_text(self, node: Any, text: str) -> None:
        self.app.push_screen(TextView(node.path, text))

    def _outline(self, outline: Outline, stand: int | None = None) -> None:
        assert self.opened is not None
        self.opened = Opened(self.opened.path, outline, self.opened.changed)
        self.list.show(outline.rows, outline.query)
        if stand is not None:
            self.list.state = self.list.state.at(stand)
        self._summarize_visible()

    def action_fold(self) -> None:
        row = self.list.state.row
        if self.opened is not None and row is not None:
            self._outline(*self.opened.outline.fold(row))

    def action_config(self) -> None:
        """The frozen profile that is kept in the file."""
        if self.opened is None:
            self.say("Open a file first.", "warn")
            return
        path = self.opened.path
        self.background("value", lambda task: _profile_used(path), self._show_config)

    def _show_config(self, text: str) -> None:
        if text:
            self.app.push_screen(TextView("UserDataCfg: the profile this file was made with", text))
        else:
            self.say("The file does not say with which profile it was made (no UserDataCfg).", "warn")

    def action_refresh_result(self) -> None:
        if self.opened is not None:
            self.open(self.opened.path)
        else:
            self._seen = None
            self.follow_selection()

    # -- filter
    def action_filter(self) -> None:
        self.query_one(FilterBar).start()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        if self.opened is not None:
            self._outline(self.opened.outline.search(event.text))
        elif self.files is not None:
            query = event.text.casefold().split()
            rows = [i for i, f in enumerate(self.files) if all(w in f.path.name.casefold() for w in query)]
            self.list.show(rows, event.text)

    def on_filter_bar_left(self, event: FilterBar.Left) -> None:
        self.list.focus()

    def _leave_filter(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()

    def go_back(self) -> bool:
        bar = self.query_one(FilterBar)
        if bar.text:
            bar.clear()
            return True
        return False


# -- in the background; h5py and numpy are imported there, not when the app starts
def _read(path: Path) -> Opened:
    from smdtui.results.tree import read_tree

    changed = path.stat().st_mtime
    return Opened(path, Outline(read_tree(path)), changed)


def _verify(path: Path) -> Any:
    from smdtui.results.verdict import judge

    return judge(path)


def _summarize(path: Path, datasets: Sequence[str], task: Task) -> None:
    from smdtui.results.summary import summarize

    for dataset in datasets:
        if task.cancelled:
            return
        try:
            task.report((dataset, summarize(path, dataset)))
        except OSError as error:
            task.report((dataset, in_words(error)))


def _value(path: Path, dataset: str) -> str:
    from smdtui.results.value import value_text

    return value_text(path, dataset)


def _profile_used(path: Path) -> str:
    from smdtui.results.value import profile_used

    return profile_used(path)
