"""`smdtui import`."""

import json
from pathlib import Path

import pytest

from producer.plan import check
from smdtui.cli import main

CONFIGS = Path(__file__).parent / "configs"
XPP = str(CONFIGS / "prod_config_xpp.py")


def test_writes_a_profile_and_reports(tmp_path, capsys):
    output = tmp_path / "xpp.toml"
    assert main(["import", XPP, "-o", str(output)]) == 0
    said = capsys.readouterr().out
    assert f"{XPP}: a configuration for LCLS-II, read without executing it" in said
    assert "carried over: 84 values in 23 sections of 7 detectors" in said
    assert "not carried over: 7\n" in said and f"  {XPP}:74: get_azav_pyfai epix_1 azav_kwargs: " in said
    assert f"written: {output}" in said
    assert check(output)[1] == []
    assert main(["check", str(output)]) == 0
    assert [p.name for p in tmp_path.iterdir()] == ["xpp.toml"]


def test_prints_the_profile_and_reports_beside_it(capsys):
    assert main(["import", XPP]) == 0
    said = capsys.readouterr()
    assert check("profile.toml", said.out)[1] == []
    assert "not carried over: 7" in said.err


def test_never_overwrites(tmp_path, capsys):
    output = tmp_path / "mine.toml"
    output.write_text("precious")
    assert main(["import", XPP, "-o", str(output)]) == 1
    assert output.read_text() == "precious" and "is there already" in capsys.readouterr().err
    link = tmp_path / "dangling.toml"
    link.symlink_to(tmp_path / "elsewhere")
    assert main(["import", XPP, "-o", str(link)]) == 1
    assert not (tmp_path / "elsewhere").exists()


def test_nothing_is_written_when_it_fails(tmp_path, capsys):
    bad = tmp_path / "prod_config_xpp.py"
    bad.write_text("def getROIs(run:\n")
    assert main(["import", str(bad), "-o", str(tmp_path / "out.toml")]) == 1
    assert f"{bad}:1: not Python 3" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "gone.py"), "-o", str(tmp_path / "out.toml")]) == 1
    assert "gone.py" in capsys.readouterr().err
    assert main(["import", XPP, "-o", str(tmp_path / "no" / "out.toml")]) == 1
    assert "Traceback" not in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["prod_config_xpp.py"]


def test_strict(tmp_path, capsys):
    assert main(["import", XPP, "--strict", "-o", str(tmp_path / "lost.toml")]) == 1
    assert (tmp_path / "lost.toml").exists()
    whole = tmp_path / "prod_config_rix.py"
    whole.write_text("detectors = ['a']\ndef getROIs(run): return {'a': [{'ROI': [0, 9]}]}\n")
    assert main(["import", str(whole), "--strict", "-o", str(tmp_path / "whole.toml")]) == 0


def test_json(tmp_path, capsys):
    assert main(["import", XPP, "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert check("profile.toml", table["profile"])[1] == []
    assert (table["generation"], table["carried"], table["output"]) == ("lcls2", 84, None)
    lost = [item for item in table["items"] if item["kind"] == "lost"]
    assert {"line": 74, "path": ["get_azav_pyfai", "epix_1", "azav_kwargs"], "runs": "10-"}.items() <= lost[1].items()


def test_execute_runs_and_prove(tmp_path, capsys):
    path = tmp_path / "prod_config_ued.py"
    path.write_text("detectors = ['a']\ndef get_wf_svd(run):\n    return {'a': {'basis_file': f'/data/r{run}.h5'}}\n")
    assert main(["import", str(path), "--prove"]) == 0
    said = capsys.readouterr()
    assert "--runs 1-200" in said.err and "# [[runs.all.a.svd]]" in said.out
    assert main(["import", str(path), "--runs", "3-4"]) == 0
    text = capsys.readouterr().out
    assert "[[runs.3.a.svd]]" in text and 'basis_file = "/data/r4.h5"' in text
    assert main(["import", str(path), "--execute"]) == 0
    capsys.readouterr()
    for runs in ("3-", "x"):
        assert main(["import", str(path), "--runs", runs]) == 1
        assert "--runs" in capsys.readouterr().err


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["import", "--help"])
    assert ended.value.code == 0
    assert "smdtui import prod_config_xpp.py -o xpp.toml" in capsys.readouterr().out
