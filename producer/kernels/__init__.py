"""The arithmetic of analysis functions that is long enough to stand alone: plain numpy and scipy on whole arrays."""
