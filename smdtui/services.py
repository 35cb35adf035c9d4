"""What the screens share: where things are, and what is selected. Plain Python."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Selection:
    """What the operator is looking at, on whichever screen. `job` is a job id, `result` a produced file."""

    experiment: str = ""
    run: int | None = None
    profile: Path | None = None
    job: str | None = None
    result: Path | None = None


@dataclass
class Services:
    """The rooms behind the screens. `trouble` is why there is no experiment, in a sentence for people."""

    site: Any  # smdtui.site.Site
    experiment: Any = None  # smdtui.catalog.experiment.Experiment
    catalog: Any = None  # smdtui.catalog.runs.RunCatalog, in place of a process apart; see run_feed
    trouble: str = ""
    demo: bool = False
    ascii: bool = False
    who: str = ""
    state_dir: Path = field(default_factory=lambda: state_directory())
    now: Callable[[], float] = time.time
    selection: Selection = Selection()

    _document: Any = field(default=None, repr=False)
    _feed: Any = field(default=None, repr=False)
    _index: Any = field(default=None, repr=False)
    _probes: dict[Any, Any] = field(default_factory=dict, repr=False)
    _session: Any = field(default=None, repr=False)
    _jobs: Any = field(default=None, repr=False)
    _notify: Any = field(default=None, repr=False)

    @property
    def session(self) -> Any:
        """smdtui.profile.session.Session: keeps unsaved changes, tells other consoles of them."""
        if self._session is None:
            from smdtui.profile.session import Session

            self._session = Session(self.state_dir, self.who)
        return self._session

    @property
    def notify(self) -> Any:
        """smdtui.jobs.notice.Switch: how the terminal is told that a job has ended."""
        if self._notify is None:
            from smdtui.jobs.notice import Switch

            self._notify = Switch(self.state_dir, getattr(self.site, "notify", None))
        return self._notify

    def job_feed(self, tell: Callable[[Any], object]) -> Any:
        """smdtui.jobs.feed.JobFeed of whichever experiment is open, one for the app."""
        if self._jobs is None:
            from smdtui.jobs.feed import JobFeed

            self._jobs = JobFeed(lambda: self.experiment, self.who, tell)
            self._jobs.start()
        return self._jobs

    @property
    def document(self) -> Any:
        """The selected profile as it is being edited: one smdtui.profile.document.ProfileDocument for all screens.

        None when no profile is selected. Raises what ProfileDocument.open raises: OSError, and ValueError in words.
        """
        path = self.selection.profile
        if path is None:
            return None
        if self._document is None or Path(self._document.path) != path:
            from smdtui.profile.document import ProfileDocument

            self._document = ProfileDocument.open(path)
        return self._document

    def edit(self, document: Any) -> None:
        """Edit this document from now on: a copy under another name, or the file as somebody else wrote it."""
        self._document = document
        self.select(profile=Path(document.path))

    def unsaved(self) -> str | None:
        """A sentence when the profile has changes that are not saved."""
        if self._document is None or not self._document.unsaved:
            return None
        return f"{Path(self._document.path).name} has changes that are not saved."

    @property
    def feed(self) -> Any:
        """The feed of the runs, None before anybody asked for it."""
        return self._feed

    def run_feed(self) -> Any:
        """The runs of the experiment as they are found by a process apart, or by `catalog` where one was given."""
        if self._feed is None:
            from smdtui.catalog.run_feed import CatalogFeed, RunFeed

            self._feed = CatalogFeed(self.catalog) if self.catalog else RunFeed(self.experiment.directory)
        return self._feed

    def probe(self) -> Any:
        """The probe of the experiment's psana environment, kept running; None where it is another program."""
        environment = self.site.environment_for(self.experiment.name) if self.site is not None else None
        if environment is None or environment.names != "probe":
            return None
        if environment not in self._probes:
            from smdtui.catalog.probe_process import ProbeProcess

            self._probes[environment] = ProbeProcess(environment)
        return self._probes[environment]

    def name_index(self) -> Any:
        """smdtui.catalog.name_index.NameIndex of the experiment, filled by a process apart from now on.

        For one thread at a time; the first call imports numpy."""
        if self._index is None:
            from smdtui.catalog.index_process import IndexProcess
            from smdtui.catalog.name_index import NameIndex

            self._index = NameIndex(self.experiment.directory), IndexProcess(self.experiment.directory)
        self._index[1].start()
        return self._index[0]

    def close_jobs(self) -> None:
        """Look at the jobs no more; they go on."""
        if self._jobs is not None:
            self._jobs.close()
            self._jobs = None

    def close(self) -> None:
        """End the processes that read; jobs go on."""
        self._close_readers()
        self.close_jobs()
        for probe in self._probes.values():
            probe.close()
        self._probes.clear()

    def _close_readers(self) -> None:
        if self._feed is not None:
            self._feed.close()
        if self._index is not None:
            self._index[1].close()
        self._feed = self._index = None

    def open(self, experiment: Any) -> None:
        """Turn to an experiment: nothing of the one before stays selected; of its profiles, the one changed last is."""
        from smdtui.profile.place import profiles

        self.experiment, self.catalog, self.trouble, self._document = experiment, None, "", None
        self.selection = Selection(experiment=experiment.name, profile=next(iter(profiles(experiment)), None))

    def select(self, **changes: Any) -> Selection:
        """Change the selection; the result of another run or job is not kept."""
        if changes.get("run", self.selection.run) != self.selection.run:
            changes.setdefault("result", None)
            changes.setdefault("job", None)
        self.selection = replace(self.selection, **changes)
        return self.selection


def state_directory() -> Path:
    """$XDG_STATE_HOME/smdtui, by default ~/.local/state/smdtui."""
    import os

    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "smdtui"
