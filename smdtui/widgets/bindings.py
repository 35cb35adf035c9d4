"""Textual bindings of the groups of the key registry."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from smdtui.keys import KEYS


def bindings(*groups: str) -> list[BindingType]:
    """The bindings of these groups; the footer shows those that have a place in it."""
    return [
        Binding(
            key.keys,
            key.action,
            key.label,
            show=key.footer > 0,
            key_display=key.shown,
            tooltip=key.help,
            id=key.id,
            priority=key.priority,
        )
        for group in groups
        for key in KEYS[group]
    ]
