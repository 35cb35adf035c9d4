"""Histories from a real HTTP server that speaks the archiver's JSON; counters to one that takes them."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import h5py
import numpy as np
import pytest
from producing import produce

from producer import archive, log
from producer.counters import Counters
from producer.defaults.archiver import Parameters
from producer.defaults.epics import Pv

BEGIN = 1_780_000_000.25  # unix seconds


def stamp(unix):
    whole = int(unix)
    return (whole - archive.EPICS_EPOCH) << 32 | round((unix - whole) * 1e9)


TIMES = np.array([stamp(BEGIN), stamp(BEGIN + 10)], np.int64)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        query = parse_qs(urlparse(self.path).query)
        self.server.asked.append(query)
        pv = query["pv"][0]
        if pv == "SLOW":
            self.send_response(200)
            self.end_headers()
            for _ in range(100):
                try:
                    self.wfile.write(b" ")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.05)
            return
        answers = {
            "MOTOR:X": [
                {
                    "meta": {"name": "MOTOR:X", "EGU": "mm"},
                    "data": [{"secs": 1_779_999_000 + 500 * i, "nanos": 250_000_000, "val": 1.5 * i} for i in range(3)],
                }
            ],
            "NOTHING": [],
            "TEXT": [{"meta": {}, "data": [{"secs": 1, "nanos": 0, "val": "open"}]}],
            "ODD": {"error": "?"},
        }
        self.send_response(500 if pv == "BROKEN" else 200)
        self.end_headers()
        self.wfile.write(b"no json" if pv == "HTML" else json.dumps(answers.get(pv, [])).encode())

    def do_POST(self):
        self.server.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.posted = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/getData.json"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def histories(folder, url, *names, timeout=20.0):
    parameters = Parameters(tuple(Pv(name) if isinstance(name, str) else Pv(*name) for name in names), url, timeout)
    with h5py.File(folder / "f.h5", "w") as file:
        alive = []
        problems = archive.write_histories(file, parameters, TIMES, lambda: alive.append(1))
        assert len(alive) == len(names)
        group = file.get("epics_archiver", {})
        return {name: node[:] for name, node in group.items()}, {p.detector: p for p in problems}


def test_histories_are_written_by_alias(server, tmp_path):
    found, problems = histories(tmp_path, server.url, ("MOTOR:X", "x"))
    assert not problems
    assert found["x"].tolist() == [[1_779_999_000.25 + 500 * i, 1.5 * i] for i in range(3)]
    [query] = server.asked
    assert query == {"pv": ["MOTOR:X"], "from": ["2026-05-28T20:26:40.250Z"], "to": ["2026-05-28T20:26:50.250Z"]}


def test_what_goes_wrong_is_a_warning_each(server, tmp_path):
    names = ["NOTHING", "TEXT", "ODD", "BROKEN", "HTML", "MOTOR:X"]
    found, problems = histories(tmp_path, server.url, *names)
    assert set(found) == {"MOTOR:X"} and set(problems) == set(names) - {"MOTOR:X"}
    assert {p.severity for p in problems.values()} == {"warning"}
    words = {"NOTHING": "nothing of it", "TEXT": "no numbers", "ODD": "not what", "BROKEN": "500", "HTML": "does not"}
    for name, said in words.items():
        assert said in problems[name].message


def test_nobody_there_and_somebody_slow_end_in_time(server, tmp_path):
    begin = time.monotonic()
    _, problems = histories(tmp_path, server.url, "SLOW", "MOTOR:X", timeout=0.6)
    assert time.monotonic() - begin < 3
    assert "too long" in problems["SLOW"].message and "no time is left" in problems["MOTOR:X"].message
    for url in ("http://127.0.0.1:9/", "http://127.0.0.1:9x9/"):
        _, problems = histories(tmp_path, url, "MOTOR:X")
        assert "does not answer" in problems["MOTOR:X"].message


def test_counters_are_posted(server):
    counters = Counters(server.url)
    counters.say({"Production": "started", "Events expected": "40"})
    counters.finish()
    counters.events(7, 2)  # too soon after
    counters.say({"Production": "verified"})
    counters.finish()
    assert server.posted == [
        [{"key": "<b>Production</b>", "value": "started"}, {"key": "<b>Events expected</b>", "value": "40"}],
        [{"key": "<b>Production</b>", "value": "verified"}],
    ]


def test_counters_that_nobody_takes_do_not_matter(capsys):
    log.start()
    Counters(None).say({"a": "b"})
    counters = Counters("http://127.0.0.1:9/")
    begin = time.monotonic()
    for _ in range(3):
        counters.say({"a": "b"})
        counters.finish()
    assert time.monotonic() - begin < 5
    assert capsys.readouterr().err.count("cannot be posted") == 1


@pytest.mark.parametrize("ranks", [1, 4])
def test_a_production_asks_and_tells(server, quick_run, tmp_path, ranks):
    profile = tmp_path / "p.toml"
    profile.write_text(
        f'format = 1\n[archiver]\nurl = "{server.url}"\npvs = [{{ pv = "MOTOR:X", alias = "x" }}, "NOTHING"]\n'
    )
    more = {"JID_UPDATE_COUNTERS": server.url, "no_proxy": "*"}
    done = produce("tmoc00126", 3, quick_run, profile, tmp_path / "out.h5", ranks=ranks, **more)
    assert done.status == 0, done.said
    assert "NOTHING.archiver: no history" in done.said
    with done.file() as file:
        assert file["epics_archiver/x"].shape == (3, 2)
        begin = archive.seconds(int(file["timestamp"][0]))
    asked = server.asked[0]["from"][0]
    assert asked == archive._iso(begin)
    assert server.posted[0][0]["value"] == "started"
    assert server.posted[-1][0]["value"].startswith("verified, 60 of 60 events")


def test_a_dead_archiver_and_dead_counters_do_not_fail_a_production(quick_run, tmp_path):
    profile = tmp_path / "p.toml"
    profile.write_text('format = 1\n[archiver]\nurl = "http://127.0.0.1:9/"\npvs = ["MOTOR:X"]\n')
    more = {"ARP_UPDATE_COUNTERS": "http://127.0.0.1:9/", "no_proxy": "*"}
    done = produce("tmoc00126", 3, quick_run, profile, tmp_path / "out.h5", **more)
    assert done.status == 0, done.said
    assert "does not answer" in done.said
