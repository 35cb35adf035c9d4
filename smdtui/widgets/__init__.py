"""Widgets: they paint states and post messages; they decide nothing."""
