"""The eLog's table of runs, told by real productions; to a server that takes it, refuses it, hangs, or is not there."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import pytest
from producing import HERE, produce

from producer import log, run_table
from producer.run_table import RunTable

EXPERIMENT = "tmoc00126"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        path = urlparse(self.path)
        if path.path.startswith("/hang"):
            self.server.hangs.wait(60)
            return
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        who = self.headers.get("Authorization", "")
        self.server.posted.append((path.path, parse_qs(path.query), content, who))
        self.send_response(401 if path.path.startswith("/refuse") else 200)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.posted, server.hangs = [], threading.Event()
    server.url = f"http://127.0.0.1:{server.server_port}/run_control/{{experiment}}/ws/add_run_params"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.hangs.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_production_tells_that_it_runs_and_is_done(server, quick_run, quick_profile, tmp_path):
    (tmp_path / "secret").write_text("a word\n")
    more = {run_table.URL: server.url, run_table.AUTHORISATION: str(tmp_path / "secret")}
    done = produce(EXPERIMENT, 3, quick_run, quick_profile, tmp_path / "o.h5", **more)
    assert done.status == 0, done.said
    (path, query, first, who), (*_, last, _) = server.posted
    assert path == f"/run_control/{EXPERIMENT}/ws/add_run_params" and query == {"run_num": ["3"]}
    assert base64.b64decode(who.split()[1]) == b"tmoopr:a word"
    assert first["SmallData"] == "running" and first["Prod_ncores"] == 1
    assert last["SmallData"] == "done" and set(last) == {"SmallData", "Prod_start", "Prod_end"}
    assert time.strptime(last["Prod_end"], "%m/%d/%Y %H:%M:%S") >= time.strptime(
        last["Prod_start"], "%m/%d/%Y %H:%M:%S"
    )
    assert "a word" not in done.said


def test_a_production_that_failed_and_one_of_some_events(server, quick_run, tmp_path):
    (tmp_path / "p.toml").write_text("format = 1\n[runs.all.nobody.roi]\n")
    done = produce(EXPERIMENT, 3, quick_run, tmp_path / "p.toml", tmp_path / "o.h5", **{run_table.URL: server.url})
    assert done.status == 1 and [content["SmallData"] for _, _, content, _ in server.posted] == ["failed"]
    (tmp_path / "p.toml").write_text("format = 1\n")
    more = {run_table.URL: server.url}
    done = produce(EXPERIMENT, 3, quick_run, tmp_path / "p.toml", tmp_path / "o.h5", "--events", 2, **more)
    assert done.status == 0 and len(server.posted) == 1


@pytest.mark.long
def test_a_rank_that_ends_all_tells(server, quick_run, quick_profile, tmp_path):
    wrapper = (HERE / "faulty.py", "base")
    more = {run_table.URL: server.url}
    done = produce(EXPERIMENT, 3, quick_run, quick_profile, tmp_path / "o.h5", ranks=3, wrapper=wrapper, **more)
    assert done.status != 0 and [c["SmallData"] for _, _, c, _ in server.posted] == ["running", "failed"]


@pytest.mark.parametrize("what", ["refuse", "nobody", "no address", "no secret"])
def test_what_goes_wrong_is_said_and_nothing_else(server, monkeypatch, tmp_path, capsys, what):
    base = server.url.split("/run_control")[0]
    url = {"nobody": "http://127.0.0.1:9/", "no address": "elog"}.get(what, f"{base}/{what}")
    monkeypatch.setenv(run_table.URL, url)
    monkeypatch.setenv(run_table.AUTHORISATION, str(tmp_path / "secret"))
    if what != "no secret":
        (tmp_path / "secret").write_text("tmoopr:word")
    log.start()
    table = RunTable.of_environment(EXPERIMENT, 3, True)
    table.end(True, 0.0)
    table.finish()
    words = {"refuse": "401", "nobody": "refused", "no address": "is no address that begins", "no secret": "No such"}
    assert words[what] in capsys.readouterr().err


def test_a_server_that_hangs_does_not_matter_to_a_production(server, quick_run, tmp_path):
    (tmp_path / "p.toml").write_text("format = 1\n")
    url = server.url.split("/run_control")[0] + "/hang"
    more = {run_table.URL: url, "JID_UPDATE_COUNTERS": url, "no_proxy": "*"}
    done = produce(EXPERIMENT, 3, quick_run, tmp_path / "p.toml", tmp_path / "o.h5", **more)
    assert done.status == 0 and "verdict: verified" in done.said and not server.hangs.is_set()


def test_a_server_that_hangs_is_waited_for_no_longer_than_the_limit(server, monkeypatch):
    monkeypatch.setattr(run_table, "LIMIT", 0.3)
    table = RunTable(server.url.split("/run_control")[0] + "/hang", EXPERIMENT, 3)
    table.begin(1)
    table.end(True, 0.0)
    table.finish()
    table.finish()
    assert not server.posted and not server.hangs.is_set()  # it came back although nobody has answered
