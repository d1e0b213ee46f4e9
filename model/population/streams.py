"""The named sources of luck of a run: functions of the seed and a name alone."""

import zlib

import numpy as np

from model.core.state import Streams


def generator(seed: int, *names: str) -> np.random.Generator:
    """Return the random stream of that name: a function of seed and names alone."""
    key = tuple(zlib.crc32(name.encode()) for name in names)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def new_streams(seed: int) -> Streams:
    """Return the named streams of a run."""
    return Streams(*(generator(seed, name) for name in Streams._fields))
