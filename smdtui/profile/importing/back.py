"""Our entries in smalldata_tools' terms again, to compare them with the configuration. Written apart from `rules`, so
that a mistake there shows."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

Back = dict[str, Callable[[Any], Any]]


def _bounds(parameters: Any) -> Any:
    low, high = parameters.threshold, parameters.threshold_high
    return low if high is None else [low, high]


def _keys(**names: str) -> Back:
    """Their key -> our field of the same meaning and unit."""
    return {theirs: attrgetter(ours) for theirs, ours in names.items()}


PROJECTION: Back = _keys(
    name="name", axis="axis", thresADU="threshold", thresRms="threshold_rms", singlePhoton="single_photon", mean="mean"
)


def projection(parameters: Any) -> dict[str, Any]:
    return {key: read(parameters) for key, read in PROJECTION.items()}


def _sparse(parameters: Any) -> Any:
    return None if parameters.sparsify is None else parameters.sparsify.entries


DROPLET: Back = {
    **_keys(name="name", threshold="threshold", thresholdLow="threshold_low", thresADU="minimum_sum"),
    **_keys(pixmax="maximum_pixel", useRms="use_rms", relabel="relabel", mask="mask"),
}
PHOTONS: Back = {**_keys(name="name", aduspphot="photon", photpts="edges")}
PYFAI_GEOMETRY: Back = _keys(
    dist="dist_m",
    poni1="poni1_m",
    poni2="poni2_m",
    rot1="rot1_rad",
    rot2="rot2_rad",
    rot3="rot3_rad",
    wavelength="wavelength_m",
)

BACK: dict[str, Back] = {
    "roi": {
        **_keys(name="name", ROI="region", writeArea="save_pixels", userMask="mask"),
        "thresADU": _bounds,
        "proj_ax": lambda p: p.projection[0].axis if p.projection else None,
        "pj": lambda p: [projection(one) for one in p.projection] or None,
    },
    "projection": PROJECTION,
    "azimuthal": {
        **_keys(name="name", center="center_um", dis_to_sam="distance_mm", eBeam="photon_energy_kev", rbin="r_step_mm"),
        **_keys(tx="tilt_x_deg", ty="tilt_y_deg", geomCorr="geometry_correction", thresADU="threshold"),
        **_keys(thresADUhigh="threshold_high", thresRms="threshold_rms", square="square", darkImg="dark"),
        **_keys(gainImg="gain", userMask="mask"),
        "qbin": lambda p: p.q_step if p.q_edges is None else p.q_edges,
        "phiBins": lambda p: p.phi_bins if p.phi_edges_rad is None else p.phi_edges_rad,
        "Pplane": lambda p: {"horizontal": 1, "vertical": 0}.get(p.polarization),
        "polCorr": lambda p: p.polarization != "none",
    },
    "azav_pyfai": {
        **_keys(name="name", poni_file="poni", npts="points", npts_az="azimuthal_points", int_units="unit"),
        **_keys(polarization_factor="polarization_factor", userMask="mask", thres="threshold"),
        "return2d": lambda p: p.two_dimensional,
        "ai_kwargs": lambda p: {key: read(p) for key, read in PYFAI_GEOMETRY.items()},
    },
    "droplet": {**DROPLET, "nData": _sparse},
    "photons": {
        "droplet": lambda p: {key: read(p) for key, read in DROPLET.items()},
        "d2p": lambda p: {key: read(p.photons) for key, read in PHOTONS.items()},
        "nData": lambda p: _sparse(p.photons),
        "get_photon_img": lambda p: p.photons.save_image,
    },
    "photon_counting": _keys(
        name="name",
        ADU_per_photon="photon",
        thr_fraction="fraction",
        thresADU="threshold",
        mask="mask",
        retImg="save_image",
    ),
    "wf_integrate": _keys(name="name", sig_roi="signal", bkg_roi="baseline", negative_signal="negative"),
    "hit_finder": _keys(
        name="name", threshold="threshold", threshold_max="threshold_max", use_rms="use_rms", bkg_roi="baseline"
    ),
    "svd": _keys(
        name="name",
        basis_file="basis_file",
        n_components="components",
        n_pulse="pulses",
        delay="delays",
        sampling="sampling",
        mode="mode",
        return_reconstructed="save_reconstructed",
    ),
    "autocorrelation": {
        **_keys(name="name", roi="region", mask="mask", save_range="half_size", save_lineout="lineouts"),
        "thresADU": _bounds,
        "illumination_correction": lambda p: {"correction": p.illumination},
    },
    "polynomial_curve": {
        **_keys(name="name", polynomial_coefficients="coefficients", axis="axis", method="method"),
        "projection": lambda p: projection(p.projection[0]) if p.projection else None,
    },
    "compression": {"pressio_config": lambda p: {"pressio:abs": p.error_bound}},
    "hsd": {"region": lambda p: p.region, "channel": lambda p: p.channel},
}

# Their function -> ours. getROIs of an hsd, sums and projections of ROIs are compared in ways of their own.
OURS: dict[str, str] = {
    "getROIs": "roi",
    "get_azav": "azimuthal",
    "getAzIntParams": "azimuthal",
    "get_azav_pyfai": "azav_pyfai",
    "getAzIntPyFAIParams": "azav_pyfai",
    "get_droplet": "droplet",
    "getDropletParams": "droplet",
    "get_droplet2photon": "photons",
    "getDroplet2Photons": "photons",
    "getPhotonParams": "photon_counting",
    "get_wf_integrate": "wf_integrate",
    "get_wf_hitfinder": "hit_finder",
    "get_wf_svd": "svd",
    "getSvdParams": "svd",
    "getAutocorrParams": "autocorrelation",
    "get_polynomial_correction": "polynomial_curve",
    "get_pressio_compression": "compression",
}
