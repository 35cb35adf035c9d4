"""smdtui: the console from which a shift operator at an X-ray laser runs SmallData production."""

from producer import __version__

__all__ = ["__version__"]
