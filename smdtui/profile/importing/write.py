"""The profile's text: each value with the line of the configuration that it comes from."""

from pathlib import Path as FilePath
from typing import Any

from producer.toml_text import key, value_text
from smdtui.profile.importing.draft import Draft
from smdtui.profile.importing.draft import Path as Inner
from smdtui.profile.importing.items import LOST, Item, one_line
from smdtui.profile.importing.run_number import range_text
from smdtui.profile.importing.translate import Translation

_WIDTH = 116


def profile_text(translation: Translation) -> str:
    """A profile in TOML that passes `producer.plan.check`."""
    reading = translation.reading
    name = one_line(FilePath(reading.file).name)
    lines = [f"# Imported from {name}, {reading.how}; the lines named are those of that file."]
    lines += _told(translation.items)
    lines += ["", "format = 1"]
    if translation.hutch:
        lines.append(f"hutch = {value_text(translation.hutch)}")
    lines.append(f"title = {value_text(f'imported from {name}')}")
    for section, drafts in translation.settings.items():
        many = len(drafts) > 1 or section == "analog_input"
        for draft in drafts:
            head_line = f"[[{section}]]" if many else f"[{section}]"
            lines += ["", *_unless_complete(draft, [head_line, *_table(draft.table, draft, (), (section,))])]
    for part in translation.sections:
        head = ("runs", range_text(part.spans), part.detector)
        for draft in part.entries:
            lines += ["", *_unless_complete(draft, _entry(head, part.function, draft))]
    return "\n".join(lines) + "\n"


def _told(items: tuple[Item, ...]) -> list[str]:
    """What is not in the profile, as comments at its top, so that it stays with it."""
    lost = [item for item in items if item.kind == LOST]
    told = [f"# Not carried over: line {item.line}: {item.words}" for item in lost]
    return [line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..." for line in told]


def _unless_complete(draft: Draft, lines: list[str]) -> list[str]:
    """As comments when something is missing without which the entry would do something else."""
    if not draft.missing:
        return lines
    names = ", ".join(dict.fromkeys(draft.missing))
    return [f"# To be completed, see the report: without {names}", *(f"# {line}".rstrip() for line in lines)]


def _entry(head: tuple[str, ...], function: str, draft: Draft) -> list[str]:
    from producer.analysis import FUNCTIONS
    from producer.parameters import only_short, short_field

    module = FUNCTIONS[function]
    if only_short(module.Parameters):
        field = str(short_field(module.Parameters))
        table = {function: draft.table[field]}
        return [f"[{_dotted(head)}]", *_value(function, table[function], draft, (field,), draft.line)]
    path = (*head, function)
    opened = f"[[{_dotted(path)}]]" if module.MANY else f"[{_dotted(path)}]"
    opened += f"  # line {draft.line}" if draft.line else ""
    return [opened, *_table(draft.table, draft, (), path)]


def _dotted(path: tuple[str, ...]) -> str:
    return ".".join(key(part) for part in path)


def _table(table: dict[str, Any], draft: Draft, inner: Inner, path: tuple[str, ...]) -> list[str]:
    lines: list[str] = []
    later: list[str] = []
    for name, value in sorted(table.items(), key=lambda entry: entry[0] != "name"):
        here = (*inner, name)
        if isinstance(value, dict):
            later += ["", f"[{_dotted((*path, name))}]", *_table(value, draft, here, (*path, name))]
        elif (
            isinstance(value, list) and value and all(isinstance(v, dict) for v in value) and len(inner) + len(path) > 1
        ):
            for i, one in enumerate(value):
                later += ["", f"[[{_dotted((*path, name))}]]", *_table(one, draft, (*here, i), (*path, name))]
        else:
            lines += _value(name, value, draft, here, draft.lines.get(here, draft.line))
    return lines + later


def _value(name: str, value: Any, draft: Draft, inner: Inner, line: int) -> list[str]:
    text = f"{key(name)} = {value_text(value)}"
    comment = f"  # line {line}" if line else ""
    if len(text) <= _WIDTH or not isinstance(value, list):
        return [text + comment]
    lines = [f"{key(name)} = [{comment}"]
    for i, one in enumerate(value):
        at = draft.lines.get((*inner, i))
        lines.append(f"    {value_text(one)}," + (f"  # line {at}" if at else ""))
    return [*lines, "]"]
