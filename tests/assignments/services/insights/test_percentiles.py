from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.insights.percentiles import nearest_rank


@pytest.mark.parametrize(
    ("values", "percent", "found"),
    [
        ([], 50, None),
        ([7], 50, 7),
        ([7], 90, 7),
        ([1, 9], 50, 1),
        ([1, 5, 9], 50, 5),
        ([3, 3, 3, 8], 50, 3),
        (range(1, 11), 90, 9),
        (range(1, 12), 90, 10),
    ],
)
def test_nearest_rank(values, percent, found):
    assert nearest_rank(Counter(values), percent) == found


@given(values=st.lists(st.integers(0, 500), min_size=1), percent=st.integers(1, 100))
def test_is_the_smallest_value_that_so_many_do_not_exceed(values, percent):
    found = nearest_rank(Counter(values), percent)

    def share(limit: int) -> float:
        return sum(value <= limit for value in values) * 100

    assert found in values
    assert share(found) >= percent * len(values)
    assert all(share(each) < percent * len(values) for each in values if each < found)
