"""The bottom line: what the keys do just now, from the live bindings, most important first."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from smdtui.keys import find


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

    def entries(self) -> list[tuple[str, str, str, bool]]:
        """(key, as shown, word, enabled) in the order of the registry."""
        seen: dict[str, tuple[int, tuple[str, str, str, bool]]] = {}
        for _, binding, enabled, _ in self.screen.active_bindings.values():
            if not binding.show or not binding.id or binding.id in seen:
                continue
            shown = binding.key_display or binding.key
            seen[binding.id] = (find(binding.id).footer, (binding.key, shown, binding.description, enabled))
        return [entry for _, entry in sorted(seen.values(), key=lambda item: item[0])]

    def _spans(self) -> list[tuple[int, int, str, str, str, bool]]:
        """(begin, end, ...) of those that fit."""
        spans, at = [], 1
        for key, shown, word, enabled in self.entries():
            end = at + len(shown) + 1 + len(word)
            if end > self.size.width:
                break
            spans.append((at, end, key, shown, word, enabled))
            at = end + 2
        return spans

    def render(self) -> Content:
        parts: list[tuple[str, str]] = [(" ", "")]
        for _, _, _, shown, word, enabled in self._spans():
            parts += [(shown, "bold $accent" if enabled else "dim"), (f" {word}  ", "" if enabled else "dim")]
        return Content.assemble(*parts)

    async def on_click(self, event: events.Click) -> None:
        for begin, end, key, _, _, enabled in self._spans():
            if begin <= event.x < end and enabled:
                self.app.simulate_key(key)
