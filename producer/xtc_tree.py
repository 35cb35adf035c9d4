"""Take apart a datagram's payload: which detectors it declares (Names) and what they say (ShapesData).  Numpy only.

Layout (psana's xtcdata/ShapesData.hh, NamesLookup.hh), packed, little endian: an Xtc is a header of 12 bytes (``XTC``)
and a payload of extent - 12 bytes, which for a Parent is a row of Xtcs.  A Names has ``INFO`` and one ``FIELD`` per
field; a ShapesData has a Shapes (5 u32 per array) and a Data (values back to back, not aligned).
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Tuple

import numpy as np

from producer.dgram import HEADER, AnyPath, Damaged

XTC = np.dtype([("src", "<u4"), ("damage", "<u2"), ("contains", "<u2"), ("extent", "<u4")])
_ALG = [("alg", "V256"), ("version", "<u4")]
INFO = np.dtype(
    [("arrays", "<u4"), ("dettype", "V256"), ("detname", "V256"), ("detid", "V256"), *_ALG, ("segment", "<u4")]
)
FIELD = np.dtype([*_ALG, ("name", "V256"), ("type", "<u4"), ("rank", "<u4")])
PARENT, SHAPES_DATA, SHAPES, DATA, NAMES = range(5)
TEXT = 10
# By psana's Name::DataType; CHARSTR, ENUMVAL and ENUMDICT are the last three.
TYPES = tuple(np.dtype("<" + t) for t in ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f4", "f8", "i1", "i4", "i4"))
TYPE_NAMES = tuple("str" if number == TEXT else kind.name for number, kind in enumerate(TYPES))
HIGHEST_RANK = 5


class Field(NamedTuple):
    """`type` indexes TYPES; text has rank 1 there and is one str here."""

    name: str
    type: int
    rank: int

    @property
    def kind(self) -> str:
        """ "uint16", "float64", "str", ..."""
        return TYPE_NAMES[self.type]


@dataclass(frozen=True)
class Names:
    """One declared (detector, algorithm, segment)."""

    key: int  # what its ShapesData carry as src: nodeId << 8 | namesId
    detname: str
    dettype: str
    detid: str
    alg: str
    version: Tuple[int, int, int]
    segment: int
    fields: Tuple[Field, ...]

    @property
    def interface(self) -> str:
        """The name of the class with which psana reads it."""
        return "_".join([self.dettype, self.alg, *map(str, self.version)])


@dataclass(frozen=True)
class Configuration:
    """What one file's Configure declares, in its order, and the values it carries."""

    path: Path
    names: Tuple[Names, ...]
    values: Tuple[Tuple[Names, Dict[str, Any]], ...]
    by_key: Mapping[int, Names] = field(default_factory=dict, compare=False)


class Corrupt(ValueError):
    """The bytes cannot be an Xtc tree; the message says why, without the file."""


def configuration(path: AnyPath, data: np.ndarray) -> Configuration:
    """Of a Configure datagram's bytes (uint8); raises Damaged, naming the file."""
    try:
        if len(data) < HEADER.itemsize or (int(data[11]) & 15) != 2:
            raise Corrupt("its first datagram is not a Configure")
        by_key: Dict[int, Names] = {}
        declared: List[Names] = []
        said = []
        for kind, key, begin, end in leaves(data):
            if kind == NAMES:
                names = _names(data, key, begin, end)
                declared.append(names)
                by_key[key] = names
            elif key in by_key:
                said.append((by_key[key], values(data, by_key[key], begin, end)))
    except Corrupt as corrupt:
        raise Damaged(path, 0, f"has a corrupt Configure: {corrupt}") from corrupt
    return Configuration(Path(path), tuple(declared), tuple(said), by_key)


def leaves(data: np.ndarray) -> Iterator[Tuple[int, int, int, int]]:
    """Every Names and ShapesData of a whole datagram in file order: (kind, key, begin, end of its payload)."""
    stack = [(HEADER.itemsize, len(data))]
    while stack:
        begin, end = stack.pop()
        inner = []
        for kind, key, low, high in _row(data, begin, end):
            if kind == PARENT:
                inner.append((low, high))
            elif kind in (SHAPES_DATA, NAMES):
                yield kind, key, low, high
        stack.extend(reversed(inner))


def contents(data: np.ndarray, by_key: Mapping[int, Names]) -> Iterator[Tuple[Names, Dict[str, Any]]]:
    """(names, {field: value}) of every ShapesData that was declared; raises Corrupt."""
    for kind, key, begin, end in leaves(data):
        if kind == SHAPES_DATA and key in by_key:
            yield by_key[key], values(data, by_key[key], begin, end)


def values(data: np.ndarray, names: Names, begin: int, end: int) -> Dict[str, Any]:
    """Field values of one ShapesData: str, numpy scalars, arrays (views of `data`); raises Corrupt."""
    result: Dict[str, Any] = {}
    text = b""  # all of it: there may be 50,000
    for entry, shape, low, high in _layout(data, names, begin, end):
        if entry.type == TEXT:
            text = text or data[begin:end].tobytes()
            result[entry.name] = _text(text[low - begin : high - begin])
        else:
            array = data[low:high].view(TYPES[entry.type]).reshape(shape)
            result[entry.name] = array if entry.rank else array[()]
    return result


def shapes(data: np.ndarray, names: Names, begin: int, end: int) -> Dict[str, Tuple[int, ...]]:
    """Field shapes of one ShapesData, () for a scalar and for text; raises Corrupt."""
    return {entry.name: () if entry.type == TEXT else shape for entry, shape, _, _ in _layout(data, names, begin, end)}


def _layout(data: np.ndarray, names: Names, begin: int, end: int) -> Iterator[Tuple[Field, Tuple[int, ...], int, int]]:
    """(field, shape, begin, end of its bytes)."""
    table = np.empty((0, HIGHEST_RANK), "<u4")
    here = stop = 0
    for kind, _, low, high in _row(data, begin, end):
        if kind == SHAPES:
            table = data[low : low + (high - low) // 20 * 20].view("<u4").reshape(-1, HIGHEST_RANK)
        elif kind == DATA:
            here, stop = low, high
    index = 0
    rows, sizes = table.tolist(), [kind.itemsize for kind in TYPES]
    for entry in names.fields:
        shape: Tuple[int, ...] = ()
        size = sizes[entry.type]
        if entry.rank:
            if index >= len(rows):
                raise Corrupt(f"{names.detname} has no shape for {entry.name}")
            shape = tuple(rows[index][: entry.rank])
            index += 1
            for n in shape:
                size *= n
        if here + size > stop:
            raise Corrupt(f"{names.detname} declares more data than there is")
        yield entry, shape, here, here + size
        here += size


def _row(data: np.ndarray, begin: int, end: int) -> Iterator[Tuple[int, int, int, int]]:
    """(kind, key, begin, end of payload) of the Xtcs side by side in data[begin:end]."""
    while begin + XTC.itemsize <= end:
        head = data[begin : begin + XTC.itemsize].view(XTC)[0]
        extent = int(head["extent"])
        if extent < XTC.itemsize or begin + extent > end:
            raise Corrupt(f"an Xtc at byte {begin} of the datagram has a length of {extent}")
        yield int(head["contains"]) & 0xFFF, int(head["src"]) & 0xFFFFFFF, begin + XTC.itemsize, begin + extent
        begin += extent


def _names(data: np.ndarray, key: int, begin: int, end: int) -> Names:
    if end - begin < INFO.itemsize:
        raise Corrupt("a declaration of a detector is too short")
    info = data[begin : begin + INFO.itemsize].view(INFO)[0]
    rest = data[begin + INFO.itemsize : end]
    fields = rest[: len(rest) // FIELD.itemsize * FIELD.itemsize].view(FIELD)
    if (fields["type"] >= len(TYPES)).any() or (fields["rank"] > HIGHEST_RANK).any():
        raise Corrupt(f"{_text(info['detname'].tobytes())!r} has a field of unknown type or rank")
    version = int(info["version"])
    return Names(
        key,
        _text(info["detname"].tobytes()),
        _text(info["dettype"].tobytes()),
        _text(info["detid"].tobytes()),
        _text(info["alg"].tobytes()),
        (version >> 16 & 255, version >> 8 & 255, version & 255),
        int(info["segment"]),
        tuple(
            Field(name.split(b"\0", 1)[0].decode("utf-8", "replace"), kind, rank)
            for name, kind, rank in zip(
                np.ascontiguousarray(fields["name"]).view("S256").tolist(),
                fields["type"].tolist(),
                fields["rank"].tolist(),
            )
        ),
    )


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")
