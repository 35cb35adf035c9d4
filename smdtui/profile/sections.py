"""Run ranges of a profile changed as a person means it: this section from run 21 on otherwise, its end a run later.

Each function takes the text of a profile and gives the new one, as in `edit`; `EditFailed` says why it cannot be. A
`place` is what is changed: ("runs", range), or with a detector, or with a detector and a function. What is not changed
keeps its bytes; a copied section takes its comments along.
"""

import re
from collections.abc import Iterable
from typing import Any

from producer.report import Path, dotted
from producer.run_ranges import RangeError, RunRange
from producer.toml_lines import Header, Scan, scan
from producer.toml_text import key as key_text
from smdtui.profile import edit
from smdtui.profile.edit import EditFailed, pruned, table_of, value_at, verified

Slot = tuple[str, str]  # detector, function


def split(text: str, place: Path, run: int) -> str:
    """From `run` on a section of its own, which begins as a copy: the one that is there ends at the run before. Of
    ``all`` the copy is for the runs from `run` on that no other range has."""
    here = parsed(place)
    if here.is_all:
        later = without(RunRange.of([(run, None)]), others(text, place))
        if later is None:
            raise EditFailed(f"from run {run} on other sections hold every run of {named(place)}")
        return duplicate(text, place, later.text)
    earlier, later = here.before(run), here.since(run)
    if later is None:
        raise EditFailed(f"{dotted(place)} ends before run {run}")
    if earlier is None:
        raise EditFailed(f"{dotted(place)} begins at run {run} already; change it as it is")
    text = _copied(text, place, key_for(text, later.text))
    return _moved(text, place, key_for(text, earlier.text))


def duplicate(text: str, place: Path, runs: str) -> str:
    """The section once more, for other runs, which must be free."""
    wanted = parse(runs)
    for other, path in others(text, place, itself=True):
        common = None if wanted.is_all or other.is_all else wanted.overlap(other)
        if common or wanted == other:
            raise EditFailed(f"[{dotted(path)}] has run{_s(common or other)} already")
    return _copied(text, place, key_for(text, runs))


def set_range(text: str, place: Path, runs: str) -> str:
    """The section for these runs instead of its own. Neighbours that have some of them give those up."""
    here, wanted = parsed(place), parse(runs)
    if wanted == here:
        return text if runs == place[1] else _moved(text, place, runs)
    shrunk: dict[Path, RunRange] = {}
    for other, path in others(text, place):
        if other.is_all or wanted.is_all:
            if other == wanted:
                raise EditFailed(f"[{dotted(path)}] is there already")
            continue
        if wanted.overlap(other) is None:
            continue
        rest = other.without(wanted)
        if rest is None:
            raise EditFailed(f"nothing would be left of [{dotted(path)}]; remove it first if that is meant")
        shrunk[path] = rest
    for path, rest in shrunk.items():
        text = _moved(text, path, key_for(text, rest.text))
    return _moved(text, place, key_for(text, runs))


def with_end(runs: RunRange, at: int, last: int | None) -> RunRange:
    """`runs` with the span that holds the run `at` ending at `last` (None: open)."""
    return _respanned(runs, at, lambda first, _: (first, last))


def with_begin(runs: RunRange, at: int, first: int) -> RunRange:
    """`runs` with the span that holds the run `at` beginning at `first`."""
    return _respanned(runs, at, lambda _, last: (first, last))


def _respanned(runs: RunRange, at: int, change: Any) -> RunRange:
    if runs.is_all:
        raise EditFailed("all has no ends: it holds for every run that no other section has")
    spans = list(runs.spans)
    for n, (first, last) in enumerate(spans):
        if first <= at and (last is None or at <= last):
            spans[n] = begin, end = change(first, last)
            if end is not None and end < begin:
                raise EditFailed(f"runs {runs.text} would hold no run")
            return RunRange.of(spans)
    raise EditFailed(f"run {at} is not in {runs.text}")


def join(text: str, place: Path, other: str) -> str:
    """The section also for the runs of the section `other` of the same, which goes."""
    here, also = parsed(place), parse(other)
    gone = (place[0], other, *place[2:])
    if other == place[1] or value_at(table_of(text), gone) is None:
        raise EditFailed(f"there is no [{dotted(gone)}]")
    if here.is_all or also.is_all:
        raise EditFailed("all cannot be joined with a range: it holds for every run that no other section has")
    return _moved(edit.remove(text, gone), place, key_for(text, here.joined(also).text))


# ---- what is there ---------------------------------------------------------------------------------------------------


def parse(runs: str) -> RunRange:
    try:
        return RunRange.parse(runs)
    except RangeError as error:
        raise EditFailed(str(error)) from None


def parsed(place: Path) -> RunRange:
    return parse(str(place[1]))


def named(place: Path) -> str:
    return " ".join(str(part) for part in place[2:]) or f"runs {place[1]}"


def others(text: str, place: Path, itself: bool = False) -> list[tuple[RunRange, Path]]:
    """The sections that share a (detector, function) with `place`: their ranges and where they are, one for each
    detector and function where `place` has several."""
    runs = table_of(text).get("runs", {})
    mine = {(str(place[2]), str(place[3]))} if len(place) == 4 else _slots(runs.get(place[1], {}), place)
    found: list[tuple[RunRange, Path]] = []
    for key, detectors in runs.items():
        if key == place[1] and not itself:
            continue
        try:
            held = RunRange.parse(key)
        except RangeError:
            continue  # a problem of its own, which the check tells
        shared = sorted(mine & _slots(detectors, place))
        found += [(held, ("runs", key, *slot)) for slot in shared]
    return found


def without(wanted: RunRange, taken: Iterable[tuple[RunRange, Path]]) -> RunRange | None:
    left: RunRange | None = wanted
    for held, _ in taken:
        if left is not None and not held.is_all:
            left = left.without(held)
    return left


def _slots(detectors: Any, place: Path) -> set[Slot]:
    found = set()
    for detector, functions in detectors.items() if isinstance(detectors, dict) else ():
        for function in functions if isinstance(functions, dict) else ():
            if place[2:3] in ((), (detector,)) and place[3:4] in ((), (function,)):
                found.add((detector, function))
    return found


def key_for(text: str, runs: str) -> str:
    """The key under ``runs`` for these runs: as it is written there already, else `runs`."""
    wanted = parse(runs)
    for key in table_of(text).get("runs", {}):
        try:
            if RunRange.parse(key) == wanted:
                return str(key)
        except RangeError:
            continue
    return runs


def _s(runs: RunRange) -> str:
    return f" {runs.text}" if runs.text.isdigit() else f"s {runs.text}"


# ---- moving and copying text -----------------------------------------------------------------------------------------

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|[A-Za-z0-9_-]+')


def _moved(text: str, place: Path, key: str) -> str:
    """`place` under another range, in its place in the text where it has headers of its own."""
    if key == place[1]:
        return text
    there = (place[0], key, *place[2:])
    value = value_at(table_of(text), place)
    if value is None:
        raise EditFailed(f"[{dotted(place)}] is not in the profile")

    def change(whole: Any) -> None:
        _take(whole, place)
        _put(whole, there, value)

    seen = scan(text)
    headers = _own_headers(seen, place)
    if headers is not None and value_at(table_of(text), there) is None:
        changed = text
        for header in reversed(headers):
            changed = _renamed(changed, header, key)
        try:
            return verified(text, changed, place, change, pruned)
        except EditFailed:
            pass  # e.g. a header that two sections would then share
    changed = put(edit.remove(text, place), there, value)
    return verified(text, changed, place, change, pruned)


def _copied(text: str, place: Path, key: str) -> str:
    """`place` once more under another range, behind itself."""
    there = (place[0], key, *place[2:])
    value = value_at(table_of(text), place)
    if value is None:
        raise EditFailed(f"[{dotted(place)}] is not in the profile")

    def change(whole: Any) -> None:
        _put(whole, there, value)

    seen = scan(text)
    headers = _own_headers(seen, place)
    if headers:
        changed = _with_blocks(text, seen, headers, key)
        try:
            return verified(text, changed, place, change, pruned)
        except EditFailed:
            pass
    return verified(text, put(text, there, value), place, change, pruned)


def _own_headers(seen: Scan, place: Path) -> list[Header] | None:
    """The headers that hold all of `place` and nothing else; None where some of it is written elsewhere."""

    within: dict[Path, bool] = {}  # header -> whether all that is written under it is in `place`
    for path, written_in in seen.table_of.items():
        within[written_in] = within.get(written_in, True) and path[: len(place)] == place

    def whole(header: Header) -> bool:
        return len(header.path) >= 2 and within.get(header.path, False)

    found = [header for header in seen.headers if header.path[: len(place)] == place or whole(header)]
    written = {header.path for header in found}
    heads = {(), *(header.path for header in seen.headers)}
    loose = [p for p, at in seen.table_of.items() if p[: len(place)] == place and at in heads - written]
    return None if loose or not found else found


def _renamed(text: str, header: Header, key: str) -> str:
    """The header with `key` as the second of its names."""
    start, end = list(_PIECE.finditer(text, header.start, header.end))[1].span()
    return text[:start] + key_text(key) + text[end:]


def _with_blocks(text: str, seen: Scan, headers: list[Header], key: str) -> str:
    """The sections of these headers written once more under another range, behind the last of them."""
    blocks = []
    for header in headers:
        index = seen.headers.index(header)
        start, end = edit.line_start(text, header.start), edit.body_end(text, seen, index)
        block = text[start:end]
        blocks.append(
            _renamed(block, Header(header.path, header.start - start, header.end - start), key).rstrip("\r\n")
        )
    at = edit.body_end(text, seen, seen.headers.index(headers[-1]))
    line = edit.newline(text)
    before = "" if text[:at].endswith("\n") else line
    behind = "" if not text[at:] or text[at:].startswith(("\n", "\r\n")) else line
    return text[:at] + before + line + (line + line).join(blocks) + line + behind + text[at:]


def put(text: str, path: Path, value: Any) -> str:
    """`value` at `path`, where nothing is yet or a list is: tables as sections of their own."""
    if isinstance(value, dict):
        if not value:
            return edit.put_table(text, path, {})
        for name, inner in value.items():
            text = put(text, (*path, name), inner)
        return text
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        for entry in value:
            text = edit.append(text, path, entry)
        return text
    return edit.set_value(text, path, value)


def _put(whole: Any, path: Path, value: Any) -> None:
    for part in path[:-1]:
        whole = whole.setdefault(part, {})
    there = whole.get(path[-1])
    if isinstance(there, dict) and isinstance(value, dict):
        for name, inner in value.items():
            _put(there, (name,), inner)
    elif isinstance(there, list) and isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        whole[path[-1]] = [*there, *value]
    else:
        whole[path[-1]] = value


def _take(whole: Any, path: Path) -> None:
    for part in path[:-1]:
        whole = whole[part]
    del whole[path[-1]]
