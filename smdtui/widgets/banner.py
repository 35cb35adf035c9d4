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
        services, chosen, width = self.services, self.services.selection, self.size.width
        name = getattr(services.experiment, "name", "") or "no experiment"
        parts: list[tuple[str, str]] = []
        if services.demo:
            parts.append((" DEMO ", "bold black on $warning"))
        parts.append((f" {clean(name)}", "bold"))
        if chosen.run is not None:
            parts.append((f"  run {chosen.run}", "bold"))
        if chosen.profile is not None:
            star = " *not saved*" if services.unsaved() else ""
            parts.append((f"  {clean(chosen.profile.name)}{star}", ""))
        left = Content.assemble(*parts)
        long = Content.assemble(*self._tabs(short=False))
        right = long if left.cell_length + long.cell_length + 1 <= width else Content.assemble(*self._tabs(short=True))
        left = left.truncate(max(0, width - right.cell_length - 1), ellipsis=True)
        return left + Content(" " * max(0, width - left.cell_length - right.cell_length)) + right

    def _tabs(self, short: bool) -> list[tuple[str, str]]:
        tabs = []
        for number, name in enumerate(SCREENS, 1):
            here = name == self.current
            word = (
                f"[{number} {name.capitalize()}]"
                if here
                else f" {number} "
                if short
                else f" {number} {name.capitalize()} "
            )
            tabs.append((word, "bold reverse" if here else ""))
        return tabs
