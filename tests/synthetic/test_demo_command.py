"""`smdtui demo`: written once, written again when it was cut short, refused where it would harm."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from psana_environment import ENVIRONMENT

from producer.plan import check, effective
from producer.synthetic import marker
from smdtui import site as sites
from smdtui.demo import command
from smdtui.demo.place import TEMPLATE, Demo, DemoError, default_folder, site_text
from smdtui.demo.write import write
from smdtui.environment import Environment

SMALL = {"events": 6, "pvs": 30}


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """No site file and no cache of the person who runs the tests."""
    for name in ("CACHE", "CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / "home" / name.lower()))
    monkeypatch.delenv("SMDTUI_SITE", raising=False)


@pytest.fixture
def opened():
    """What the app was opened on."""
    calls = []

    def open_app(site, experiment, profile):
        calls.append((site, experiment, profile))
        return 0

    open_app.calls = calls
    return open_app


def stamps(directory):
    return {path: path.stat().st_mtime_ns for path in directory.rglob("*.xtc2*")}


def test_written_once_then_reused_with_the_persons_own_changes(tmp_path, opened, capsys):
    place = tmp_path / "demo"
    assert command(place, terminal=True, open_app=opened, **SMALL) == 0
    assert f"the demo goes into {place}" in capsys.readouterr().err
    (site, experiment, profile), first = opened.calls[0], stamps(place)
    assert site.demo and experiment == "tmoc00126" and site.data_roots == (place,)
    assert Path(site.calib, "epix100_0", "pedestals.npy").is_file()
    assert (site.data_roots[0] / "tmo" / experiment / "xtc").is_dir() and len(first) == 5 * 2 * 7 + 2
    profile.write_text(profile.read_text() + "# my note\n")
    (place / "tmo" / experiment / "results" / "mine.txt").write_text("keep")

    assert command(place, terminal=True, open_app=opened, **SMALL) == 0
    assert stamps(place) == first and profile.read_text().endswith("# my note\n")
    assert f"the demo is in {place}" in capsys.readouterr().err

    assert command(place, terminal=True, open_app=opened, seed=2, **SMALL) == 0
    assert stamps(place).keys() == first.keys() and stamps(place) != first
    assert profile.read_text().endswith("# my note\n")
    assert (place / "tmo" / experiment / "results" / "mine.txt").read_text() == "keep"


def test_cut_short_by_a_kill_it_is_written_again(tmp_path, opened, capsys):
    place = tmp_path / "demo"
    words = [sys.executable, "-m", "producer.synthetic", str(place), "--events", "4000"]
    with subprocess.Popen(words, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as child:
        child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    assert Demo(place).half_written()
    assert command(place, terminal=True, open_app=opened, **SMALL) == 0
    assert "only half written; writing it anew" in capsys.readouterr().err
    assert Demo(place, **SMALL).written() and not Demo(place).written()


@pytest.mark.parametrize("content", ["thesis.tex", "DEMO"])
def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path, opened, capsys, content):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / content).write_text("years of work")
    assert command(tmp_path / "own", terminal=True, open_app=opened, **SMALL) == 1
    assert capsys.readouterr().err == (
        f"{tmp_path / 'own'} holds other things ({content}), which stay as they are; name a new or an empty folder\n"
    )
    assert [path.name for path in (tmp_path / "own").iterdir()] == [content] and not opened.calls
    assert (tmp_path / "own" / content).read_text() == "years of work"


def test_a_file_in_its_place(tmp_path, opened, capsys):
    (tmp_path / "file").write_text("mine")
    assert command(tmp_path / "file", terminal=True, open_app=opened, **SMALL) == 1
    assert f"{tmp_path / 'file'} cannot be used for the demo: Not a directory" in capsys.readouterr().err
    assert command(tmp_path / "file" / "below", terminal=True, open_app=opened, **SMALL) == 1
    assert "cannot be" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_place_nobody_can_write(opened, capsys):
    assert command(Path("/proc/smdtui-demo"), terminal=True, open_app=opened, **SMALL) == 1
    assert "/proc/smdtui-demo cannot be written" in capsys.readouterr().err


def test_too_little_room_is_said_before_anything_is_written(tmp_path, monkeypatch, opened, capsys):
    free = shutil.disk_usage(tmp_path)._replace(free=99 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    assert command(tmp_path / "demo", terminal=True, open_app=opened) == 1
    said = capsys.readouterr().err
    assert "99 MB left; the demo needs 588 MB: free some, or name another folder" in said
    assert not stamps(tmp_path)


def test_without_psana_it_says_what_is_missing(tmp_path, opened, capsys, monkeypatch):
    own = tmp_path / "site.toml"
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys._base_executable} "$@"\n')  # without what the virtual environment has
    python.chmod(0o755)
    own.write_text(f'[environment]\npython = "{python}"\n')
    monkeypatch.setenv("SMDTUI_SITE", str(own))
    assert command(tmp_path / "demo", terminal=True, open_app=opened, **SMALL) == 1
    assert "No module named" in capsys.readouterr().err


def test_an_interpreter_that_is_not_there(tmp_path, opened, capsys, monkeypatch):
    own = tmp_path / "site.toml"
    own.write_text('[environment]\npython = "/nowhere/python"\n')
    monkeypatch.setenv("SMDTUI_SITE", str(own))
    assert command(tmp_path / "demo", terminal=True, open_app=opened, **SMALL) == 1
    assert "/nowhere/python cannot be started" in capsys.readouterr().err


def test_a_writer_that_crashes_is_told_by_its_signal(tmp_path, monkeypatch):
    crash = tmp_path / "crash.py"
    crash.write_text("import os; print('last words', file=__import__('sys').stderr, flush=True); os.abort()")
    monkeypatch.setattr(Environment, "command", lambda self, words: [sys.executable, str(crash)])
    with pytest.raises(DemoError, match="was ended by SIGABRT: last words"):
        write(Demo(tmp_path / "demo", **SMALL), sites.load(), io.StringIO())


def test_two_at_once_write_it_once(tmp_path):
    program = (
        "import sys; from pathlib import Path; from smdtui.demo import command\n"
        f"sys.exit(command(Path({str(tmp_path / 'demo')!r}), True, 0, lambda *_: 0, events=6, pvs=30))"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", program], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = sorted(child.communicate(timeout=120)[1] for child in both)
    assert [child.returncode for child in both] == [0, 0]
    assert Demo(tmp_path / "demo", **SMALL).written()
    assert sum("writing the demo: run 12" in text for text in said) == 1


def test_stopped_by_ctrl_c_leaves_no_writer_behind(tmp_path):
    program = (
        "import sys; from pathlib import Path; from smdtui.demo import command\n"
        f"sys.exit(command(Path({str(tmp_path / 'demo')!r}), True, 0, lambda *_: 0, events=4000, pvs=30))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        for line in child.stderr:
            if "run 12" in line:
                break
        os.killpg(child.pid, signal.SIGINT)
        child.communicate(timeout=60)
    assert child.returncode != 0 and Demo(tmp_path / "demo").half_written()
    sizes = [sum(p.stat().st_size for p in (tmp_path / "demo").rglob("*.xtc2")) for _ in (time.sleep(0.3), 0)]
    time.sleep(1)
    assert sum(p.stat().st_size for p in (tmp_path / "demo").rglob("*.xtc2")) == sizes[-1]


def test_progress_is_a_bar_on_a_terminal_and_lines_elsewhere(tmp_path):
    class Screen(io.StringIO):
        def isatty(self):
            return True

    screen, file = Screen(), io.StringIO()
    write(Demo(tmp_path / "a", **SMALL), sites.load(), screen)
    write(Demo(tmp_path / "b", **SMALL), sites.load(), file)
    assert "[##############################] 100%" in screen.getvalue() and screen.getvalue().endswith("\r\x1b[K")
    lines = file.getvalue().splitlines()
    assert lines[0] == "writing the demo: starting the writer"
    assert lines[1].startswith("writing the demo: run 12, ") and all("\r" not in line for line in lines)
    assert [line.split(", ")[0].split(": ")[1] for line in lines[1:]] == [
        *(f"run {run}" for run in (12, 13, 14, 15, 16)),
        "calibration constants",
    ]


def test_the_demos_site_keeps_the_environment_and_a_local_engine(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(
        '[environment]\nsetup = "source x.sh"\n[engines.big]\nkind = "slurm"\nlauncher = "srun -n {ranks}"\n'
        '[engines.here]\nlauncher = "mpirun -n {ranks}"\nranks = 3\n'
    )
    (tmp_path / "site.toml").write_text(site_text(sites.load(own)))
    demo = sites.load(tmp_path / "site.toml")
    assert demo.demo and demo.environment.setup == "source x.sh"
    assert (demo.engines["local"].launcher, demo.engines["local"].ranks) == ("mpirun -n {ranks}", 3)


def test_the_demos_profile_is_valid_and_says_its_own_for_run_14():
    profile, problems = check(TEMPLATE)
    assert problems == []
    assert effective(profile, 13).detectors.keys() == {"epix100_0"}
    assert effective(profile, 14).detectors.keys() == {"epix100_0", "jungfrau1M"}
    assert [roi.name for roi in effective(profile, 13).detectors["epix100_0"]["roi"]] == ["spot", "ring"]


def test_the_default_folder_is_in_the_persons_cache(tmp_path):
    assert default_folder() == tmp_path / "home" / "cache" / "smdtui" / "demo"


def test_markers_of_other_versions_and_of_others(tmp_path):
    mark = tmp_path / "DEMO"
    mark.write_text(f'{{"what": "{marker.SENTENCE}", "seed": 3, "colour": "blue"}}')
    assert marker.read(tmp_path) == marker.Marker(seed=3) and not Demo(tmp_path, seed=3).written()
    for text in ('{"seed": 3}', "[]", "", "not json"):
        mark.write_text(text)
        assert marker.read(tmp_path) is None and marker.foreign(tmp_path) == "DEMO"
