"""``python -m producer.svd_basis RUN.h5 tmo_fim0/raw_0 -o basis.h5``: the basis for the fit of waveforms (`svd`), made
of the waveforms in a produced file, by singular value decomposition."""

import argparse
import sys
from pathlib import Path
from typing import List, Optional, Tuple

import h5py
import numpy as np

MOST = 25  # components; more are never used


class NoBasis(Exception):
    """No basis can be made; the message is a sentence."""


def read_waveforms(path: Path, dataset: str, channel: Optional[int], most: int) -> np.ndarray:
    """float64[waveforms, samples]: the first `most` events that have the waveform. Raises `NoBasis`."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            if not isinstance(file.get(dataset), h5py.Dataset):
                raise NoBasis(f"{path} has no dataset {dataset}.")
            waveforms = file[dataset][:most].astype(np.float64)
            missing = -99999 if file[dataset].dtype.kind in "iu" else np.nan
    except OSError as error:
        raise NoBasis(f"{path} cannot be read: {error}.") from None
    if waveforms.ndim == 3:
        if channel is None or not 0 <= channel < waveforms.shape[1]:
            raise NoBasis(f"{dataset} has {waveforms.shape[1]} channels: say which with --channel, counted from 0.")
        waveforms = waveforms[:, channel]
    if waveforms.ndim != 2:
        raise NoBasis(f"{dataset} holds no waveforms: each event has {waveforms.ndim - 1} axes.")
    there = np.isfinite(waveforms).all(axis=1) & (waveforms != missing).any(axis=1)
    return np.asarray(waveforms[there])


def make_basis(waveforms: np.ndarray, region: Tuple[int, int], background: int) -> Tuple[np.ndarray, np.ndarray]:
    """Right singular vectors float64[components, samples of the region] and singular values, largest first, of the
    waveforms minus the mean of their first `background` samples (none if 0). Raises `NoBasis`."""
    start, end = region
    if not 0 <= start < end <= waveforms.shape[1] or not 0 <= background <= waveforms.shape[1]:
        raise NoBasis(f"the waveforms have {waveforms.shape[1]} samples: the region or the background is not in them.")
    if background:
        waveforms = waveforms - waveforms[:, :background].mean(axis=1, keepdims=True)
    cut = waveforms[:, start:end]
    if not len(cut) or not cut.any():
        raise NoBasis("there is no waveform other than 0 to make a basis of.")
    _, values, components = np.linalg.svd(cut, full_matrices=False)
    # The sign of a singular vector is arbitrary: pulses should have a positive first coefficient.
    signs = np.where(components @ cut.mean(axis=0) < 0, -1.0, 1.0)
    return (signs[:, None] * components)[:MOST], values[:MOST]


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m producer.svd_basis", description=__doc__)
    parser.add_argument("file", type=Path, help="a produced file with waveforms, see [waveforms] traces")
    parser.add_argument("dataset", help="such as tmo_fim0/raw_0")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the basis file; must not be there yet")
    parser.add_argument("--channel", type=int, help="of a dataset with several; written into the basis")
    parser.add_argument("--region", type=int, nargs=2, metavar=("START", "END"), help="samples, end exclusive")
    parser.add_argument("--background", type=int, default=0, help="average so many first samples to a baseline")
    parser.add_argument("--waveforms", type=int, default=500, help="make it of the first so many (500)")
    given = parser.parse_args(arguments)
    try:
        waveforms = read_waveforms(given.file, given.dataset, given.channel, given.waveforms)
        region = tuple(given.region) if given.region else (0, waveforms.shape[1])
        components, values = make_basis(waveforms, region, given.background)
        with h5py.File(given.output, "x") as file:
            file["components"], file["singular_values"] = components, values
            file["roi"], file["background_roi"] = region, given.background
            file["ref_waveforms"] = waveforms[:, slice(*region)]
            if given.channel is not None:
                file["channel"] = given.channel
            file.attrs["made_of"] = f"{given.file.resolve()} {given.dataset}"
    except (NoBasis, OSError) as error:
        print(f"svd_basis: {error}", file=sys.stderr)
        return 1
    print(f"{given.output}: {len(components)} components of {len(waveforms)} waveforms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
