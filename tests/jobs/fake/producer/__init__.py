"""Stands in for the producer where a test is about what becomes of its processes, not of its events."""
