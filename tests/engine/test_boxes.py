"""Boxes make up what they are cut from: every plan once, in order, and none too large."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from planner.engine.boxes import Box, box_shape, cutter, flat_boxes, inside, split

shapes = st.lists(st.integers(1, 5), min_size=1, max_size=5).map(tuple)


def positions(box: Box, shape: tuple[int, ...]) -> list[int]:
    """Flat positions of a box's plans, its last axis fastest."""
    places = product(*(range(side.start, side.stop) for side in box))
    return [int(np.ravel_multi_index(place, shape)) for place in places]


@given(shapes, st.data())
def test_flat_ranges_are_boxes_in_order(shape: tuple[int, ...], data: st.DataObject) -> None:
    n = int(np.prod(shape))
    start = data.draw(st.integers(0, n))
    stop = data.draw(st.integers(start, n))
    found = [position for box in flat_boxes(shape, start, stop) for position in positions(box, shape)]
    assert found == list(range(start, stop))


def test_a_range_over_whole_rows_is_few_boxes() -> None:
    # the end of row 1, rows 2 to 4, the start of row 5
    assert list(flat_boxes((9, 10), 17, 53)) == [
        (slice(1, 2), slice(7, 10)),
        (slice(2, 5), slice(0, 10)),
        (slice(5, 6), slice(0, 3)),
    ]


@given(shapes, st.integers(1, 60), st.integers(1, 5))
def test_a_box_is_split_without_rest(shape: tuple[int, ...], limit: int, longest: int) -> None:
    whole = tuple(slice(1, 1 + n) for n in shape)
    outer = tuple(n + 1 for n in shape)
    parts = list(split(whole, limit, longest))
    assert sorted(p for part in parts for p in positions(part, outer)) == sorted(positions(whole, outer))
    assert all(np.prod(box_shape(part)) <= limit for part in parts)
    assert all(max(box_shape(part)) <= longest for part in parts)


def test_parts_are_as_long_as_can_be_along_the_last_axes() -> None:
    assert [box_shape(box) for box in split((slice(0, 3), slice(0, 4), slice(0, 5)), 10)] == [(1, 2, 5)] * 6


def test_cutting_leaves_axes_that_a_figure_does_not_vary_along() -> None:
    cut = cutter((slice(1, 3), slice(0, 1), slice(2, 4)), (4, 1, 6))
    assert cut(np.arange(24.0).reshape(4, 1, 6)).tolist() == [[[8, 9]], [[14, 15]]]
    assert cut(np.arange(6.0).reshape(1, 1, 6)).tolist() == [[[2, 3]]]
    assert cut(np.array([[[7.0]]])).tolist() == [[[7.0]]]


def test_a_box_is_found_again_within_another() -> None:
    assert inside((slice(3, 5), slice(2, 3)), (slice(3, 9), slice(1, 4))) == (slice(0, 2), slice(1, 2))
