"""Leads of somebody who leaves."""

import pytest

from tests.factories import make_category, make_lead


@pytest.fixture
def piles(ana) -> dict[str, int]:
    """Ana's leads: two interested, one closed, one without a category."""
    hot, lost = make_category("Hot"), make_category("Lost", is_closing=True)
    for category in (hot, hot, lost, None):
        make_lead(owner=ana, category=category)
    return {"hot": hot.pk, "lost": lost.pk, "none": 0}
