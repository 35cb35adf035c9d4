"""Edits of a TOML text that leave every byte alone but those of what is changed.

Each function takes a text and returns the new one. It finds the place by the scan of the text and replaces or inserts
there, then reads the result back: if that is not exactly what was asked for, `EditFailed` is raised.
"""

import contextlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import tomllib

from producer.report import Path, dotted
from producer.toml_lines import Header, Scan, scan, tables
from producer.toml_text import key as key_text
from producer.toml_text import value_text


class EditFailed(Exception):
    """The text cannot be changed so; it is as it was. `str()` says why."""


def table_of(text: str) -> dict[str, Any]:
    """The tables of `text`: not to be changed. Raises EditFailed for what is no TOML."""
    try:
        return tables(text)
    except tomllib.TOMLDecodeError as error:
        raise EditFailed(f"mend the text first, it is no TOML: {error}") from None


def value_at(table: Any, path: Path) -> Any:
    """The value at `path`, or None when there is none (TOML has no null)."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(table, list) or part >= len(table):
                return None
        elif not isinstance(table, Mapping) or part not in table:
            return None
        table = table[part]
    return table


def set_value(text: str, path: Path, value: Any) -> str:
    """Replace the value at `path`, or add it to its table, which is added too where it is not there."""
    seen = scan(text)
    if path in seen.values:
        start, end = seen.values[path]
        changed = text[:start] + value_text(value) + text[end:]
    else:
        changed = _with_pair(text, seen, path, value)
    return verified(text, changed, path, lambda table: _put(table, path, value))


def put_table(text: str, path: Path, table: Mapping[str, Any]) -> str:
    """A table of its own at `path`, where there is none; also one without any value in it."""
    changed = _with_table(text, scan(text), path, table, array=False)
    return verified(text, changed, path, lambda whole: _put(whole, path, dict(table)))


def append(text: str, path: Path, value: Any) -> str:
    """Add `value` to the end of the list at `path`, which is made if it is not there: as ``[[path]]`` for a table."""
    seen = scan(text)
    if path in seen.values:
        changed = _with_element(text, seen, path, value)
    elif isinstance(value, Mapping):
        changed = _with_table(text, seen, path, value, array=True)
    elif (*path, 0) in seen.positions:
        raise EditFailed(f"{dotted(path)} is an array of tables; only a table can be added")
    else:
        return set_value(text, path, [value])
    return verified(text, changed, path, lambda table: _put(table, path, [*(value_at(table, path) or []), value]))


def remove(text: str, path: Path) -> str:
    """Take out a value, an entry of a list, or a table with all that is in it."""
    seen = scan(text)
    if path not in seen.positions:
        raise EditFailed(f"{dotted(path)} is not in the profile")
    if path[:-1] in seen.values:
        changed = _without_element(text, seen, path)
    else:
        changed = _without_lines(text, seen, path)
    return verified(text, changed, path, lambda table: _take(table, path), pruned)


def verified(
    text: str, changed: str, path: Path, change: Callable[[Any], None], form: Callable[[Any], Any] = lambda table: table
) -> str:
    """`changed`, if it says what `change` makes of the tables of `text`, both seen in a `form`; else EditFailed."""
    wanted = _copied(table_of(text))
    change(wanted)
    got: Any = None
    with contextlib.suppress(EditFailed):
        got = table_of(changed)
    if got is None or not same(form(got), form(wanted)):
        raise EditFailed(f"{dotted(path)} cannot be changed in the way the profile is written; change it in the text")
    return changed


def _put(table: Any, path: Path, value: Any) -> None:
    for part, following in zip(path, path[1:], strict=False):
        if isinstance(part, str) and part not in table:
            table[part] = [] if isinstance(following, int) else {}
        table = table[part]
    value = [dict(v) if isinstance(v, Mapping) else v for v in value] if isinstance(value, list) else value
    table[path[-1]] = _plain(value)


def same(a: Any, b: Any) -> bool:
    """Equal, and of the same types: 1, 1.0 and true differ, nan is nan."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return len(a) == len(b) and all(name in b and same(value, b[name]) for name, value in a.items())
    if isinstance(a, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return repr(a) == repr(b) if isinstance(a, float) else bool(a == b)


def _copied(value: Any) -> Any:
    """A copy of tables and lists; what else TOML has cannot be changed."""
    if isinstance(value, dict):
        return {name: _copied(inner) for name, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """As TOML gives it back: tuples are lists."""
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value


def _take(table: Any, path: Path) -> None:
    for part in path[:-1]:
        table = table[part]
    del table[path[-1]]


def pruned(value: Any) -> Any:
    """Without empty tables: a table that only had a header in the name of another goes with it."""
    if isinstance(value, dict):
        kept = {name: pruned(v) for name, v in value.items()}
        return {name: v for name, v in kept.items() if v not in ({}, [])}
    return [pruned(v) for v in value] if isinstance(value, list) else value


# ---- where things are -----------------------------------------------------------------------------------------------


def newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _line_end(text: str, at: int) -> int:
    """Behind the line break of the line that `at` is in, or the end of the text."""
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _indent(text: str, at: int) -> str:
    match = re.compile(r"[ \t]*").match(text, line_start(text, at))
    return match.group() if match else ""


def body_end(text: str, seen: Scan, index: int) -> int:
    """Where the section of header `index` (-1: what stands before all headers) ends: before the blank lines and the
    comment directly above the next header, for that comment is the next one's."""
    if index + 1 >= len(seen.headers):
        return len(text)
    end = line_start(text, seen.headers[index + 1].start)
    least = _line_end(text, max([seen.headers[index].end if index >= 0 else 0, *_pair_ends(seen, index)]))
    lines = text[least:end].splitlines(keepends=True)
    while lines and lines[-1].lstrip().startswith("#"):
        lines.pop()
    while lines and not lines[-1].strip():
        lines.pop()
    return least + sum(map(len, lines)) if least <= end else end


def _pair_ends(seen: Scan, index: int) -> list[int]:
    low = seen.headers[index].end if index >= 0 else 0
    high = seen.headers[index + 1].start if index + 1 < len(seen.headers) else None
    return [end for start, end in seen.pairs.values() if start >= low and (high is None or end <= high)]


def _insert_line(text: str, at: int, line: str) -> str:
    """`line` (any number of lines, no break at its end) as lines of its own at the beginning of a line or the end."""
    line = line.replace("\n", newline(text))
    if at and text[at - 1] != "\n":
        return text[:at] + newline(text) + line + text[at:]
    return text[:at] + line + newline(text) + text[at:]


# ---- adding ---------------------------------------------------------------------------------------------------------


def _with_pair(text: str, seen: Scan, path: Path, value: Any) -> str:
    parent, pair = path[:-1], f"{key_text(str(path[-1]))} = {value_text(value)}"
    if parent in seen.values:  # an inline table
        start, end = seen.values[parent]
        inner = text[start + 1 : end - 1].rstrip()
        glue = ", " if inner.strip() else " "
        return text[: start + 1] + inner + glue + pair + " " + text[end - 1 :]
    index = next((i for i, header in enumerate(seen.headers) if header.path == parent), None)
    if index is not None or not parent:
        index = -1 if index is None else index
        ends = _pair_ends(seen, index)
        if ends:
            return _insert_line(text, _line_end(text, max(ends)), _indent_of_last(text, seen, max(ends)) + pair)
        if index < 0:
            return _insert_line(text, 0, pair)
        header = seen.headers[index]
        return _insert_line(text, _line_end(text, header.end), _indent(text, header.start) + pair)
    dotted_ones = [other for other in seen.pairs if other[: len(parent)] == parent and len(other) > len(parent)]
    if dotted_ones and not any(header.path[: len(parent)] == parent for header in seen.headers):
        last = max(dotted_ones, key=lambda other: seen.pairs[other][1])
        prefix = ".".join(key_text(str(part)) for part in parent[len(seen.table_of[last]) :])
        line = f"{_indent(text, seen.pairs[last][0])}{prefix}.{pair}"
        return _insert_line(text, _line_end(text, seen.pairs[last][1]), line)
    return _with_table(text, seen, parent, {str(path[-1]): value}, array=False)


def _indent_of_last(text: str, seen: Scan, end: int) -> str:
    start = next(start for start, pair_end in seen.pairs.values() if pair_end == end)
    return _indent(text, start)


def _with_table(text: str, seen: Scan, path: Path, table: Mapping[str, Any], array: bool) -> str:
    """A section of its own, behind the last one that shares most of its path."""
    names = ".".join(key_text(part) for part in path if isinstance(part, str))
    lines = [f"[[{names}]]" if array else f"[{names}]", *(f"{key_text(k)} = {value_text(v)}" for k, v in table.items())]
    block = "\n".join(lines)
    at = body_end(text, seen, _nearest_header(seen.headers, path))
    before = text[:at]
    if before.strip():
        block = block if before.endswith(("\n\n", "\r\n\r\n")) else "\n" + block
    following = text[at:]
    if following and not following.startswith(("\n", "\r\n")):
        block += "\n"
    return _insert_line(text, at, block)


def _nearest_header(headers: list[Header], path: Path) -> int:
    def shared(header: Header) -> int:
        same = 0
        for a, b in zip(header.path, path, strict=False):
            if a != b:
                break
            same += 1
        return same

    best = max((shared(header) for header in headers), default=0)
    if best == 0:
        return len(headers) - 1
    return max(i for i, header in enumerate(headers) if shared(header) == best)


def _with_element(text: str, seen: Scan, path: Path, value: Any) -> str:
    start, end = seen.values[path]
    if text[start] != "[":
        raise EditFailed(f"{dotted(path)} is not a list")
    written = value_text(value)
    count = sum(1 for other in seen.values if len(other) == len(path) + 1 and other[:-1] == path)
    if count == 0:
        inner = text[start + 1 : end - 1]
        if "#" in inner or "\n" in inner:  # an empty list with a comment in it, or closed on a line of its own
            return _insert_line(text, line_start(text, end - 1), f"{_indent(text, start)}    {written},")
        return text[:start] + f"[{written}]" + text[end:]
    last_start, last_end = seen.values[(*path, count - 1)]
    rest = text[last_end : end - 1]
    comma = re.match(r"(?:[ \t\r\n]|#[^\n]*)*,", rest)
    if "\n" not in rest:
        if comma:
            return text[: last_end + comma.end()] + f" {written}," + text[last_end + comma.end() :]
        return f"{text[:last_end]}, {written}{text[last_end:]}"
    behind = last_end + (comma.end() if comma else 0)
    line_end = _line_end(text, behind)
    line = f"{_indent(text, last_start)}{written}{',' if comma else ''}{newline(text)}"
    if comma:
        return text[:line_end] + line + text[line_end:]
    return text[:last_end] + "," + text[last_end:line_end] + line + text[line_end:]


# ---- removing -------------------------------------------------------------------------------------------------------


def _without_element(text: str, seen: Scan, path: Path) -> str:
    """An entry of an array or of an inline table, with one of the commas beside it."""
    place = seen.values if isinstance(path[-1], int) else seen.pairs
    start, end = place[path]
    outer_start, outer_end = seen.values[path[:-1]]
    line = line_start(text, start)
    alone = re.compile(r"[ \t]*,?[ \t]*(?:#[^\n]*)?\n").match(text, end, outer_end)
    if alone and line > outer_start and not text[line:start].strip():
        return text[:line] + text[alone.end() :]  # a line of its own goes with its comment
    comma = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*,[ \t]*").match(text, end, outer_end)
    if comma:
        return text[:start] + text[comma.end() :]
    previous = text[outer_start + 1 : start].rstrip(" \t\r\n")
    if previous.endswith(","):
        start = outer_start + len(previous)
    return text[:start] + text[end:]


def _without_lines(text: str, seen: Scan, path: Path) -> str:
    cuts = []
    for index, header in enumerate(seen.headers):
        if header.path[: len(path)] == path:
            last = max([header.end, *_pair_ends(seen, index)])
            cuts.append((line_start(text, header.start), _line_end(text, last)))
    for other, (start, end) in seen.pairs.items():
        if other[: len(path)] == path and not any(low <= start < high for low, high in cuts):
            cuts.append((line_start(text, start), _line_end(text, end)))
    for start, end in sorted(cuts, reverse=True):
        blank_before = start == 0 or text[:start].endswith(("\n\n", "\r\n\r\n"))
        blank = re.compile(r"\r?\n").match(text, end)
        if blank_before and blank:
            end = blank.end()
        text = text[:start] + text[end:]
    return text
