"""The order in which psana meets a file's declarations; where it keeps only one of several, this decides which.

psana holds them in a C++ ``std::unordered_map`` by their id.  GNU's keeps one linked list: a key goes to its front, or
before the keys of its bucket; a bucket is id modulo their number; when there are more keys than buckets there are more
buckets, and all keys go over in turn.  That is repeated here; detnames prints in this order.
"""

from typing import List, Sequence

from producer.xtc_tree import Names

# GNU's numbers of buckets, each the next of its primes after twice the last.
BUCKETS = (13, 29, 59, 127, 257, 541, 1109, 2357, 5087, 10273, 20753, 42043)


def psana_order(names: Sequence[Names]) -> List[Names]:
    by_key = {one.key: one for one in names}
    keys: List[int] = []
    sizes = iter(BUCKETS)
    size = 0
    for key in by_key:
        if len(keys) == size:
            size = next(sizes, size)
            before, keys = keys, []
            for other in before:
                _insert(keys, other, size)
        _insert(keys, key, size)
    return [by_key[key] for key in keys]


def _insert(keys: List[int], key: int, size: int) -> None:
    bucket = key % size
    keys.insert(next((i for i, other in enumerate(keys) if other % size == bucket), 0), key)
