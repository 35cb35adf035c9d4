"""Beam line data (BLD): electron beam, gas detectors, phase cavity, gas monitor detectors, diode and spectrometer."""

from typing import Any, Dict, List, Mapping, Optional

from producer.data_source import Interface, OpenRun
from producer.defaults.source import About, Fields, Source, of_types, public
from producer.schema import Variable, column

TYPES = ["ebeam", "ebeamh", "gasdet", "gmd", "xgmd", "pcav", "pcavh", "feespec", "bmmon", "scbld", "hpsex", "hpscp"]

# From psana's EBeam, FEEGasDet, PhaseCavity and GMD data (lcls2 psdaq/drp BldNames.cc and psddldata bld.ddl)
ABOUT: Dict[str, About] = {
    "ebeamCharge": ("nC", "charge of the electron bunch"),
    "ebeamL3Energy": ("MeV", "energy of the electron beam in the linac"),
    "ebeamLTUPosX": ("mm", "position of the electron beam in the LTU, x"),
    "ebeamLTUPosY": ("mm", "position of the electron beam in the LTU, y"),
    "ebeamLUTAngX": ("mrad", "angle of the electron beam in the LTU, x (the name has always been misspelt)"),
    "ebeamLTUAngX": ("mrad", "angle of the electron beam in the LTU, x"),
    "ebeamLTUAngY": ("mrad", "angle of the electron beam in the LTU, y"),
    "ebeamPkCurrBC2": ("A", "peak current after the second bunch compressor"),
    "ebeamEnergyBC2": ("mm", "position in the second bunch compressor, a measure of the energy"),
    "ebeamPkCurrBC1": ("A", "peak current after the first bunch compressor"),
    "ebeamEnergyBC1": ("mm", "position in the first bunch compressor, a measure of the energy"),
    "ebeamUndPosX": ("mm", "position of the electron beam in the undulator, x"),
    "ebeamUndPosY": ("mm", "position of the electron beam in the undulator, y"),
    "ebeamUndAngX": ("mrad", "angle of the electron beam in the undulator, x"),
    "ebeamUndAngY": ("mrad", "angle of the electron beam in the undulator, y"),
    "ebeamXTCAVAmpl": ("MV", "amplitude of the transverse cavity"),
    "ebeamXTCAVPhase": ("deg", "phase of the transverse cavity"),
    "ebeamDumpCharge": ("electrons", "charge arriving at the dump"),
    "ebeamPhotonEnergy": ("eV", "photon energy, from the electron beam"),
    "ebeamLTU250": ("mm", "position in the LTU dog leg 250"),
    "ebeamLTU450": ("mm", "position in the LTU dog leg 450"),
    "damageMask": ("", "which of the values above are not valid, one bit each"),
    "fitTime1": ("ps", "arrival time, first cavity"),
    "fitTime2": ("ps", "arrival time, second cavity"),
    "charge1": ("pC", "charge, first cavity"),
    "charge2": ("pC", "charge, second cavity"),
    "energy": ("mJ", "pulse energy"),
    "millijoulesperpulse": ("mJ", "pulse energy"),
    "totalIntensityJoules": ("J", "pulse energy"),
    "xPositionMeters": ("m", "beam position, x"),
    "yPositionMeters": ("m", "beam position, y"),
}
for _name in ("f11ENRC", "f12ENRC", "f21ENRC", "f22ENRC", "f63ENRC", "f64ENRC"):
    ABOUT[_name] = ("mJ", f"pulse energy, gas detector {_name[1:3]}")


# Of the FEE spectrometer: one entry each for as many peaks as were fitted
PEAKS = {"FWHM": "width of the peak", "peakPos": "position of the peak", "peakHeight": "height of the peak"}


class Peaks(Source):
    """``<detector>/var_peaks/{FWHM,peakPos,peakHeight}``: of all fitted peaks."""

    def __init__(self, interface: Interface) -> None:
        self.detector = interface.detector
        self._interface = interface
        self._path = f"{interface.detector}/var_peaks"
        self._fields = [name for name in PEAKS if name in interface.fields]

    def columns(self) -> List[Any]:
        fields = [
            column(f"{self._path}/{name}", self._interface.fields[name].dtype, (), "pixels", PEAKS[name])
            for name in self._fields
        ]
        return [Variable(self._path, tuple(fields), "peaks fitted to the spectrum")]

    def event(self, event: Any) -> Optional[Mapping[str, Any]]:
        parts = self._interface.parts(event)
        if parts is None:
            return None
        part = parts[self._interface.segments[0]]
        return {self._path: {name: getattr(part, name) for name in self._fields}}


def sources(run: OpenRun) -> List[Source]:
    found: List[Source] = []
    for interface in of_types(run, TYPES, "raw"):
        fields = public(interface)
        if interface.type == "feespec" and set(PEAKS) & set(fields):
            fields = [name for name in fields if name not in PEAKS]
            found.append(Peaks(interface))
        methods: List[str] = []
        if interface.type == "scbld":  # psana's class unpacks the severity of each field
            methods = [m for m in run.methods(interface.detector, "raw") if m.endswith("_sevr")]
        reader = run.reader(interface.detector, "raw") if methods else None
        found.append(Fields(interface, interface.detector, fields, ABOUT, reader=reader, methods=methods))
    return found
