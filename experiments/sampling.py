"""Samples of the unit cube, one dimension per parameter, which ranges turn into the points of a design.

A sampler takes a count, the number of dimensions and a generator, and returns an array of shape (points, dimensions).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from experiments.errors import ExperimentError
from experiments.ranges import Range

if TYPE_CHECKING:
    from numpy import float64
    from numpy.random import Generator
    from numpy.typing import NDArray

    Sample = NDArray[float64]


def ranges(names: tuple[str, ...], given: dict[str, Any]) -> list[Range]:
    """Return the ranges of parameters named alone, as studied, then of those given one; see `Range.of`.

    Raises ScenarioError or ExperimentError for what cannot vary, for a parameter named twice, and for none at all.
    """
    for name in names:
        if name in given or names.count(name) > 1:
            raise ExperimentError(f"{name} is named twice; name it once, alone or with a range")
    if not names and not given:
        raise ExperimentError("nothing varies; name at least one parameter")
    return [*(Range.of(name) for name in names), *(Range.of(name, bounds) for name, bounds in given.items())]


def problem(*names: str, **given: Any) -> dict[str, Any]:
    """Return ranges, named or given as for a sample, as a problem of SALib.

    Keys: `num_vars`, `names`, `bounds`, `dists` (`unif`, or `logunif` on a log scale). Of what SALib draws for a whole
    parameter the whole part counts, so that its bounds are low and high + 1; options are numbered from zero likewise.
    """
    found = ranges(names, given)
    return {
        "num_vars": len(found),
        "names": [one.name for one in found],
        "bounds": [[one.low, one.high + 1 if one.whole else one.high] for one in found],
        "dists": ["logunif" if one.scale == "log" else "unif" for one in found],
    }


def draw(kind: str, count: int, dimensions: int, seed: int) -> Sample:
    """Return a sample of a kind named in SAMPLERS; the same seed gives the same one.

    Raises ExperimentError unless the count is a whole number above zero (of two, for Sobol sequences, a power) and the
    seed a whole number, zero or above.
    """
    from numpy.random import default_rng

    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ExperimentError(f"{count!r} points: give a whole number above zero")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ExperimentError(f"seed = {seed!r}: give a whole number, zero or above")
    return SAMPLERS[kind](count, dimensions, default_rng(seed))


def random(count: int, dimensions: int, generator: Generator) -> Sample:
    """Draw points independently."""
    return generator.random((count, dimensions))


def latin_hypercube(count: int, dimensions: int, generator: Generator) -> Sample:
    """Draw points of which each of `count` equal slices of every dimension holds one."""
    from scipy.stats import qmc

    return qmc.LatinHypercube(dimensions, seed=generator).random(count)


def sobol(count: int, dimensions: int, generator: Generator) -> Sample:
    """Return the first points of a scrambled Sobol sequence."""
    from scipy.stats import qmc

    _check_power_of_two(count)
    return qmc.Sobol(dimensions, seed=generator).random(count)


def saltelli(count: int, dimensions: int, generator: Generator) -> Sample:
    """Return `count` blocks of dimensions + 2 points of a scrambled Sobol sequence in twice the dimensions.

    A block is a point A, the same with one coordinate after another taken from a point B, and B.
    """
    from SALib.sample import sobol as salib

    _check_power_of_two(count)
    return salib.sample(_cube(dimensions), count, calc_second_order=False, seed=generator)


def morris(count: int, dimensions: int, generator: Generator) -> Sample:
    """Draw `count` trajectories of dimensions + 1 points, each step along one dimension, on a grid of four levels."""
    from SALib.sample import morris as salib

    return salib.sample(_cube(dimensions), count, num_levels=4, seed=generator)


SAMPLERS: dict[str, Callable[[int, int, Generator], Sample]] = {
    sampler.__name__: sampler for sampler in (random, latin_hypercube, sobol, saltelli, morris)
}


def _check_power_of_two(count: int) -> None:
    if count & (count - 1):
        lower = 1 << (count.bit_length() - 1)
        raise ExperimentError(
            f"{count} points: Sobol sequences are balanced at powers of two; take {lower} or {2 * lower}"
        )


def _cube(dimensions: int) -> dict[str, Any]:
    names = [str(number) for number in range(dimensions)]
    return {"num_vars": dimensions, "names": names, "bounds": [[0.0, 1.0]] * dimensions}
