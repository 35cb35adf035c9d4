"""A region that scrolls to what has the focus, and leaves the arrow keys to what is around it."""

from textual.containers import VerticalScroll


class Scroller(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Where a VerticalScroll has more than fits, its own up and down would come before those of a form or question."""
