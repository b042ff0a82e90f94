"""The inbox's query string: read, refused in words, turned into leads in an order."""

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property

from assignments.models import Campaign, Category, Lead, Member, User
from dashboard.days import day_field, start_of
from dashboard.paging import Cursor, Order, Page, page_of, walk

BY_REPLY = Order(first="reply_order", key="map_id", descending=True)
ORDERS = {
    "-reply": BY_REPLY,
    "reply": Order(first="reply_order", key="map_id", descending=False),
    "-sent": Order(first="sent_order", key="map_id", descending=True),
    "due": Order(first="due_order", key="map_id", descending=False),
}
SORTS = [
    ("", "Newest reply first"),
    ("reply", "Oldest reply first"),
    ("-sent", "Last written to first"),
    ("owner", "By owner"),
    ("due", "Due first"),
]
STATUSES = [
    ("", "Status"),
    ("unread", "Unread"),
    ("waiting_on_us", "Waiting on us"),
    ("waiting_on_them", "Waiting on them"),
    ("closed", "Closed"),
]
SLAS = [("", "Answer"), ("due", "Due within the hour"), ("overdue", "Overdue")]
NAMED_OWNERS = [("me", "Me"), ("nobody", "Nobody"), ("unknown", "Not known")]
DUE_SOON = timedelta(hours=1)
MOST_WORDS = 10
MOST_COUNTED = 1000
MOST_NAMED = 500  # ids in one query
CHOOSERS = ("owner", "campaign", "category", "status", "sla", "sort")
FILTERS = (
    "owner", "campaign", "category", "status", "sla", "q", "from", "to", "sort",
)  # fmt: skip


class InboxFilter(forms.Form):
    owner = forms.ChoiceField(required=False)
    campaign = forms.ModelChoiceField(
        Campaign.objects.all(), required=False, empty_label="Campaign"
    )
    category = forms.ModelChoiceField(
        Category.objects.all(), required=False, empty_label="Category"
    )
    status = forms.ChoiceField(choices=STATUSES, required=False)
    sla = forms.ChoiceField(choices=SLAS, required=False, label="Answer")
    q = forms.CharField(
        max_length=200,
        required=False,
        label="Search leads",
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search"}),
    )
    to = day_field("Replied up to")
    sort = forms.ChoiceField(
        choices=[*SORTS, ("-reply", "Newest reply first")], required=False
    )

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__(data)
        self.user = user
        self.members = {member.pk: member for member in Member.objects.all()}
        self.categories = list(Category.objects.all())
        # `from` is no name that Python lets a class body use.
        self.fields["from"] = day_field("Replied from")
        self._fill_choices()
        self._name_what_is_wrong()

    def _fill_choices(self) -> None:
        people = [(str(pk), str(member)) for pk, member in self.members.items()]
        owner, sort = self.fields["owner"], self.fields["sort"]
        assert isinstance(owner, forms.ChoiceField)  # noqa: S101  for the type checker
        owner.choices = [("", "Owner"), *NAMED_OWNERS, *people]
        sort.widget.choices = SORTS

    def _name_what_is_wrong(self) -> None:
        for name, field in self.fields.items():
            word = "answer" if name == "sla" else name
            field.error_messages["invalid_choice"] = (
                f"The {word} in this address is not known here (any more)."
            )

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if first and last and last < first:
            raise forms.ValidationError(
                f"The list would end before it begins: {first} is after {last}."
            )
        return self.cleaned_data

    @property
    def choosers(self) -> list[forms.BoundField]:
        return [self[name] for name in CHOOSERS]

    @property
    def first_day(self) -> forms.BoundField:
        return self["from"]

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]

    @property
    def query(self) -> str:
        """The query string, in one order, without what is empty or the page."""
        values = {name: self.data.get(name, "").strip() for name in FILTERS}
        return urlencode({name: value for name, value in values.items() if value})

    @property
    def is_narrowed(self) -> bool:
        return any(self.data.get(name) for name in FILTERS if name != "sort")

    @property
    def is_mine_without_a_member(self) -> bool:
        return self.cleaned_data["owner"] == "me" and self._me() is None

    def leads(self, *, at: datetime) -> QuerySet[Lead]:
        wanted = Lead.objects.present().filter(*self._conditions(at))
        return wanted.select_related("owner", "campaign", "category")

    def page(self, *, at: datetime, after: str) -> Page[Lead]:
        """Raises BadCursor."""
        cursor = Cursor.decoded(after, self.query) if after else None
        sort = self.cleaned_data["sort"] or "-reply"
        if sort == "owner":
            return self._page_by_owner(at, cursor)
        return page_of(self.leads(at=at), order=ORDERS[sort], after=cursor)

    def _page_by_owner(self, at: datetime, after: Cursor | None) -> Page[Lead]:
        leads = self.leads(at=at)
        return walk(
            [*self.members, None],
            rows_of=lambda owner: leads.filter(owner=owner),
            order=BY_REPLY,
            after=after,
        )

    def total(self, page: Page[Lead], *, at: datetime) -> str:
        """How many leads match, counted no further than anybody would read."""
        if not page.earlier and not page.later:
            return f"{len(page.rows)}"
        found = self.leads(at=at).order_by()[: MOST_COUNTED + 1].count()
        return f"{MOST_COUNTED:,}+" if found > MOST_COUNTED else f"{found:,}"

    def _conditions(self, at: datetime) -> list[Q]:
        said = self.cleaned_data
        conditions = [self._owned_by(said["owner"]), self._in_status(said["status"])]
        conditions += [
            Q(**{name: said[name]}) for name in ("campaign", "category") if said[name]
        ]
        conditions += [_answer(said["sla"], at), _replied(said["from"], said["to"])]
        return [*conditions, self._found]

    @cached_property
    def _found(self) -> Q:
        """Leads with every word of the search.

        Few of them are named by id, so that the table is read through once and not
        again for each part of the page; many are found soon in any order.
        """
        words = self.cleaned_data["q"].lower().split()[:MOST_WORDS]
        found = Q(*(Q(search_text__contains=word) for word in words))
        if not words:
            return found
        ids = Lead.objects.filter(found).values_list("pk", flat=True)
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
            case _:
                return Q(owner=int(owner))

    def _in_status(self, status: str) -> Q:
        closing = [category.pk for category in self.categories if category.is_closing]
        match status:
            case "unread":
                return Q(is_unread=True)
            case "waiting_on_us":
                return Q(answer_owed=True)
            case "waiting_on_them":
                open_ones = Q(category=None) | ~Q(category__in=closing)
                return Q(answer_owed=False) & open_ones
            case "closed":
                return Q(category__in=closing)
            case _:
                return Q()


def _answer(sla: str, at: datetime) -> Q:
    if sla == "overdue":
        return Q(due_order__lte=at, answer_owed=True)
    if sla == "due":
        soon = Q(due_order__gt=at, due_order__lte=at + DUE_SOON)
        return soon & Q(answer_owed=True)
    return Q()


def _replied(first: date | None, last: date | None) -> Q:
    """Both days included, as days of the viewer's zone."""
    condition = Q()
    if first:
        condition &= Q(reply_order__gte=start_of(first))
    if last:
        condition &= Q(reply_order__lt=start_of(last + timedelta(days=1)))
    return condition
