"""What the Names screen has done in the background: names, values, events, constants, other runs. No Textual here."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from smdtui.catalog.names import ProbeFailed, ask_names, remembered, words
from smdtui.catalog.pv_values import PvValues
from smdtui.screens.name_rows import InProfile
from smdtui.services import Services


def statistics(services: Services, run: int, task: Any) -> PvValues:
    """The values of all PVs of a run; its progress goes to the task. Raises ProbeFailed."""
    return PvValues.of(_long(services, run, "statistics", task))


def presence(services: Services, run: int, task: Any) -> dict[str, Any]:
    """{detector: {algorithm: [present, looked at, events]}}. Raises ProbeFailed."""
    found: dict[str, Any] = _long(services, run, "presence", task)["presence"]
    return found


def _long(services: Services, run: int, op: str, task: Any) -> dict[str, Any]:
    probe = services.probe()
    if probe is None:
        raise ProbeFailed("The names were read by another program, which does not tell values.")

    def ask() -> dict[str, Any]:
        answer: dict[str, Any] = probe.ask(
            op, progress=task.report, cancelled=lambda: task.cancelled, **words(services.experiment, run)
        )
        return answer

    return remembered(services.experiment, run, op, ask)


def constants(site: Any) -> dict[str, list[str]] | None:
    """{detector: its kinds of constants} in the site's local folder; None without one."""
    folder = Path(site.calib) if site is not None and site.calib else None
    if folder is None or not folder.is_dir():
        return None
    return {
        own.name: sorted(path.stem for path in own.iterdir() if path.suffix in (".npy", ".txt"))
        for own in folder.iterdir()
        if own.is_dir()
    }


def names_of(services: Services, run: int) -> frozenset[str]:
    """All names of another run. Raises ProbeFailed."""
    answer = ask_names(services.site, services.experiment, run, probe=services.probe())
    found = [d["name"] for d in answer["detectors"]] + [s["name"] for s in answer["scan"]]
    return frozenset(found).union(*((e["alias"], e["pv"]) for e in answer["epics"])) - {""}


def comparison(services: Services, before: int, after: int) -> Any:
    """smdtui.catalog.name_index.Comparison of two runs. Raises ProbeFailed."""
    from smdtui.catalog.name_index import compare_rows, rows_of

    old, new = (
        rows_of(ask_names(services.site, services.experiment, run, probe=services.probe())) for run in (before, after)
    )
    return compare_rows(before, old, after, new)


def across(services: Services, name: str, task: Any) -> None:
    """Report smdtui.catalog.name_index.Across of a name, again as more runs are read, until another is asked for."""
    if task.wait(0.12):
        return
    index, found, rest = services.name_index(), None, 0.0
    while not task.wait(rest):
        began = time.monotonic()
        with index.lock:
            if index.refresh() or found is None:
                found = index.across(name)
                task.report(found)
                rest = 0.5
        # thousands of runs take a second to look through, and nothing may come for hours
        rest = min(max(1.2 * rest, 10 * (time.monotonic() - began)), 10.0)


def in_profile(text: str, path: Any, run: int) -> InProfile:
    """What the profile, as it is being edited, takes of the run; nothing while it has errors."""
    from producer.plan import check, effective

    profile, _ = check(path, text)
    return InProfile.of(effective(profile, run)) if profile is not None else InProfile()
