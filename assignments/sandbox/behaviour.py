"""Settings of the sandbox, where sources about Smartlead disagree or accounts differ."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self


class InvalidBehaviour(Exception):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    # flat: the live shape. documented: the nested one of the current docs.
    shape: str = "flat"
    # readable, or missing: the whole /crm namespace is 404, as one live audit saw.
    notes: str = "readable"
    # self: scoped to the key's user. override: the member filter wins.
    # broken: the database error that the one live trial met.
    assigned_me: str = "self"
    # What campaignTeamMemberId means elsewhere: campaign_owner or assignee.
    member_filter: str = "campaign_owner"
    # joi: 400 with `validation`. documented: 422 with `error`.
    errors: str = "joi"
    # What GET campaigns/{id} says of an unknown id: empty (200 {}) or missing (404).
    unknown_campaign: str = "empty"
    # seconds_left, epoch or epoch_ms: what x-ratelimit-reset holds.
    reset: str = "epoch"
    has_retry_after: bool = True
    accepts_null_owner: bool = False
    lists_archived: bool = True
    takes_window_filter: bool = True
    is_plan_expired: bool = False
    # How many seconds lists lag behind in the owners they show.
    list_lag: float = 0.0
    # The share (0 to 1) of the key's rate limit that another client uses.
    other_share: float = 0.0
    latency: float = 0.0
    tail_share: float = 0.0
    tail_seconds: float = 0.0
    # Mean seconds between changes of a random lead's owner by an outsider; 0 = never.
    outside_every: float = 0.0
    # Mean seconds between new replies; 0 = none.
    reply_every: float = 0.0
    # Webhooks: with a signature and a request id, or (as most report) without.
    hook_signed: bool = False
    # long: as it was seen. short: the documented one, without any id.
    hook_shape: str = "long"
    hook_order: str = "kept"  # or reversed
    hook_copies: float = 1
    hook_delay: float = 0.0

    def changed(self, **changes: Any) -> Self:
        known = {item.name: item.type for item in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise InvalidBehaviour(f"There is no switch {name}.")
            _check_value(name, value, type(getattr(self, name)))
        return replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


CHOICES = {
    "shape": ("flat", "documented"),
    "notes": ("readable", "missing"),
    "assigned_me": ("self", "override", "broken"),
    "member_filter": ("campaign_owner", "assignee"),
    "errors": ("joi", "documented"),
    "unknown_campaign": ("empty", "missing"),
    "reset": ("seconds_left", "epoch", "epoch_ms"),
    "hook_shape": ("long", "short"),
    "hook_order": ("kept", "reversed"),
}


def _check_value(name: str, value: object, kind: type) -> None:
    if kind is float and (
        isinstance(value, bool) or not isinstance(value, int | float)
    ):
        raise InvalidBehaviour(f"{name} must be a number.")
    if kind is bool and not isinstance(value, bool):
        raise InvalidBehaviour(f"{name} must be true or false.")
    if name in CHOICES and value not in CHOICES[name]:
        raise InvalidBehaviour(f"{name} must be one of {', '.join(CHOICES[name])}.")
