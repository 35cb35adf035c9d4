"""Files of jobs are read beside the screen, and what they say is laid over no other window."""

import threading
from types import SimpleNamespace

from smdtui.screens.job_control import JobControl


def test_a_script_is_read_in_the_background_and_shown_where_it_was_asked_for(tmp_path):
    (tmp_path / "submit.sh").write_text("#!/bin/bash\n")
    shown, works = [], []
    job = SimpleNamespace(id="j", folder=SimpleNamespace(path=tmp_path))
    screen = SimpleNamespace(current=job, app=SimpleNamespace(push_screen=shown.append))
    screen.background = lambda group, work, done, **more: works.append((work, done))
    screen._look_up = lambda *about, **more: JobControl._look_up(screen, *about, **more)
    screen.app.screen = screen
    JobControl.action_script(screen)
    assert shown == [], "nothing is read in the app's own thread"
    [(work, done)] = works
    done(work(None))
    assert len(shown) == 1
    screen.app.screen = None  # something else was opened meanwhile
    done(work(None))
    assert len(shown) == 1


def test_a_hand_over_is_written_in_the_background(tmp_path, monkeypatch):
    from smdtui.screens.handover_sheet import HandoverSheet

    started = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread))
    services = SimpleNamespace(experiment=SimpleNamespace(results=tmp_path, name="xppfake"), now=lambda: 1.8e9)
    said = []
    sheet = SimpleNamespace(services=services, text="all is well\n", _written=None)
    sheet.app = SimpleNamespace(call_later=lambda act, text: said.append(text))
    sheet._write = lambda path, text: HandoverSheet._write(sheet, path, text)
    HandoverSheet.action_write(sheet)
    assert not list(tmp_path.rglob("*.md"))
    [thread] = started
    thread.run()
    [path] = tmp_path.rglob("*.md")
    assert path.read_text() == "all is well\n" and said == [f"Written to {path}"]
