import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assignments.models.assignment import Batch, Cause, HistoryIsKept
from assignments.models.text_fields import PlainTextField, SentenceField


class StrategyKind(models.TextChoices):
    MEMBER = "member", "One member"
    ROUND_ROBIN = "round_robin", "In turn"
    LEAST_BUSY = "least_busy", "Even out open work"
    TERRITORY = "territory", "Territory"
    EXPERTISE = "expertise", "Expertise"


class PlanEntry(NamedTuple):
    """A plan's line about one lead. `to_id` None: it stays, and `reason` says why."""

    lead_id: int
    to_id: int | None
    reason: str
    # Whom the preview showed as owner; None for nobody, UNKNOWN if Smartlead did not say.
    shown_id: int | None
    reverses_id: int | None = None


UNKNOWN = 0  # members' ids are above it


class SavedPlan(models.Model):
    """A plan between its preview and its end: the leads and the choices are frozen.

    Confirmed once, it has a batch; its entries become rows of the ledger in chunks,
    `written` counts how many have.
    """

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    cause = models.CharField(max_length=20, choices=Cause)
    reason = SentenceField(max_length=500)
    note = PlainTextField(blank=True)
    # What the preview was asked for, and what it found: to be shown again.
    wish = models.JSONField(default=dict)
    summary = models.JSONField(default=dict)
    packed = models.BinaryField(default=b"")
    total = models.PositiveIntegerField(default=0)
    moving = models.PositiveIntegerField(default=0)
    # Turns taken: {rotation: [[member, ahead before, ahead after], …]}.
    turns = models.JSONField(default=dict)

    batch = models.OneToOneField(
        Batch, on_delete=models.PROTECT, null=True, related_name="plan"
    )
    confirmed_at = models.DateTimeField(null=True)
    written = models.PositiveIntegerField(default=0)
    # What is not written yet will be born cancelled.
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    # The batch that is undone, or whose refused rows are tried again.
    about = models.ForeignKey(
        Batch, on_delete=models.PROTECT, null=True, related_name="plans_about"
    )
    # Who is leaving, if this plan decides about all of their leads.
    leaver = models.ForeignKey(
        "Member", on_delete=models.PROTECT, null=True, related_name="+"
    )
    # The leaver is deactivated with the confirmation.
    deactivates_leaver = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["confirmed_at"],
                name="plan_to_be_written",
                condition=Q(confirmed_at__isnull=False, written__lt=F("total")),
            ),
            models.Index(
                fields=["created_at"],
                name="plan_unconfirmed",
                condition=Q(confirmed_at=None),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_confirmed_plan_has_its_batch",
                condition=Q(confirmed_at=None, batch=None, written=0)
                | Q(confirmed_at__isnull=False, batch__isnull=False),
            ),
            models.CheckConstraint(
                name="a_plan_writes_no_more_than_it_says",
                condition=Q(written__lte=F("total")),
            ),
            models.CheckConstraint(
                name="only_a_leaver_is_deactivated",
                condition=Q(deactivates_leaver=False) | Q(leaver__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Plan {self.pk}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise HistoryIsKept(
            "Plans are deleted by the clock, and only unconfirmed ones."
        )

    @property
    def is_written(self) -> bool:
        return self.batch_id is not None and self.written >= self.total

    @property
    def unwritten(self) -> int:
        return self.total - self.written

    @property
    def strategy_label(self) -> str:
        kind = self.wish.get("strategy")
        return StrategyKind(kind).label if kind in StrategyKind.values else ""

    def pack(self, entries: Iterable[PlanEntry]) -> None:
        """Store the entries in `packed`, each sentence once, and set `total` and
        `moving`.

        `moving` counts the entries with a `to_id`. Nothing is saved to the database.
        """
        sentences: dict[str, int] = {}
        rows = [
            (
                entry.lead_id,
                entry.to_id,
                sentences.setdefault(entry.reason, len(sentences)),
                entry.shown_id,
                entry.reverses_id,
            )
            for entry in entries
        ]
        columns = list(zip(*rows, strict=True))
        text = json.dumps([list(sentences), columns], separators=(",", ":"))
        self.packed = zlib.compress(text.encode(), 3)
        self.total = len(rows)
        self.moving = sum(row[1] is not None for row in rows)

    def entries(self, start: int = 0, count: int | None = None) -> Iterator[PlanEntry]:
        sentences, columns = json.loads(zlib.decompress(self.packed))
        end = None if count is None else start + count
        for row in zip(*(column[start:end] for column in columns), strict=True):
            lead_id, to_id, sentence, shown_id, reverses_id = row
            yield PlanEntry(lead_id, to_id, sentences[sentence], shown_id, reverses_id)


class Rotation(models.Model):
    """A sequence of turns that goes on over days and restarts; locked while it moves."""

    name = models.CharField(max_length=60, primary_key=True)

    def __str__(self) -> str:
        return self.name


class RotationTurn(models.Model):
    """The position of one member in a rotation: how far ahead of their share they are.

    Counted in the parts of `strategies.WeightedTurns`.
    """

    rotation = models.ForeignKey(
        Rotation, on_delete=models.CASCADE, related_name="turns"
    )
    member = models.ForeignKey("Member", on_delete=models.CASCADE, related_name="+")
    ahead = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="each_member_once_in_a_rotation", fields=["rotation", "member"]
            )
        ]

    def __str__(self) -> str:
        return f"{self.member} in {self.rotation_id}"
