"""The fit with an SVD basis against numpy's least squares, and the basis it is made of."""

import h5py
import numpy as np
import pytest

from producer import svd_basis
from producer.analysis import svd
from producer.detector_context import Lacking

RNG = np.random.default_rng(28)
SAMPLES = 300
TIME = np.arange(SAMPLES)


def pulse(place, height=1.0, width=9.0):
    return height * np.exp(-(((TIME - place) / width) ** 2))


@pytest.fixture(scope="module")
def produced(tmp_path_factory):
    """A file with waveforms of 4 channels, one event without."""
    path = tmp_path_factory.mktemp("svd") / "run.h5"
    waves = np.stack([[pulse(80, h, 9 + c) + 500 for c in range(4)] for h in RNG.uniform(100, 900, 60)])
    waves = waves + RNG.normal(0, 1, waves.shape)
    waves[7] = np.nan
    with h5py.File(path, "w") as file:
        file["fim/all"], file["fim/one"] = waves, waves[:, 2]
    return path


@pytest.fixture(scope="module")
def basis(produced):
    path = produced.with_name("basis.h5")
    words = [str(produced), "fim/all", "-o", str(path), "--channel", "2", "--region", "20", "260", "--background", "20"]
    assert svd_basis.main(words) == 0
    return path


def fit(parameters, frame):
    computation = svd.Computation(parameters, "fim", frame.shape, frame.dtype)
    frame.setflags(write=False)
    values = computation.event(frame, 1)
    assert set(values) == set(svd.promises(parameters, "fim")) == {c.path for c in computation.columns}
    for column in computation.columns:
        assert np.shape(values[column.path]) == column.shape
    return {path.rpartition("_")[2]: value for path, value in values.items()}


@pytest.mark.parametrize("components", [1, 3])
@pytest.mark.parametrize("delays", [(), (40,), (0, 40), (0, 60.0, 90)])
@pytest.mark.parametrize("mode", ["max", "norm", "both"])
def test_equals_least_squares(basis, components, delays, mode):
    pulses = {0: 1, 1: 2}.get(len(delays), len(delays))
    parameters = svd.Parameters(
        str(basis), components=components, pulses=pulses, delays=delays, mode=mode, save_reconstructed=True
    )
    frame = RNG.normal(500, 2, (4, SAMPLES)) + pulse(80, 400) + pulse(120, 250)
    values = fit(parameters, frame.copy())
    with h5py.File(basis) as file:
        single = file["components"][:components]
    shifts = {0: [0], 1: [0, *delays]}.get(len(delays), delays)
    columns = []
    for shift in shifts:
        for component in single:
            moved = np.zeros(240)
            moved[int(shift) :] = component[: 240 - int(shift)]
            columns.append(moved)
    matrix = np.array(columns).T
    wave = frame[2, 20:260] - frame[2, :20].mean()
    coefficients = np.linalg.lstsq(matrix, wave, rcond=None)[0]
    assert values["coefficients"] == pytest.approx(coefficients, rel=1e-8, abs=1e-8)
    assert values["reconstructed"] == pytest.approx(matrix @ coefficients, rel=1e-8, abs=1e-8)
    rest = wave - matrix @ coefficients
    assert values["score"] == pytest.approx(1 - rest.var() * 1 / wave.var() - rest.mean() ** 2 / wave.var())
    n = components
    parts = [slice(k * n, k * n + n) for k in range(pulses)]
    norm = [np.sqrt(sum(coefficients[part] ** 2)) for part in parts]
    top = [max(matrix[:, part] @ coefficients[part]) for part in parts]
    wanted = {"max": top, "norm": norm, "both": [norm, top]}[mode]
    assert np.ravel(values["intensities"]) == pytest.approx(np.ravel(wanted), rel=1e-8)


def test_two_pulses_are_told_apart(basis):
    parameters = svd.Parameters(str(basis), pulses=2, delays=(3.0,), sampling=0.1, channel=0)
    frame = np.zeros((1, SAMPLES)) + 500 + pulse(80, 400, 11) + pulse(110, 250, 11)
    assert fit(parameters, frame)["intensities"] == pytest.approx([400, 250], rel=0.01)


def test_a_constant_waveform_has_no_score(basis):
    assert np.isnan(fit(svd.Parameters(str(basis)), np.full((4, SAMPLES), 7, np.uint16))["score"])


def test_the_basis_of_pulses_of_one_shape_is_that_shape(basis):
    with h5py.File(basis) as file:
        first, values = file["components"][0], file["singular_values"][()]
        assert file["channel"][()] == 2 and len(file["ref_waveforms"]) == 59
    shape = pulse(80, 1, 11)[20:260]
    assert first == pytest.approx(shape / np.linalg.norm(shape), abs=0.01)
    assert values[0] > 50 * values[1]


def test_what_is_wrong_with_a_basis_is_said(basis, tmp_path, produced, capsys):
    cases = {
        "is not there": (svd.Parameters("/nowhere/basis.h5"), (4, SAMPLES)),
        "cannot be read": (svd.Parameters(str(produced)), (4, SAMPLES)),
        "there is no channel 2": (svd.Parameters(str(basis)), (2, SAMPLES)),
        "samples": (svd.Parameters(str(basis)), (4, 100)),
        "components": (svd.Parameters(str(svd_file(tmp_path)), components=9), (8,)),
    }
    for words, (parameters, shape) in cases.items():
        with pytest.raises(Lacking, match=words):
            svd.Computation(parameters, "fim", shape, np.dtype(float))
    assert svd_basis.main([str(produced), "fim/al", "-o", str(tmp_path / "b.h5")]) == 1
    assert "no dataset fim/al" in capsys.readouterr().err
    assert svd_basis.main([str(produced), "fim/all", "-o", str(tmp_path / "b.h5")]) == 1
    assert "4 channels" in capsys.readouterr().err
    assert svd_basis.main([str(produced), "fim/one", "-o", str(basis)]) == 1
    assert "exists" in capsys.readouterr().err


def svd_file(folder):
    """A basis of two components, as the incumbent writes one without channel and region."""
    path = folder / "two.h5"
    with h5py.File(path, "w") as file:
        file["components"], file["roi"], file["background_roi"] = np.eye(2, 8), [0, 1_000_000], -1
    return path


def test_the_number_of_delays_is_checked():
    [(path, words, _)] = svd.Parameters("/b.h5", pulses=3, delays=(1.0,)).check()
    assert path == ("delays",) and "2 or 3 delays, not 1" in words
