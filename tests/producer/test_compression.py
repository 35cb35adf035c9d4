"""Lossy compression: the bound holds, and what other functions get is the restored frame."""

import sys

import numpy as np
import pytest

from producer.analysis import compression, roi
from producer.computation import make
from producer.detector_context import Context, Lacking

RNG = np.random.default_rng(78)


def restore(bound, frame):
    context = Context("epix")
    parameters = compression.Parameters(bound)
    compression.prepare(parameters, context, frame.shape)
    frame.setflags(write=False)
    restored = context.prepare(frame)
    computation = make(compression, parameters, "epix", restored, context)
    values = computation.event(restored, 1)
    assert set(values) == set(compression.promises(parameters, "epix")) == {c.path for c in computation.columns}
    return restored, values["epix/compression_ratio"], values["epix/compression_max_error"]


@pytest.mark.parametrize("dtype", ["f4", "f8", "u2", "i4"])
@pytest.mark.parametrize("shape", [(500,), (64, 50), (1, 64, 50), (3, 40, 30)])
@pytest.mark.parametrize("bound", [0.0, 1.0, 8.0])
def test_no_pixel_changes_by_more_than_the_bound(dtype, shape, bound):
    pytest.importorskip("zfpy")
    rows = np.linspace(0, 6, shape[-1])
    frame = (1000 * (2 + np.sin(rows)) + RNG.normal(0, 3, shape)).astype(dtype)
    restored, ratio, error = restore(bound, frame.copy())
    assert restored.dtype == frame.dtype and restored.shape == frame.shape
    changed = np.abs(restored.astype(float) - frame.astype(float)).max()
    assert changed == pytest.approx(error) and changed <= bound
    assert ratio > (0.4 if bound == 0 else 1)
    if bound == 8:
        assert error > 0 and ratio > (2 if frame.ndim > 1 and dtype != "u2" else 1.2)


def test_what_is_not_finite_stays():
    pytest.importorskip("zfpy")
    frame = RNG.normal(0, 9, (40, 40)).astype(np.float32)
    frame[3, 4], frame[5, 6] = np.nan, np.inf
    restored, _, error = restore(0.5, frame.copy())
    assert np.isnan(restored[3, 4]) and restored[5, 6] == np.inf
    good = np.isfinite(frame)
    assert np.abs(restored[good] - frame[good]).max() <= 0.5 and error <= 0.5


def test_other_functions_get_the_restored_frame():
    pytest.importorskip("zfpy")
    frame = RNG.normal(100, 9, (40, 40)).astype(np.float32)
    restored, _, _ = restore(5.0, frame.copy())
    assert not np.array_equal(restored, frame)
    computation = roi.Computation(roi.Parameters(), "epix", restored.shape, restored.dtype)
    assert computation.event(restored, 1)["epix/ROI_max"] == restored.max()


def test_without_the_library_it_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "zfpy", None)
    with pytest.raises(Lacking, match="zfpy, which is not installed"):
        compression.prepare(compression.Parameters(1.0), Context("epix"), (4, 4))
