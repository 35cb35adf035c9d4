"""Histograms that agree with numpy.histogram to the last count, several times faster."""

import numpy as np


class Histogram:
    """Counts values in the bins between `edges` (rising); `uniform`: all bins have the same width."""

    def __init__(self, edges: np.ndarray, uniform: bool) -> None:
        self._edges = edges
        self._bins = len(edges) - 1
        self._scale = self._bins / (edges[-1] - edges[0]) if uniform else 0.0

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """int64[bins]; of integer or float values; the last bin includes its upper edge."""
        edges = self._edges
        values = values[(values >= edges[0]) & (values <= edges[-1])]
        if values.dtype.kind in "iu" and values.dtype.itemsize <= 2:
            levels = np.bincount(values - values.min()) if values.size else np.zeros(0, np.int64)
            first = int(values.min()) if values.size else 0
            return np.histogram(np.arange(first, first + len(levels)), edges, weights=levels)[0].astype(np.int64)
        if not self._scale:
            return np.histogram(values, edges)[0].astype(np.int64)
        exact = values.astype(np.float64, copy=False)
        number = ((exact - edges[0]) * self._scale).astype(np.int32)
        np.minimum(number, self._bins - 1, out=number)
        # By rounding a value can be one bin off; the edges decide.
        number -= exact < edges[number]
        number += (exact >= edges[number + 1]) & (number < self._bins - 1)
        return np.bincount(number, minlength=self._bins)
