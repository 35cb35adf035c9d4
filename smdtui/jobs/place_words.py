"""The options by which a command of ours, started apart, finds the same experiment and results as its caller."""

from smdtui.catalog.experiment import resolve
from smdtui.jobs.launch import Place
from smdtui.site import Site


class PlaceError(Exception):
    """The message is a sentence for people."""


def place_words(site: Site, place: Place) -> list[str]:
    """Raises PlaceError where no options would lead to the very same results."""
    words = ["--site", str(site.path.absolute()), "--dir", str(place.directory)]
    results = place.results if place.hdf5 == place.results / "hdf5" else None
    found = resolve(site, place.name, dir=place.directory, results=results)
    if (found.results, found.hdf5) != (place.results, place.hdf5):
        raise PlaceError(f"the results of {place.name} lie in {place.results}, where a command would not find them")
    return [*words, *(["--results", str(results)] if results is not None else [])]
