"""Executing what cannot be decided by reading, confined."""

import re
import socket
import textwrap
from pathlib import Path

import pytest

from producer.run_ranges import RunRange
from smdtui.profile.importing.combine import combine
from smdtui.profile.importing.execute import execute
from smdtui.profile.importing.items import LOST, NOTE
from smdtui.profile.importing.read import read
from smdtui.profile.importing.reading import ImportFailed, Reading
from smdtui.profile.importing.run_number import range_text
from smdtui.profile.importing.translate import translate
from smdtui.profile.importing.write import profile_text

CONFIGS = Path(__file__).parent / "configs"


def written(tmp_path: Path, code: str) -> Path:
    path = tmp_path / "prod_config_xpp.py"
    path.write_text(textwrap.dedent(code))
    return path


def cases(reading: Reading, name: str = "getROIs") -> dict[str, object]:
    return {range_text(c.spans): c.failure.words if c.failure else c.value for c in reading.functions[name].cases}


def shown(value: object) -> str:
    """As text, numpy's numbers as Python's."""
    return re.sub(r"np\.\w+\(([^()]*)\)", r"\1", repr(value))


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.py")), ids=lambda path: path.stem)
def test_gives_the_same_as_reading(path):
    """Where reading decides, executing gives the same result for every run."""
    by_reading, by_executing = read(path), execute(path)
    assert by_reading.generation == by_executing.generation
    compared = 0
    for name, function in by_reading.functions.items():
        for case in function.cases if by_executing.functions[name].cases else ():
            if case.failure is not None and case.failure.undecided:
                continue
            run = case.spans[0][0]
            (other,) = [c for c in by_executing.functions[name].cases if RunRange.of(c.spans).contains(run)]
            assert (case.failure is None) == (other.failure is None), (name, run)
            if "<not known>" not in repr(case.value) + repr(other.value):
                assert shown(case.value) == shown(other.value), (name, run)
                assert RunRange.of(case.spans).overlap(RunRange.of(other.spans)).spans == case.spans
                compared += 1
    assert compared >= 5


def test_only_what_reading_leaves_open(tmp_path):
    path = written(
        tmp_path,
        """
        import os
        from lcls_secrets import offset
        detectors = ["a"]
        def get_droplet(run):
            high = os.path.exists("/") and run >= 17
            return {"a": {"threshold": 8 if high else 5}}
        def getROIs(run):
            return {"a": [{"ROI": [0, 5]}]}
        """,
    )
    undecided = read(path)
    assert [i.path for i in undecided.items if i.kind == LOST] == [("get_droplet",)]
    both = combine(undecided, execute(path))
    assert cases(both, "get_droplet") == {"1-16": {"a": {"threshold": 5}}, "17-": {"a": {"threshold": 8}}}
    assert "for get_droplet executed" in both.how and "time limit" in both.how
    assert [i for i in both.items if i.kind == LOST] == []
    assert any(i.kind == NOTE and "lcls_secrets" in i.message for i in both.items)
    text = profile_text(translate(both))
    assert "[runs.1-16.a.droplet]" in text and "threshold = 5  # line 7" in text


def test_values_from_stand_ins_are_not_made_up(tmp_path):
    path = written(
        tmp_path,
        """
        import nowhere.deep as deep
        detectors = ["a"]
        def get_azav(run):
            return {"a": {"center": [1, 2], "dis_to_sam": 80 + deep.offset * 2}}
        def get_droplet(run):
            return {"a": {"threshold": 5 if deep.high else 6}}
        """,
    )
    reading = execute(path)
    assert "<not known>" in repr(cases(reading, "get_azav")["all"])
    assert "nowhere.deep" in str(cases(reading, "get_droplet")["all"])
    assert "# [runs.all.a.azimuthal]" in profile_text(translate(reading))


def test_loaded_arrays_keep_their_file(tmp_path):
    path = written(
        tmp_path,
        f"""
        import numpy as np
        detectors = ["a"]
        def get_azav(run):
            there, gone = np.load("{tmp_path}/there.npy"), np.load("/nowhere/gone.npy").astype(bool)
            changed = np.load("{tmp_path}/there.npy")
            changed[0] = 0
            return {{"a": [there.astype(bool), gone, changed, there * 2]}}
        """,
    )
    import numpy as np

    np.save(tmp_path / "there.npy", np.ones(3))
    there, gone, changed, computed = cases(execute(path), "get_azav")["all"]["a"]
    assert (there.path, gone.path) == (f"{tmp_path}/there.npy", "/nowhere/gone.npy")
    assert changed.tolist() == [0.0, 1.0, 1.0] and computed.tolist() == [2.0, 2.0, 2.0]


def test_confined(tmp_path):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.settimeout(0.2)
    target = tmp_path / "written"
    path = written(
        tmp_path,
        f"""
        import os, pathlib, socket, subprocess
        detectors = ["a"]
        found = {{}}
        for name, attempt in {{
            "connect": lambda: socket.create_connection(("127.0.0.1", {listener.getsockname()[1]}), 1),
            "open": lambda: open("{target}", "w"),
            "append": lambda: open("{path_of(tmp_path)}", "a"),
            "low": lambda: os.open("{target}", os.O_WRONLY | os.O_CREAT),
            "pathlib": lambda: pathlib.Path("{target}").write_text("x"),
            "program": lambda: subprocess.run(["touch", "{target}"]),
            "system": lambda: os.system("touch {target}"),
            "remove": lambda: os.remove(__file__),
            "fork": lambda: os.fork(),
            "mkdir": lambda: os.mkdir("{target}"),
        }}.items():
            try:
                attempt()
                found[name] = "done"
            except Exception as error:
                found[name] = type(error).__name__
        def getROIs(run):
            return found
        """,
    )
    (result,) = cases(execute(path)).values()
    assert set(result.values()) == {"PermissionError"}, result
    assert not target.exists() and path.exists()
    with pytest.raises(TimeoutError):
        listener.accept()
    listener.close()


def path_of(tmp_path: Path) -> Path:
    return tmp_path / "prod_config_xpp.py"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("while True: pass", "longer than 2 s; it was stopped"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("x = 1 / 0", ":3: executing it fails: ZeroDivisionError"),
        ("import os; os._exit(7)", "status 7"),
        ("import os, signal; os.abort()", "signal SIGABRT"),
        ("x = bytearray(8 << 30)", "MemoryError"),
    ],
)
def test_failures_in_words(tmp_path, code, words):
    path = written(tmp_path, f"detectors = []\ndef getROIs(run): return {{}}\n{code}\n")
    with pytest.raises(ImportFailed) as failed:
        execute(path, seconds=2.0 if "while" in code else 30.0)
    assert words in str(failed.value)


def test_prints_do_not_disturb(tmp_path):
    path = written(tmp_path, "print('hello')\ndetectors = []\ndef getROIs(run):\n    print(run)\n    return {'a': 1}\n")
    assert cases(execute(path)) == {"all": {"a": 1}}


def test_too_many_results_are_no_ranges(tmp_path):
    path = written(tmp_path, "detectors = []\ndef getROIs(run):\n    return {'a': f'{run}'}\n")
    reading = execute(path)
    assert reading.functions["getROIs"].cases == ()
    assert any(i.kind == LOST and "--runs 1-200" in i.message for i in reading.items)
