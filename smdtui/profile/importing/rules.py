"""How each parameter of smalldata_tools' functions becomes one of ours.

Facts of smalldata_tools (578c6c1): units as documented there; what a parameter does as its code reads it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smdtui.profile.importing import convert
from smdtui.profile.importing.items import IGNORED, LOST, NOTE


@dataclass(frozen=True)
class Rule:
    """`key`: our parameter, or "" when there is none: then `words` say why, and `kind` whether smalldata_tools uses the
    value. With both, the value is carried over and `words` are a note."""

    key: str = ""
    convert: Callable[[Any], Any] = convert.plain
    kind: str = ""
    words: str = ""
    unless: Any = None  # with no `key`: a value that needs no words


Rules = dict[str, Rule]


def _ignored(words: str) -> Rule:
    return Rule(kind=IGNORED, words=words)


def _lost(words: str, unless: Any = None) -> Rule:
    return Rule(kind=LOST, words=words, unless=unless)


_MASK = Rule("mask", convert.path_or_file)
_NAME = Rule("name")
_DEBUG = _ignored("only prints more")

PROJECTION: Rules = {
    "name": _NAME,
    "axis": Rule("axis", convert.whole),
    "thresADU": Rule("threshold"),
    "thresRms": Rule(
        "threshold_rms",
        kind=NOTE,
        words="smalldata_tools reads it but never applies it; here it is applied",
    ),
    "singlePhoton": Rule("single_photon", convert.flag),
    "mean": Rule("mean", convert.flag),
}

ROI: Rules = {
    "name": _NAME,
    "ROI": Rule("region", convert.region),
    "writeArea": Rule("save_pixels", convert.flag),
    "calcPars": Rule(
        kind=NOTE, words="sum, mean, maximum and centre of mass of a region are always written here", unless=True
    ),
    "userMask": _MASK,
    "thresADU": Rule("threshold", convert.threshold),
}

AZIMUTHAL: Rules = {
    "name": _NAME,
    "center": Rule("center_um", convert.numbers),
    "dis_to_sam": Rule("distance_mm"),
    "eBeam": Rule("photon_energy_kev"),
    "qbin": Rule("q_step", convert.q_bins),
    "rbin": Rule("r_step_mm"),
    "phiBins": Rule("phi_bins", convert.phi_bins),
    "tx": Rule("tilt_x_deg"),
    "ty": Rule("tilt_y_deg"),
    "Pplane": Rule("polarization", convert.polarization),
    "polCorr": Rule("polarization", lambda value: "vertical" if convert.flag(value) else "none"),
    "geomCorr": Rule("geometry_correction", convert.flag),
    "thresADU": Rule("threshold"),
    "thresADUhigh": Rule("threshold_high"),
    "thresRms": Rule("threshold_rms", kind=NOTE, words="smalldata_tools fails with it; here it is applied"),
    "square": Rule("square", convert.flag),
    "darkImg": Rule("dark", convert.path_or_file),
    "gainImg": Rule("gain", convert.path_or_file),
    "userMask": _MASK,
    "ADU_per_Photon": _ignored("read by smalldata_tools, but not used"),
    "x": _lost("positions of pixels come from psana's geometry here"),
    "y": _lost("positions of pixels come from psana's geometry here"),
    "debug": _DEBUG,
}

PYFAI: Rules = {
    "name": _NAME,
    "poni_file": Rule("poni"),
    "npts": Rule("points", convert.whole),
    "npts_az": Rule("azimuthal_points", convert.whole),
    "int_units": Rule("unit"),
    "return2d": Rule("two_dimensional", convert.flag),
    "polarization_factor": Rule("polarization_factor"),
    "userMask": _MASK,
    "thres": Rule("threshold", kind=NOTE, words="smalldata_tools fails with it; here it is applied"),
    "azav_kwargs": _lost("further arguments of pyFAI have no place"),
}

PYFAI_GEOMETRY: Rules = {
    "dist": Rule("dist_m"),
    "poni1": Rule("poni1_m"),
    "poni2": Rule("poni2_m"),
    "rot1": Rule("rot1_rad"),
    "rot2": Rule("rot2_rad"),
    "rot3": Rule("rot3_rad"),
    "wavelength": Rule("wavelength_m"),
    "pixel1": _ignored("smalldata_tools puts the detector's own pixel size in its place"),
    "pixel2": _ignored("smalldata_tools puts the detector's own pixel size in its place"),
    "detector": _lost("pyFAI's detector has no place; pixels come from psana's geometry"),
}

DROPLET: Rules = {
    "name": _NAME,
    "threshold": Rule("threshold"),
    "thresholdLow": Rule("threshold_low"),
    "thresADU": Rule("minimum_sum"),
    "pixmax": Rule("maximum_pixel"),
    "useRms": Rule("use_rms", convert.flag),
    "relabel": Rule("relabel", convert.flag),
    "mask": _MASK,
}

PHOTONS: Rules = {
    "name": _NAME,
    "aduspphot": Rule("photon"),
    "photpts": Rule("edges", convert.numbers),
    "cputime": _lost("the time that the steps take is not written", unless=False),
    "one_photon_info": _lost("what single photons look like is not written (smalldata_tools fails with it)", False),
    "mask": _ignored("documented by smalldata_tools, but not read"),
    "roi_mask": _ignored("documented by smalldata_tools, but not read"),
}

PHOTON_COUNTING: Rules = {
    "name": _NAME,
    "ADU_per_photon": Rule("photon"),
    "thr_fraction": Rule("fraction"),
    "thresADU": Rule("threshold"),
    "mask": _MASK,
    "retImg": Rule("save_image", convert.flag),
    "nphotMax": _ignored("documented by smalldata_tools, but not read"),
    "nphotRet": _ignored("documented by smalldata_tools, but not read"),
    "ROI": _ignored("documented by smalldata_tools, but not read"),
}

WF_INTEGRATE: Rules = {
    "name": _NAME,
    "sig_roi": Rule("signal", convert.pair),
    "bkg_roi": Rule("baseline", convert.pair),
    "negative_signal": Rule("negative", convert.flag),
}

HIT_FINDER: Rules = {
    "name": _NAME,
    "threshold": Rule("threshold"),
    "threshold_max": Rule("threshold_max"),
    "use_rms": Rule("use_rms", convert.flag),
    "bkg_roi": Rule("baseline", convert.pair),
}

SVD: Rules = {
    "name": _NAME,
    "basis_file": Rule("basis_file", convert.path_or_file),
    "n_components": Rule("components", convert.whole),
    "n_pulse": Rule("pulses", convert.whole),
    "delay": Rule("delays", convert.numbers),
    "sampling": Rule("sampling"),
    "mode": Rule("mode"),
    "return_reconstructed": Rule("save_reconstructed", convert.flag),
}

AUTOCORRELATION: Rules = {
    "name": _NAME,
    "roi": Rule("region", convert.flat_region),
    "mask": _MASK,
    "thresADU": Rule("threshold", convert.threshold),
    "thresh": _ignored("documented by smalldata_tools, but thresADU is what it reads"),
    "save_range": Rule("half_size", convert.numbers),
    "save_lineout": Rule("lineouts", convert.flag),
    "illumination_correction": Rule(
        "illumination",
        lambda value: convert.path_or_file(value["correction"]),
        kind=NOTE,
        words="the size of the correction's kernel has no place",
    ),
}

POLYNOMIAL: Rules = {
    "name": _NAME,
    "polynomial_coefficients": Rule("coefficients", convert.numbers),
    "axis": Rule("axis", convert.whole),
    "method": Rule("method"),
}

COMPRESSION: Rules = {
    "pressio_config": Rule(
        "error_bound",
        convert.error_bound,
        kind=NOTE,
        words="only the error bound is carried over, and here the other functions do see the restored frames",
    ),
    "name": _ignored("nothing is written under it"),
}

# our function -> the rules of the incumbent's function; nested tables of ours under "function.key"
RULES: dict[str, Rules] = {
    "roi": ROI,
    "projection": PROJECTION,
    "azimuthal": AZIMUTHAL,
    "azav_pyfai": PYFAI,
    "azav_pyfai.ai_kwargs": PYFAI_GEOMETRY,
    "droplet": DROPLET,
    "droplet.photons": PHOTONS,
    "photon_counting": PHOTON_COUNTING,
    "wf_integrate": WF_INTEGRATE,
    "hit_finder": HIT_FINDER,
    "svd": SVD,
    "autocorrelation": AUTOCORRELATION,
    "polynomial_curve": POLYNOMIAL,
    "compression": COMPRESSION,
}
