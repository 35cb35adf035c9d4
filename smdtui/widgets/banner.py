"""The line on top of every screen: experiment, run, profile, screens, and that it is a demo if it is."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from smdtui.services import Services
from smdtui.widgets.columns import clean

SCREENS = ("runs", "names", "profile", "jobs", "result")


class Banner(Widget):
    """One line; read again from the services by `refresh`."""

    DEFAULT_CSS = """
    Banner { height: 1; background: $panel; color: $foreground; }
    """

    def __init__(self, services: Services, current: str) -> None:
        super().__init__()
        self.services, self.current = services, current

    def render(self) -> Content:
        width = self.size.width
        for full, short in ((True, False), (False, False), (False, True)):
            left, right = self._left(full), Content.assemble(*self._tabs(short))
            if left.cell_length + right.cell_length + 1 <= width:
                break
        left = left.truncate(max(0, width - right.cell_length - 1), ellipsis=True)
        return left + Content(" " * max(0, width - left.cell_length - right.cell_length)) + right

    def _left(self, full: bool) -> Content:
        """What is chosen; in `full` it is said in words that the profile is not saved."""
        services, chosen = self.services, self.services.selection
        name = getattr(services.experiment, "name", "") or "no experiment"
        parts: list[tuple[str, str]] = []
        if services.demo:
            parts.append((" DEMO ", "bold black on $warning"))
        parts.append((f" {clean(name)}", "bold"))
        if chosen.run is not None:
            parts.append((f"  run {chosen.run}", "bold"))
        if chosen.profile is not None:
            star = (" (not saved)" if full else "*") if services.unsaved() else ""
            parts.append((f"  {clean(chosen.profile.name)}{star}", ""))
        return Content.assemble(*parts)

    def _tabs(self, short: bool) -> list[tuple[str, str]]:
        tabs: list[tuple[str, str]] = []
        for number, name in enumerate(SCREENS, 1):
            here = name == self.current
            word = str(number) if short and not here else f"{number} {name.capitalize()}"
            tabs += [(f"[{word}]", "bold reverse") if here else (word, ""), (" ", "")]
        return tabs
