"""What an import says about itself."""

from collections import defaultdict
from typing import Any

from smdtui.profile.importing.items import FAILS, IGNORED, LOST, NOTE, Item, one_line, runs_text
from smdtui.profile.importing.known_names import GENERATIONS
from smdtui.profile.importing.run_number import EVERY
from smdtui.profile.importing.translate import Translation

HEADINGS = {
    LOST: "not carried over",
    FAILS: "fails in the configuration itself",
    IGNORED: "ignored by smalldata_tools too, so not in the profile",
    NOTE: "carried over, but look at it",
}


def report_text(translation: Translation) -> str:
    reading = translation.reading
    detectors = {section.detector for section in translation.sections}
    lines = [
        f"{reading.file}: {GENERATIONS[reading.generation]}, {reading.how}",
        f"carried over: {_many(translation.carried, 'value')} in {_many(len(translation.sections), 'section')} of "
        f"{_many(len(detectors), 'detector')}, and {_many(len(translation.settings), 'run-independent section')}",
    ]
    for kind, heading in HEADINGS.items():
        items = [item for item in translation.items if item.kind == kind]
        lines.append(f"{heading}: {len(items) or 'nothing'}")
        lines += [f"  {line}" for line in _merged(items, reading.file)]
    return "\n".join(lines)


def report_json(translation: Translation) -> dict[str, Any]:
    return {
        "file": translation.reading.file,
        "generation": translation.reading.generation,
        "how": translation.reading.how,
        "carried": translation.carried,
        "items": [item.as_json() for item in translation.items],
    }


def lost(translation: Translation) -> int:
    return sum(item.kind == LOST for item in translation.items)


def _merged(items: list[Item], file: str) -> list[str]:
    """One line for what is said in the same words of several detectors."""
    groups: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for item in items:
        function, detector, rest = item.path[:1], item.path[1:2], item.path[2:]
        groups[item.line, item.message, item.spans, function, rest].extend(detector)
    lines = []
    for (line, message, spans, function, rest), detectors in groups.items():
        about = " ".join([*function, ", ".join(detectors), *rest]).replace("  ", " ").strip()
        runs = "" if spans == EVERY else f" ({runs_text(spans)})"
        lines.append(one_line(f"{file}:{line}: {about + ': ' if about else ''}{message}{runs}"))
    return lines


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
