"""Reading configurations without executing them, against executing them."""

import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producer.run_ranges import RunRange
from smdtui.profile.importing.items import FAILS, IGNORED, LOST, NOTE
from smdtui.profile.importing.read import read
from smdtui.profile.importing.reading import ImportFailed, Reading
from smdtui.profile.importing.run_number import range_text

RUNS = range(1, 70)


def reading_of(tmp_path: Path, code: str, name: str = "prod_config_xpp.py") -> Reading:
    path = tmp_path / name
    path.write_text(textwrap.dedent(code))
    return read(path)


def by_run(reading: Reading, function: str = "getROIs") -> dict[int, object]:
    """run -> what is returned, or the name of the error; fails when a run is in no case, or in two."""
    found = {}
    for run in RUNS:
        (case,) = [c for c in reading.functions[function].cases if RunRange.of(c.spans).contains(run)]
        assert case.failure is None or not case.failure.undecided, case.failure
        found[run] = case.value if case.failure is None else case.failure.words.split(":")[0]
    return found


def executed(code: str, function: str = "getROIs", text: bool = False) -> dict[int, object]:
    found: dict[int, object] = {}
    for run in RUNS:
        space: dict = {}
        exec(textwrap.dedent(code), space)
        try:
            found[run] = space[function](str(run) if text else run)
        except Exception as error:
            found[run] = type(error).__name__
    return found


# Random functions of a run

numbers = st.integers(-5, 75)
terms = st.sampled_from(["run", "run", "run", "(run + 3)", "(2 * run - 9)", "(40 - run)", "-run", "int(run)"])
simple = st.one_of(
    st.builds(lambda a, op, b: f"{a} {op} {b}", terms, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers),
    st.builds(lambda a, b, c: f"{a} <= {c} < {b}", numbers, numbers, terms),
    st.builds(lambda a, b: f"{b} in {a}", st.lists(numbers, max_size=4), terms),
    st.builds(lambda a: f"run not in {tuple(a)!r}", st.lists(numbers, min_size=2, max_size=4)),
    st.builds(lambda a, b: f"run in range({a}, {b})", numbers, numbers),
    st.builds(lambda a: f"{{5: True, {a}: True}}.get(run, False)", numbers),
    st.builds(lambda a: f"{a!r} > run", st.floats(-5, 75).map(lambda x: round(x, 2))),
)
conditions = st.recursive(
    simple,
    lambda inner: st.one_of(
        inner.map(lambda a: f"not ({a})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]}) {t[1]} ({t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"(({t[0]}) if ({t[1]}) else ({t[2]}))"),
    ),
    max_leaves=4,
)
leaves = st.one_of(
    numbers.map(lambda n: [f"found['a'] = {n}"]),
    numbers.map(lambda n: [f"shared.append({n})", "found['b'] = shared"]),
    numbers.map(lambda n: [f"late = {n}"]),
    st.just(["return found"]),
    st.just(["found['c'] = late"]),
    st.just(["del found['a']"]),
    st.just(["found.update(a=[x for x in range(3) if x != 1])"]),
)


def _chain(parts: list[tuple[str, list[str]]], otherwise: list[str] | None) -> list[str]:
    lines = []
    for i, (condition, body) in enumerate(parts):
        lines.append(f"{'elif' if i else 'if'} {condition}:")
        lines += [f"    {line}" for line in body]
    if otherwise:
        lines += ["else:", *(f"    {line}" for line in otherwise)]
    return lines


bodies = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(_chain, st.lists(st.tuples(conditions, inner), min_size=1, max_size=3), st.none() | inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: [line for part in parts for line in part]),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(bodies)
def test_random_functions_return_what_they_do_when_executed(tmp_path_factory, body):
    lines = ["found, shared = {}, [0]", *body, "return found"]
    code = "detectors = []\ndef getROIs(run):\n" + "\n".join(f"    {line}" for line in lines)
    reading = reading_of(tmp_path_factory.mktemp("random"), code)
    assert by_run(reading) == executed(code)


@pytest.mark.parametrize(
    ("body", "ranges"),
    [
        ("if run < 21: return 1\nreturn 2", ["1-20", "21-"]),
        ("if 21 <= run < 40: return 1\nreturn 2", ["21-39", "-20,40-"]),
        ("if run in [7, 9, 12, 13]: return 1\nreturn 2", ["7,9,12-13", "-6,8,10-11,14-"]),
        ("if not run == 8: return 1\nreturn 2", ["-7,9-", "8"]),
        ("return 1 if run >= 0 else 2", ["-"]),
        ("if run > 999999: return 1\nreturn 2", ["1000000-", "-999999"]),
    ],
)
def test_ranges(tmp_path, body, ranges):
    code = "detectors = []\ndef getROIs(run):\n" + textwrap.indent(body, "    ")
    cases = reading_of(tmp_path, code).functions["getROIs"].cases
    found: dict[object, list] = {}
    for case in cases:
        found.setdefault(case.value, []).extend(case.spans)
    texts = [range_text(tuple(RunRange.of(spans).spans)) for _, spans in sorted(found.items())]
    assert texts == [range_text(_from_one(text)) for text in ranges]


def _from_one(text: str):
    spans = ((1, None),) if text == "-" else RunRange.parse(text).spans
    return tuple((max(first, 1), last) for first, last in spans)


def test_language(tmp_path):
    """Closures, defaults, unpacking, loops, comprehensions, text, numpy, aliasing, errors that are caught."""
    code = '''
        import os.path
        import numpy as np
        from collections import defaultdict
        from copy import deepcopy
        from pathlib import Path
        detectors = []
        BASE = {"a": [1, 2], "b": (3, 4)}

        def helper(*names, scale=2.0, **more):
            def inner(x):
                nonlocal count
                count += 1
                return x * scale + count
            count = 0
            return [inner(float(len(name))) for name in names], sorted(more, reverse=True), count

        def getROIs(run):
            """doc"""
            if isinstance(run, str):
                run = int(run)
            mine = deepcopy(BASE)
            mine["a"] += [5]
            first, *rest = mine["a"]
            table = defaultdict(list)
            for i, (lo, hi) in enumerate(zip(range(3), [10, 20, 30])):
                if lo == 1:
                    continue
                table[f"r{i:02d}"].append(slice(lo, hi, None))
            else:
                table["end"] = ["%s-%d" % ("x", 3), "a,b".split(","), "{}_{:>4}".format("q", 7)]
            try:
                mine["nothing"]
            except (KeyError, IndexError) as error:
                table["caught"] = True
            n = 0
            while True:
                n += 1
                if n > 4:
                    break
            total = (lambda *v: sum(v))(*rest) if run > 5 else -1
            path = Path("/data") / "x.npy"
            return {
                "help": helper("a", "bcd", scale=0.5, z=1, y=2),
                "table": dict(table), "n": n, "total": total, "first": first, "path": str(path),
                "np": np.array([[1, 2], [3, 4]]).T.tolist(), "ar": list(np.arange(0.0, 1.0, 0.25)),
                "int": np.array([1.9, 2.1], dtype=int).tolist(), "join": os.path.join("a", "b"),
                "set": sorted({3, 1, 2} - {2}), "and": (0 or "x") and not [], "walrus": (y := run > 3, y)[1],
                **{k: v for k, v in BASE.items()},
            }
        '''
    reading = reading_of(tmp_path, code)
    assert by_run(reading) == executed(code)
    assert [item for item in reading.items if item.kind != NOTE] == []


@pytest.mark.parametrize("text", [True, False])
def test_run_as_text(tmp_path, text):
    """LCLS-I hands the run over as text; what only works with text, or only with a number, is read all the same."""
    code = f"""
        {"detnames" if text else "detectors"} = ["a"]
        def getROIs(run):
            if isinstance(run, str):
                return 1 if run == "7" or int(run) > 20 else 2
            return 3
        """
    assert by_run(reading_of(tmp_path, code)) == executed(code, text=text)


def test_number_where_text_comes(tmp_path):
    reading = reading_of(tmp_path, "detnames = []\ndef getROIs(run):\n    return {'a': 1} if run > 3 else {}\n")
    (item,) = reading.items
    assert (item.kind, item.line) == (FAILS, 3) and "'>' not supported" in item.message
    assert by_run(reading)[4] == {"a": 1}


@pytest.mark.timeout(60)  # none of them may keep the reader
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("if os.environ.get('X'): pass", "asks the machine"),
        ("for x in open('/etc/hosts'): pass", "open"),
        ("if run % 2: pass", "--runs"),
        ("for x in str(run): pass", "--runs"),
        ("while True: pass", "too many steps"),
        ("x = 10 ** 10 ** 8", "very large"),
        ("x = 'y' * 10 ** 12", "very large"),
        ("x = [0] * 10 ** 12", "very large"),
        ("x = '%999999999d' % 3", "very large"),
        ("x = f'{3:>999999999}'", "very large"),
        ("x = '{:>999999999}'.format(3)", "very long"),
        ("x = 'a'.ljust(10 ** 12)", "very long"),
        ("x = list(range(10 ** 12))", "more than"),
        ("x = np.zeros((10 ** 6, 10 ** 6))", "very large"),
        ("x = np.arange(10 ** 12)", "very large"),
        ("def f(): return f()\n    f()", "too often"),
        ("x = 3\n    for i in range(10 ** 5): x = x * x", "very large"),
        ("with thing: pass", "with"),
        ("if [x for x in missing_module.list]: pass", "not read"),
    ],
)
def test_undecided_is_said_with_its_line(tmp_path, line, reason):
    head = "import os\nimport numpy as np\nimport missing_module\ndetectors = []\ndef getROIs(run):\n"
    reading = reading_of(tmp_path, f"{head}    {line}\n    return {{}}\n")
    (item,) = [item for item in reading.items if item.kind == LOST]
    assert item.line in (3, 6, 7) and "without executing" in item.message and reason in item.message
    assert item.path == ("getROIs",)


def test_only_the_runs_that_get_there_are_undecided(tmp_path):
    code = """
        import os
        detectors = []
        def getROIs(run):
            if run > 40:
                run = len(os.listdir())
                if run: pass
            return 1
        """
    reading = reading_of(tmp_path, code)
    assert [(range_text(c.spans), c.value) for c in reading.functions["getROIs"].cases] == [("1-40", 1), ("41-", None)]
    (item,) = reading.items
    assert range_text(item.spans) == "41-"


def test_parts_that_no_run_reaches(tmp_path):
    code = """\
        detectors = []
        def getROIs(run):
            d = {}
            if run < 0:
                d['a'] = 1
                d['b'] = 2
            elif run:
                pass
            else:
                d['c'] = 3
            return d
        """
    items = reading_of(tmp_path, code).items
    assert [(item.kind, item.line) for item in items] == [(IGNORED, 5), (IGNORED, 10)]
    assert "lines 5-6: if run < 0" in items[0].message


def test_names_that_no_producer_asks_for(tmp_path):
    code = """
        detector = ['a']
        HELPER = 1
        detectors = []
        def get_rois(run):
            return {}
        def other():
            return HELPER
        x = other()
        _private = 2
        """
    found = {item.path[0]: item for item in reading_of(tmp_path, code).items}
    assert set(found) == {"detector", "get_rois", "x"}
    assert "did you mean detectors?" in found["detector"].message
    assert "did you mean getROIs?" in found["get_rois"].message


def test_runs_one_by_one(tmp_path):
    path = tmp_path / "prod_config_xpp.py"
    path.write_text("detectors = []\ndef getROIs(run):\n    return {'a': f'r{run:04d}', 'b': run % 3}\n")
    cases = read(path, RunRange.parse("3-5,9")).functions["getROIs"].cases
    assert [(c.spans, c.value) for c in cases] == [
        (((run, run),), {"a": f"r{run:04d}", "b": run % 3}) for run in (3, 4, 5, 9)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def getROIs(run:\n", "1: not Python 3"),
        ("print 'Python 2'\n", "1: not Python 3"),
        ("x = 1\n", "nothing in it is known"),
        ("", "nothing in it is known"),
        ("detectors = " + "(" * 2000, "not Python 3"),
        ("detectors = " + "-" * 100_000 + "1\n", ""),
    ],
)
def test_nothing_to_read(tmp_path, text, words):
    path = tmp_path / "prod_config_xpp.py"
    path.write_text(text)
    with pytest.raises(ImportFailed) as failed:
        read(path)
    assert words in str(failed.value) and str(path) in str(failed.value)


def test_no_text_at_all(tmp_path):
    path = tmp_path / "prod_config_xpp.py"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ImportFailed, match="not UTF-8"):
        read(path)
