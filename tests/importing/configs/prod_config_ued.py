"""Written for these tests: what goes wrong in configurations."""

import os

import numpy as np
from prod_config_of_yesterday import offset

detectors = ["andor", "epixquad", "opal"]
shared = {"writeArea": True, "ROI": [[0, 10], [0, 10]]}
names = ["calib"]


def getROIs(run):
    """No branch gives `rois` a value for runs 10 to 19; the two detectors have one and the same dict."""
    if run < 10:
        rois = {"andor": [shared], "epixquad": [shared]}
    elif run >= 20:
        shared["thresADU"] = 5.0
        rois = {"andor": [shared], "epixquad": [shared]}
        shared["name"] = "late"
    return rois


def get_droplet(run):
    """Decided by the machine, not by the run."""
    if os.environ.get("HIGH_GAIN"):
        return {"epixquad": {"threshold": 50}}
    return {"epixquad": {"threshold": 20}}


def get_azav(run):
    """Half of it is known."""
    return {"epixquad": {"center": [1.0, 2.0], "dis_to_sam": 80 + offset, "eBeam": 9.5 + 0.1 * (run > 4)}}


def get_wf_svd(run):
    """Another file for each run."""
    return {"opal": {"basis_file": f"/data/basis_r{run:04d}.h5"}}


def get_sum_algos(run):
    """A list of the module that grows."""
    names.append("calib_square")
    sums = names
    if run == 3:
        sums.append("calib_max")
    return {"all": names}


def get_wf_integrate(run):
    bounds = {1: (0, 10), 2: (5, 10)}
    return {"opal": {"sig_roi": bounds.get(run, (0, 99)), "bkg_roi": slice(None, 8)}}


def get_wf_hitfinder(run):
    return {"opal": {"threshold": {4: 1.5}[run]}}


def get_polynomial_correction(run):
    def coefficients(first, *rest, scale=1.0):
        return [scale * first, *rest]

    low, high = 40, 60
    while high - low > 10:
        low += 5
    wanted = [c for c in np.array([3.0, 2.0, 1.0]) if c > 1.5]
    try:
        wanted[7]
    except IndexError:
        wanted = coefficients(*wanted, scale=2)
    return {"andor": {"polynomial_coefficients": wanted, "axis": 5 if low <= run <= high else 1}}
