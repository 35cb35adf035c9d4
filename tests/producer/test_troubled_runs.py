"""Real productions of runs in which much goes wrong: each ends complete and verified, or under its unfinished name with
a verdict that says what happened."""

import sys

import author_troubled as author
import damage
import numpy as np
import pytest
import tomllib
from producing import HERE, produce, run

from smdtui.jobs.cause import failure_cause

PROFILE = """
format = 1
[epics]
per_event = ["motor", "count", "sample"]
[runs.all.cam]
sums = ["calib", "calib_max", "calib_thresADU120"]
[[runs.all.cam.roi]]
region = [[0, 10], [0, 20]]
save_pixels = true
[[runs.all.cam.projection]]
[[runs.all.cam.spectrum]]
low = 90.0
high = 200.0
bins = 11
[runs.all.cam.droplet]
threshold = 140.0
use_rms = false
[runs.all.cam.droplet.sparsify]
[runs.all.cam.droplet.photons]
photon = 60.0
[runs.all.cam.photon_counting]
photon = 60.0
save_image = true
"""
EVENTS, HALF = author.EVENTS, author.HALF
SEVERAL = [1, pytest.param(4, marks=pytest.mark.long)]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("troubled")
    status, said = run([sys.executable, HERE / "author_troubled.py", folder], PS_PARALLEL="none")
    assert status == 0, said
    return folder


def produced(folder, runs, number, ranks, *wrapper):
    (folder / "p.toml").write_text(PROFILE)
    more = ("--job", folder / "job")
    return produce(
        author.EXPERIMENT, number, runs, folder / "p.toml", folder / "o.h5", *more, ranks=ranks, wrapper=wrapper
    )


def verdict(folder):
    return tomllib.loads((folder / "job" / "verdict.toml").read_text())


def unfinished(folder):
    return not (folder / "o.h5").exists() and (folder / "o.h5.inprogress").exists()


@pytest.mark.parametrize("ranks", SEVERAL)
def test_a_detector_that_changes_shape_at_a_step(runs, tmp_path, ranks):
    done = produced(tmp_path, runs, author.SHAPE, ranks)
    assert done.status == 1 and unfinished(tmp_path)
    words = f"cam: shape in {HALF} events, first at "
    assert words in done.said and ": 20 x 24 pixels, 16 x 24 in the events before" in done.said
    told = verdict(tmp_path)
    assert told["verdict"] == "failed" and told["events"] == EVENTS
    assert [p["kind"] for p in told["problems"] if p["severity"] == "error"] == ["shape"]


@pytest.mark.parametrize("ranks", SEVERAL)
def test_pvs_that_are_no_longer_recorded(runs, tmp_path, ranks):
    """As psana does, the last value is looked for in 10 slow updates; then there is none, and that is said."""
    done = produced(tmp_path, runs, author.GONE, ranks)
    assert done.status == 0, done.said
    last = HALF - author.SLOW
    until = last + 10 * author.SLOW
    for name in ("motor", "count", "sample"):
        assert f"WARNING {name}.epicsUser: missing in {EVENTS - until} events, first at " in done.said
    with done.file() as file:
        motor, count, sample = (file[f"epicsUser/{name}"] for name in ("motor", "count", "sample"))
        expected = [author.values(min(i // 10 * 10, last)) for i in range(EVENTS)]
        assert motor[:until].tolist() == [value[0] for value in expected[:until]]
        assert sample.asstr()[:until].tolist() == [value[2] for value in expected[:until]]
        assert np.isnan(motor[until:]).all() and (count[until:] == -99999).all()
        assert set(sample.asstr()[until:]) == {""}


def test_a_pv_that_does_not_answer(runs, tmp_path):
    done = produced(tmp_path, runs, author.STALE, 1)
    assert done.status == 0, done.said
    assert f"WARNING motor.epicsUser: stale in {HALF} events, first at " in done.said
    assert "count.epicsUser" not in done.said
    assert [p["kind"] for p in verdict(tmp_path)["problems"] if p["detector"] == "motor"] == ["stale"]
    with done.file() as file:
        assert file["epicsUser/motor"][HALF:].tolist() == [0.0] * HALF  # as recorded


@pytest.mark.parametrize("ranks", SEVERAL)
def test_nan_infinite_and_saturated_pixels(runs, tmp_path, ranks):
    done = produced(tmp_path, runs, author.PIXELS, ranks)
    assert done.status == 0 and "Traceback" not in done.said and "RuntimeWarning" not in done.said, done.said
    frames = np.array([author.frame(author.PIXELS, i) for i in range(EVENTS)])
    region = frames[:, :10, :20]
    with np.errstate(all="ignore"):
        sums = region.sum(axis=(1, 2), dtype=float)
        photons = np.where(np.isfinite(frames), np.floor(np.where(np.isfinite(frames), frames, 0) / 60), 0)
    with done.file() as file:
        assert np.array_equal(file["cam/ROI_area"][:], region, equal_nan=True)
        assert np.array_equal(file["cam/ROI_sum"][:], sums, equal_nan=True)
        image = file["cam/photon_img"][:]
        assert ((image == photons) | (image == photons + 1)).all() and image.max() == 65535 // 60
        assert file["cam/photon_nPhot"][:].tolist() == image.sum(axis=(1, 2)).tolist()
        inside = (frames >= 90) & (frames < 200)
        assert file["cam/spectrum_histogram"][:].sum(axis=1).tolist() == inside.sum(axis=(1, 2)).tolist()
        assert np.isnan(file["Sums/cam_calib"][:]).all()  # every tenth frame is NaN throughout
    assert verdict(tmp_path)["nan_share"]["cam/ROI_sum"] == 1.0


def test_constants_that_are_nan_are_said(runs, tmp_path):
    folder = tmp_path / "calib" / "cam"
    folder.mkdir(parents=True)
    pedestals = np.full(author.SMALL, 10, np.float32)
    pedestals[2, :3] = np.nan
    np.save(folder / "pedestals.npy", pedestals)
    (tmp_path / "p.toml").write_text("format = 1\n[[runs.all.cam.roi]]\nsave_pixels = true\n")
    more = ("--calib", tmp_path / "calib", "--events", 20)
    done = produce(author.EXPERIMENT, author.GONE, runs, tmp_path / "p.toml", tmp_path / "o.h5", *more)
    assert done.status == 0, done.said
    words = "WARNING cam: constants: its constants are NaN or infinite: pedestals in 3 of 384 values; so are its pixels"
    assert words in done.said
    with done.file() as file:
        assert np.array_equal(np.isnan(file["cam/ROI_area"][7]), np.isnan(pedestals))


@pytest.mark.long
@pytest.mark.parametrize("ranks", [1, 4])
def test_a_rank_that_raises_in_event_100(runs, tmp_path, ranks):
    done = produced(tmp_path, runs, author.GONE, ranks, HERE / "faulty.py", "raise in event 100")
    assert done.status == 1 and not (tmp_path / "o.h5").exists()
    assert "RuntimeError: it is event 100" in done.said and "verdict: failed" in done.said
    assert all(path.name.startswith("o.h5.inprogress") for path in tmp_path.glob("o.h5*"))
    told = verdict(tmp_path)
    assert told["verdict"] == "failed" and "RuntimeError: it is event 100" in told["problems"][0]["message"]


CRASHES = [
    ("SIGSEGV", 1),
    pytest.param("SIGABRT", 3, marks=pytest.mark.long),
    pytest.param("SIGABRT", 1, marks=pytest.mark.long),
    pytest.param("SIGSEGV", 4, marks=pytest.mark.long),
    pytest.param("SIGKILL", 4, marks=pytest.mark.long),
]


@pytest.mark.parametrize(("crash", "ranks"), CRASHES)
def test_a_crash_in_event_100_has_a_cause_in_words(runs, tmp_path, crash, ranks):
    """As when psana aborts: no process is left to write a verdict, so the job's log and exit status tell."""
    done = produced(tmp_path, runs, author.GONE, ranks, HERE / "faulty.py", f"{crash} in event 100")
    status = done.status if done.status > 0 else 128 - done.status  # as the shell says it
    assert status not in (0, 1) and not (tmp_path / "o.h5").exists()
    assert all(path.name.startswith("o.h5.inprogress") for path in tmp_path.glob("o.h5*"))
    cause = failure_cause({"status": status, "ranks": ranks}, done.said)
    assert ("SIGKILL" if crash == "SIGKILL" else "psana or a library crashed, often on damaged data") in cause


# kind of damage -> bytes from the begin of the event on, and what is written there; the event has, one after the other,
# a header of 24 bytes, three Xtc of 12 with the arrays' sizes (20) behind the second, and the pixels
CORRUPT = {
    "the header of the event": (0, b"\xff" * 8),
    "an undeclared detector": (24, b"\x77\x07\x00\x00"),
    "sizes longer than the event": (24 + 12 + 8, (1 << 30).to_bytes(4, "little")),
    "an array of billions": (24 + 24, (60000).to_bytes(4, "little") * 2),
    "data longer than the event": (24 + 24 + 20 + 8, (1 << 30).to_bytes(4, "little")),
}


@pytest.mark.parametrize("ranks", SEVERAL)
@pytest.mark.parametrize("kind", CORRUPT)
def test_a_corrupt_datagram_in_the_middle_is_refused(runs, tmp_path, kind, ranks):
    """Before psana, which would abort or crash, opens the run."""
    folder = damage.copy(runs, tmp_path / "xtc", author.GONE)
    data = damage.bigdata(folder, author.GONE, 0)
    at, _ = damage.event(data, HALF)
    damage.patch(data, at + CORRUPT[kind][0], CORRUPT[kind][1])
    done = produced(tmp_path, folder, author.GONE, ranks)
    assert done.status == 1 and not list(tmp_path.glob("o.h5*"))
    assert data.name in done.said and f"at byte {at}" in done.said
    assert "is damaged, so that psana would lose events or crash. Nothing was written." in done.said
    told = verdict(tmp_path)
    assert told["verdict"] == "failed" and data.name in told["problems"][0]["message"]
    assert f"at byte {at}" in told["problems"][0]["message"]
