"""Droplets to photons: how many photons each droplet holds, and where each of them hit."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis.names import dataset_name
from producer.analysis.sparsify import Parameters as Sparsify
from producer.parameters import Meta


@dataclass(frozen=True)
class Parameters:
    photon: Annotated[
        float, Meta("signal of one photon: ADU, or keV for a calibrated detector", unit="detector units", minimum=1e-9)
    ]
    edges: Annotated[
        Optional[Tuple[float, ...]],
        Meta(
            "a droplet from edges[n] up to edges[n+1] holds n photons; left out = (n - 1/2) times the photon",
            unit="detector units",
        ),
    ] = None
    save_image: Annotated[bool, Meta("also write how many photons each pixel got with each event")] = False
    sparsify: Annotated[Optional[Sparsify], Meta("write the photons as lists of positions")] = None
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "droplet2phot"

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        if self.edges is not None and (len(self.edges) < 3 or any(b <= a for a, b in zip(self.edges, self.edges[1:]))):
            yield ("edges",), "edges must be at least 3 numbers, each larger than the one before", ""


RECORDED = {"photon": "aduspphot", "edges": "photpts", "save_image": "get_photon_img"}
