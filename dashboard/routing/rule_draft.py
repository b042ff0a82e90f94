"""A half-written rule, kept in the session while its author makes a table for it."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from assignments.models import LookupTable, RoutingRule

KEY = "rule_draft"


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """Text of the fields of a rule's form; `rule_id` is None for a new rule."""

    rule_id: int | None
    query: str

    @classmethod
    def of(cls, request: HttpRequest) -> Self | None:
        """Return the draft of this session, or None."""
        kept = request.session.get(KEY)
        return cls(kept["rule"], kept["query"]) if kept else None

    @property
    def name(self) -> str:
        return QueryDict(self.query).get("name", "").strip()

    @property
    def address(self) -> str:
        return self.address_with(None)

    def address_with(self, table: LookupTable | None) -> str:
        """Return the address of the form with this draft, and with the table chosen."""
        page = (
            reverse("rule", args=[self.rule_id])
            if self.rule_id
            else reverse("new_rule")
        )
        chosen = {} if table is None else {"table": table.pk}
        return f"{page}?{urlencode({'draft': 1, **chosen})}"

    def typed(self, table: LookupTable | None) -> QueryDict:
        """Return the fields as typed; with a table, that one is chosen, and the
        strategy of its kind.
        """
        typed = QueryDict(self.query, mutable=True)
        if table is not None:
            typed["table"], typed["strategy"] = str(table.pk), table.kind
        return typed


def keep_draft(request: HttpRequest, rule: RoutingRule | None) -> None:
    """Keep what was posted for the form; a draft of before is replaced."""
    typed = request.POST.copy()
    for name in ("csrfmiddlewaretoken", "make_table"):
        typed.pop(name, None)
    kept = {"rule": rule.pk if rule else None, "query": typed.urlencode()}
    request.session[KEY] = kept


def drop_draft(request: HttpRequest) -> None:
    request.session.pop(KEY, None)
