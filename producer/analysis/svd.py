"""Fit of waveforms with a basis of single pulses, which was made by singular value decomposition: how strong each of
several overlapping pulses is."""

from dataclasses import dataclass
from typing import Annotated, Iterator, Optional, Tuple

from producer.analysis.names import dataset_name, file_path
from producer.parameters import Meta

NAME = "svd"
MANY = True


@dataclass(frozen=True)
class Parameters:
    basis_file: Annotated[str, Meta("HDF5 file of the basis, see `python -m producer.svd_basis`", check=file_path)]
    name: Annotated[str, Meta("begins the names of the datasets", check=dataset_name)] = "svdFit"
    channel: Annotated[
        Optional[int], Meta("channel of the detector; left out = the one the basis was made of", minimum=0)
    ] = None
    components: Annotated[int, Meta("how many components of the basis make a pulse", minimum=1, maximum=25)] = 2
    pulses: Annotated[int, Meta("how many pulses are in the waveform", minimum=1, maximum=100)] = 1
    delays: Annotated[
        Tuple[float, ...],
        Meta("when each pulse comes, or each but the first, after that of the basis; in the unit of sampling"),
    ] = ()
    sampling: Annotated[float, Meta("time between two samples, in the unit of delays", minimum=1e-30)] = 1.0
    mode: Annotated[
        str,
        Meta("a pulse is as strong as its maximum, or the norm of its coefficients", choices=("max", "norm", "both")),
    ] = "max"
    save_reconstructed: Annotated[bool, Meta("also write the fitted waveform with each event")] = False

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        allowed = {self.pulses, self.pulses - 1}
        if len(self.delays) not in allowed:
            wanted = " or ".join(str(n) for n in sorted(allowed))
            yield ("delays",), f"{self.pulses} pulses need {wanted} delays, not {len(self.delays)}", ""


RECORDED = {
    "components": "n_components",
    "pulses": "n_pulse",
    "delays": "delay",
    "save_reconstructed": "return_reconstructed",
}
