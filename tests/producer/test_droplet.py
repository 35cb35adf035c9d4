"""Droplets and their photons against pixel-by-pixel Python that follows the published algorithm one step at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from producer.analysis import droplet, photons, sparsify
from producer.detector_context import Context, Lacking


class Known(Context):
    """A detector whose noise and mask are given."""

    def __init__(self, noise=None, good=None):
        super().__init__("det")
        self._noise, self._good = noise, good

    def noise(self, shape):
        return self._noise if self._noise is not None else super().noise(shape)

    def calibration_mask(self, shape):
        return self._good if self._good is not None else np.ones(shape, bool)


def beside(at):
    tile, row, column = at
    return [(tile, row - 1, column), (tile, row + 1, column), (tile, row, column - 1), (tile, row, column + 1)]


def flood(pixels):
    """Sets of pixels that touch, each grown from its first pixel; in the order of these."""
    todo, found = sorted(pixels), []
    seen = set()
    for start in todo:
        if start in seen:
            continue
        grown, edge = {start}, {start}
        while edge:
            edge = {near for at in edge for near in beside(at) if near in pixels and near not in grown}
            grown.update(edge)
        seen |= grown
        found.append(grown)
    return found


def slow_droplets(frame, high, low, relabel, maximum):
    """[{(tile, row, column): value}, ...]"""
    frame = frame.reshape((-1, *frame.shape[-2:]))
    high, low = high.reshape(frame.shape), low.reshape(frame.shape)
    values = {at: float(v) for at, v in np.ndenumerate(frame) if v > 0 and (maximum is None or v <= maximum)}
    certain = {at for at, v in values.items() if v >= high[at]}
    possible = {at for at, v in values.items() if v >= low[at]}
    members = {at for at in possible if at in certain or any(near in certain for near in beside(at))}
    if relabel or not (low < high).any():
        found = flood(members)
    else:
        found = flood(certain)
        for at in sorted(members - certain):
            nearby = [i for i, grown in enumerate(found) for near in beside(at) if near in grown and near in certain]
            found[max(nearby)].add(at)
    return [{at: values[at] for at in sorted(grown)} for grown in found]


def slow_photons(grown, count, photon, shape):
    """Positions, one photon after the other."""
    if count == 1:
        total = sum(grown.values())
        tile = min(grown)[0]
        return [(tile, *(sum(v * at[axis] for at, v in grown.items()) / total for axis in (1, 2)))]
    if len(grown) == 1:
        return [next(iter(grown))] * count
    placed, left = [], {}
    for at, value in grown.items():
        share = value / photon
        placed += [at] * int(share // 1)
        left[at] = share - share // 1
    while len(placed) < count:
        best = max(sorted(left), key=lambda at: left[at])
        lack, left[best] = 1 - left[best], 0.0
        up, down, back, onward = (left.get(near, 0.0) for near in beside(best))
        if up > max(down, back, onward):
            step = 0
        elif down > max(back, onward):
            step = 1
        else:
            step = 2 if back > onward else 3
        near = beside(best)[step]
        if near in left:
            left[near] = max(0.0, left[near] - lack)
        tile, row, column = best
        row += (-lack, lack, 0, 0)[step]
        column += (0, 0, -lack, lack)[step]
        placed.append((tile, min(max(row, 0), shape[-2] - 1), min(max(column, 0), shape[-1] - 1)))
    return placed


def listed(found, *names):
    return sorted(zip(*(np.asarray(found[name], float).round(9).tolist() for name in names)))


def frames_of(shape, seed, fill):
    """Photons of 10 with shared charge, and noise of 1."""
    rng = np.random.default_rng(seed)
    frame = rng.normal(0, 1, shape)
    hits = rng.uniform(size=shape) < fill
    share = rng.uniform(0.3, 1, shape)
    charge = 10 * rng.integers(1, 4, shape) * hits
    frame += charge * share
    frame[..., 1:] += (charge * (1 - share))[..., :-1]
    return frame.astype(np.float32)


def check(frame, parameters, noise, good):
    computation = droplet.Computation(parameters, "det", frame.shape, frame.dtype, Known(noise, good))
    frame.setflags(write=False)
    values = computation.event(frame, 1)
    scale = noise if parameters.use_rms else np.ones(frame.shape, np.float32)
    lower = parameters.threshold if parameters.threshold_low is None else parameters.threshold_low
    high, low = (np.where(good, scale * t, np.inf) for t in (parameters.threshold, lower))
    every = slow_droplets(
        frame, high.astype(np.float32), low.astype(np.float32), parameters.relabel, parameters.maximum_pixel
    )
    wanted = [g for g in every if parameters.minimum_sum is None or sum(g.values()) >= parameters.minimum_sum]
    assert values["det/droplet_nDroplets_all"] == len(every)
    assert values["det/droplet_nDroplets"] == len(wanted)
    lists = values["det/var_droplet_sparse"]
    sums = [sum(grown.values()) for grown in wanted]
    assert lists["data"] == pytest.approx(sums, rel=1e-9)
    assert lists["npix"].tolist() == [len(grown) for grown in wanted]
    assert lists["tile"].tolist() == [min(grown)[0] for grown in wanted]
    for axis, name in ((1, "row"), (2, "col")):
        centres = [sum(v * at[axis] for at, v in g.items()) / sum(g.values()) for g in wanted]
        assert lists[name] == pytest.approx(centres, rel=1e-9, abs=1e-9)
    photon = parameters.photons.photon
    placed = []
    for grown, total in zip(wanted, sums):
        placed += (
            slow_photons(grown, int(np.floor(total / photon + 0.5)), photon, frame.shape) if total >= photon / 2 else []
        )
    assert values["det/droplet_droplet2phot_nPhotons"] == len(placed)
    got = values["det/var_droplet_droplet2phot_sparse"]
    positions = np.reshape(listed(got, "tile", "row", "col"), (-1, 3))
    assert np.allclose(positions, np.reshape(sorted(np.round(placed, 9).tolist()), (-1, 3)))
    counts = np.zeros(frame.shape).reshape((-1, *frame.shape[-2:]))
    for tile, row, column in placed:
        counts[int(tile), int(np.floor(row + 0.5)), int(np.floor(column + 0.5))] += 1
    assert np.array_equal(values["det/droplet_droplet2phot_img"], counts.reshape(frame.shape))
    inside = counts.reshape(frame.shape)[good]
    wanted_prob = [(inside == k).mean() for k in range(11)] + [inside.sum() / good.sum()]
    assert values["det/droplet_droplet2phot_prob"] == pytest.approx(wanted_prob)
    paths = {column.path for column in computation.columns}
    assert paths == set(values)
    return len(placed)


PHOTONS = photons.Parameters(photon=10.0, sparsify=sparsify.Parameters(), save_image=True)


@pytest.mark.parametrize("shape", [(40, 30), (1, 30, 41), (3, 17, 20)])
@pytest.mark.parametrize("fill", [0.02, 0.15, 0.6])
@pytest.mark.parametrize(
    "given",
    [
        {"threshold": 4.0, "use_rms": True},
        {"threshold": 5.0, "threshold_low": 2.0, "use_rms": False},
        {"threshold": 6.0, "threshold_low": 1.5, "relabel": False, "minimum_sum": 7.0},
        {"threshold": 4.0, "threshold_low": 2.0, "maximum_pixel": 18.0, "minimum_sum": 5.0},
    ],
    ids=["one threshold", "two thresholds", "not relabelled", "limits"],
)
def test_droplets_and_photons_equal_one_step_after_the_other(shape, fill, given):
    rng = np.random.default_rng(7)
    noise = rng.uniform(0.8, 1.2, shape).astype(np.float32)
    good = rng.uniform(size=shape) > 0.05
    parameters = droplet.Parameters(**given, photons=PHOTONS, sparsify=sparsify.Parameters())
    assert check(frames_of(shape, 11, fill), parameters, noise, good) > 0


@settings(max_examples=150, deadline=None)
@given(
    hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=2, max_dims=3, max_side=6), elements=st.sampled_from(range(-2, 34))
    ),
    st.booleans(),
    st.sampled_from([None, 2.0]),
)
def test_any_small_frame_with_many_equal_values(frame, relabel, low):
    parameters = droplet.Parameters(
        threshold=4.0,
        threshold_low=low,
        use_rms=False,
        relabel=relabel,
        photons=PHOTONS,
        sparsify=sparsify.Parameters(),
    )
    check(frame.copy(), parameters, None, np.ones(frame.shape, bool))


def test_nan_and_saturated_pixels_are_in_no_droplet():
    frame = np.zeros((5, 6), np.float32)
    frame[1, 1], frame[1, 2], frame[3, 3] = 10, np.nan, np.inf
    parameters = droplet.Parameters(threshold=5, use_rms=False, maximum_pixel=1000, sparsify=sparsify.Parameters())
    values = droplet.Computation(parameters, "det", frame.shape, frame.dtype, Context("det")).event(frame, 1)
    assert values["det/droplet_nDroplets"] == 1
    assert values["det/var_droplet_sparse"]["col"].tolist() == [1.0]


def test_own_edges_decide_how_many_photons_a_droplet_holds():
    frame = np.zeros((5, 20), np.float32)
    frame[1, [1, 4, 7, 10, 13]] = [3, 8, 14, 40, 90]
    edges = (0.0, 5.0, 13.0, 30.0, 60.0)  # 0, 1, 2, 3 photons; above: none
    chain = photons.Parameters(photon=10.0, edges=edges, sparsify=sparsify.Parameters())
    parameters = droplet.Parameters(threshold=2, use_rms=False, photons=chain)
    values = droplet.Computation(parameters, "det", frame.shape, frame.dtype, Context("det")).event(frame, 1)
    assert sorted(values["det/var_droplet_droplet2phot_sparse"]["col"].tolist()) == [4, 7, 7, 10, 10, 10]


def test_edges_that_give_fewer_photons_than_the_pixels_hold_do_not_run_over():
    frame = np.full((2, 3), 30, np.float32)
    chain = photons.Parameters(photon=10.0, edges=(0.0, 5.0, 100.0, 1000.0), sparsify=sparsify.Parameters())
    parameters = droplet.Parameters(threshold=2, use_rms=False, photons=chain)
    values = droplet.Computation(parameters, "det", frame.shape, frame.dtype, Context("det")).event(frame, 1)
    assert values["det/droplet_droplet2phot_nPhotons"] == 2


def test_lists_of_a_fixed_length_are_cut_and_padded():
    frame = np.zeros((5, 20), np.float32)
    frame[1, [1, 4, 7]] = [3, 8, 14]
    for length, expected in ((2, [3, 8]), (5, [3, 8, 14, 0, 0])):
        parameters = droplet.Parameters(threshold=2, use_rms=False, sparsify=sparsify.Parameters(entries=length))
        computation = droplet.Computation(parameters, "det", frame.shape, frame.dtype, Context("det"))
        values = computation.event(frame, 1)
        assert values["det/droplet_sparse_data"].tolist() == expected
        assert droplet.promises(parameters, "det")["det/droplet_sparse_data"] == (length,)
        assert {c.path: c.shape for c in computation.columns}["det/droplet_sparse_data"] == (length,)


def test_thresholds_in_sigma_need_the_noise():
    with pytest.raises(Lacking, match="the noise of its pixels is not known"):
        droplet.Computation(droplet.Parameters(), "det", (4, 4), np.dtype("f4"), Context("det"))


@pytest.mark.parametrize("threshold", [None, 3.0])
@pytest.mark.parametrize("shape", [(7,), (4, 5), (2, 3, 4)])
def test_sparse_frames_equal_the_frame(shape, threshold):
    frame = np.random.default_rng(1).integers(-1, 6, shape).astype(np.float32)
    frame.ravel()[2] = np.nan
    computation = sparsify.Computation(sparsify.Parameters(threshold=threshold), "det", shape, frame.dtype)
    found = computation.event(frame, 1)["det/var_sparse"]
    dense = np.zeros((1,) * (3 - len(shape)) + shape, np.float32)
    dense[found["tile"], found["row"], found["col"]] = found["data"]
    keep = np.nan_to_num(frame) if threshold is None else np.where(frame >= threshold, frame, 0)
    assert np.array_equal(dense.reshape(shape), keep)
    assert not (found["data"] == 0).any()
