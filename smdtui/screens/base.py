"""What all screens share: the banner, a line for messages, the footer, work in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from smdtui.screens.background import Finished, Reported, Task
from smdtui.services import Selection, Services
from smdtui.widgets.banner import Banner
from smdtui.widgets.key_footer import KeyFooter
from smdtui.widgets.plain import Plain

KEEP_SECONDS = 0.1  # after an edit, to write once for many that follow one another
TOO_SMALL = "smdtui needs a window of at least 60 x 16 characters.\nMake this one larger; nothing is lost."


@dataclass
class _Work:
    task: Task
    done: Callable[[Any], None]
    failed: Callable[[Exception], None] | None
    progress: Callable[[Any], None] | None
    expected: tuple[type[Exception], ...]


class BaseScreen(Screen[Any]):
    """A screen fills in `compose_body`, and `selection_changed` to follow what is chosen elsewhere.

    NAME is its slot (runs, names, ...); KEY_GROUPS are the groups of the key registry that `?` shows.
    """

    NAME: ClassVar[str] = ""
    KEY_GROUPS: ClassVar[tuple[str, ...]] = ()
    AUTO_FOCUS = None

    def __init__(self) -> None:
        super().__init__()
        self._work: dict[str, _Work] = {}
        self._seen: Selection | None = None
        self._leaves = False

    # -- to be filled in
    def compose_body(self) -> Iterable[Widget]:
        raise NotImplementedError

    def selection_changed(self, old: Selection | None, new: Selection) -> None:
        """Another run, profile, job or result is selected (also called once when first shown)."""

    def unsaved(self) -> str | None:
        """A sentence on what would be lost when the app quits now."""
        return None

    def go_back(self) -> bool:
        """Leave the innermost thing of the screen (filter, marks); False when there is none."""
        return False

    # -- shared
    @property
    def services(self) -> Services:
        services: Services = self.app.services  # type: ignore[attr-defined]
        return services

    def compose(self) -> ComposeResult:
        yield Banner(self.services, self.NAME)
        yield Plain(TOO_SMALL, id="too-small")
        with Vertical(id="body"):
            yield from self.compose_body()
        yield Plain("", id="message")
        yield KeyFooter()

    def on_screen_resume(self) -> None:
        if self._leaves:
            self.dismiss(None)
        else:
            self.follow_selection()

    def leave(self) -> bool:
        """Dismiss a sheet whose work is done. False where something else is shown by then: that stays (dismiss would
        take whatever is on top), and the sheet goes as soon as it would be seen again."""
        if self.app.screen is self:  # is_current is also what lies under a window
            self.dismiss(None)
            return True
        self._leaves = True
        return False

    def follow_selection(self) -> None:
        """Look at the selection again."""
        old, new = self._seen, self.services.selection
        if old != new:
            self._seen = new
            self.query_one(Banner).refresh()
            self.selection_changed(old, new)

    def select(self, **changes: Any) -> None:
        """Change the shared selection (run=, profile=, job=, result=)."""
        self.services.select(**changes)
        self.follow_selection()

    def changed_profile(self) -> None:
        """To be called after an edit of the shared document: the banner shows that it is not saved, and the buffer is
        kept against a crash."""
        self.query_one(Banner).refresh()
        document, session = self.services.document, self.services.session
        if document is None:
            return
        path, text, seen, unsaved = document.path, document.text, document.seen, document.unsaved

        def work(task: Task) -> str:
            return "" if task.wait(KEEP_SECONDS) else session.changed(path, text, seen, unsaved)

        self.background("keep", work, lambda why: self.say(why, "warn") if why else None)

    def say(self, text: str, role: str = "") -> None:
        """The message line; role is "", ok, warn or error. The first line of a longer text."""
        line = self.query_one("#message", Plain)
        line.set_classes([f"-{role}"] if role else [])
        glyph = {"ok": "✓ ", "warn": "▲ ", "error": "✗ "}.get(role, "")
        if self.services.ascii:
            glyph = {"ok": "+ ", "warn": "! ", "error": "x "}.get(role, "")
        line.set_text(glyph + text.split("\n")[0] if text else "")

    def show_screen(self, name: str) -> None:
        """Go to another main screen."""
        self.app.show_screen(name)  # type: ignore[attr-defined]

    def open_launch(self, runs: str) -> None:
        """The launch sheet for these runs (the text of a RUNS argument)."""
        from smdtui.screens.launch import LaunchScreen

        self.app.push_screen(LaunchScreen(runs))

    def open_roi(self, detector: str) -> None:
        """The form for a region of this detector, in the current profile and run."""
        from smdtui.screens.roi_form import RoiForm

        self.app.push_screen(RoiForm(detector))

    def background(
        self,
        group: str,
        work: Callable[[Task], Any],
        done: Callable[[Any], None],
        *,
        failed: Callable[[Exception], None] | None = None,
        progress: Callable[[Any], None] | None = None,
        expected: tuple[type[Exception], ...] = (OSError,),
    ) -> Task:
        """Run `work(task)` in a daemon thread; `done(value)` follows on this screen.

        Newer work of the same group makes older stale: its outcome is dropped. An exception of the `expected`
        kinds goes to `failed` (or the message line) in its own words; any other is a bug: it leaves a crash
        report, and the screen says where.
        """
        self.stop(group)
        task = Task(self, group)
        self._work[group] = _Work(task, done, failed, progress, expected)
        task.start(work)
        return task

    def busy(self, group: str) -> bool:
        return group in self._work

    def stop(self, group: str) -> None:
        """Forget the work of this group."""
        if (old := self._work.pop(group, None)) is not None:
            old.task.cancel()

    def on_unmount(self) -> None:
        for group in list(self._work):
            self.stop(group)

    def on_reported(self, event: Reported) -> None:
        work = self._work.get(event.task.group)
        if work and work.task is event.task and work.progress:
            work.progress(event.value)

    def on_finished(self, event: Finished) -> None:
        work = self._work.get(event.task.group)
        if not work or work.task is not event.task:
            return
        del self._work[event.task.group]
        error = event.error
        if error is None:
            work.done(event.value)
            return
        if not isinstance(error, work.expected):
            error = Unexpected(self.app.record_crash(error))  # type: ignore[attr-defined]
        if work.failed:
            work.failed(error)
        else:
            self.say(words(error), "error")


class Unexpected(Exception):
    """A bug, after its report was written."""

    def __init__(self, path: object) -> None:
        super().__init__(f"Something unexpected went wrong here; the report is in {path}. The rest goes on working.")


def words(error: Exception) -> str:
    """An expected exception as a sentence."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
