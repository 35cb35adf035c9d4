"""A run that is being recorded is waited for, and then read as a whole."""

import json
import os
import shutil
import threading
import time

import producing
import pytest

from producer.recording import wait_for_end

RUN = 13


@pytest.fixture
def recorded(small_experiment, tmp_path):
    """One run under the names of a recording, and a function that ends it."""
    source = small_experiment / "tmo" / "tmoc00126" / "xtc"
    for file in source.rglob(f"*-r{RUN:04d}-*.xtc2"):
        target = tmp_path / "xtc" / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, f"{target}.inprogress")

    def end():
        for file in (tmp_path / "xtc").rglob("*.inprogress"):
            file.rename(str(file).removesuffix(".inprogress"))

    return tmp_path / "xtc", end


def test_it_waits_for_the_end_and_says_so_once(recorded):
    folder, end = recorded
    said, looks = [], []

    def alive():
        looks.append(time.time())
        if len(looks) == 3:
            end()

    assert wait_for_end(RUN, folder, 60, said.append, alive, look=0.02)
    assert len(looks) == 3
    assert said == [
        "run 13 is still being recorded: waiting for its end, as long as it grows (or 60 s without a change)"
    ]
    assert not wait_for_end(RUN, folder, 60, said.append, alive, look=0.02)  # nothing to wait for


def test_a_run_that_has_not_begun_is_waited_for_too(recorded):
    folder, end = recorded
    away = folder.with_name("away")
    folder.rename(away)
    folder.mkdir()
    said, looks = [], []

    def alive():
        looks.append(1)
        if len(looks) == 2:
            folder.rmdir()
            away.rename(folder)
        if len(looks) == 4:
            end()

    assert wait_for_end(RUN, folder, 60, said.append, alive, look=0.02)
    assert [words.split(":")[0] for words in said] == ["run 13 has not begun yet", "run 13 is still being recorded"]


def test_a_recording_that_died_is_given_up(recorded):
    folder, _ = recorded
    looks = []
    assert wait_for_end(RUN, folder, 0.2, str, lambda: looks.append(1), look=0.02)
    assert looks
    assert not wait_for_end(99, folder, 0.0, str, list, look=0.02)


def test_produced_when_it_has_ended(recorded, tmp_path):
    folder, end = recorded
    profile = tmp_path / "profile.toml"
    profile.write_text('format = 1\nhutch = "tmo"\n[epics]\nper_event = ["sam_x"]\n')
    rank = tmp_path / "job" / "progress" / "rank0000.json"

    def when_it_waits():
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            if rank.exists() and json.loads(rank.read_text())["phase"] == "waiting":
                break
            time.sleep(0.05)
        end()

    thread = threading.Thread(target=when_it_waits)
    thread.start()
    done = producing.produce(
        "tmoc00126", RUN, folder, profile, tmp_path / "out.h5", "--wait", 100, "--job", tmp_path / "job"
    )
    thread.join()
    assert done.status == 0, done.said
    assert "run 13 is still being recorded: waiting for its end" in done.said
    with done.file() as file:
        assert len(file["timestamp"]) > 5
    assert not [name for name in os.listdir(folder) if name.endswith(".inprogress")]
