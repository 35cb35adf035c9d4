"""What Slurm's commands print, as recorded of 22.05, 24.11 and 26.05, and what is made of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smdtui.jobs import slurm_poll
from smdtui.jobs.slurm_poll import FAST_SECONDS, SLOW_SECONDS, Known, Wanted, scrubbed
from smdtui.jobs.slurm_words import (
    ending_words,
    never_starts,
    passes,
    pending_words,
    read_sacct,
    read_sbatch,
    read_squeue,
    refusal_words,
)

SQUEUE = """\
102|RUNNING|2026-11-22T09:21:00|2026-11-22T09:21:03|2026-11-22T09:31:03|n1|17-xppx-20261122T092100-r0017-ab12|None
126_2|PENDING|2026-11-22T09:21:00|N/A|N/A||17-xppx-4runs|JobArrayTaskLimit
127|PENDING|2026-11-22T09:21:00|N/A|N/A||a|Nodes required for job are DOWN, DRAINED or reserved for jobs
128|FAILED|2026-11-22T09:21:00|2026-11-22T09:21:03|2026-11-22T09:21:04|n1|b|RaisedSignal:11(Segmentation fault)
129|PENDING|2026-11-22T09:21:00|N/A|N/A||c|ReqNodeNotAvail, UnavailableNodes:n2
a site's own line
"""
SACCT = """\
102|CANCELLED by 1000|0:0|2026-11-22T09:31:03|17-xppx
103|TIMEOUT|0:0|2026-11-22T09:31:03|18-xppx
103.batch|CANCELLED|0:15|2026-11-22T09:31:03|batch
126_2|FAILED|3:0|2026-11-22T09:31:03|x|y
104||||
"""


def test_squeue():
    lines = read_squeue(SQUEUE)
    assert list(lines) == ["102", "126_2", "127", "128", "129"]
    assert (lines["102"].state, lines["102"].nodes, lines["102"].name[:2]) == ("RUNNING", "n1", "17")
    assert lines["127"].reason.startswith("Nodes required for job are DOWN, DRAINED")
    assert [line.waiting for line in lines.values()] == [False, True, True, False, True]
    assert [line.final for line in lines.values()] == [False, False, False, True, False]


def test_sacct():
    lines = read_sacct(SACCT)
    assert [(x.id, x.state, x.reason, x.exit_code) for x in lines] == [
        ("102", "CANCELLED", "by 1000", "0:0"),
        ("103", "TIMEOUT", "", "0:0"),
        ("126_2", "FAILED", "", "3:0"),
    ]
    assert lines[2].name == "x|y"


@given(st.text())
def test_no_text_upsets_the_readers(text):
    read_squeue(text), read_sacct(text), read_sbatch(text), pending_words(text), refusal_words(text, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("123\n", ("123", "")),
        ("123;milano\n", ("123", "milano")),
        ("be kind to the disks\n77;s3df\n", ("77", "s3df")),
        ("", None),
        ("Submitted batch job 12\n", None),
    ],
)
def test_sbatch(text, found):
    assert read_sbatch(text) == found


@pytest.mark.parametrize(
    ("reason", "words", "never"),
    [
        ("Priority", "jobs with more priority come first (Priority)", False),
        ("None", "Slurm has not looked at it yet", False),
        ("ReqNodeNotAvail, UnavailableNodes:n2", "out of service or reserved: n2", False),
        ("Nodes required for job are DOWN, DRAINED or reserved", "down, drained or kept", False),
        ("PartitionTimeLimit", "will never start: it asks for more time than the partition allows", True),
        ("DependencyNeverSatisfied", "will never start", True),
        ("QOSMaxNodePerUserLimit", "a limit of the QOS is reached (QOSMaxNodePerUserLimit)", False),
        ("SomethingNew", "Slurm says SomethingNew", False),
    ],
)
def test_reasons(reason, words, never):
    assert words in pending_words(reason)
    assert never_starts(reason) == never == pending_words(reason).startswith("will never start")


@pytest.mark.parametrize(
    ("line", "recorded", "words"),
    [
        ({"state": "TIMEOUT"}, True, "time limit"),
        ({"state": "OUT_OF_MEMORY"}, True, "more memory"),
        ({"state": "NODE_FAIL"}, False, "node"),
        ({"state": "FAILED", "reason": "NonZeroExitCode"}, False, "NonZeroExitCode"),
        ({"state": "FAILED", "reason": "RaisedSignal:9(Killed)"}, False, "signal 9 (Killed)"),
        ({"state": "FAILED", "reason": "JobLaunchFailure"}, False, "could not start or keep its script"),
    ],
)
def test_endings(line, recorded, words):
    assert words in ending_words(line, recorded)


def test_what_the_job_wrote_itself_counts_more_than_failed():
    assert ending_words({"state": "FAILED", "reason": "NonZeroExitCode"}, True) is None


def test_refusals_have_both_words():
    said = refusal_words("sbatch: error: Batch job submission failed: Invalid account or account/partition\n", 1)
    assert said.startswith("the account may not be used, or not in this partition; sbatch says (exit status 1): Batch")


POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


@pytest.mark.parametrize(
    ("said", "words", "later"),
    [
        (f"AssocMaxSubmitJobLimit\nsbatch: error: {POLICY}", "you have as many jobs as you may", True),
        (f"QOSMaxSubmitJobPerUserLimit\nsbatch: error: {POLICY}", "you have as many jobs as you may", True),
        (POLICY, "you have as many jobs as you may", True),
        (f"QOSMaxWallDurationPerJobLimit\nsbatch: error: {POLICY}", "more time than its QOS allows", False),
        ("Requested time limit is invalid (missing or exceeds some limit)", "more time is asked", False),
        ("Resource temporarily unavailable", "cannot take jobs at the moment", True),
        ("Slurm backup controller in standby mode", "cannot take jobs at the moment", True),
        ("Invalid account or account/partition combination specified", "the account may not be used", False),
    ],
)
def test_refusals_that_pass_by_themselves(said, words, later):
    text = f"sbatch: error: {said}\n"
    assert words in refusal_words(text, 1).partition("; sbatch says")[0] and passes(text) is later


def test_hygiene_keeps_which_cluster_is_meant():
    dirty = {"SLURM_CONF": "/c", "SLURM_JOB_ID": "1", "SBATCH_PARTITION": "x", "PMI_RANK": "0", "SQUEUE_FORMAT": "%i"}
    assert scrubbed({**dirty, "HOME": "/h", "SMDTUI_JOB": "/j"}) == {"SLURM_CONF": "/c", "HOME": "/h"}


def test_when_slurm_may_be_asked():
    assert (FAST_SECONDS, SLOW_SECONDS) == (10.0, 30.0)
    now = 1000.0
    assert Known().due(now, False)
    assert not Known(asked=now - 9).due(now, True)
    assert Known(asked=now - 11).due(now, True)
    assert not Known(asked=now - 29).due(now, False)
    assert Known(asked=now - 11, changed=now - 50).due(now, False)
    assert not Known(asked=now - 11, changed=now - 50, trouble="down").due(now, True)
    assert Known(asked=now + 500).due(now, False)  # the clock was set back


@pytest.fixture
def answers(monkeypatch):
    """Slurm's commands answer what the test says; the words of each call are kept."""
    said, calls = {}, []

    def command(words, environment, timeout):
        calls.append(words)
        return said[words[0]]

    monkeypatch.setattr(slurm_poll, "command", command)
    monkeypatch.setattr(slurm_poll, "FAST_SECONDS", 0.0)
    monkeypatch.setattr(slurm_poll, "SLOW_SECONDS", 0.0)
    return said, calls


def test_gone_from_squeue_known_to_sacct(answers):
    said, calls = answers
    said["squeue"] = (1, "", "slurm_load_jobs error: Invalid job id specified")
    said["sacct"] = (0, "9|COMPLETED|0:0|x|other\n9|TIMEOUT|0:0|x|mine\n", "")
    wanted = [Wanted("mine", "9")]
    for _ in range(2):
        slurm_poll.question(wanted, True)
    assert [c[0] for c in calls] == ["squeue", "sacct"]
    assert slurm_poll.read().line(wanted[0]).state == "TIMEOUT"


def test_late_accounting_gets_a_few_tries(answers):
    said, calls = answers
    said["squeue"] = (0, "", "")
    said["sacct"] = (0, "", "")
    wanted = [Wanted("mine", "9")]
    for _ in range(5):
        slurm_poll.question(wanted, True)
    assert slurm_poll.read().line(wanted[0]) is None
    slurm_poll.question(wanted, True)
    assert slurm_poll.read().line(wanted[0]).state == "UNKNOWN"
    assert [c[0] for c in calls] == ["squeue", "sacct"] * 3


def test_one_call_for_all_jobs(answers):
    said, calls = answers
    said["squeue"] = (0, "".join(f"{n}|RUNNING|a|b|c|n1|job{n}|None\n" for n in range(1, 51)), "")
    slurm_poll.question([Wanted(f"job{n}", str(n)) for n in range(1, 51)], True)
    assert len(calls) == 1 and calls[0][6].count(",") == 49
    slurm_poll.question([Wanted("job60", "60")], True)  # another program: both its jobs and ours are asked for
    assert "60" in calls[1][6].split(",") and "1" in calls[1][6].split(",")


def test_a_file_of_answers_that_makes_no_sense_is_as_none():
    path = slurm_poll.place()
    path.parent.mkdir(parents=True)
    for text in ("{", "[]", json.dumps({"unknown": 1})):
        path.write_text(text)
        assert slurm_poll.read() == Known()
