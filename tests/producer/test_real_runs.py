"""Real LCLS-II test runs, serial and under MPI, against psana's plain loop."""

import json
import sys

import numpy as np
import pytest
from producing import plain_loop, produce, run

# folder -> (detectors with frames, EPICS variables, scan variables, a region of the first detector)
RUNS = {
    "chunking": (["xppcspad"], ["HX2:DVD:GCC:01:PMON", "HX2:DVD:GPI:01:PMON"], ["motor1", "motor2"], None),
    "fakesteps": (["hsd", "andor"], [], ["motor1", "motor2"], [[0, 2], [0, 2]]),
    "multi-seg-epics": (["hsd", "andor"], ["epicsvar1", "epicsvar2", "background"], ["motor1", "motor2"], None),
}


def profile(folder, detectors, variables, bounds):
    lines = ["format = 1", "[epics]", f"per_event = [{', '.join(repr(name) for name in variables)}]"]
    for number, detector in enumerate(detectors):
        lines += [f"[runs.all.{detector}]", 'sums = ["calib"]', f"[[runs.all.{detector}.roi]]", "save_pixels = true"]
        if bounds and not number:
            lines.append(f"region = {bounds}")
    path = folder / "real.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("ranks", [1, 3])
@pytest.mark.parametrize("name", RUNS)
def test_values_equal_those_of_the_plain_loop(real_runs, tmp_path, name, ranks):
    detectors, variables, scan, bounds = RUNS[name]
    plan = profile(tmp_path, detectors, variables, bounds)
    done = produce("xpptut15", 14, real_runs / name, plan, tmp_path / "out.h5", "--ranks", ranks, ranks=ranks)
    assert done.status == 0, done.said
    rows = plain_loop(tmp_path, "xpptut15", 14, real_runs / name, "", detectors, variables + scan)
    assert f"verdict: verified, {len(rows)} of {len(rows)} events" in done.said
    with done.file() as file:
        assert file["timestamp"][:].tolist() == [row["timestamp"] for row in rows]
        for number, detector in enumerate(detectors):
            frames = [row["frames"][detector] for row in rows]
            assert any(frame is not None for frame in frames)
            for i, frame in enumerate(frames):
                if frame is None:
                    assert np.isnan(file[f"{detector}/ROI_area"][i]).all() and np.isnan(file[f"{detector}/ROI_sum"][i])
                    continue
                if bounds and not number:
                    frame = frame[tuple(slice(*pair) for pair in bounds)]
                assert np.array_equal(file[f"{detector}/ROI_area"][i], frame)
                assert file[f"{detector}/ROI_sum"][i] == pytest.approx(frame.sum(dtype=float), rel=1e-12)
                assert file[f"{detector}/ROI_max"][i] == frame.max()
            whole = [frame.astype(float) for frame in frames if frame is not None]
            assert np.allclose(file[f"Sums/{detector}_calib"][:], np.sum(whole, axis=0), rtol=1e-12)
        compared = 0
        for group, names in (("epicsUser", variables), ("scan", scan)):
            for variable in names:
                values = [row["values"][variable] for row in rows]
                if all(value is None for value in values):
                    assert f"{variable}: no value" in done.said
                    continue
                dataset = file[f"{group}/{variable}"]
                if isinstance(values[-1], str):
                    assert list(dataset.asstr()[:]) == [value or "" for value in values]
                else:
                    for got, want in zip(dataset[:], values):
                        assert np.isnan(got).all() if want is None else np.array_equal(got, want)
                compared += 1
        assert compared


def test_an_experiment_whose_name_psana_treats_specially_is_shared_too(real_runs, tmp_path, quick_profile):
    """For mfx experiments psana sets the number of event builders and the batch size itself."""
    code = "import sys; from producer.synthetic import write_run; write_run(sys.argv[1], run=3, events=40, pvs=25, "
    code += "detectors=['tmo_atmopal'], experiment='mfxl00120')"
    status, said = run([sys.executable, "-c", code, tmp_path / "xtc"], PS_PARALLEL="none")
    assert status == 0, said
    more = ["--job", tmp_path / "job"]
    done = produce("mfxl00120", 3, tmp_path / "xtc", quick_profile, tmp_path / "out.h5", *more, ranks=4)
    assert done.status == 0, done.said
    assert "verdict: verified, 40 of 40 events" in done.said
    workers = [json.loads((tmp_path / f"job/progress/rank000{rank}.json").read_text())["done"] for rank in (2, 3)]
    assert sum(workers) == 40 and min(workers) >= 10
