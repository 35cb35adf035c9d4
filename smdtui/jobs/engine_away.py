"""An engine that cannot be reached at the moment: the launch was refused for no fault of its own."""


class EngineAway(RuntimeError):
    """The message is in words for people; the same launch may succeed in a minute."""
