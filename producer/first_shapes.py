"""The shape of what detectors deliver, from the first events in which they appear.  Numpy only."""

from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from producer import dgram
from producer.dgram import Damaged, Walk
from producer.run_chunks import chunks
from producer.run_folder import Stream
from producer.xtc_tree import SHAPES_DATA, Configuration, Corrupt, Names, leaves, shapes

Shape = Tuple[int, ...]
# Of how many events at most, and of how many bytes, a stream is searched for detectors that are not in its first event.
EVENTS, BYTES = 8, 1 << 26


def first_shapes(stream: Stream, configured: Configuration, walked: Walk) -> Dict[int, Dict[str, Shape]]:
    """{key of the Names: {field: shape}} for what was found in the first few events of a stream.

    `walked` is the walk over the smd file, with pointers.  Raises Damaged when an event cannot be read.
    """
    found: Dict[int, Dict[str, Shape]] = {}
    assert walked.pointers is not None
    parts = chunks(stream, configured, ())
    if not parts:
        return found
    wanted = {names.key for names in configured.names}
    read = 0
    for index in np.flatnonzero(walked.events)[:EVENTS]:
        place, size = (int(walked.pointers[name][index]) for name in ("offset", "size"))
        if read + size > BYTES and found:
            break
        try:
            data = dgram.read_dgram(parts[0].path, place)
            read += len(data)
            for kind, key, begin, end in leaves(data):
                if kind == SHAPES_DATA and key in configured.by_key and key not in found:
                    found[key] = shapes(data, configured.by_key[key], begin, end)
        except Corrupt as corrupt:
            raise Damaged(
                parts[0].path, place, f"has corrupt data in the event at byte {place}: {corrupt}"
            ) from corrupt
        if wanted <= found.keys():
            break
    return found


def main_field(names: Names) -> Optional[str]:
    """The field that psana's ``raw.raw`` (``raw.calib`` of old detectors) is made from, or None."""
    arrays = {field.name for field in names.fields if field.rank and field.kind != "str"}
    if names.dettype.startswith("epixuhr"):
        return None  # psana unscrambles the pixels of these into another shape
    return next((name for name in ("raw", "image", "value", "arrayRaw", "array_raw", "calib") if name in arrays), None)


def stacked(field: str, dettype: str, segments: Sequence[Shape]) -> Optional[Shape]:
    """What psana makes of the arrays of all segments of a detector, in ascending order of segment.

    ``raw`` as AreaDetectorRaw.raw: several segments are stacked, then everything before rows and columns is one axis;
    ``image`` is stacked; ``arrayRaw`` is stacked even when there is one; of the others psana takes the first segment.
    """
    if not segments or any(shape != segments[0] for shape in segments):
        return None
    first, count = segments[0], len(segments)
    if field == "arrayRaw":
        return (count, *first)
    if count == 1 or field not in ("raw", "image") or dettype.startswith("piranha4"):
        return first
    whole: List[int] = [count, *first]
    if field == "raw" and len(whole) > 3:
        whole = [int(np.prod(whole[:-2])), *whole[-2:]]
    return tuple(whole)
