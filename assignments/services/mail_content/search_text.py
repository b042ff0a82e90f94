"""Text by which the search box finds a lead."""

from assignments.models import Campaign, Lead
from assignments.visible_text import folded


def search_text_of(lead: Lead, campaign: Campaign | None) -> str:
    """Return the folded name, address, company, campaign name and last message, joined
    by blanks: all words that the lead's row shows.

    An address with an encoded (xn--) domain is added in lower case, not folded.
    """
    name = f"{lead.first_name} {lead.last_name}"
    campaign_name = campaign.name if campaign else ""
    texts = (name, lead.email, lead.company, campaign_name, lead.last_message)
    words = " ".join(map(folded, texts))
    sent = lead.email.lower() if "xn--" in lead.email.lower() else ""
    return " ".join(f"{words} {sent}".split())
