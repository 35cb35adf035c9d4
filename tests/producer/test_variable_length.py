"""Variable-length data through part files and the merge, against plain Python lists."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer import merge, part_file, verification
from producer.part_file import PartFile
from producer.schema import Misfit, Variable, column

PHOTONS = Variable(
    "det/var_photons",
    (column("det/var_photons/row", np.float32, (), "pixels"), column("det/var_photons/pair", np.int32, (2,))),
    "photons",
)


def entries(event, count):
    return {"row": np.arange(count) + event / 1000, "pair": np.full((count, 2), event)}


def write(path, events):
    """Events are (timestamp, count or None for no data)."""
    part = PartFile(path)
    for i, (timestamp, count) in enumerate(events):
        part.begin(timestamp)
        if i == 1 or (i == 0 and count):
            part.declare_variable(PHOTONS)
        if count is not None and i:
            part.put(PHOTONS.path, entries(timestamp, count))
    part.close()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 9)), st.integers(0, 2)), max_size=60),
    st.sampled_from([64, 1 << 20]),
)
def test_entries_of_any_deal_come_out_in_time_order(tmp_path_factory, events, block):
    folder = tmp_path_factory.mktemp("parts")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part_file, "BLOCK_BYTES", block)
        patch.setattr(merge, "BLOCK_BYTES", block)
        expected, parts = {}, []
        for rank in range(3):
            mine = [(i + 10, count) for i, (count, dealt) in enumerate(events) if dealt == rank]
            expected.update({t: (count or 0) if n else 0 for n, (t, count) in enumerate(mine)})
            parts.append(folder / f"{rank}.h5")
            write(parts[-1], mine)
        with h5py.File(folder / "out.h5", "w") as out:
            assert not merge.merge(parts, out).clashes
    with h5py.File(folder / "out.h5", "r") as out:
        if "det" not in out:
            assert not any(expected.values())
            return
        lengths = [expected[t] for t in sorted(expected)]
        assert out["det/var_photons_len"][:].tolist() == lengths
        rows = [entries(t, expected[t]) for t in sorted(expected)]
        for field in ("row", "pair"):
            wanted = np.concatenate([row[field] for row in rows])
            assert np.array_equal(
                out[f"det/var_photons/{field}"][:], wanted.astype(out[f"det/var_photons/{field}"].dtype)
            )
        assert out["det/var_photons/row"].attrs["units"] == "pixels"
    assert verification.verify(folder / "out.h5", expected=len(expected)).verified


def test_a_lost_entry_fails_the_verification(tmp_path):
    write(tmp_path / "part", [(1, 3), (2, 4), (3, 0), (4, 5)])
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merge.merge([tmp_path / "part"], out)
        assert out["det/var_photons/row"].shape == (9,)
        out["det/var_photons/row"].resize(8, axis=0)
    verdict = verification.verify(tmp_path / "out.h5", expected=4)
    assert not verdict.verified
    assert "det/var_photons/row has 8 entries, not the 9 of det/var_photons_len" in verdict.text()


def test_fields_of_unequal_length_are_refused(tmp_path):
    part = PartFile(tmp_path / "part")
    part.declare_variable(PHOTONS)
    part.begin(1)
    with pytest.raises(Misfit, match="unequal length: 3, 2"):
        part.put(PHOTONS.path, {"row": np.zeros(3), "pair": np.zeros((2, 2), int)})
    part.close()


def test_workers_with_other_fields_clash(tmp_path):
    write(tmp_path / "a", [(1, 3), (2, 4)])
    part = PartFile(tmp_path / "b")
    part.declare_variable(Variable(PHOTONS.path, PHOTONS.fields[:1]))
    part.begin(3)
    part.put(PHOTONS.path, {"row": np.zeros(3)})
    part.close()
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merged = merge.merge([tmp_path / "a", tmp_path / "b"], out)
        assert [path for path, _ in merged.clashes] == [PHOTONS.path]
        assert "det" not in out
