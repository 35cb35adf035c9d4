"""`smdtui demo`: a synthetic experiment on this machine, and the app on it, or one run produced end to end."""

from smdtui.demo.command import command

__all__ = ["command"]
