"""What can be done with jobs on the Jobs screen: end, hold, launch again, compare, clean up; and following."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smdtui.screens.background import Task
from smdtui.screens.base import words as in_words
from smdtui.screens.job_rows import cancel_question, clean_question, is_held
from smdtui.screens.run_rows import runs_text
from smdtui.widgets.confirm import Confirm
from smdtui.widgets.question import Answer, Question
from smdtui.widgets.text_view import TextView
from smdtui.words import plural, size

if TYPE_CHECKING:
    from smdtui.screens.base import BaseScreen as Base
else:
    Base = object

NOW, BEFORE, NOT = "now", "before", "not"


class JobControl(Base):
    """Mixed into the Jobs screen."""

    if TYPE_CHECKING:
        look: Any

        @property
        def current(self) -> Any: ...

        @property
        def chosen(self) -> Sequence[Any]: ...

    # -- end, hold
    def action_cancel_job(self) -> None:
        jobs = self.chosen
        active = [job for job in jobs if job.active]
        if jobs and not active:
            states = f"run {jobs[0].run} is {jobs[0].state} already" if len(jobs) == 1 else "all of them have ended"
            self.say(f"{states[:1].upper()}{states[1:]}; there is nothing to cancel.", "warn")
        if not active:
            return
        barred = [self.look.closed[job.id] for job in active if job.id in self.look.closed]
        if len(barred) == len(active):
            self.say(f"Not cancelled: {barred[0]}", "error")
            return
        title = "Cancel this job?" if len(active) == 1 else f"Cancel {len(active)} jobs?"
        yes = "Cancel the job (y)" if len(active) == 1 else f"Cancel {len(active)} jobs (y)"
        asked = Confirm(title, cancel_question(active), yes=yes, no="Let it run (n)")
        self.app.push_screen(asked, lambda sure: self._cancel(active) if sure else None)

    def _cancel(self, jobs: Sequence[Any]) -> None:
        from smdtui.jobs import engine

        who = self.services.who
        self._each("cancel", "Cancelling", jobs, lambda job: engine.cancel(job.folder, who))

    def action_hold(self) -> None:
        """Hold what waits in Slurm, or release it when it is held."""
        from smdtui.jobs import hold as holding

        jobs, who = self.chosen, self.services.who
        able = [job for job in jobs if not holding.obstacle(job.kind, job.state)]
        if jobs and not able:
            self.say(f"Run {jobs[0].run}: {holding.obstacle(jobs[0].kind, jobs[0].state)}.", "warn")
        if not able:
            return
        release = all(is_held(job) for job in able)
        act = holding.release if release else holding.hold
        self._each("hold", "Releasing" if release else "Holding", able, lambda job: act(job.folder, who))

    def _each(self, group: str, doing: str, jobs: Sequence[Any], act: Callable[[Any], Any]) -> None:
        """The same to each, one after the other, in the background; says how it went."""
        what = f"run {jobs[0].run}" if len(jobs) == 1 else plural(len(jobs), "job")
        self.say(f"{doing} {what} ...")

        def work(task: Task) -> tuple[list[str], list[str]]:
            good: list[str] = []
            bad: list[str] = []
            for job in jobs:
                try:
                    outcome = act(job)
                except (OSError, TimeoutError) as error:
                    bad.append(f"run {job.run}: {in_words(error)}")
                else:
                    (good if outcome.done else bad).append(outcome.message)
            return good, bad

        def done(outcome: tuple[list[str], list[str]]) -> None:
            good, bad = outcome
            self.app.jobs_again()  # type: ignore[attr-defined]
            if bad:
                many = f"{len(bad)} of {len(jobs)} not: " if len(jobs) > 1 else ""
                self.say(f"{many}{bad[0]}", "error" if not good else "warn")
            else:
                self.say(good[0] if len(good) == 1 else f"{doing} {plural(len(good), 'job')}: done or under way.", "ok")

        self.background(group, work, done)

    def _look_up(self, work: Callable[[Task], Any], show: Callable[[Any], object], **more: Any) -> None:
        """Reads files, perhaps on a slow disk, and shows something of it, unless something else is shown by then."""

        def done(value: Any) -> None:
            if self.app.screen is self:
                show(value)

        self.background("look", work, done, **more)

    # -- again
    def action_retry(self) -> None:
        """The launch sheet, filled in as this job was: with the profile as it is now, or with the plan of before."""
        job, runs = self.current, runs_text([job.run for job in self.chosen])
        if job is None:
            return
        if len({(one.events_limit, one.gate) for one in [job, *self.chosen]}) > 1:
            job = replace(job, events_limit=0, gate=False)  # one sheet for all: what one of them asked is not theirs
        if len(self.chosen) > 1:
            self._launch(runs, job)
            return

        def found(differs: bool) -> None:
            if differs:
                self._ask_which_plan(runs, job)
            else:
                self._launch(runs, job)

        self._look_up(lambda task: _plan_differs(job), found)

    def _ask_which_plan(self, runs: str, job: Any) -> None:
        answers = [
            Answer(NOW, f"With {Path(job.profile).name} as it is now"),
            Answer(BEFORE, "With exactly the plan of before"),
            Answer(NOT, "Not at all"),
        ]
        text = f"The plan of run {job.run} has changed since this job was launched; D on two jobs shows how."
        self.app.push_screen(
            Question("Launch again", text, answers, NOT),
            lambda answer: self._launch(runs, job, answer == BEFORE) if answer in (NOW, BEFORE) else None,
        )

    def _launch(self, runs: str, job: Any, same_plan: bool = False) -> None:
        from smdtui.screens.launch import LaunchScreen

        self.app.push_screen(LaunchScreen(runs, job, job.folder.path / "plan.toml" if same_plan else None))

    # -- looking
    def action_script(self) -> None:
        job = self.current
        if job is None:
            return
        path = job.folder.path / "submit.sh"
        self._look_up(
            lambda task: path.read_text(encoding="utf-8", errors="replace"),
            lambda text: self.app.push_screen(TextView(f"submit.sh of {job.id}", text)),
            failed=lambda error: self.say(f"Its script cannot be read: {in_words(error)}", "warn"),
        )

    def action_record(self) -> None:
        """Who did what to the job."""
        from smdtui.jobs.deeds import record

        job = self.current
        if job is not None:
            self._look_up(
                lambda task: record(job.folder.events()),
                lambda text: self.app.push_screen(TextView(f"What happened to {job.id}", text)),
            )

    def action_compare(self) -> None:
        """The plans of two jobs: the two that are marked, else this one and the one before of the same run."""
        from smdtui.jobs.plan_changes import plan_changes
        from smdtui.screens.difference_sheet import DifferenceSheet

        pair = sorted(self.chosen, key=lambda job: job.id)
        if len(pair) == 1:
            job, found = pair[0], self.look.jobs
            pair = [*[other for other in found if other.run == job.run and other.id < job.id][:1], job]
        if len(pair) != 2:
            why = (
                f"select two ({len(pair)} are)"
                if len(pair) > 2
                else "no earlier job of this run; select two with space"
            )
            self.say(f"Nothing to compare: {why}.", "warn")
            return
        first, second = pair
        self._look_up(
            lambda task: plan_changes(first.folder, second.folder),
            lambda changes: self.app.push_screen(
                DifferenceSheet(_called(first, second), _called(second, first), changes)
            ),
            failed=lambda error: self.say(f"Their plans cannot be compared: {error}", "error"),
            expected=(OSError, ValueError),
        )

    def action_result(self) -> None:
        job = self.current
        if job is None or not job.output or not Path(job.output).exists():
            why = f"run {job.run} has no file yet" if job is not None else "there is no job"
            self.say(f"Nothing to open: {why}.", "warn")
            return
        self.select(run=job.run, job=job.id, result=Path(job.output))
        self.show_screen("result")

    def action_handover(self) -> None:
        from smdtui.screens.handover_sheet import HandoverSheet

        if self.services.experiment is not None:
            self.app.push_screen(HandoverSheet(self.services))

    # -- cleaning up
    def action_clean(self) -> None:
        from smdtui.jobs.cancelled import Cancelled
        from smdtui.jobs.clean import clean

        def tidy(job: Any) -> Cancelled:
            freed = clean(job, who).bytes
            return Cancelled(True, f"run {job.run}: {size(freed)} freed" if freed else f"run {job.run} was clean")

        ended = [job for job in self.chosen if not job.active]
        if not ended:
            self.say("Only jobs that have ended can be cleaned up; select them with space.", "warn")
            return
        who = self.services.who
        title = f"Clean up {plural(len(ended), 'job')}?"
        asked = Confirm(title, clean_question(ended), yes="Clean up (y)", no="Leave all (n)")
        self.app.push_screen(
            asked,
            lambda sure: self._each("clean", "Cleaning up", ended, tidy) if sure else None,
        )

    # -- following, and being told
    def action_follow_runs(self) -> None:
        if self.services.experiment is not None:
            from smdtui.screens.follow_sheet import ask_about_following

            ask_about_following(self)

    def action_ring(self) -> None:
        """Whether the terminal rings when a job ends; kept."""
        switch = self.services.notify
        try:
            on = switch.flip()
        except OSError as error:
            self.say(f"That cannot be kept: {in_words(error)}", "error")
            return
        self.say(
            f"The terminal is told when a job ends: {', '.join(switch.kinds) or 'the site file says nothing is'}."
            if on
            else "The terminal is told nothing when a job ends; b turns it on again.",
            "ok",
        )


def _plan_differs(job: Any) -> bool:
    """Whether the profile gives the run another plan now; False where it cannot be said, which the sheet then says."""
    from smdtui.jobs.production import plan_hash

    now = plan_hash(Path(job.profile), job.run) if job.profile else None
    return now is not None and bool(job.plan_sha256) and now != job.plan_sha256


def _called(job: Any, other: Any) -> str:
    return (
        f"run {job.run}" if job.run != other.run else f"run {job.run} of {job.id[9:11]}:{job.id[11:13]}:{job.id[13:15]}"
    )
