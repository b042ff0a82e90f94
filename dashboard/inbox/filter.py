"""The filter of the inbox: a query string, checked, as leads in an order."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property

from assignments.models import Campaign, Category, Lead, Member, User
from assignments.models.lead import NEVER
from assignments.services.bulk import open_leads
from assignments.services.sight import Sight
from assignments.visible_text import folded
from dashboard.filters import count_of, day_field, total_of, within
from dashboard.form_fields import LinesField
from dashboard.inbox.answer_filter import (
    BY_DUE,
    SLAS,
    AnswerFilter,
    late_words,
    page_by_lateness,
)
from dashboard.inbox.client_filter import (
    client_field,
    client_words,
    known_clients,
    of_client,
)
from dashboard.inbox.hidden_filters import LINKED, MOST_NAMED, LinkedFilters, held_by
from dashboard.pagination import Cursor, Order, Page, page_of, page_of_groups

BY_REPLY = Order(first="reply_order", key="map_id", descending=True)
ORDERS = {
    "-reply": BY_REPLY,
    "reply": Order(first="reply_order", key="map_id", descending=False),
    "-sent": Order(first="sent_order", key="map_id", descending=True),
    "due": BY_DUE,
}
SORTS = [
    ("", "Newest reply first"),
    ("reply", "Oldest reply first"),
    ("-sent", "Last written to first"),
    ("owner", "By owner"),
    ("due", "Due first"),
    ("late", "Late first"),
]
STATUSES = [
    ("", "Status"),
    ("open", "Open"),
    ("interested", "Interested"),
    ("unread", "Unread"),
    ("waiting_on_us", "Waiting on us"),
    ("waiting_on_them", "Waiting on them"),
    ("closed", "Closed"),
    ("important", "Important"),
    ("snoozed", "Snoozed"),
    ("archived", "Archived"),
]
NAMED_OWNERS = [
    ("me", "Me"),
    ("covering", "Covering for others"),
    ("nobody", "Nobody"),
    ("unknown", "Not known"),
]
MOST_WORDS = 10
MOST_NEW = 100


class InboxFilter(LinkedFilters):
    CHOOSERS = ("owner", "campaign", "client", "category", "status", "sla", "sort")
    FILTERS = (
        "owner", "campaign", "client", "category", "status", "sla", "q", "from", "to",
        "sort",
        *LINKED,
    )  # fmt: skip
    FIRST_DAY = "Replied from"

    owner = forms.ChoiceField(required=False)
    campaign = forms.ModelChoiceField(
        Campaign.objects.all(), required=False, empty_label="Campaign"
    )
    client = client_field()
    category = forms.ModelChoiceField(
        Category.objects.all(), required=False, empty_label="Category"
    )
    status = forms.ChoiceField(choices=STATUSES, required=False)
    sla = forms.ChoiceField(choices=SLAS, required=False, label="Answer")
    q = LinesField(
        max_length=200,
        required=False,
        label="Search leads",
        widget=forms.TextInput(
            attrs={"type": "search", "placeholder": "Name, last message"}
        ),
    )
    to = day_field("Replied up to")
    sort = forms.ChoiceField(
        choices=[*SORTS, ("-reply", "Newest reply first")], required=False
    )

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.sight = Sight.of(user)
        self.answers = AnswerFilter()
        self.members = {member.pk: member for member in Member.objects.all()}
        self.categories = list(Category.objects.all())
        self._fill_choices()
        self._fill_members()
        self._name_what_is_wrong()

    def _fill_choices(self) -> None:
        people = [(str(pk), str(member)) for pk, member in self.members.items()]
        owner, sort = self.fields["owner"], self.fields["sort"]
        campaigns = Campaign.objects.filter(self.sight.campaigns())
        self.fields["campaign"].queryset = campaigns  # type: ignore[attr-defined]
        assert isinstance(owner, forms.ChoiceField)  # noqa: S101  for the type checker
        owner.choices = [("", "Owner"), *NAMED_OWNERS, *people]
        sort.widget.choices = SORTS
        self.fields["sla"].widget.choices = lambda: [
            (value, late_words(timezone.now()) if value == "late" else label)
            for value, label in SLAS
        ]
        # Asked for only where the menu is drawn.
        owner.widget.choices = lambda: self._owners_with_counts
        self.fields["client"].widget.choices = lambda: self._clients

    @cached_property
    def _owners_with_counts(self) -> list[tuple[str, str]]:
        owned = self._seen().filter(owner__isnull=False).order_by()
        counts: dict[int | None, int] = dict(
            # Not the key: on SQLite that one is not in the index.
            owned.values_list("owner").annotate(leads=Count("owner"))
        )
        people = [
            (str(pk), f"{member} ({counts.get(pk, 0):,})")
            for pk, member in self.members.items()
            if self._is_offered(member)
            or pk in counts
            or str(pk) == self.data.get("owner")
        ]
        return [("", "Owner"), *NAMED_OWNERS, *people]

    @cached_property
    def _clients(self) -> list[tuple[str, str]]:
        """Return the choices of the menu: the clients that the viewer may know, and the
        one in force, known or not.
        """
        said, may = self.data.get("client", "").strip(), self.sight.clients
        clients = (pk for pk in known_clients() if may is None or pk in may)
        known = {str(client): client_words(client) for client in clients}
        if said and said not in known:
            known[said] = client_words(said)
        return [("", "Client"), *known.items()]

    @property
    def choosers(self) -> list[forms.BoundField]:
        """Return the menus; that of clients only if there are two to choose from, or
        one in force.
        """
        is_choice = len(self._clients) > 2 or "client" in self.given()
        return [
            field for field in super().choosers if field.name != "client" or is_choice
        ]

    def _is_offered(self, member: Member) -> bool:
        """Return whether the menu has a member of whom no lead is seen."""
        owners = self.sight.owners
        return member.is_active and (owners is None or member.pk in owners)

    def _seen(self) -> QuerySet[Lead]:
        return Lead.objects.present().filter(self.sight.leads())

    def _name_what_is_wrong(self) -> None:
        for name, field in self.fields.items():
            word = "answer" if name == "sla" else name
            field.error_messages["invalid_choice"] = (
                f"The {word} in this address is not known here (any more)."
            )

    @property
    def strangers(self) -> list[str]:
        """Return names in the address, in its order, that are neither a filter nor
        `after`, and so leave nothing out.
        """
        return [name for name in self.data if name not in {*self.FILTERS, "after"}]

    def without(self, dropped: str) -> str:
        gone = {dropped, "days"} if dropped == "review" else {dropped}
        said = self.given().items()
        return urlencode({name: value for name, value in said if name not in gone})

    @property
    def narrowing(self) -> list[str]:
        """Return the names of filters that are given, in the order of FILTERS, without
        `sort`: an order leaves nothing out.
        """
        return [name for name in self.given() if name != "sort"]

    @property
    def is_mine_without_a_member(self) -> bool:
        return self.cleaned_data["owner"] in {"me", "covering"} and self._me() is None

    def leads(self, *, at: datetime, without: str = "") -> QuerySet[Lead]:
        conditions = self._conditions(at)
        conditions.pop(without, None)
        wanted = self._seen().filter(*conditions.values())
        return wanted.select_related("owner", "campaign", "category")

    def count(self, *, at: datetime, without: str = "") -> int:
        """Return how many leads match at `at`, without the filter named `without`;
        1,001 if there are more than 1,000.
        """
        return count_of(self.leads(at=at, without=without))

    def newest_reply(self, page: Page[Lead], *, at: datetime) -> datetime:
        """Return the time of the newest reply in the whole list, NEVER if there is
        none; later ones are news to its reader. Taken from the first row of a first
        page in the usual order, else by a query.
        """
        is_top = not page.earlier and not self.given().get("sort")
        if is_top and page.rows:
            return page.rows[0].last_reply_at or NEVER
        found = self.leads(at=at).aggregate(newest=Max("reply_order"))
        newest: datetime | None = found["newest"]
        return newest or NEVER

    def new_since(self, since: datetime, *, at: datetime) -> int:
        conditions = {
            **self._conditions(at, by_id=False),
            "since": Q(reply_order__gt=since),
        }
        found = self._seen().filter(*conditions.values())
        return found.order_by()[:MOST_NEW].count()

    def page(self, *, at: datetime, after: str) -> Page[Lead]:
        """Return up to 50 leads in the chosen order, with their cursors.

        `after` is an encoded cursor; empty, it is the first page. By owner: the members
        in their order, then leads without an owner, newest reply first within each.
        Raises BadCursor if it is not a cursor of this filter, or its owner is gone.
        """
        cursor = Cursor.decoded(after, self.query) if after else None
        sort = self.cleaned_data["sort"] or "-reply"
        if sort == "late":
            return page_by_lateness(self.leads(at=at), at=at, after=cursor)
        if sort == "owner":
            return self._page_by_owner(at, cursor)
        return page_of(self.leads(at=at), order=ORDERS[sort], after=cursor)

    def _page_by_owner(self, at: datetime, after: Cursor | None) -> Page[Lead]:
        leads = self.leads(at=at)
        return page_of_groups(
            [*self.members, None],
            rows_of=lambda owner: leads.filter(owner=owner),
            order=lambda _: BY_REPLY,
            group_of=lambda lead: lead.owner_id,
            after=after,
        )

    def total(self, page: Page[Lead], *, at: datetime) -> str:
        """Return for display how many leads match: `12`, or `1,000+` beyond a thousand.

        Counted without a query if `page` is all of them.
        """
        return total_of(page, self.leads(at=at))

    def _conditions(self, at: datetime, *, by_id: bool = True) -> dict[str, Q]:
        """Return a condition for each filter by its name; a filter that is not given
        has an empty Q() or no entry. With `by_id` the search is `_found`, otherwise
        `_words`, which makes no query.
        """
        said = self.cleaned_data
        conditions = {
            name: Q(**{name: said[name]})
            for name in ("campaign", "category")
            if said[name]
        }
        return (
            conditions
            | self.linked_conditions(at)
            | {
                "owner": self._owned_by(said["owner"]),
                "client": self._of_client,
                "status": self._in_status(said["status"]),
                "sla": self.answers.condition(said["sla"], at),
                "from": within("reply_order", said["from"], None),
                "to": within("reply_order", None, said["to"]),
                "q": self._found if by_id else self._words,
            }
        )

    @property
    def _words(self) -> Q:
        words = self.cleaned_data["q"].split()[:MOST_WORDS]
        return Q(*(_said_by(word) for word in words))

    @cached_property
    def _found(self) -> Q:
        """Return the condition for leads with every word of the search (the first
        MOST_WORDS); Q() without a search. Up to MOST_NAMED leads are named by id, so
        that the table is read through once and not again for each part of the page;
        more are found soon in any order.
        """
        found = self._words
        if not found:
            return found
        seen = Lead.objects.filter(self.sight.leads())
        ids = seen.filter(found).values_list("pk", flat=True)
        few = list(ids.order_by()[: MOST_NAMED + 1])
        return Q(pk__in=few) if len(few) <= MOST_NAMED else found

    def _me(self) -> Member | None:
        mine = (m for m in self.members.values() if m.user_id == self.user.pk)
        return next(mine, None)

    def _owned_by(self, owner: str) -> Q:
        match owner:
            case "":
                return Q()
            case "nobody":
                return Q(owner=None, owner_known_at__isnull=False)
            case "unknown":
                return Q(owner_known_at=None)
            case "me":
                me = self._me()
                return Q(owner=me) if me else Q(pk__in=[])
            case "covering":
                return held_by(self._me())
            case _:
                return Q(owner=int(owner))

    @cached_property
    def _of_client(self) -> Q:
        client = self.cleaned_data["client"]
        return of_client(client) if client else Q()

    @property
    def _is_not_closed(self) -> Q:
        closing = [category.pk for category in self.categories if category.is_closing]
        return Q(category=None) | ~Q(category__in=closing)

    def _in_status(self, status: str) -> Q:
        match status:
            case "open":
                return Q(last_reply_at__isnull=False) & self._is_not_closed
            case "interested":
                return open_leads.is_interested()
            case "unread":
                return Q(is_unread=True)
            case "waiting_on_us":
                return Q(answer_owed=True)
            case "waiting_on_them":
                return Q(answer_owed=False) & self._is_not_closed
            case "closed":
                return Q(category__is_closing=True)
            case "important" | "snoozed" | "archived":
                return Q(**{f"is_{status}": True})
            case _:
                return Q()


def _said_by(word: str) -> Q:
    """Return the condition for leads with this word in their search text, compared
    `folded`. With `xn--` in it, the word in lower case counts too: a part of a
    domain as it is sent.
    """
    found = Q(search_text__contains=folded(word))
    is_domain = "xn--" in word.lower()
    return found | Q(search_text__contains=word.lower()) if is_domain else found
