"""Draws that numpy's generator lacks inside compiled code."""

import numpy as np

from model.core.compiled import kernel


@kernel
def multinomial(stream, count, weights, total, out):
    """Spread `count` over `weights`, whose sum is `total`. Writes `out` (int64). Draws binomials, one per weight."""
    left = count
    mass = total
    last = -1
    for i in range(weights.size):
        out[i] = 0
        if weights[i] > 0.0:
            last = i
    for i in range(weights.size):
        if left == 0:
            break
        if weights[i] <= 0.0:
            continue
        share = weights[i] / mass
        out[i] = left if i == last or share >= 1.0 else stream.binomial(left, share)
        left -= out[i]
        mass -= weights[i]


@kernel
def categorical(stream, weights, total):
    """Return one index drawn by weight; the last positive one if rounding overshoots. Draws one uniform."""
    point = stream.random() * total
    last = 0
    for i in range(weights.size):
        if weights[i] > 0.0:
            last = i
            point -= weights[i]
            if point < 0.0:
                return i
    return last


@kernel
def binomial(stream, count, probability):
    """Return a binomial count; certain outcomes draw nothing."""
    if count <= 0 or probability <= 0.0:
        return 0
    if probability >= 1.0:
        return count
    return stream.binomial(count, probability)


@kernel
def earliest(stream, count):
    """Return the smallest of `count` independent uniform times. Draws one uniform."""
    return 1.0 - (1.0 - stream.random()) ** (1.0 / count)


@kernel
def round_half_up(value):
    """Round to the nearest integer, halves up."""
    return int(np.floor(value + 0.5))
