"""Written for these tests: a whole producer of the older kind, of which users edit the part between the two marks."""

import sys

import numpy as np

if len(sys.argv) > 100:
    raise SystemExit("nothing of what stands outside the marks is to be carried out")
##########################################################
## User Input start -->
##########################################################


def getROIs(run):
    if isinstance(run, str):
        run = int(run)
    rois = {}
    if run > 0:
        one = {}
        one["ROIs"] = [[[1, 2], [157, 487], [294, 598]], [[0, 1], [0, 50], [10, 20]]]
        one["writeArea"] = True
        one["thresADU"] = None
        rois["jungfrau1M"] = one
    return rois


def getAzIntParams(run):
    az = {"eBeam": 18.0}
    az["center"] = [87526.79, 92773.33]
    az["dis_to_sam"] = 80.0
    return {"jungfrau1M": az}


def getAzIntPyFAIParams(run):
    pixel = 176e-6
    return {"epix_alc1": {"ai_kwargs": {"dist": 1, "poni1": 960 * pixel, "poni2": 960 * pixel}, "npts": 512}}


def getPhotonParams(run):
    return {"jungfrau1M": {"ADU_per_photon": 9.5, "thresADU": 0.8}}


def getDropletParams(run):
    return {"epix_1": {"theshold": 5, "thresholdLow": 5, "thresADU": 60, "useRms": True, "nData": 1e5}}


def getDroplet2Photons(run):
    args = {"droplet": {"threshold": 10, "thresholdLow": 3, "thresADU": 10, "useRms": True}}
    args["d2p"] = {"aduspphot": 162, "mask": np.load("/data/mask.npy"), "cputime": True}
    args["nData"] = 3e4
    return {"epix_alc1": args}


def getSvdParams(run):
    return {"acq_0": {"basis_file": None, "n_pulse": 1, "delay": None}, "acq_1": {"basis_file": "/data/basis.h5"}}


def getAutocorrParams(run):
    args = {"mask": "/data/mask_epix.npy", "thresADU": [72.0, 1e6], "save_range": [70, 50], "save_lineout": True}
    return {"epix_1": args}


def getProjection_ax0(run):
    projection = {"threshADU": 1e-6, "axis": 0, "mean": False, "thresRms": 1.5, "singlePhoton": False}
    return {"jungfrau1M": projection} if int(run) > 3 else {}


def getProjection_ax1(run):
    return {"jungfrau1M": {"axis": 1, "mean": True}, "epix_1": {"axis": 1}}


epicsPV = ["slit_s1_hw"]
ttCalibPars = [0.0, 2.0, 0.0]
aioParams = [[1, 3], ["laser", "diode"], [1.0, 2.5], [0.0, -1.0]]
##########################################################
## <-- User Input end
##########################################################


def define_dets(run):
    detnames = ["jungfrau1M", "epix_alc1", "epix_1", "acq_0", "acq_1"]
    return detnames


print(define_dets(0)[unknown_name])  # noqa: F821
