"""What psana reads from a synthetic run is what was authored."""

import numpy as np
import pytest

from producer.synthetic import detectors, epics, experiment, physics

EVENTS = 32


@pytest.fixture(scope="module")
def epix():
    return physics.Epix100(0)


def column(found, name):
    return np.array([event[name] for event in found["events"]], float)


@pytest.mark.parametrize("run", [12, 13, 14])
def test_every_event_is_there_once_at_its_time(written, read, run):
    found = read(run)
    assert (found["expt"], found["runnum"]) == ("tmoc00126", run)
    assert [event["timestamp"] for event in found["events"]] == written[run].timestamps.tolist()
    assert len(found["events"]) == EVENTS


def test_detectors_and_their_data_types(read):
    kinds = {name: {a for n, a in read(12)["detinfo"] if n == name} for name, _ in read(12)["detinfo"]}
    assert kinds == {
        "timing": {"raw"},
        "triginfo": {"triginfo"},
        "ebeam": {"raw"},
        "gasdet": {"raw"},
        "pcav": {"raw"},
        "gmd": {"raw"},
        "xgmd": {"raw"},
        "TmoBmMon": {"raw"},
        "TmoUsbEncoder01": {"raw"},
        "tmo_atmopal": {"raw", "ttfex", "ttproj"},
        "epix100_0": {"raw"},
        "tmo_fim0": {"raw", "fex"},
        "hsd": {"raw"},
        "las_enc": {"raw"},
        "archon": {"raw"},
        "epicsinfo": {"epicsinfo"},
    }
    assert ("jungfrau1M", "raw") in read(14)["detinfo"]


def test_timing_beam_and_laser(written, read):
    found, shots = read(12), written[12].shots
    codes = np.array([event["timing.raw.eventcodes"] for event in found["events"]], bool)
    assert codes.shape == (EVENTS, 288)
    np.testing.assert_array_equal(codes[:, physics.LASER_ON_CODE], shots.laser)
    np.testing.assert_array_equal(codes[:, physics.LASER_OFF_CODE], ~shots.laser)
    np.testing.assert_array_equal(codes[:, physics.XRAY_CODE], shots.xray)
    np.testing.assert_array_equal(codes[:, physics.DROPPED_CODE], ~shots.xray)
    np.testing.assert_array_equal(column(found, "timing.raw.destination") == physics.SXR, shots.xray)
    assert set(np.diff(column(found, "timing.raw.pulseId"))) == {12}
    assert 0 < shots.xray.sum() < EVENTS and shots.laser.sum() == EVENTS // 2


def test_beam_and_gas(written, read):
    found, shots = read(12), written[12].shots
    np.testing.assert_array_equal(column(found, "gmd.raw.energy"), shots.energy)
    np.testing.assert_array_equal(column(found, "xgmd.raw.energy"), 0.8 * shots.energy)
    np.testing.assert_allclose(column(found, "gasdet.raw.f11ENRC"), shots.energy, rtol=0.06)
    np.testing.assert_array_equal(column(found, "TmoBmMon.raw.totalIntensityJoules"), 1e-3 * shots.energy)
    np.testing.assert_allclose(column(found, "ebeam.raw.ebeamPhotonEnergy"), 1800, atol=12)
    ain = np.array([event["TmoUsbEncoder01.raw._ain"] for event in found["events"]])
    np.testing.assert_array_equal(ain[:, 0] > 10000, shots.laser)
    assert found["events"][0]["TmoUsbEncoder01.raw.descriptions"] == ["delay", "theta", "ch2", "ch3"]


def test_camera_and_time_tool(written, read):
    found, shots = read(13), written[13].shots
    for i, event in enumerate(found["events"]):
        image, projection = physics.opal(shots, i)
        np.testing.assert_array_equal(event["tmo_atmopal.raw.raw"], image)
        np.testing.assert_array_equal(event["tmo_atmopal.raw.calib"], image.astype(np.float32) - physics.OPAL_DARK)
        np.testing.assert_array_equal(event["tmo_atmopal.ttproj.proj_sig"], projection)
    seen = shots.laser & shots.xray
    pixel, ps = column(found, "tmo_atmopal.ttfex.fltpos"), column(found, "tmo_atmopal.ttfex.fltpos_ps")
    np.testing.assert_array_equal(pixel, shots.edge())
    assert np.array_equal(pixel > 0, seen) and pixel.max() < physics.OPAL_SHAPE[1]
    np.testing.assert_allclose(ps[seen], shots.arrival[seen], atol=1e-12)
    np.testing.assert_array_equal(found["calib_poly"], physics.CALIB_POLY)


def test_the_edge_follows_the_delay_in_time_tool_and_picture(read):
    """A straight line through the scan, from psana's values alone."""
    found = read(13)
    delay = np.array([found["steps"][event["step"]]["lxt"] for event in found["events"]]) * 1e12
    pixel = column(found, "tmo_atmopal.ttfex.fltpos")
    slope, zero = np.polyfit(delay[pixel > 0], pixel[pixel > 0], 1)
    assert abs(slope - physics.PIXELS_PER_PS) < 5 and abs(zero - physics.PIXEL_AT_ZERO) < 5
    dark = [e for e, p in zip(found["events"], pixel, strict=True) if p == 0 and e["gmd.raw.energy"] != 0]
    assert max(event["tmo_atmopal.raw.raw"].max() for event in dark) < 30  # no laser, no light
    for event, expected in zip(found["events"], pixel, strict=True):
        if expected:
            trace = event["tmo_atmopal.ttproj.proj_sig"] - physics.OPAL_DARK
            light = np.exp(-(((np.arange(len(trace)) - 256) / 220) ** 2))
            step = np.convolve(trace / light, np.r_[-np.ones(20), np.ones(20)], "valid")
            assert abs(np.argmax(step) + 19.5 - expected) < 8


def test_area_detector_gives_kev(written, read, epix):
    found, shots = read(12), written[12].shots
    mask = epix.status == 0
    assert (~mask).sum() == 14
    for i, event in enumerate(found["events"]):
        frame = epix.frame(shots, i)
        np.testing.assert_array_equal(event["epix100_0.raw.raw"], frame)
        oracle = (frame.astype(float) - epix.pedestals) / epix.gain * mask
        np.testing.assert_allclose(event["epix100_0.raw.calib"], oracle, rtol=2e-5, atol=1e-5)


def test_ring_and_spot_are_seen(read):
    """From psana's calibrated frames alone: where the ring is, where the spot is, that both follow the energy."""
    frames = np.array([event["epix100_0.raw.calib"] for event in read(12)["events"]])
    energy = column(read(12), "gmd.raw.energy")
    mean = frames.mean(axis=0)
    row, col = np.unravel_index(mean.argmax(), mean.shape)
    assert abs(row - physics.SPOT[0]) < 5 and abs(col - physics.SPOT[1]) < 5
    y, x = np.indices(mean.shape)
    radius = np.hypot(y - physics.CENTRE[0], x - physics.CENTRE[1]).astype(int)
    profile = np.bincount(radius.ravel(), mean.ravel())[:330] / np.bincount(radius.ravel())[:330]
    assert abs(profile[100:].argmax() + 100 - physics.RING_RADIUS) < 4
    assert profile[217:224].mean() > 5 * profile[270:320].mean()
    spot, ring = frames[:, 197:227, 539:569].sum(axis=(1, 2)), frames[:, 322:382, 584:624].sum(axis=(1, 2))
    assert np.corrcoef(spot, energy)[0, 1] > 0.95
    assert np.corrcoef(ring, energy)[0, 1] > 0.95


def test_the_laser_weakens_the_spot(read):
    on, off = [], []
    for event in read(12)["events"]:
        if event["gmd.raw.energy"] > 0:
            spot = event["epix100_0.raw.calib"][197:227, 539:569].sum() / event["gmd.raw.energy"]
            (on if event["timing.raw.eventcodes"][physics.LASER_ON_CODE] else off).append(spot)
    assert np.mean(on) / np.mean(off) == pytest.approx(1 - physics.BLEACH, abs=0.03)


def test_wave8_digitiser_and_encoder(written, read):
    found, shots = read(13), written[13].shots
    for i, event in enumerate(found["events"]):
        traces, fex = physics.wave8(shots, i)
        np.testing.assert_array_equal(event["tmo_fim0.raw.raw_all"], np.stack(list(traces.values())))
        np.testing.assert_array_equal(event["tmo_fim0.fex.integral_all"], [fex[f"integral_{k}"] for k in range(8)])
        assert event["tmo_fim0.fex.intensity"] == fex["intensity"]
        waveform = physics.digitiser(shots, i)
        np.testing.assert_array_equal(event["hsd.raw.waveforms"][0][0], waveform)
        starts, peaks = event["hsd.raw.peaks"][0][0]
        assert [int(start) for start in starts] == [first for first, _ in physics.HSD_PEAKS]
        for (first, length), peak in zip(physics.HSD_PEAKS, peaks, strict=True):
            np.testing.assert_array_equal(peak, waveform[first : first + length])
    np.testing.assert_allclose(column(found, "las_enc.raw.value"), physics.stage_mm(shots))
    assert len(set(column(found, "las_enc.raw.value"))) == 8
    assert np.corrcoef(column(found, "tmo_fim0.fex.intensity"), shots.energy)[0, 1] > 0.99


def test_slow_detector(written, read):
    for i, event in enumerate(read(12)["events"]):
        raw = event["archon.raw.raw"]
        assert (raw is None) == (i % detectors.ARCHON_EVERY != detectors.ARCHON_EVERY - 1)
        if raw is not None:
            np.testing.assert_array_equal(raw, physics.archon(written[12].shots, i))


def test_pvs(written, read):
    found, listed = read(13), epics.pvs(45)
    assert found["epics"] == sorted([("StaleFlags", ""), *((pv.alias, pv.pv) for pv in listed)])
    for i, event in enumerate(found["events"]):
        sampled = max(i - i % 4, i - i % experiment.SLOW_EVERY)  # at the start of each of the 8 steps, too
        expected = epics.values(listed, written[13].shots, sampled)
        assert event["pvs"] == {alias: value for alias, value in expected.items() if alias != "StaleFlags"}
    assert len({event["pvs"]["lxt_vitara"] for event in found["events"]}) == 8
    assert {pv.type for pv in listed} == {np.float64, np.int32, str}


def test_two_thousand_pvs_have_names_of_their_own():
    listed = epics.pvs(2000)
    assert len({pv.alias for pv in listed}) == len({pv.pv for pv in listed}) == len(listed) == 2000
    assert 10 < sum(pv.stale for pv in listed) < 20
    assert 500 < sum(pv.alias == pv.pv for pv in listed) < 1200  # some have no alias
    flags = epics.values(listed, experiment.shots_of(12, "plain", 4, 0), 0)["StaleFlags"]
    assert sum(int(word).bit_count() for word in flags) == sum(pv.stale for pv in listed)


def test_scan(written, read):
    found = read(13)
    assert found["scan"] == ["lxt", "step_docstring", "step_value"]
    assert [step["step_value"] for step in found["steps"]] == list(range(8))
    np.testing.assert_allclose([step["lxt"] for step in found["steps"]], np.array(experiment.SCAN_DELAYS) * 1e-12)
    assert [event["step"] for event in found["events"]] == written[13].shots.step.tolist()
    assert read(12)["scan"] == [] and len(read(12)["steps"]) == 1


def test_what_is_missing_and_damaged(written, read):
    found, shots = read(14), written[14].shots
    jungfrau = physics.Jungfrau(0)
    missing = {"beam": 0, "panel": 0}
    for i, event in enumerate(found["events"]):
        gone = i % 7 == 3
        assert (event["gmd.raw.energy"] is None) == gone
        assert gone or event["gmd.raw.energy"] == shots.energy[i]
        missing["beam"] += gone
        frame = event["jungfrau1M.raw.raw"]
        if i % 2 or i % 5 == 2:
            assert frame is None and event["jungfrau1M.raw.calib"] is None
            missing["panel"] += i % 2 == 0
        else:
            expected = np.concatenate([jungfrau.panel(shots, i, s) for s in (0, 1)])
            np.testing.assert_array_equal(frame, expected)
            calib = event["jungfrau1M.raw.calib"]
            np.testing.assert_allclose(calib, (expected - 1000.0) / 40.0, atol=1e-5)
        assert event["damage"][detectors.OPAL] == (experiment.CORRUPTED if i % 11 == 4 else 0)
        if not gone:
            assert event["damage"][detectors.BEAM] == (experiment.TIMED_OUT if i % 10 == 1 else 0)
    assert missing == {"beam": 5, "panel": 3}
