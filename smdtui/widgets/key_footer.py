"""The bottom line: what the keys do just now, from the live bindings, most important first."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from smdtui.keys import find


@dataclass(frozen=True)
class Entry:
    """A key as the footer shows it."""

    key: str
    shown: str
    word: str
    enabled: bool
    rank: int

    @property
    def width(self) -> int:
        return len(self.shown) + 1 + len(self.word)

    @property
    def common(self) -> bool:
        """Moving, selecting, filtering, leaving: kept longer than what is particular to the screen and ranks late."""
        return self.rank < 40 or self.rank in (80, 90)


class KeyFooter(Widget):
    """One line of key and word; a click on one presses it."""

    DEFAULT_CSS = """
    KeyFooter { height: 1; dock: bottom; background: $panel; color: $foreground; }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        if screen is self.screen:
            self.refresh()

    def entries(self) -> list[Entry]:
        """What the focus can do, in the order of the registry."""
        seen: dict[str, Entry] = {}
        active = self.screen.active_bindings
        for _, binding, enabled, _ in active.values():
            if binding.show and binding.id and binding.id not in seen:
                first = active.get(find(binding.id).keys.split(",")[0])
                if first is not None and first.binding.show and first.binding.id != binding.id:
                    continue  # the key by which it is shown does something else here
                shown = binding.key_display or binding.key
                seen[binding.id] = Entry(binding.key, shown, binding.description, enabled, find(binding.id).footer)
        return sorted(seen.values(), key=lambda entry: entry.rank)

    def _spans(self) -> list[tuple[int, int, Entry]]:
        """(begin, end, entry) of those that fit; help is always among them, the last of the others go first."""
        entries = self.entries()
        while sum(entry.width + 2 for entry in entries) > self.size.width and len(entries) > 1:
            dropped = max((e for e in entries if e.key != "question_mark"), key=lambda e: (not e.common, e.rank))
            entries.remove(dropped)
        spans, at = [], 1
        for entry in entries:
            spans.append((at, at + entry.width, entry))
            at += entry.width + 2
        return spans

    def render(self) -> Content:
        parts: list[tuple[str, str]] = [(" ", "")]
        for _, _, entry in self._spans():
            on = entry.enabled
            parts += [(entry.shown, "bold $accent" if on else "dim"), (f" {entry.word}  ", "" if on else "dim")]
        return Content.assemble(*parts)

    async def on_click(self, event: events.Click) -> None:
        for begin, end, entry in self._spans():
            if begin <= event.x < end and entry.enabled:
                self.app.simulate_key(entry.key)
