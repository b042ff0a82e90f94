from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from assignments.services.mirror.cursor import BY_OFFSET, PAGE, TICK, ListPosition
from assignments.smartlead.list_parsing import ListPage
from assignments.smartlead.records import LeadRow
from tests.factories import MONDAY
from tests.mirror_harness import make_row


def page_of(*minutes: int | None, limit: int = PAGE) -> ListPage[LeadRow]:
    """A page whose rows replied so many minutes before MONDAY."""
    rows = tuple(make_row(n + 1, last_reply_at=ago(m)) for n, m in enumerate(minutes))
    return ListPage(
        rows=rows, unreadable=(), returned=len(rows), limit=limit, total=None
    )


def ago(minutes: int | None) -> datetime | None:
    return None if minutes is None else MONDAY - timedelta(minutes=minutes)


def test_the_next_page_ends_where_the_last_row_was():
    place = ListPosition().after(page_of(*range(20)), floor=None)

    assert place == ListPosition(until=ago(19) + TICK)


def test_inside_one_timestamp_an_offset_is_used():
    start = ListPosition(until=ago(5) + TICK)

    place = start.after(page_of(*[5] * 20), floor=None)

    assert place == ListPosition(until=start.until, offset=17)


def test_a_short_page_is_the_last():
    assert ListPosition().after(page_of(1, 2), floor=None) is None


def test_a_page_below_the_floor_is_the_last():
    full = page_of(*range(20))

    assert ListPosition().after(full, floor=ago(18)) is None
    assert ListPosition().after(full, floor=ago(19)) is not None


def test_a_list_that_ignores_the_window_is_read_by_offset():
    place = ListPosition(until=ago(10)).after(page_of(*range(20)), floor=None)

    assert place == BY_OFFSET


def test_a_list_that_is_not_sorted_is_read_by_offset_and_to_its_end():
    unsorted = page_of(5, 3, *range(10, 28))

    assert ListPosition().after(unsorted, floor=ago(1)) == BY_OFFSET
    assert BY_OFFSET.after(unsorted, floor=ago(1)) == ListPosition(
        by_time=False, offset=17
    )


def test_rows_without_a_reply_time_are_read_by_offset():
    assert ListPosition().after(page_of(*[None] * 20), floor=None) == BY_OFFSET


def test_a_place_survives_being_written_down():
    place = ListPosition(until=MONDAY, offset=17)

    assert ListPosition.from_json(place.to_json()) == place


@settings(max_examples=60, deadline=None)
@given(
    times=st.lists(st.integers(0, 40), max_size=120),
    by_time=st.booleans(),
    joined=st.lists(st.integers(0, 40), max_size=3),
)
def test_every_row_is_read_however_many_share_a_time_and_new_ones_arrive(
    times, by_time, joined
):
    inbox = sorted((MONDAY - timedelta(minutes=m), n) for n, m in enumerate(times))
    wanted, seen = set(inbox), set()
    place: ListPosition | None = ListPosition(by_time=by_time)
    for turn in range(200):
        shown = [
            row
            for row in sorted(inbox, reverse=True)
            if not place.until or row[0] <= place.until
        ][place.offset : place.offset + PAGE]
        seen |= set(shown)
        rows = tuple(make_row(n + 1, last_reply_at=at) for at, n in shown)
        answer = ListPage(
            rows=rows, unreadable=(), returned=len(rows), limit=PAGE, total=None
        )
        place = place.after(answer, floor=None)
        if place is None:
            break
        if turn < len(joined):
            inbox.append((MONDAY - timedelta(minutes=joined[turn]), 1000 + turn))

    assert place is None
    assert wanted <= seen
