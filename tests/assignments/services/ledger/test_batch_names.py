"""Names of batches: what they are about, and who gets how many."""

import pytest

from assignments.models import Member
from assignments.services.ledger.batch_names import LONGEST_NAME, batch_name


def members(*names: str) -> dict[int, Member]:
    return {place: Member(pk=place, name=name) for place, name in enumerate(names, 1)}


@pytest.mark.parametrize(
    ("names", "gains", "name"),
    [
        (["Ben Okafor", "Luca Ferri"], {1: 15, 2: 15}, "DACH → Ben 15, Luca 15"),
        (["Ben Okafor", "Luca Ferri"], {1: 2, 2: 1200}, "DACH → Luca 1,200, Ben 2"),
        (["Ben Okafor", "Ben Brown"], {1: 2, 2: 1}, "DACH → Ben Okafor 2, Ben Brown 1"),
        (["A", "B", "C", "D"], {1: 2, 2: 2, 3: 2, 4: 1}, "DACH → A 2, B 2, C 2, 1 other 1"),
        (["Member 7454"], {1: 3}, "DACH → Member 7454 3"),
        ([], {}, "DACH"),
    ],
)  # fmt: skip
def test_names_the_receivers_with_their_numbers(names, gains, name):
    assert batch_name("DACH", gains, members(*names)) == name


def test_a_long_subject_leaves_room_for_the_result():
    name = batch_name("x" * 300, {1: 1}, members("Ben Okafor"))

    assert len(name) <= LONGEST_NAME
    assert name.endswith("… → Ben 1")
