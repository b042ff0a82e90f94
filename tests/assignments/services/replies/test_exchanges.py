"""What a turn is: read the table from the top."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.replies.exchanges import Exchange, exchanges_of
from tests.factories import MONDAY

KINDS = {"s": "sent", "r": "reply", "b": "bounce"}


def hour(number: int) -> datetime:
    return MONDAY + timedelta(hours=number)


def told(mails: str) -> list[tuple[int, int | None]]:
    """`s` we wrote, `r` they replied, `b` it bounced, an hour each; the turns in hours."""
    kinds = [(hour(at), KINDS[kind]) for at, kind in enumerate(mails)]
    hours = {hour(at): at for at in range(len(mails))}
    return [
        (hours[turn.replied_at], hours.get(turn.answered_at))  # type: ignore[arg-type]
        for turn in exchanges_of(kinds)
    ]


@pytest.mark.parametrize(
    ("mails", "turns"),
    [
        ("", []),
        ("s", []),
        ("ss", []),
        ("sr", [(1, None)]),
        ("srs", [(1, 2)]),
        ("r", [(0, None)]),
        ("srrs", [(1, 3)]),  # several in a row are one
        ("srss", [(1, 2)]),  # the first answer counts
        ("srsrs", [(1, 2), (3, 4)]),
        ("srsr", [(1, 2), (3, None)]),
        ("sb", []),  # a bounce is no reply
        ("sbs", []),
        ("sbrs", [(2, 3)]),
        ("srbs", [(1, 3)]),
    ],
)
def test_turns(mails, turns):
    assert told(mails) == turns


def test_a_mail_in_the_very_moment_of_a_reply_answers_it():
    mails = [(MONDAY, "sent"), (MONDAY, "reply")]

    (turn,) = exchanges_of(mails)

    assert (turn.answered_at, turn.minutes) == (MONDAY, 0)


def test_a_reply_that_a_list_told_of_is_none_once_it_is_known_as_a_bounce():
    assert exchanges_of([(MONDAY, "reply"), (MONDAY, "bounce")]) == []


def test_minutes_are_whole_ones():
    at = MONDAY + timedelta(minutes=7, seconds=59)

    (turn,) = exchanges_of([(MONDAY, "reply"), (at, "sent")])

    assert turn.minutes == 7


MAILS = st.lists(
    st.tuples(
        st.integers(0, 9).map(hour), st.sampled_from(["sent", "reply", "bounce"])
    ),
    max_size=12,
)


@given(mails=MAILS, dealt=st.randoms(use_true_random=False))
def test_order_and_repetition_of_mails_make_no_difference(mails, dealt):
    shuffled = [*mails, *mails[:3]]
    dealt.shuffle(shuffled)

    assert exchanges_of(shuffled) == exchanges_of(mails)


@given(mails=MAILS)
def test_turns_follow_each_other_and_only_the_last_may_wait(mails):
    turns = exchanges_of(mails)

    for turn, following in pairwise(turns):
        assert turn.answered_at is not None
        assert turn.replied_at <= turn.answered_at <= following.replied_at
    assert all(isinstance(turn, Exchange) and turn.answered_at for turn in turns[:-1])
