"""What the next shift has to know, on the screen; written to a file on demand."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from smdtui.widgets.bindings import bindings
from smdtui.widgets.key_footer import KeyFooter
from smdtui.widgets.plain import Plain

SPANS = ("4h", "8h", "12h", "24h", "3d", "7d")


class HandoverSheet(ModalScreen[None]):
    DEFAULT_CSS = """
    HandoverSheet { align: center middle; }
    HandoverSheet > Vertical { width: 100%; height: 95%; border: round $primary; background: $panel; padding: 0 1; }
    HandoverSheet .title { text-style: bold; height: auto; }
    HandoverSheet VerticalScroll { height: 1fr; }
    """
    BINDINGS = bindings("handover")

    def __init__(self, services: Any, since: str = "8h") -> None:
        super().__init__()
        self.services, self.since = services, since
        self.text = ""
        self._asked = 0  # which gathering is the newest

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Plain("", classes="title")
            with VerticalScroll():
                yield Plain("", id="text")
        yield KeyFooter()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()
        self._gather()

    def _say(self, text: str) -> None:
        self.query_one(".title", Plain).set_text(f"Hand-over, the last {self.since}.  {text}", layout=True)

    def _gather(self) -> None:
        self._say("Gathering ...")
        self._asked += 1
        threading.Thread(target=self._work, args=(self._asked, self.since), name="smdtui handover", daemon=True).start()

    def _work(self, asked: int, since: str) -> None:
        """In a thread of its own: reads the jobs, the runs and the history of the profiles."""
        from producer.run_folder import FolderProblem
        from smdtui.catalog.runs import RunCatalog
        from smdtui.jobs.handover import gather, since_when
        from smdtui.jobs.handover_text import markdown

        services, now = self.services, self.services.now()
        try:
            catalog = services.catalog or RunCatalog(services.experiment.directory)
            begin = since_when(since, now)
            text = markdown(gather(services.experiment, catalog.summaries(), begin, now, services.who))
            trouble = ""
        except (OSError, FolderProblem) as error:
            text, trouble = "", f"It cannot be gathered: {error}"
        except Exception as error:  # a bug is reported, and said here
            report = self.app.record_crash(error)  # type: ignore[attr-defined]
            text, trouble = "", f"Something unexpected went wrong; the report is in {report}"
        self.app.call_later(self._gathered, asked, text, trouble)

    def _gathered(self, asked: int, text: str, trouble: str) -> None:
        if asked != self._asked or not self.is_mounted:
            return
        self.text = text
        self.query_one("#text", Plain).set_text(text, layout=True)
        self._say(trouble or "w writes it to a file, [ ] other times")

    def action_span(self, by: int) -> None:
        at = SPANS.index(self.since) + by
        if 0 <= at < len(SPANS):
            self.since = SPANS[at]
            self._gather()

    def action_write(self) -> None:
        """Into the results, under a name of its own."""
        from smdtui.jobs.folder import utc

        if not self.text:
            return
        folder = Path(self.services.experiment.results) / "handover"
        stamp = utc(self.services.now()).replace(":", "").replace("-", "")
        path = folder / f"{self.services.experiment.name}-{stamp}.md"
        threading.Thread(target=self._write, args=(path, self.text), name="smdtui handover", daemon=True).start()

    def _write(self, path: Path, text: str) -> None:
        """In a thread of its own."""
        from smdtui.jobs.folder import make_folder, write_whole

        try:
            if not path.parent.is_dir():
                make_folder(path.parent)
            write_whole(path, text)
            said = f"Written to {path}"
        except OSError as error:
            said = f"Not written: {error.filename}: {error.strerror}"
        self.app.call_later(self._written, said)

    def _written(self, said: str) -> None:
        if self.is_mounted:
            self._say(said)

    def action_close(self) -> None:
        self.dismiss(None)
