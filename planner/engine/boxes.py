"""Boxes: ranges along every axis of a grid, in which terms are computed over only the axes they depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

# a range along every axis; slices have both ends
Box = tuple[slice, ...]
Floats = npt.NDArray[np.float64]
Cut = Callable[[Floats], Floats]
_ONE = slice(0, 1)


def box_shape(box: Box) -> tuple[int, ...]:
    """Plans along every axis."""
    return tuple([side.stop - side.start for side in box])


def inside(box: Box, outer: Box) -> Box:
    """Where a box lies in an array that holds ``outer`` alone."""
    return tuple(
        slice(side.start - whole.start, side.stop - whole.start)
        for side, whole in zip(box, outer, strict=True)
    )


def flat_boxes(shape: Sequence[int], start: int, stop: int) -> Iterator[Box]:
    """Boxes that hold the flat positions ``start`` to ``stop`` of an array of this shape, in order.

    Every box is contiguous in the flat order (last axis fastest), so that its plans follow one another.
    """
    if start >= stop:
        return
    if len(shape) == 1:
        yield (slice(start, stop),)
        return
    inner = prod(shape[1:])
    whole = tuple(slice(0, n) for n in shape[1:])
    (first, before), (last, after) = divmod(start, inner), divmod(stop, inner)
    if first == last:
        yield from ((slice(first, first + 1), *box) for box in flat_boxes(shape[1:], before, after))
        return
    if before:
        yield from ((slice(first, first + 1), *box) for box in flat_boxes(shape[1:], before, inner))
        first += 1
    if first < last:
        yield (slice(first, last), *whole)
    if after:
        yield from ((slice(last, last + 1), *box) for box in flat_boxes(shape[1:], 0, after))


def split(box: Box, limit: int, longest_side: int | None = None) -> Iterator[Box]:
    """Boxes of at most ``limit`` plans that make up ``box``, each as long along the last axes as can be."""
    sides = []
    for side in reversed(box):
        step = min(max(side.stop - side.start, 1), max(limit, 1), longest_side or limit)
        limit //= step
        sides.append([slice(i, min(i + step, side.stop)) for i in range(side.start, side.stop, step)])
    yield from product(*reversed(sides))


def cutter(box: Box, shape: Sequence[int]) -> Cut:
    """What cuts a box out of arrays that broadcast to ``shape``: axes of length 1 stay."""
    if box_shape(box) == tuple(shape):
        return lambda array: array
    indices: dict[tuple[int, ...], Box] = {}

    def cut(array: Floats) -> Floats:
        index = indices.get(array.shape)
        if index is None:
            sides = [side if n > 1 else _ONE for side, n in zip(box, array.shape, strict=True)]
            index = indices[array.shape] = tuple(sides)
        return array[index]

    return cut


def replaced[T](values: tuple[T, ...], place: int, value: T) -> tuple[T, ...]:
    """The values with another one at ``place``."""
    return (*values[:place], value, *values[place + 1 :])
