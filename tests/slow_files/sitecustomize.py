"""A file system that answers slowly: put this folder on PYTHONPATH and name it in $SLOW_FILES, with $SLOW_SECONDS."""

import os
import time

_stat, _listdir, _scandir, _open = os.stat, os.listdir, os.scandir, os.open


def _wait(path):
    try:
        name = os.fspath(path)
    except TypeError:  # a descriptor
        return
    slow = os.environ.get("SLOW_FILES", "")
    if slow and isinstance(name, str) and name.startswith(slow):
        time.sleep(float(os.environ.get("SLOW_SECONDS", "2")))


def _slowly(call):
    def slow(path=".", *rest, **options):
        _wait(path)
        return call(path, *rest, **options)

    return slow


os.stat, os.listdir, os.scandir, os.open = map(_slowly, (_stat, _listdir, _scandir, _open))
