"""The refit of the time tool's edge from images, with a running reference."""

import tracemalloc

import h5py
import numpy as np
import pytest

from producer import edge_fit
from producer.defaults import edge, timetool
from producer.event_loop import tried
from producer.plan import effective, load

RNG = np.random.default_rng(88)
PIXELS = np.arange(300)


def step(place, depth=0.3, width=6.0):
    return 1 - depth / (1 + np.exp(-(PIXELS - place) / width))


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize("length", [30, 41])
def test_the_position_is_that_of_the_edge(rising, length):
    half = length // 2
    weights = np.concatenate([np.ones(half), np.zeros(length % 2), -np.ones(half)])
    height = abs(np.convolve(weights, step(150), "same")[half + 50 : -half - 50]).max()
    for place in RNG.uniform(80, 220, 20):
        trace = step(place) + RNG.normal(0, 0.002, 300)
        position, amplitude, width = edge_fit.fit(2 - trace if rising else trace, weights, rising)
        assert position == pytest.approx(place, abs=1.5)
        assert amplitude == pytest.approx(height, rel=0.05)
        assert 10 < width < 60


def test_the_parabola_is_numpys():
    """Step by step, with the names of the formula."""
    weights = np.hanning(40) * np.linspace(1, -1, 40)
    trace = step(133.3) + RNG.normal(0, 0.005, 300)
    f0 = np.convolve(weights, trace, "same")
    f = f0[20:-21]
    m = int(f.argmin())
    x = np.arange(m - 4, m + 4)
    p = np.polyfit(x, f[m - 4 : m + 4], 2)
    vertex = -p[1] / 2 / p[0]
    position, amplitude, _ = edge_fit.fit(trace, weights, False)
    assert position == pytest.approx(vertex + 20)
    assert amplitude == pytest.approx(abs(f[-25:].mean() - np.polyval(p, vertex)))


def test_no_edge_is_zero():
    assert edge_fit.fit(np.ones(300), np.repeat([1.0, -1.0], 15), False) == (0.0, 0.0, 0.0)


def slow_reference(shots, fresh, share):
    first = next(i for i, yes in enumerate(fresh) if yes)
    reference, found = shots[first].copy(), []
    for shot, yes in zip(shots, fresh):
        if yes:
            reference = [s * share + r * (1 - share) for s, r in zip(shot, reference)]
        found.append(list(reference))
    return found


@pytest.mark.parametrize("together", [30, 7, 1])
@pytest.mark.parametrize("laser", [True, False])
@pytest.mark.parametrize("share", [1.0, 0.3])
def test_the_reference_runs_over_the_shots_without_x_rays(tmp_path, monkeypatch, laser, share, together):
    monkeypatch.setattr(edge_fit, "BATCH_BYTES", together * 300 * 8)
    monkeypatch.setattr(edge_fit, "CHUNK_BYTES", 1)
    np.save(tmp_path / "w.npy", np.repeat([1.0, -1.0], 15))
    events = 30
    light = 500 * np.exp(-(((PIXELS - 150) / 120) ** 2)) * (1 + 0.2 * RNG.random((events, 1)))
    places = RNG.uniform(100, 200, events)
    xray, lasers = np.arange(events) % 5 != 3, np.arange(events) % 7 != 6
    signal = np.where(xray[:, None], light * np.array([step(p) for p in places]), light) + 20
    signal[4] = np.nan
    given = edge.Parameters(
        str(tmp_path / "w.npy"), ((0, 9), (0, 300)), sideband=((10, 19), (0, 300)), reference_share=share
    )
    assert not list(given.check())
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["ttRaw/tt_signal"], file["ttRaw/tt_sideband"] = signal.astype("f4"), np.full((events, 300), 20, "f4")
        file["lightStatus/xray"] = xray.astype(int)
        if laser:
            file["lightStatus/laser"] = lasers.astype(int)
        alive, wanted = [], timetool.Parameters(calibration=(1.0, 2.0, 0.5), refit=given)
        assert edge_fit.refit(file, wanted, lambda: alive.append(1)) == [] and len(alive) == events
        fresh = ~xray & (lasers if laser else True)
        wanted = slow_reference(signal.astype("f4").astype(float), fresh, share)
        assert file["ttRaw/tt_reference"][:] == pytest.approx(np.array(wanted), nan_ok=True)
        lit = xray & (lasers if laser else True) & (np.arange(events) != 4)
        assert file["ttRaw/pos"][:][lit] == pytest.approx(places[lit], abs=3)
        dark = ~xray | ((~lasers) if laser else False)
        assert (file["ttRaw/pos"][:][dark] == 0).all() and (file["ttRaw/pos_ps"][:][dark] == 0).all()
        assert np.isnan(file["ttRaw/pos"][4])
        px = file["ttRaw/pos"][:][lit]
        assert file["ttRaw/pos_ps"][:][lit] == pytest.approx(1 + 2 * px + 0.5 * px**2)


def test_the_memory_of_a_refit_does_not_grow_with_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(edge_fit, "BATCH_BYTES", 1 << 19)
    np.save(tmp_path / "w.npy", np.repeat([1.0, -1.0], 15))
    given = edge.Parameters(str(tmp_path / "w.npy"), ((0, 9), (0, 500)), reference=((9, 20), (0, 500)))
    shots = np.arange(4000, dtype="f4")[:, None] + np.zeros(500, "f4")
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file["ttRaw/tt_signal"], file["ttRaw/tt_reference_shot"] = shots, shots
        file["lightStatus/xray"] = np.arange(4000) % 2
        file["lightStatus/laser"] = np.zeros(4000)
        file["lightStatus/laser"][3998] = 1
        tracemalloc.start()
        assert edge_fit.refit(file, timetool.Parameters(refit=given)) == []
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 4 << 20 < shots.nbytes
        assert (file["ttRaw/tt_reference"][:] == 3998).all() and not file["ttRaw/pos"][:].any()


@pytest.mark.parametrize(
    ("have", "words"), [([], "not known"), (["lightStatus/xray"], "no image"), (["lightStatus/xray", "x"], "no shot")]
)
def test_what_lacks_is_said(tmp_path, have, words):
    np.savetxt(tmp_path / "w.txt", [1, 1, -1, -1])
    given = edge.Parameters(str(tmp_path / "w.txt"), ((0, 9), (0, 300)))
    with h5py.File(tmp_path / "f.h5", "w") as file:
        for name in have:
            file["ttRaw/tt_signal" if name == "x" else name] = np.ones((4, 300) if name == "x" else 4)
        [problem] = edge_fit.refit(file, timetool.Parameters(refit=given))
        assert words in problem.message and problem.severity == "error"


class Camera:
    """Of 100 x 300 pixels; it gives nothing in the event None."""

    detector = "opal"
    parts = staticmethod(lambda event: event)
    raw = staticmethod(lambda event: np.full(event, 7, np.uint16))


@pytest.mark.parametrize(
    ("regions", "keys", "words"),
    [
        ({"signal": ((0, 9), (0, 300))}, [], ""),
        ({"signal": ((90, 110), (0, 300))}, ["signal"], "[90, 110) on axis 0 ends beyond its 100 pixels"),
        ({"signal": ((200, 210), (0, 300))}, ["signal"], "[200, 210) on axis 0 ends beyond its 100 pixels"),
        ({"signal": ((0, 9), (200, 500))}, ["signal"], "[200, 500) on axis 1 ends beyond its 300 pixels"),
        ({"signal": ((0, 9), (0, 9)), "sideband": ((98, 101), (0, 9)), "reference": ((0, 1), (292, 301))}, 2, "beyond"),
    ],
)
def test_regions_outside_the_cameras_image_are_refused(tmp_path, regions, keys, words):
    keys = ["sideband", "reference"] if keys == 2 else keys
    text = "format = 1\n[timetool.refit]\nweights = '/w.npy'\n"
    text += "".join(f"{name} = {[list(axis) for axis in region]}\n" for name, region in regions.items())
    (tmp_path / "p.toml").write_text(text)
    plan = effective(load(tmp_path / "p.toml"), 1)
    traces = timetool.Traces(Camera, Camera, edge.Parameters("/w.npy", **regions))
    assert tried([traces], None, plan) == ([traces], []) and traces.event(None) is None
    waiting, found = tried([traces], (100, 300), plan)
    assert waiting == [] and [problem.line for problem in found] == [4 + list(regions).index(key) for key in keys]
    assert all(words in problem.message and problem.message.startswith("opal: ") for problem in found)
    if keys:
        with pytest.raises(ValueError, match="ends beyond its"):
            traces.event((100, 300))
    else:
        assert traces.event((100, 300))["ttRaw/tt_signal"].tolist() == [7] * 300
        with pytest.raises(ValueError, match="ends beyond its 299 pixels"):
            traces.event((100, 299))


def test_regions_are_checked():
    wrong = edge.Parameters("/w.npy", ((0, 9), (0, 300)), sideband=((9, 3), (0, 200)))
    found = {path: words for path, words, _ in wrong.check()}
    assert "empty" in found["sideband", 0] and "200 columns wide, signal 300" in found["sideband", 1]
