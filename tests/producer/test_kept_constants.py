"""Constants that psana would describe in words, and copy, in every event are asked for once."""

import numpy as np

from producer.data_source import OpenRun


class Reader:
    def __init__(self):
        self.asked = []

    def _pedestals(self, **particular):
        self.asked.append(particular)
        return np.full(3, len(self.asked))


def test_a_constant_is_asked_for_once_unless_for_something_in_particular():
    reader = Reader()
    OpenRun.keep_constants(None, reader)
    assert [reader._pedestals()[0] for _ in range(4)] == [1, 1, 1, 1]
    assert reader._pedestals(all_segs=True)[0] == 2
    assert reader._pedestals()[0] == 1 and reader.asked == [{}, {"all_segs": True}]
