"""One production from the first check to the final name of the file, on every rank."""

import shlex
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import h5py

from producer import data_source, log
from producer.archive import write_histories
from producer.calibration import BadConstants, Provider
from producer.counters import Counters
from producer.edge_fit import refit
from producer.event_loop import EventLoop, Worked
from producer.event_problems import EventProblem, merged
from producer.integration import integrate
from producer.merge import Merged, Unmergeable, merge
from producer.open_end import has_no_end, with_end
from producer.output import Output, OutputRefused
from producer.part_file import PartFile
from producer.plan import Plan
from producer.plan_check import PlanRefused
from producer.preparation import Prepared, Refused, changed, prepare, xtc_folder
from producer.problem import Problem, errors
from producer.progress import Progress
from producer.provenance import Facts, write_problems, write_provenance
from producer.ranks import Ranks, settings_for_psana
from producer.recording import wait_for_end
from producer.run_files import check_files
from producer.run_table import RunTable
from producer.toml_text import dumps
from producer.verification import Verdict, failed, verify


@dataclass(frozen=True)
class Request:
    """What was asked on the command line."""

    experiment: str
    run: int
    profile: Path
    output: Path
    directory: Optional[str] = None
    limit: int = 0
    job: Optional[Path] = None
    calibration: Optional[Path] = None
    patience: float = 0.0  # seconds without a write for which the end of a recording is waited for


class Production:
    def __init__(self, request: Request, ranks: Ranks) -> None:
        self.request, self.ranks = request, ranks
        self.output = Output(request.output)
        self.progress = Progress(request.job, ranks.rank, ranks.role)
        self.published = False  # a verified file has its final name: that is the verdict, whatever happens then
        self._begin = time.time()
        self._counters = Counters.of_environment() if ranks.rank in (0, ranks.size - 1) else Counters(None)
        self._run_table = RunTable.of_environment(request.experiment, request.run, not request.limit)

    def run(self) -> int:
        """Exit status of every rank. Raises what ends this rank alone, for the caller to end them all."""
        prepared = self._prepare()
        if prepared is None:
            return 1
        worked = self._read(prepared)
        self.ranks.wait()
        self.progress.enter("merging")  # which rank 0 does, and the others wait for
        reports = self.ranks.gather(worked)
        status = self._finish(prepared, reports) if reports is not None else None
        self.ranks.wait()
        status = self.ranks.broadcast(status)
        self.published = status == 0
        self.progress.end("done" if status == 0 else "failed")
        self._counters.finish()
        self._run_table.finish()
        return int(status)

    def refuse(self, message: str, problems: List[Problem]) -> None:
        """Say why nothing is produced."""
        for problem in problems:
            log.plain(problem.text())
        log.error(f"{message} Nothing was written.")
        self._counters.say({"Production": f"refused: {message}"})
        self._run_table.end(False, self._begin)
        self._counters.finish()
        self._run_table.finish()
        self.tell(
            Verdict(
                str(self.output.path),
                "failed",
                0,
                None,
                [{"severity": p.severity, "message": p.text()} for p in problems]
                + [{"severity": "error", "message": message}],
            )
        )
        self.progress.enter("failed")

    def tell(self, verdict: Verdict) -> None:
        """Leave the verdict in the job's folder."""
        if self.request.job is not None:
            self.request.job.mkdir(parents=True, exist_ok=True)
            path = self.request.job / "verdict.toml"
            content = {name: value for name, value in verdict.as_json().items() if value is not None}
            temporary = path.with_name(f".verdict.{self.ranks.rank}")
            temporary.write_text(dumps(content), encoding="utf-8")
            temporary.replace(path)

    def give_up(self, message: str) -> None:
        """Leave the verdict of a production that this rank ends for all."""
        self._run_table.end(False, self._begin)
        try:
            self.tell(failed(self.output.path, message))
            self.progress.enter("failed")
        finally:
            self._run_table.finish()

    def _prepare(self) -> Optional[Prepared]:
        """Rank 0 checks everything and takes the lock; all ranks learn how it went."""
        prepared: Optional[Prepared] = None
        if self.ranks.rank == 0:
            request = self.request
            try:
                self._wait_for_recording()
                prepared = prepare(
                    request.experiment,
                    request.run,
                    request.profile,
                    request.directory,
                    request.limit,
                    self.progress.alive,
                )
                said = self.output.open()
                if has_no_end(prepared.files):
                    prepared = replace(prepared, read=with_end(prepared.files, self.output.scratch))
            except Refused as refused:
                self.refuse(str(refused), refused.problems)
                prepared = None
            except OutputRefused as refused:
                self.refuse(str(refused), [])
                prepared = None
            else:
                for problem in prepared.warnings:
                    log.plain(problem.text())
                self._announce(prepared, said)
        self.ranks.wait()
        return self.ranks.broadcast(prepared)

    def _wait_for_recording(self) -> None:
        request = self.request
        if not request.patience:
            return

        def say(words: str) -> None:
            log.info(words)
            self.progress.enter("waiting")

        folder = xtc_folder(request.experiment, request.directory)
        if wait_for_end(request.run, folder, request.patience, say, self.progress.alive):
            self.progress.enter("starting")

    def _announce(self, prepared: Prepared, said: str) -> None:
        request, events = self.request, len(prepared.expected)
        limit = f" (the first {request.limit} were asked for)" if request.limit else ""
        log.info(
            f"{request.experiment} run {request.run}: {events} events expected{limit}, from {prepared.files.directory}"
        )
        if prepared.read is not None:
            log.warning(f"the recording has no end: psana reads it through {prepared.read.directory}, where it has one")
        log.info(f"profile {prepared.profile}, plan {prepared.plan.sha256[:12]}")
        log.info(self.ranks.roles())
        log.info(f"output {self.output.path}{f' ({said})' if said else ''}")
        self.progress.total(events, self.ranks.workers)
        self._counters.say({"Production": "started", "Events expected": str(events)})
        self._run_table.begin(self.ranks.size)

    def _read(self, prepared: Prepared) -> Optional[Worked]:
        batch = settings_for_psana(self.ranks, len(prepared.expected))
        analysed = list(prepared.plan.detectors)
        provider = None
        if analysed and self.ranks.rank == 0:
            ask, url = data_source.service()
            provider = Provider(ask, url, self.request.calibration)
        run = data_source.open_run(
            prepared.read or prepared.files,
            self.request.experiment,
            limit=self.request.limit,
            batch=batch,
            provider=provider,
            analysed=analysed,
        )
        self._constants = dict(provider.found) if provider is not None else {}
        self._why_none = {name: provider.why_none(name) for name in provider.found} if provider is not None else {}
        self._recorded_as = "{} run {}".format(*run.recorded_as)
        self._say_constants(provider)
        self.progress.enter("reading")
        if not self.ranks.works:
            for _ in run.events():  # psana works for the other ranks in here; no event comes out
                pass
            return None
        part = PartFile(self.output.part(self.ranks.rank))
        loop = EventLoop(run, prepared.plan, part, self.progress, self.ranks.rank)
        if self.ranks.rank == self.ranks.size - 1:
            self.progress.listener = lambda done: self._counters.events(done, self.ranks.workers)
        return loop.run()

    def _say_constants(self, provider: Optional[Provider]) -> None:
        if provider is not None and provider.silence:
            log.info(provider.silence)
        for detector, found in self._constants.items():
            after = f" ({'; '.join(found.remarks)})" if found.remarks else ""
            if found.constants:
                log.info(f"constants of {detector} from {found.source}{after}")
            else:
                log.warning(f"no constants for {detector}{after}: it is not calibrated")

    def _finish(self, prepared: Prepared, reports: List[Optional[Worked]]) -> int:
        """On rank 0: merge, verify, publish."""
        workers = [worked for worked in reports if worked is not None]
        written = sum(worked.events for worked in workers)
        log.info(f"{written} events read; merging the parts of {len(workers)} worker{'s' * (len(workers) > 1)}")
        self.output.keep_locked()
        problems = merged([worked.problems for worked in workers]) + _of_the_run(
            workers, self._why_none, bool(self.request.limit)
        )
        problems += [
            EventProblem(detector, "", "constants", "warning", 0, 1, found.not_finite)
            for detector, found in self._constants.items()
            if found.not_finite
        ]
        parts = [self.output.part(rank) for rank, worked in enumerate(reports) if worked is not None]
        with h5py.File(self.output.growing, "w", locking=False) as file:
            try:
                result = merge(parts, file, self.progress.alive)
            except Unmergeable as error:
                return self._end(failed(self.output.growing, str(error), written, len(prepared.expected)), prepared)
            problems += [EventProblem(path, "", "clash", "error", 0, 1, words) for path, words in result.clashes]
            problems += self._after_merge(file, prepared.plan, result)
            facts = self._facts(prepared, len(result.timestamps))
            write_provenance(file, prepared.plan, facts, self._constants)
            write_problems(file, problems)
        self.progress.enter("verifying")
        verdict = verify(self.output.growing, prepared.plan, prepared.expected, self.progress.alive)
        if changed(prepared.files):
            words = "the run's files changed while it was read: produce it again when nobody writes to them"
            verdict = verdict.failing(words)
        return self._end(verdict, prepared)

    def _after_merge(self, file: h5py.File, plan: Plan, result: Merged) -> List[EventProblem]:
        """What needs all events in the order of time."""
        return [
            *refit(file, plan.time_tool, self.progress.alive),
            *integrate(file, plan.integrating, result, self.progress.alive),
            *write_histories(file, plan.archiver, result.timestamps, self.progress.alive),
        ]

    def _end(self, verdict: Verdict, prepared: Prepared) -> int:
        if verdict.verified:
            kept = self.output.publish()
            self.published = True
            if kept is not None:
                log.info(f"the earlier {self.output.path.name} is kept as {kept}")
            verdict = replace(verdict, file=str(self.output.path))
            _try("the workers' parts cannot be removed", lambda: self.output.remove_parts(self.ranks.size))
        elif verdict.events < len(prepared.expected):
            found = [problem.message for problem in errors(check_files(prepared.files, self._alive_on_any_disk))]
            verdict = replace(
                verdict, problems=verdict.problems + [{"severity": "error", "message": words} for words in found]
            )
        for problem in verdict.problems:
            say = {"error": log.error, "warning": log.warning}.get(problem["severity"], log.info)
            say(problem["message"])
        if verdict.verified:
            log.info(f"wrote {self.output.path}")
        else:
            log.error(f"{self.output.path.name} was not made; what there is of it is {self.output.growing}")
        if verdict.verified:
            _try("the verdict cannot be written", lambda: self.tell(verdict))
        else:
            self.tell(verdict)
        self._counters.say({"Production": verdict.text(), "Seconds": f"{time.time() - self._begin:.0f}"})
        self._run_table.end(verdict.verified, self._begin)
        _try("the lock cannot be removed", self.output.close)
        (log.info if verdict.verified else log.error)(f"verdict: {verdict.text()}")
        return 0 if verdict.verified else 1

    def _alive_on_any_disk(self) -> None:
        _try("how far the job is cannot be written", self.progress.alive)

    def _facts(self, prepared: Prepared, written: int) -> Facts:
        return Facts(
            experiment=self.request.experiment,
            run=self.request.run,
            recorded_as=self._recorded_as,
            directory=str(prepared.files.directory),
            profile=str(prepared.profile),
            profile_text=prepared.profile_text,
            command=shlex.join(sys.orig_argv if hasattr(sys, "orig_argv") else [sys.executable, *sys.argv]),
            ranks=self.ranks.size,
            begin=self._begin,
            limit=self.request.limit,
            events_written=written,
            events_expected=len(prepared.expected),
        )


def _try(trouble: str, act: Callable[[], None]) -> None:
    """What is left to do when it is known how the production went: nothing of it can change that."""
    try:
        act()
    except OSError as error:
        log.warning(f"{trouble}: {error}")


def _of_the_run(workers: List[Worked], why_none: Dict[str, str], limited: bool) -> List[EventProblem]:
    """What only shows when all workers are seen together. `why_none`: detector -> why it has no constants."""
    found: List[EventProblem] = []
    frames: Dict[str, int] = {}
    for worked in workers:
        for detector, count in worked.frames.items():
            frames[detector] = frames.get(detector, 0) + count
    for detector, count in sorted(frames.items()):
        if not count:
            words = "gave nothing in any event"
            found.append(EventProblem(detector, "", "no data", "warning" if limited else "error", 0, 1, words))
    uncalibrated: Dict[str, str] = {}
    for worked in workers:
        uncalibrated.update(worked.uncalibrated)
    for detector, words in sorted(uncalibrated.items()):
        why = f" ({why_none[detector]})" if why_none.get(detector) else ""
        found.append(EventProblem(detector, "", "uncalibrated", "warning", 0, 1, words + why))
    silent = [set(worked.silent) for worked in workers if worked.events]
    for name in sorted(set.intersection(*silent) if silent else []):
        found.append(EventProblem(name, "", "no value", "warning", 0, 1, "was recorded with no value in any event"))
    return found


def refusals() -> Tuple[Any, ...]:
    """Exceptions whose message is meant for people as it is."""
    return (Refused, OutputRefused, PlanRefused, BadConstants, data_source.CannotOpen)
