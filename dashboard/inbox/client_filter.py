"""The filter of the inbox by client: whose work a lead belongs to, by Smartlead's id."""

from itertools import pairwise
from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from assignments.models import Campaign, Lead

LARGEST_ID = 2**63 - 1
MOST_SHOWN = 200
NOT_KNOWN = "The client in this address is not a number."


def client_field() -> forms.IntegerField:
    return forms.IntegerField(
        required=False,
        min_value=1,
        max_value=LARGEST_ID,
        widget=forms.Select(),
        label="Client",
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), NOT_KNOWN),
    )


def client_words(client: int | str) -> str:
    """Return the client for display; Smartlead's lists say no more than its id."""
    return f"Client {client}"


def of_client(client: int) -> Q:
    """Return the condition for leads of the client, or without one but in a campaign of
    the client's: as `THE_CLIENT` of the lookup tables says, with an index for each half.
    """
    campaigns = Campaign.objects.filter(client_id=client).order_by()
    return Q(client_id=client) | Q(
        client_id=None, campaign__in=list(campaigns.values_list("pk", flat=True))
    )


def known_clients() -> list[int]:
    """Return the ids of clients that a campaign or a lead has, in their order, up to
    MOST_SHOWN.

    Leads are looked up only between the clients of campaigns, where there is hardly
    one: the index answers without reading all leads.
    """
    of_campaigns = Campaign.objects.exclude(client_id=None).order_by("client_id")
    known = _ids(of_campaigns.values_list("client_id", flat=True))
    others = Lead.objects.present().filter(_between(known)).order_by()
    more = _ids(others.values_list("client_id", flat=True))
    return sorted({*known, *more})[:MOST_SHOWN]


def _ids(clients: QuerySet[Any, Any]) -> list[int]:
    return [client for client in clients.distinct()[:MOST_SHOWN] if client is not None]


def _between(clients: list[int]) -> Q:
    """Return the condition for leads with a client that is none of these, as ranges."""
    if not clients:
        return Q(client_id__isnull=False)
    gaps = Q(client_id__lt=clients[0]) | Q(client_id__gt=clients[-1])
    for before, after in pairwise(clients):
        if after - before > 1:
            gaps |= Q(client_id__gt=before, client_id__lt=after)
    return gaps
