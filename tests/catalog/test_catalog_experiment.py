from pathlib import Path

import pytest

from smdtui.catalog.experiment import ExperimentNotFound, list_experiments, resolve
from smdtui.site import Site


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.delenv("SMDTUI_RESULTS", raising=False)


@pytest.fixture
def site(tmp_path):
    for name in ("tmoc00126", "tmoc00127", "xpplx1225"):
        (tmp_path / "data" / name[:3] / name / "xtc").mkdir(parents=True)
    (tmp_path / "data" / "tmo" / "notes").mkdir()
    return Site("here", data_roots=(tmp_path / "more", tmp_path / "data"))


def test_under_the_data_roots(site, tmp_path):
    place = tmp_path / "data" / "tmo" / "tmoc00126"
    experiment = resolve(site, "tmoc00126")
    assert (experiment.name, experiment.directory) == ("tmoc00126", place / "xtc")
    assert (experiment.results, experiment.hdf5) == (place / "results" / "smdtui", place / "hdf5" / "smalldata")
    assert resolve(site, "TMOC00126") == experiment
    assert list_experiments(site) == ["tmoc00126", "tmoc00127", "xpplx1225"]


def test_an_unknown_one_names_the_roots_and_the_nearest(site, tmp_path):
    with pytest.raises(ExperimentNotFound) as caught:
        resolve(site, "tmoc0126")
    text = str(caught.value)
    assert f"looked in {tmp_path}/more/tmo, {tmp_path}/data/tmo; nearest: tmoc00126, tmoc00127" in text
    with pytest.raises(
        ExperimentNotFound, match=r"No experiment was named.*there are: tmoc00126, tmoc00127, xpplx1225"
    ):
        resolve(site, "")
    for trick in ("../tmo", "a/b"):
        with pytest.raises(ExperimentNotFound):
            resolve(site, trick)


def test_a_site_without_roots_says_why():
    with pytest.raises(ExperimentNotFound, match=r"names no data roots but \$SIT_PSDM_DATA, which is not set"):
        resolve(Site("here", skipped_roots=("$SIT_PSDM_DATA",)), "tmoc00126")


def test_a_folder_of_its_own_is_named_after_its_files(tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    assert resolve(Site("here"), "", dir=folder).name == "copy"
    (folder / "tmoc00126-r0001-s000-c000.xtc2").write_bytes(b"")
    assert resolve(Site("here"), "", dir=folder).name == "tmoc00126"
    assert resolve(Site("here"), "mine", dir=folder).name == "mine"
    with pytest.raises(ExperimentNotFound, match="There is no folder"):
        resolve(Site("here"), "", dir=tmp_path / "nowhere")


def test_where_results_go_when_not_beside_the_data(tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    folder.mkdir()

    def places(site=None, **options):
        found = resolve(site or Site("here"), "e", dir=folder, **options)
        return found.results, found.hdf5

    assert places() == (tmp_path / "share/smdtui/e/results", tmp_path / "share/smdtui/e/hdf5")
    site = Site("here", results=str(tmp_path / "site"))
    assert places(site) == (tmp_path / "site/e/results", tmp_path / "site/e/hdf5")
    monkeypatch.setenv("SMDTUI_RESULTS", str(tmp_path / "mine"))
    assert places(site) == (tmp_path / "mine/e/results", tmp_path / "mine/e/hdf5")
    assert places(site, results=tmp_path / "here") == (tmp_path / "here", tmp_path / "here/hdf5")


def test_data_that_cannot_be_written_beside(site, tmp_path, monkeypatch):
    import os

    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "data" not in Path(path).parts and real(path, mode))
    assert resolve(site, "tmoc00126").results == tmp_path / "share/smdtui/tmoc00126/results"
