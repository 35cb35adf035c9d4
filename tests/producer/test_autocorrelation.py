"""Autocorrelation against the sums over pairs of pixels."""

import numpy as np
import pytest

from producer.analysis import autocorrelation
from producer.detector_context import Lacking

RNG = np.random.default_rng(58)


def slow(image, mask, half):
    """The formula, pair by pair."""
    rows, columns = image.shape
    good = [(r, c) for r in range(rows) for c in range(columns) if mask[r, c]]
    inside = set(good)
    result = np.full((2 * half[0], 2 * half[1]), np.nan)
    for a in range(-half[0], half[0]):
        for b in range(-half[1], half[1]):
            pairs = [((r, c), (r + a, c + b)) for r, c in good if (r + a, c + b) in inside]
            left, right = sum(image[x] for x, _ in pairs), sum(image[y] for _, y in pairs)
            if pairs and left * right != 0:
                own = sum(float(image[x]) * float(image[y]) for x, y in pairs)
                result[a + half[0], b + half[1]] = own * len(pairs) / (left * right)
    return result


def compute(parameters, frame):
    computation = autocorrelation.Computation(parameters, "cam", frame.shape, frame.dtype)
    frame.setflags(write=False)
    values = computation.event(frame, 1)
    assert set(values) == set(autocorrelation.promises(parameters, "cam")) == {c.path for c in computation.columns}
    for column in computation.columns:
        assert np.shape(values[column.path]) == column.shape
    return {path[len("cam/autocorr_") :]: value for path, value in values.items()}, computation


@pytest.mark.parametrize("dtype", ["u2", "f4"])
@pytest.mark.parametrize("region", [None, ((2, 13), (1, 12))])
def test_region_equals_the_sums_over_pairs(dtype, region):
    frame = RNG.poisson(6, (15, 13)).astype(dtype)
    parameters = autocorrelation.Parameters(region=region, half_size=(4, 6), threshold=2, threshold_high=11)
    values, _ = compute(parameters, frame.copy())
    cut = frame[tuple(slice(*pair) for pair in region or ((0, 15), (0, 13)))].astype(float)
    cut[(cut < 2) | (cut > 11)] = 0
    assert values["autocorr"] == pytest.approx(slow(cut, np.ones(cut.shape), (4, 6)), rel=1e-9, nan_ok=True)
    assert values["cr"] == pytest.approx(cut.mean())
    lines, _ = compute(
        autocorrelation.Parameters(region=region, half_size=(4, 6), threshold=2, threshold_high=11, lineouts=True),
        frame.copy(),
    )
    assert np.array_equal(lines["lineout_h"], values["autocorr"][4], equal_nan=True)
    assert np.array_equal(lines["lineout_v"], values["autocorr"][:, 6], equal_nan=True)


def test_masks_and_illumination(tmp_path):
    frame = RNG.poisson(6, (1, 15, 13)).astype(np.float32)
    masks = np.zeros((2, 15, 13), bool)
    masks[0, 3:12, 2:11] = RNG.random((9, 9)) < 0.8
    masks[1, 5:14, 1:12] = True
    light = RNG.uniform(0.5, 2, (15, 13))
    np.save(tmp_path / "m.npy", masks)
    np.save(tmp_path / "l.npy", light)
    parameters = autocorrelation.Parameters(
        mask=str(tmp_path / "m.npy"), illumination=str(tmp_path / "l.npy"), half_size=(3, 3)
    )
    values, _ = compute(parameters, frame.copy())
    for k in (0, 1):
        wanted = slow(frame[0] / light, masks[k], (3, 3))
        assert values["autocorr"][k] == pytest.approx(wanted, rel=1e-6, nan_ok=True)
        assert values["cr"][k] == pytest.approx((frame[0] / light)[masks[k]].mean())


def test_profile_is_the_mean_over_rings():
    frame = RNG.poisson(9, (40, 36)).astype(float)
    parameters = autocorrelation.Parameters(half_size=(7, 6), profile_step=1.5)
    values, computation = compute(parameters, frame)
    [(column, radius)] = computation.once
    assert column.path == "UserDataCfg/cam/autocorr__autocorr_profile_0"
    assert values["profile_1"].shape == radius.shape == (4,)
    sums = {}
    for a in range(-7, 7):
        for b in range(-6, 6):
            sums.setdefault(int(np.hypot(a, b) / 1.5), []).append(values["autocorr"][a + 7, b + 6])
    assert values["profile_1"] == pytest.approx([np.mean(sums[k]) for k in range(4)])
    assert radius == pytest.approx([0.75, 2.25, 3.75, 5.25])


def test_a_grating_is_seen_and_nothing_comes_round():
    frame = np.zeros((64, 64))
    frame[:, ::8] = 1
    values, _ = compute(autocorrelation.Parameters(half_size=(4, 20), lineouts=True), frame)
    line = values["lineout_h"]
    assert set(np.flatnonzero(line > 1) - 20) == {-16, -8, 0, 8, 16}


def test_what_does_not_fit_is_said(tmp_path):
    with pytest.raises(Lacking, match="reaches beyond"):
        compute(autocorrelation.Parameters(), np.zeros((40, 400)))
    np.save(tmp_path / "m.npy", np.zeros((5, 5)))
    with pytest.raises(Lacking, match="no good pixel"):
        compute(autocorrelation.Parameters(mask=str(tmp_path / "m.npy")), np.zeros((5, 5)))
    assert "one image" in autocorrelation.Parameters().misfit((2, 5, 5))
    assert "beyond its 5" in autocorrelation.Parameters(region=((0, 6), (0, 5))).misfit((1, 5, 5))
