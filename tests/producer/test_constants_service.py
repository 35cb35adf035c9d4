"""Why a detector has no constants, from a real server that answers or not."""

import socket
import threading

import pytest

from producer import calibration
from producer.calibration import Provider


@pytest.fixture
def service():
    """A server that closes the first `deaf` connections without a word and answers the others: (url, connections)."""
    listening = socket.create_server(("127.0.0.1", 0))
    state = {"deaf": 0, "asked": 0}

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                state["asked"] += 1
                connection.recv(4096)
                if state["asked"] > state["deaf"]:
                    connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/", state
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    thread.join()


def has_none(uniqueid, experiment, run):
    return {}


def fails(uniqueid, experiment, run):
    raise KeyError("no such collection")


@pytest.mark.parametrize(
    ("deaf", "ask", "asked", "words"),
    [
        (0, has_none, 1, "says that it has none"),
        (1, has_none, 2, "says that it has none"),
        (9, has_none, 2, "does not answer"),
        (0, fails, 1, "could not be asked (KeyError"),
    ],
    ids=["answers", "answers when asked again", "does not answer", "fails"],
)
def test_the_service_is_tried_twice_and_its_answer_said(service, monkeypatch, deaf, ask, asked, words):
    monkeypatch.setattr(calibration, "AGAIN", 0.0)
    url, state = service
    state["deaf"] = deaf
    provider = Provider(ask, url)
    for detector in ("epix", "opal"):
        assert not provider.get(detector, "id", "tmoc00126", 3).constants
        assert words in provider.why_none(detector)
    assert state["asked"] == asked  # once for all detectors
    assert bool(provider.silence) == (words == "does not answer")


def test_a_detector_with_constants_needs_no_words(service):
    provider = Provider(lambda *_: {"pedestals": (0, {})}, service[0])
    assert provider.get("epix", "id", "tmoc00126", 3).constants and provider.why_none("epix") == ""
