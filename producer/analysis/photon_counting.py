"""Photons of a detector whose photons stay in one pixel or go into two neighbours."""

from dataclasses import dataclass
from typing import Annotated, Optional

from producer.analysis.names import dataset_name, file_path
from producer.analysis.sparsify import Parameters as Sparsify
from producer.parameters import Meta

NAME = "photon_counting"
MANY = False


@dataclass(frozen=True)
class Parameters:
    photon: Annotated[
        float, Meta("signal of one photon: ADU, or keV for a calibrated detector", unit="detector units", minimum=1e-9)
    ]
    fraction: Annotated[
        float, Meta("of a photon that two neighbours must hold together to count as one", minimum=0, maximum=1)
    ] = 0.9
    threshold: Annotated[Optional[float], Meta("pixels below count as 0", unit="detector units")] = None
    mask: Annotated[
        Optional[str], Meta("file of a mask of the detector's shape, 1 = good: .npy, .npz or text", check=file_path)
    ] = None
    save_image: Annotated[bool, Meta("also write how many photons each pixel got with each event")] = False
    sparsify: Annotated[Optional[Sparsify], Meta("write the pixels with photons as lists of positions")] = None
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "photon"


RECORDED = {"photon": "ADU_per_photon", "fraction": "thr_fraction", "threshold": "thresADU"}
