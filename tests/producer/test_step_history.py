"""What psana keeps of transitions for the ranks it sends to, against psana's own class, which never lets go of any."""

import sys

from producing import run

CODE = """
import random
from psana.psexp.node import StepHistory
from producer import step_history

step_history.ENOUGH = 500
rng, clients, streams = random.Random(5), 4, 3
theirs = StepHistory(clients + 1, streams)
ours = step_history.bounded(StepHistory)(clients + 1, streams)
most = kept = 0
for turn in range(3000):
    client = rng.randint(1, clients)
    first, second = theirs.get_buffer(client, smd0=True), ours.get_buffer(client, smd0=True)
    assert first == second, turn
    most = max(most, *(len(view) for view in second))
    new = [memoryview(rng.randbytes(rng.choice((0, 0, 30, 200)))) for _ in range(streams)]
    theirs.extend_buffers(new, client)
    ours.extend_buffers(new, client)
    kept = max(kept, *(len(b) for b in ours.bufs))
for client in range(1, clients + 1):
    assert theirs.get_buffer(client) == ours.get_buffer(client)
assert most > 1000 and kept < 10_000 < min(len(b) for b in theirs.bufs), (most, kept)
print("equal")
"""


def test_each_rank_gets_the_same_and_little_is_kept():
    status, said = run([sys.executable, "-c", CODE])
    assert status == 0 and said.strip().endswith("equal"), said
