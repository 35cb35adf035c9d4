"""Screens, one file each; the app imports them when they are first shown."""
