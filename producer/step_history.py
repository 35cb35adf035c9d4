"""What psana's rank 0 and its event builders keep of a run: every transition and every slow update with all PVs, so
that each rank they send to gets those that it has missed. They never let go of any, some 30 kB a second with 2,000 PVs;
this lets go of what everybody has."""

from typing import Any

ENOUGH = 1 << 20  # bytes that all have, from which on letting go is worth the time


def bounded(kept_by_psana: Any) -> Any:
    """A subclass of psana's StepHistory (psana.psexp.node): `bufs` are the bytes kept of each stream, `send_history`
    counts for each rank how many of them it has."""

    class BoundedHistory(kept_by_psana):
        def get_buffer(self, client_id: int, smd0: bool = False) -> Any:
            views = super().get_buffer(client_id, smd0=smd0)
            for stream, kept in enumerate(self.bufs):
                common = min(int(sent[stream]) for sent in self.send_history)
                if common >= ENOUGH:
                    del kept[:common]
                    for sent in self.send_history:
                        sent[stream] -= common
            return views

    return BoundedHistory
