"""The files of a synthetic run: their datagrams, their bytes, what the writer refuses, how they are damaged."""

import hashlib
import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys

import damage
import numpy as np
import pytest
from psana_environment import ENVIRONMENT

from producer.synthetic import experiment, fields, marker, write_experiment, write_run
from producer.synthetic.stream import BadContribution, Stream


def digest(directory):
    """name -> hash of every file below."""
    return {
        str(file.relative_to(directory)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(directory.rglob("*"))
        if file.is_file()
    }


def times(path):
    data = path.read_bytes()
    for at, length, service in damage.datagrams(path):
        yield (
            int.from_bytes(data[at + 4 : at + 8], "little") << 32 | int.from_bytes(data[at : at + 4], "little"),
            (
                at,
                length,
                service,
            ),
        )


def test_every_transition_is_in_every_stream_at_the_same_time(written):
    for run in written.values():
        for folder in ("", "smalldata"):
            found = []
            for path in sorted((run.directory / folder).glob(f"*-r{run.run:04d}-*.xtc2*")):
                headers = list(times(path))
                stamps = [stamp for stamp, _ in headers]
                assert stamps == sorted(set(stamps))
                found.append([(stamp, s) for stamp, (_, _, s) in headers if s != damage.L1_ACCEPT])
            assert len(found) >= 7 and all(one == found[0] for one in found)
            services = [service for _, service in found[0]]
            assert services[:4] == [2, 4, 6, 8]  # Configure, BeginRun, BeginStep, Enable
            assert (services[-1] == damage.END_RUN) == (run.kind != experiment.RECORDING)


def test_every_record_of_the_smd_points_at_its_event(written):
    for run in written.values():
        for path, smd in zip(run.files[::2], run.files[1::2], strict=True):
            events = [(stamp, at, length) for stamp, (at, length, s) in times(path) if s == damage.L1_ACCEPT]
            data = smd.read_bytes()
            records = [
                (stamp, *np.frombuffer(data, "<u8", 2, at + length - 16).tolist())
                for stamp, (at, length, s) in times(smd)
                if s == damage.L1_ACCEPT
            ]
            assert records == events
            ends = [at + length for path in (path, smd) for _, (at, length, _) in list(times(path))[-1:]]
            assert ends == [path.stat().st_size, smd.stat().st_size]


def test_a_run_being_recorded_has_unfinished_names(written):
    names = [file.name for file in written[16].files]
    assert all(name.endswith(".xtc2.inprogress") for name in names) and len(names) == 14
    assert not any(file.name.endswith(".inprogress") for run in (12, 13, 14) for file in written[run].files)


_WRITE = """
import sys; from pathlib import Path; from producer.synthetic import write_run, experiment
for run, kind in ((13, "scan"), (14, "damaged")):
    write_run(Path(sys.argv[1]), run, 4, 40, kind, seed=int(sys.argv[2]))
experiment.write_constants(Path(sys.argv[1]) / "calib", int(sys.argv[2]))
"""


def test_same_seed_same_bytes_whatever_lies_in_the_memory(tmp_path):
    """MALLOC_PERTURB_ fills fresh memory, so that a byte nobody wrote would differ."""
    for name, perturb, seed in (("a", "85", "3"), ("b", "170", "3"), ("c", "85", "4")):
        environment = {**ENVIRONMENT, "MALLOC_PERTURB_": perturb}
        subprocess.run([sys.executable, "-c", _WRITE, tmp_path / name, seed], env=environment, check=True, timeout=120)
    a, b, c = (digest(tmp_path / name) for name in "abc")
    assert a == b and len(a) == 7 * 2 + 8 * 2 + 8
    assert a.keys() == c.keys() and sum(a[name] != c[name] for name in a) > 8


def test_writing_again_leaves_who_reads_the_old_files_in_peace(tmp_path):
    first = write_run(tmp_path, 12, 6, 5, detectors=())
    with first.files[0].open("rb") as reader:
        old = first.files[0].read_bytes()
        write_run(tmp_path, 12, 3, 5, detectors=())
        assert reader.read() == old


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kind": "odd"}, "no such kind"),
        ({"detectors": ["epix100_1"]}, "epix100_1"),
        ({"events": 0}, "out of range"),
        ({"seed": -1}, "out of range"),
    ],
)
def test_arguments_that_make_no_run(tmp_path, arguments, words):
    with pytest.raises(ValueError, match=words):
        write_run(tmp_path, **arguments)
    assert list(tmp_path.iterdir()) == []


ODD = fields.Kind("odd", "raw", (1, 0, 0), {"count": (np.uint8, 0), "_trace": (np.uint16, 1), "text": (str, 1)})
GOOD = {"count": 3, "_trace": np.arange(5, dtype=np.uint16), "text": "fine"}


@pytest.fixture(scope="module")
def stream(tmp_path_factory):
    with Stream(tmp_path_factory.mktemp("stream"), "tmoc00126", 1, 0) as made:
        made.odd = made.declare("odd", ODD)
        made.configure(1 << 32)
        yield made


@pytest.mark.parametrize(
    "wrong",
    [
        {"count": 300},
        {"count": 2.5},
        {"count": "three"},
        {"count": np.arange(3)},
        {"_trace": np.zeros((2, 2), np.uint16)},
        {"_trace": 3},
        {"_trace": np.array([70000])},
        {"_trace": None},
        {"text": 7},
        {"text": "a\0b"},
        {"another": 1},
        {"count": ...},  # missing
    ],
)
def test_what_would_abort_psana_is_refused_before(stream, wrong):
    values = {key: value for key, value in {**GOOD, **wrong}.items() if value is not ...}
    with pytest.raises(BadContribution, match=r"odd\.raw"):
        stream.event(2 << 32, [(stream.odd, values)])
    stream.event(3 << 32, [(stream.odd, GOOD)])  # and the stream goes on


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a-b", ODD),
        ("", ODD),
        ("x" * 255, ODD),
        ("odd", fields.Kind("odd", "raw", (1, 0, 0), {"a b": (np.uint8, 0)})),
        ("odd", fields.Kind("odd", "raw", (1, 0, 0), {"deep": (np.uint8, 5)})),
        ("odd", fields.Kind("odd", "raw", (1, 0, 0), {f"f{i}": (np.uint8, 0) for i in range(260_000)})),
    ],
)
def test_declarations_that_would_abort_psana_are_refused(tmp_path, name, kind):
    with Stream(tmp_path, "tmoc00126", 1, 0) as made, pytest.raises(BadContribution):
        made.declare(name, kind)


def test_arrays_of_any_memory_layout_come_out_in_order(tmp_path):
    """DgramEdit permutes Fortran-ordered arrays without a word, and aborts on strided ones."""
    kind = fields.Kind("odd", "raw", (1, 0, 0), {"image": (np.uint16, 2)})
    image = np.arange(12, dtype=np.uint16).reshape(3, 4)
    with Stream(tmp_path, "tmoc00126", 1, 0) as made:
        odd = made.declare("odd", kind)
        made.configure(1 << 32)
        for i, form in enumerate(
            (image, np.asfortranarray(image), np.repeat(image, 2, axis=1)[:, ::2], image.tolist())
        ):
            made.event((2 + i) << 32, [(odd, {"image": form})])
    data = made.path.read_bytes()
    for number in range(4):
        at, length = damage.event(made.path, number)
        assert data[at + length - 24 : at + length] == image.tobytes()


# ---------------------------------------------------------------- the program
def run_writer(directory, *words, limit=None):
    command = [sys.executable, "-m", "producer.synthetic", str(directory), *words]

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, preexec_fn=limited if limit else None
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_the_program_says_how_far_it_is_and_marks_the_end(tmp_path):
    code, lines = run_writer(tmp_path / "d", "--events", "8", "--pvs", "30", "--seed", "5")
    assert code == 0
    done = [line["done"] for line in lines if "done" in line]
    assert done == sorted(done) and done[-1] == lines[-2]["total"] == 8 + 3 + 1 + 1 + 1
    assert lines[-1]["finished"]["runs"] == [12, 13, 14, 15, 16]
    assert marker.read(tmp_path / "d") == marker.Marker(experiment.VERSION, 5, 8, 30, "tmoc00126", complete=True)
    home = tmp_path / "d" / "tmo" / "tmoc00126"
    assert {path.name for path in (home / "calib").iterdir()} == {"epix100_0", "jungfrau1M", "tmo_atmopal", "archon"}
    assert "nothing in this folder was measured" in (tmp_path / "d" / "DEMO").read_text()


def test_another_demo_takes_the_place_of_the_first_and_of_nothing_else(tmp_path):
    write_experiment(tmp_path, events=4, pvs=5, runs=[12, 13])
    xtc = tmp_path / "tmo" / "tmoc00126" / "xtc"
    (xtc / "notes.txt").write_text("mine")
    write_experiment(tmp_path, seed=1, events=4, pvs=5, runs=[12])
    assert not list(xtc.rglob("*-r0013-*")) and list(xtc.rglob("*-r0012-*"))
    assert (xtc / "notes.txt").read_text() == "mine"


def test_folders_of_others_are_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    code, lines = run_writer(tmp_path, "--events", "4")
    assert code == 1 and "holds other things (thesis.tex)" in lines[-1]["error"]
    assert digest(tmp_path).keys() == {"thesis.tex"}


def test_a_full_disk_is_said_and_the_demo_known_to_be_half_written(tmp_path):
    code, lines = run_writer(tmp_path / "d", "--events", "40", "--pvs", "5", limit=32 << 20)
    assert code == 1 and "no room left" in lines[-1]["error"]
    assert marker.read(tmp_path / "d").complete is False


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    code, lines = run_writer(tmp_path / "file" / "d", "--events", "4")
    assert code == 1 and str(tmp_path / "file") in lines[-1]["error"]


def test_killed_on_the_way_it_is_half_written(tmp_path):
    command = [sys.executable, "-m", "producer.synthetic", str(tmp_path / "d"), "--events", "4000"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as child:
        assert "done" in json.loads(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
    assert marker.read(tmp_path / "d").complete is False
    shutil.rmtree(tmp_path / "d")


# ---------------------------------------------------------------- the damage helpers
@pytest.fixture(scope="module")
def small(tmp_path_factory):
    directory = tmp_path_factory.mktemp("small")
    write_run(directory, 12, 6, 5, detectors=["tmo_atmopal"])
    write_run(directory, 13, 6, 5, detectors=())
    return directory


def tree(directory):
    """name -> what is there, without opening anything but regular files."""
    found = {}
    for path in sorted(directory.rglob("*")):
        mode = path.lstat().st_mode
        kind = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(mode) else stat.S_IFMT(mode)
        found[str(path.relative_to(directory))] = kind
    return found


@pytest.mark.parametrize("name", damage.DAMAGES)
def test_damage_changes_the_copy_and_nothing_else(small, tmp_path, name):
    before = tree(small)
    copy = damage.copy(small, tmp_path / "copy", run=12)
    whole = {path: kind for path, kind in before.items() if "-r0013-" not in path}
    assert tree(copy) == whole
    damage.DAMAGES[name](copy, 12, 1)
    after = tree(copy)
    changed = {path for path in whole | after if whole.get(path) != after.get(path)}
    assert changed
    if name not in ("remove_end_run", "remove_smalldata"):
        assert all("-s001-" in path for path in changed)
    assert tree(small) == before


def test_no_descriptor_is_left_open(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    write_run(tmp_path, 12, 2, 5, detectors=())
    assert len(os.listdir("/proc/self/fd")) == before
