"""Tree and figures against plain numpy."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from smdtui.results import summary as summary_module
from smdtui.results.summary import summarize
from smdtui.results.tree import ResultError, read_tree


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "run.h5"
    with h5py.File(path, "w") as f:
        f["timestamp"] = np.arange(10, dtype=np.uint64)
        f["epix_1/ROI_0_sum"] = np.array([1.0, np.nan, 3.0, np.inf])
        f["epix_1/ROI_0_sum"].attrs["unit"] = "keV"
        f["epix_1/ROI_0_sum"].attrs["count"] = np.int32(3)
        f["epix_1/all_nan"] = np.full(3, np.nan, np.float32)
        f["empty"] = np.zeros((0, 4))
        f["scalar"] = np.float32(2.5)
        f["null"] = h5py.Empty("f8")
        f["flags"] = np.array([True, False])
        f["UserDataCfg/plan"] = "format = 1\n"
        f["UserDataCfg/names"] = np.array([b"a", b"bc"])
        f["mixed"] = np.zeros(3, [("x", "f8"), ("y", "i4")])
        f["epix_1/again"] = f["epix_1"]
        f["gone"] = h5py.SoftLink("/nowhere")
        f["outside"] = h5py.ExternalLink("none.h5", "/x")
    return path


def test_tree(file):
    nodes = {n.path: n for n in read_tree(file)}
    paths = list(nodes)
    assert paths.index("/epix_1") < paths.index("/epix_1/ROI_0_sum")
    assert nodes["/epix_1"].kind == "group"
    roi = nodes["/epix_1/ROI_0_sum"]
    assert (roi.kind, roi.shape, roi.dtype, roi.attrs) == ("dataset", (4,), "float64", {"unit": "keV", "count": 3})
    assert (nodes["/UserDataCfg/plan"].dtype, nodes["/UserDataCfg/names"].dtype) == ("text", "text")
    assert nodes["/mixed"].dtype == "2 fields"
    assert nodes["/scalar"].shape == ()
    assert nodes["/gone"].kind == nodes["/outside"].kind == "broken"
    assert "/epix_1/again" in nodes and "/epix_1/again/again" not in nodes


def test_figures(file):
    got = summarize(file, "/epix_1/ROI_0_sum")
    assert (got.minimum, got.mean, got.maximum, got.nan_share, got.count) == (1.0, np.inf, np.inf, 0.25, 4)
    got = summarize(file, "/epix_1/all_nan")
    assert (got.minimum, got.mean, got.maximum, got.nan_share) == (None, None, None, 1.0)
    got = summarize(file, "/timestamp")
    assert (got.minimum, got.mean, got.maximum, got.nan_share) == (0, 4.5, 9, None)
    got = summarize(file, "/empty")
    assert (got.count, got.mean, got.nan_share) == (0, None, None)
    assert summarize(file, "/scalar").mean == 2.5
    assert summarize(file, "/null").count == 0
    assert summarize(file, "/flags").mean == 0.5
    assert summarize(file, "/UserDataCfg/plan").example == "format = 1\n"
    assert summarize(file, "/UserDataCfg/names").example == "a"
    assert summarize(file, "/mixed").count == 3


def test_no_such_dataset(file):
    for path in ("/nowhere", "/epix_1", "/gone"):
        with pytest.raises(KeyError, match="there is no dataset"):
            summarize(file, path)


ARRAYS = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.uint16, np.int32, np.int64]),
    hnp.array_shapes(max_dims=3, max_side=8, min_side=0),
)


@settings(max_examples=80, deadline=None)
@given(ARRAYS, st.integers(1, 200), st.booleans())
def test_figures_equal_numpy(tmp_path_factory, values, read_bytes, chunked):
    path = tmp_path_factory.mktemp("h5") / "x.h5"
    with h5py.File(path, "w") as f:
        f.create_dataset(
            "x", data=values, chunks=tuple(max(1, n // 2) for n in values.shape) if chunked and values.size else None
        )
    before, summary_module.READ_BYTES = summary_module.READ_BYTES, read_bytes
    try:
        got = summarize(path, "x")
    finally:
        summary_module.READ_BYTES = before
    good = values[~np.isnan(values)] if values.dtype.kind == "f" else values.ravel()
    assert got.count == values.size
    if values.dtype.kind == "f" and values.size:
        assert got.nan_share == np.isnan(values).mean()
    if not good.size:
        assert (got.minimum, got.mean, got.maximum) == (None, None, None)
        return
    assert (got.minimum, got.maximum) == (good.min(), good.max())
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(
            got.mean, good.mean(dtype=np.float64), rtol=1e-9, atol=1e-9 * float(np.abs(good).max())
        )


def test_virtual_dataset_and_its_missing_part(tmp_path):
    with h5py.File(tmp_path / "part.h5", "w") as f:
        f["x"] = np.arange(6.0)
    layout = h5py.VirtualLayout(6, "f8")
    layout[:] = h5py.VirtualSource("part.h5", "x", 6)
    with h5py.File(tmp_path / "all.h5", "w") as f:
        f.create_virtual_dataset("x", layout, fillvalue=np.nan)
    assert summarize(tmp_path / "all.h5", "x").mean == 2.5
    (tmp_path / "part.h5").rename(tmp_path / "moved.h5")
    with pytest.raises(ResultError, match=r"files that are not there: part\.h5"):
        summarize(tmp_path / "all.h5", "x")


def test_bad_files_in_words(tmp_path, file):
    def said(path):
        with pytest.raises(ResultError) as caught:
            read_tree(path)
        return str(caught.value)

    assert said(tmp_path / "none.h5") == f"there is no file {tmp_path / 'none.h5'}"
    assert "is not a file" in said(tmp_path)
    (tmp_path / "empty.h5").write_bytes(b"")
    assert "empty.h5 is empty" in said(tmp_path / "empty.h5")
    (tmp_path / "text.h5").write_text("hello " * 100)
    assert "it is not an HDF5 file" in said(tmp_path / "text.h5")
    (tmp_path / "cut.h5").write_bytes(file.read_bytes()[:-2000])
    assert "it is truncated" in said(tmp_path / "cut.h5")
    with h5py.File(tmp_path / "open.h5", "w", libver="latest") as f:
        f["x"] = np.zeros(3)
        f.flush()
        assert "it is being written" in said_elsewhere(tmp_path / "open.h5")


def said_elsewhere(path):
    """From another process, as the app is one: h5py shares open files within a process."""
    import subprocess
    import sys

    code = (
        "import sys; from smdtui.results.tree import read_tree\n"
        "try: read_tree(sys.argv[1])\nexcept OSError as e: print(e)"
    )
    return subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, timeout=60).stdout
