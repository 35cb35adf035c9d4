"""Part files and their merge, against plain numpy."""

import tracemalloc
from dataclasses import replace

import h5py
import numpy as np
import pytest

from producer import merge, part_file
from producer.part_file import PartFile
from producer.schema import MISSING, TEXT, Column, Misfit, Total, column, fitting, stored


def write_part(path, events, *, every=1, pixels=(4, 5)):
    """Events are (timestamp, number); the pixels and others are missing in events not divisible by `every`."""
    part = PartFile(path)
    part.declare(column("a/number", np.uint16))
    part.declare_held(column("pv/x", np.float64))
    part.declare_held(Column("pv/name", TEXT))
    for timestamp, number in events:
        part.begin(timestamp)
        part.once(column("once/first", np.int32), number)
        part.put("a/number", number)
        part.hold("pv/x", float(number // 3))
        part.hold("pv/name", f"é{number // 4}")
        if number % every == 0:
            if not part.knows("b/pixels"):
                part.declare(column("b/pixels", np.float32, pixels))
                part.declare(column("b/count", np.uint8))
                part.declare(Column("b/text", TEXT))
            part.put("b/pixels", np.full(pixels, number, np.float32))
            part.put("b/count", np.uint8(number))
            part.put("b/text", f"n{number}")
    part.total(Total("Sums/all", np.dtype(float), (2,), "sum"), np.full(2, float(len(events))), len(events))
    part.total(
        Total("Sums/top", np.dtype(float), (1,), "max"), np.array([max(n for _, n in events)], float), len(events)
    )
    part.close()


@pytest.mark.parametrize("pixels", [(4, 5), (100, 100)], ids=["small rows", "large rows"])
@pytest.mark.parametrize("deal", [lambda i: 0, lambda i: i % 3, lambda i: min(i // 100, 2)])
def test_rows_come_out_in_time_order_with_missing_values_filled(tmp_path, pixels, deal):
    numbers = np.arange(250)
    stamps = 10_000 + 7 * numbers
    parts = []
    for rank in sorted({deal(i) for i in numbers}):
        parts.append(tmp_path / f"{rank}.h5")
        mine = [(int(t), int(n)) for t, n in zip(stamps, numbers) if deal(n) == rank]
        write_part(parts[-1], mine, every=7, pixels=pixels)
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merged = merge.merge(parts, out)
        assert not merged.clashes
    with h5py.File(tmp_path / "out.h5", "r") as out:
        assert np.array_equal(out["timestamp"][:], stamps)
        assert np.array_equal(out["a/number"][:], numbers) and out["a/number"].dtype == np.int32
        present = numbers % 7 == 0
        assert np.array_equal(out["b/count"][:], np.where(present, numbers, MISSING))
        frames = out["b/pixels"][:]
        assert np.isnan(frames[~present]).all()
        assert np.array_equal(
            frames[present], np.broadcast_to(numbers[present][:, None, None], (present.sum(), *pixels))
        )
        assert [t for t in out["b/text"].asstr()[:]] == [f"n{n}" if n % 7 == 0 else "" for n in numbers]
        assert np.array_equal(out["pv/x"][:], numbers // 3)
        assert list(out["pv/name"].asstr()[:]) == [f"é{n // 4}" for n in numbers]
        assert out["once/first"][()] == 0
        assert out["Sums/all"][:].tolist() == [250.0, 250.0] and out["Sums/all"].attrs["events"] == 250
        assert out["Sums/top"][:].tolist() == [249.0]


def test_parts_too_long_for_memory_and_short_ones_come_together(tmp_path):
    """A worker with many events has datasets of its own for columns and changes, one with few has none."""
    numbers = np.arange(9500)
    deal = np.where(numbers % 10 < 6, 0, 1)
    for rank in (0, 1):
        mine = [(int(n) + 1, int(n)) for n in numbers[deal == rank]]
        write_part(tmp_path / str(rank), mine, every=9999)
        with h5py.File(tmp_path / str(rank), "r") as part:
            kinds = {"columns/a/number" in part, "columns/timestamp" in part}
            assert kinds == {rank == 0} and len(mine) in (5700, 3800)
            assert ("held/0" in part) and ("held/1" in part), "both values change often"
    with h5py.File(tmp_path / "out.h5", "w") as out:
        assert not merge.merge([tmp_path / "0", tmp_path / "1"], out).clashes
        assert np.array_equal(out["timestamp"][:], numbers + 1)
        assert np.array_equal(out["a/number"][:], numbers)
        assert np.array_equal(out["pv/x"][:], numbers // 3)
        assert list(out["pv/name"].asstr()[:]) == [f"é{n // 4}" for n in numbers]
        assert np.array_equal(out["b/count"][:], np.where(numbers == 0, 0, MISSING))
        assert out["a/number"].attrs["units"] == "" and out["a/number"].compression == "gzip"


@pytest.mark.parametrize("deal", [lambda i: 0, lambda i: i % 3, lambda i: 2 if i in (5, 6, 990) else i // 500])
def test_columns_that_are_too_large_for_memory_are_merged_block_by_block(tmp_path, monkeypatch, deal):
    """A large number, curve, text, and each of them held, as they come out in one go."""
    rng = np.random.default_rng(6)
    kinds = {"number": column("", np.int32), "curve": column("", np.float64, (30,)), "text": Column("", TEXT)}
    parts = {number: PartFile(tmp_path / f"{number}.part") for number in sorted({deal(row) for row in range(1000)})}
    for row in range(1000):
        part = parts[deal(row)]
        part.begin(7 * row if row != 600 else 7 * 5 + 1)  # one comes late
        for name, kind in kinds.items():
            part.declare(replace(kind, path=f"each/{name}"))
            part.declare_held(replace(kind, path=f"held/{name}"))
            value = {"number": row, "curve": rng.normal(size=30), "text": f"é{row}"}[name]
            if row % 7:
                part.put(f"each/{name}", value)
            if row % 11 == 3:
                part.hold(f"held/{name}", None if row % 5 == 0 else value)
    for part in parts.values():
        part.close()
    found, signs = {}, []
    for most, step in ((1 << 30, 1 << 20), (1000, 5000)):
        monkeypatch.setattr(merge, "WHOLE_BYTES", most)
        monkeypatch.setattr(merge, "STEP_BYTES", step)
        monkeypatch.setattr(merge, "CHUNK_BYTES", 1000)
        with h5py.File(tmp_path / f"{most}.h5", "w") as out:
            signs.append(0)
            merged = merge.merge([part.path for part in parts.values()], out, lambda: signs.append(signs.pop() + 1))
            assert not merged.clashes and len(merged.columns) == 7
            for path in [f"{group}/{name}" for group in ("each", "held") for name in kinds]:
                node = out[path].asstr() if "text" in path else out[path]
                found.setdefault(path, []).append(node[:])
                assert node[:].shape[0] == 1000 and out[path].compression == "gzip"
    for path, (whole, blocks) in found.items():
        assert np.array_equal(whole, blocks, equal_nan="curve" in path), path
    assert signs[1] > signs[0] + 20


def test_the_memory_of_a_merge_does_not_grow_with_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(merge, "WHOLE_BYTES", 4 << 20)
    monkeypatch.setattr(merge, "STEP_BYTES", 1 << 20)
    part = PartFile(tmp_path / "a")
    part.declare(column("det/azav", np.float64, (1000,)))
    part.declare_held(column("pv/wave", np.float64, (1000,)))
    curve = np.arange(1000.0)
    for row in range(3000):
        part.begin(row)
        part.put("det/azav", curve)
        if row % 20 == 0:
            part.hold("pv/wave", curve + row)
    part.close()
    with h5py.File(tmp_path / "out.h5", "w") as out:
        tracemalloc.start()
        merge.merge([part.path], out)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 8 << 20 < 3000 * 8000
        assert np.array_equal(out["det/azav"][2999], curve) and np.array_equal(out["pv/wave"][2999], curve + 2980)


def test_a_part_that_was_not_closed_is_refused(tmp_path):
    with h5py.File(tmp_path / "a", "w") as file:
        file.create_group("columns")
    with (
        h5py.File(tmp_path / "out.h5", "w") as out,
        pytest.raises(merge.Unmergeable, match="a was not written to its end"),
    ):
        merge.merge([tmp_path / "a"], out)


def test_an_event_in_two_parts_is_refused(tmp_path):
    for name in "ab":
        write_part(tmp_path / name, [(1, 1), (2, 2)])
    with (
        h5py.File(tmp_path / "out.h5", "w") as out,
        pytest.raises(merge.Unmergeable, match="The event 1 was given twice"),
    ):
        merge.merge([tmp_path / "a", tmp_path / "b"], out)


def test_a_column_that_two_parts_disagree_on_is_a_clash_and_not_written(tmp_path):
    write_part(tmp_path / "a", [(1, 0)], pixels=(2, 2))
    write_part(tmp_path / "b", [(2, 0)], pixels=(3, 2))
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merged = merge.merge([tmp_path / "a", tmp_path / "b"], out)
        assert [path for path, _ in merged.clashes] == ["b/pixels"]
        assert "b/pixels" not in out and "b/count" in out


def test_a_held_value_can_go_missing_and_come_back(tmp_path):
    part = PartFile(tmp_path / "a")
    part.declare_held(column("pv", np.int64))
    for row, value in enumerate([None, 5, 5, None, 5]):
        part.begin(row + 1)
        part.hold("pv", value)
    part.close()
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merge.merge([tmp_path / "a"], out)
        assert out["pv"][:].tolist() == [MISSING, 5, 5, MISSING, 5]


def test_held_changes_beyond_one_block_are_all_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(part_file, "HELD_CHANGES", 8)
    part = PartFile(tmp_path / "a")
    part.declare_held(column("pv", np.float64, (3,)))
    for row in range(50):
        part.begin(row)
        part.hold("pv", np.full(3, row // 2))
    part.close()
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merge.merge([tmp_path / "a"], out)
        assert np.array_equal(out["pv"][:], np.repeat(np.arange(50) // 2, 3).reshape(50, 3))


def test_a_worker_without_events_adds_nothing(tmp_path):
    PartFile(tmp_path / "a").close()
    write_part(tmp_path / "b", [(5, 3)])
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merge.merge([tmp_path / "a", tmp_path / "b"], out)
        assert out["timestamp"][:].tolist() == [5] and out["once/first"][()] == 3


def test_the_value_for_the_run_is_the_one_that_was_seen_first(tmp_path):
    """However the events are dealt: here the worker that began first saw each value later."""
    for name, first, seen, value in (("a", 1, 9, 90), ("b", 2, 5, 50), ("c", 3, 7, 70)):
        part = PartFile(tmp_path / name)
        for timestamp in (first, seen):
            part.begin(timestamp)
        part.once(column("epicsOnce/x", np.int32), value)
        part.begin(seen + 100)
        part.once(column("epicsOnce/x", np.int32), value + 1)
        part.close()
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merged = merge.merge([tmp_path / name for name in "abc"], out)
        assert out["epicsOnce/x"][()] == 50 and merged.once == ("epicsOnce/x",)


def test_the_rows_of_large_columns_are_found_without_asking_for_each(tmp_path, monkeypatch):
    """Asking HDF5 for the chunk of a number goes through all chunks before it."""
    write_part(tmp_path / "a", [(n, n) for n in range(40)], every=3, pixels=(100, 100))
    asked = []
    with h5py.File(tmp_path / "a", "r") as file:
        node = file["columns/b/pixels"]
        assert merge._written(node) == list(range(0, 40, 3))

        class Old:
            """What h5py before 3.8 has."""

            get_num_chunks = node.id.get_num_chunks

            def get_chunk_info(self, i):
                asked.append(i)
                return node.id.get_chunk_info(i)

        class Dataset:
            id = Old()

        assert merge._written(Dataset()) == list(range(0, 40, 3)) and len(asked) == 14


def test_a_merge_gives_signs_of_life_for_each_column_and_each_large_row(tmp_path):
    write_part(tmp_path / "a", [(n, n) for n in range(10)], pixels=(100, 100))
    signs = []
    with h5py.File(tmp_path / "out.h5", "w") as out:
        merged = merge.merge([tmp_path / "a"], out, lambda: signs.append(len(out)))
    assert len(signs) == len(merged.columns) + 10


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("u1", "i4"), ("u2", "i4"), ("u4", "i8"), ("u8", "i8"), ("i4", "i4"), ("?", "i4"), ("f2", "f4"), ("f8", "f8")],
)
def test_every_stored_integer_can_hold_the_missing_mark(dtype, expected):
    assert stored(dtype) == np.dtype(expected)


@pytest.mark.parametrize(
    ("dtype", "shape", "value", "words"),
    [
        ("i4", (), 1.5, "a float, integers in the events before"),
        ("f8", (), np.zeros(3), "shape 3, of one number in the events before"),
        ("f8", (2,), np.zeros(3), "shape 3, 2 in the events before"),
        ("u8", (), np.uint64(2**63), "does not fit into 64 bits with a sign"),
        ("i4", (), 2**40, "does not fit into 32 bits"),
        ("f8", (), "x", "not a number"),
    ],
)
def test_a_value_that_would_be_changed_by_its_column_is_refused(dtype, shape, value, words):
    with pytest.raises(Misfit, match=words):
        fitting(column("c", dtype, shape), value)
