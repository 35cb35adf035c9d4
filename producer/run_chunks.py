"""Which file each stretch of a stream is in: a long stream goes over into further files, ``...-c001.xtc2`` and so on.

psana changes to the file that the smd names (``chunkinfo``, carried by an Enable), whatever its name.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from producer.dgram import read_dgram
from producer.run_folder import Stream
from producer.xtc_tree import Configuration, Corrupt, Names, contents


@dataclass(frozen=True)
class Chunk:
    """The file that holds the events of the smd from byte `begin` of the smd on."""

    begin: int
    path: Path


def chunks(stream: Stream, configuration: Configuration, enables: Sequence[int]) -> List[Chunk]:
    """The files of a stream in order; `enables` are the offsets in the smd of the Enables that carry something.

    [] when the first file is missing.  A file that is still named .inprogress is found under that name.  Raises
    Damaged when an Enable cannot be read.
    """
    if not stream.bigdata or stream.smd is None:
        return []
    result = [Chunk(0, stream.bigdata[0])]
    number = 0
    for offset in enables:
        try:
            said = [values for names, values in _said(stream, configuration, offset) if names.detname == "chunkinfo"]
        except Corrupt:
            said = []
        if said and int(said[0].get("chunkid", 0)) > number:
            number = int(said[0]["chunkid"])
            path = stream.bigdata[0].parent / str(said[0].get("filename", ""))
            growing = path.with_name(path.name + ".inprogress")
            result.append(Chunk(offset, growing if growing in stream.bigdata else path))
    return result


def _said(stream: Stream, configuration: Configuration, offset: int) -> Iterator[Tuple[Names, Dict[str, Any]]]:
    assert stream.smd is not None
    return contents(read_dgram(stream.smd, offset), configuration.by_key)
