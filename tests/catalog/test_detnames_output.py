"""The output of both programs called detnames; written here from their documented formats."""

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producer.configure import read_names
from producer.run_files import find_run
from smdtui.catalog import detnames
from smdtui.catalog.experiment import Experiment
from smdtui.catalog.names import ask_names
from smdtui.catalog.probe_process import ProbeFailed
from smdtui.environment import Environment
from smdtui.site import Site

LCLS1 = """\
-----------------------------------------------------------------------
Full Name                              | DAQ Alias    | User Alias
-----------------------------------------------------------------------
NoDetector.0:Evr.0                     | evr0         |
XppEndstation.0:Opal1000.1             | opal_1       | timetool
XppGon.0:Epix100a.1                    | epix_1       |
EBeam                                  |              |
ControlData                            |              |
-----------------------------------------------------------------------
"""
LCLS1_EPICS = """\
-----------------------------------------------------------------------
Full Name                              | DAQ Alias    | User Alias
-----------------------------------------------------------------------
XPP:USR:MMS:01.RBV                     | sam_x        |
XPP:USR:MMS:02.RBV                     | sam_y        | height
LAS:FS3:VIT:FS_TGT_TIME_DIAL           |              |
-----------------------------------------------------------------------
"""
LCLS2 = """\
some library says hello
-------------------------
Name        | Data Type
-------------------------
epix_1      | raw
hsd         | fex
hsd         | raw
-------------------------
"""
LCLS2_EPICS = """\
-------------------------------
Detector Name | Epics Name
-------------------------------
StaleFlags    |
sam_x         | XPP:USR:MMS:01.RBV
-------------------------------
"""
EMPTY = "----------------\nName | Data Type\n----------------\n----------------\n"


def test_lcls1():
    found = detnames.detectors(LCLS1)
    assert [(d["name"], d["type"], d["full_name"]) for d in found] == [
        ("evr0", "Evr", "NoDetector.0:Evr.0"),
        ("timetool", "Opal1000", "XppEndstation.0:Opal1000.1"),
        ("epix_1", "Epix100a", "XppGon.0:Epix100a.1"),
        ("EBeam", "", "EBeam"),
        ("ControlData", "", "ControlData"),
    ]
    assert detnames.epics(LCLS1_EPICS) == [
        {"alias": "sam_x", "pv": "XPP:USR:MMS:01.RBV"},
        {"alias": "height", "pv": "XPP:USR:MMS:02.RBV"},
        {"alias": "LAS:FS3:VIT:FS_TGT_TIME_DIAL", "pv": "LAS:FS3:VIT:FS_TGT_TIME_DIAL"},
    ]


def test_lcls2():
    assert [(d["name"], d["data_types"]) for d in detnames.detectors(LCLS2)] == [
        ("epix_1", ["raw"]),
        ("hsd", ["fex", "raw"]),
    ]
    assert detnames.epics(LCLS2_EPICS) == [
        {"alias": "StaleFlags", "pv": ""},
        {"alias": "sam_x", "pv": "XPP:USR:MMS:01.RBV"},
    ]
    assert detnames.scan(EMPTY) == [] and detnames.is_table(EMPTY)


def test_the_argument_of_each():
    assert detnames.source("xpplv2318", 41, 1) == "exp=xpplv2318:run=41"
    assert detnames.source("xpplv2318", 41, 2, "/data/xtc") == "exp=xpplv2318,run=41,dir=/data/xtc"


def test_what_is_no_table():
    with pytest.raises(ProbeFailed, match=r"printed no table for run 41: Segmentation fault"):
        detnames.answer("e", 41, {"": "starting\nSegmentation fault\n"})
    assert detnames.why(1, "Traceback\n  x\nKeyError: 'run'\n") == "detnames ended with exit status 1: KeyError: 'run'"
    assert detnames.why(-11, "") == "detnames died of SIGSEGV (Segmentation fault)."


@given(st.text(max_size=300))
def test_no_output_is_too_strange(text):
    for read in (detnames.detectors, detnames.epics, detnames.scan):
        assert isinstance(read(text), list)


NAME = st.text("abcXYZ019_:.-", min_size=1, max_size=20).filter(lambda n: set(n) - set("-="))


@given(st.lists(st.tuples(NAME, st.text("abc_", max_size=8), st.text("xyz_", max_size=8)), max_size=20))
def test_every_row_that_is_printed_is_read(rows):
    width = max([len(full) for full, _, _ in rows] or [1])
    lines = [f"{full:{width}} | {daq:8} | {user:8}" for full, daq, user in rows]
    text = "\n".join(["-" * 40, f"{'Full Name':{width}} | DAQ Alias | User Alias", "-" * 40, *lines, "-" * 40])
    assert detnames.epics(text) == [{"alias": user or daq or full, "pv": full} for full, daq, user in rows]


def program(folder, body):
    path = folder / "detnames"
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return f"export PATH={folder}:$PATH"


def test_a_hutch_of_lcls1_is_asked_by_its_own_program(tmp_path):
    xtc = tmp_path / "xtc"
    xtc.mkdir()
    (xtc / "e1234-r0041-s00-c00.xtc").write_bytes(b"x")
    os.utime(xtc / "e1234-r0041-s00-c00.xtc", (1.7e9, 1.7e9))
    (tmp_path / "e").write_text(LCLS1_EPICS)
    (tmp_path / "d").write_text(LCLS1)
    setup = program(tmp_path, f'printf "%s\\n" "$*" >> {tmp_path}/asked; [ "$1" = -e ] && exec cat {tmp_path}/e; '
                    f'[ "$1" = -s ] && exit 2; exec cat {tmp_path}/d')  # fmt: skip
    site = Site("test", hutches={"xpp": Environment(setup, "python", "detnames1")})
    experiment = Experiment("xpplv2318", xtc, tmp_path, tmp_path)
    found = ask_names(site, experiment, 41)
    assert [d["name"] for d in found["detectors"]] == ["evr0", "timetool", "epix_1", "EBeam", "ControlData"]
    assert [e["alias"] for e in found["epics"]] == ["sam_x", "height", "LAS:FS3:VIT:FS_TGT_TIME_DIAL"]
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["exp=xpplv2318:run=41", "-e exp=xpplv2318:run=41", "-s exp=xpplv2318:run=41"]
    assert ask_names(site, experiment, 41) == found
    assert len((tmp_path / "asked").read_text().splitlines()) == 3, "it is remembered"
    with pytest.raises(ProbeFailed, match=r"There is no run 42 in .*/xtc: nearest is 41\."):
        ask_names(site, experiment, 42)


def test_a_program_that_fails_says_why(tmp_path):
    (tmp_path / "e1234-r0041-s00-c00.xtc").write_bytes(b"x")
    site = Site("test", environment=Environment(program(tmp_path, "echo KeyError: 41 >&2; exit 1"), "", "detnames1"))
    with pytest.raises(ProbeFailed, match="exit status 1: KeyError: 41"):
        ask_names(site, Experiment("xpplv2318", tmp_path, tmp_path, tmp_path), 41)


def test_a_list_that_fails_is_a_problem_and_is_asked_for_again(tmp_path):
    (tmp_path / "e1234-r0041-s00-c00.xtc").write_bytes(b"x")
    (tmp_path / "d").write_text(LCLS1)
    setup = program(
        tmp_path,
        f'echo >> {tmp_path}/asked; [ "$1" = -e ] && {{ echo Error: no >&2; exit 1; }}; exec cat {tmp_path}/d',
    )
    site = Site("test", environment=Environment(setup, "", "detnames1"))
    experiment = Experiment("xpplv2318", tmp_path, tmp_path, tmp_path)
    found = ask_names(site, experiment, 41)
    assert found["detectors"] and not found["epics"]
    assert found["problems"] == ["detnames -e gave no list: detnames ended with exit status 1: Error: no"]
    asked = (tmp_path / "asked").read_text()
    ask_names(site, experiment, 41)
    assert (tmp_path / "asked").read_text() == 2 * asked


def test_psanas_own_program_on_real_files(written, tmp_path, monkeypatch):
    """The real detnames prints what our own reader finds."""
    pytest.importorskip("psana")
    code = (
        "import sys, psana.psexp.ds_base as b; b.DataSourceBase._get_file_info_from_db = lambda s, r: {}\n"
        "import psana.pscalib.calib.MDBWebUtils as w; w.calib_constants_all_types = lambda *a, **k: {}\n"
        "from psana.app.detnames import detnames; detnames()"
    )
    (tmp_path / "run.py").write_text(code)
    import sys

    setup = program(tmp_path, f'exec {sys.executable} {tmp_path}/run.py "$@"')
    monkeypatch.setenv("PS_PARALLEL", "none")
    environment = Environment(setup, sys.executable, "detnames2")
    found = detnames.ask_detnames(environment, "tmoc00126", 13, str(written[13].directory), 60)
    ours = read_names(find_run(written[13].directory, 13)).as_json()
    assert [(d["name"], d["data_types"]) for d in found["detectors"]] == [
        (d["name"], d["data_types"]) for d in ours["detectors"]
    ]
    assert found["epics"] == [{"alias": e["alias"], "pv": e["pv"]} for e in ours["epics"]]
    assert [s["name"] for s in found["scan"]] == [s["name"] for s in ours["scan"]]
