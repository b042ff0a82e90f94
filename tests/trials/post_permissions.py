"""Everything that can be posted, and who may: held against all addresses by a test."""

from datetime import timedelta

from django.utils import timezone

# Which of the three may: address, fields, who.
ALL, LEADING, MANAGING = (
    {"member", "team lead", "manager"}, {"team lead", "manager"}, {"manager"},
)  # fmt: skip
RULE = {
    "name": "New",
    "mode": "on",
    "whose": "either",
    "strategy": "round_robin",
    "member": "mo",
}


def day(number: int) -> str:
    """The day that many days from today, as a form has it."""
    return (timezone.now() + timedelta(days=number)).date().isoformat()


ABSENCE = {"first_day": day(20), "last_day": day(24), "zone": "UTC", "scope": "active",
    "arrivals": "cover", "on_return": "return"}  # fmt: skip
ACTS = [
    ("assign {mos}", {"member": "cleo"}, ALL),
    ("assign {mos}", {"member": "eve"}, MANAGING),
    ("assign {cleos}", {"member": "mo"}, LEADING),
    ("assign {eves}", {"member": "mo"}, MANAGING),
    ("assign {nobodys}", {"member": "mo"}, LEADING),
    ("assign {nobodys}", {"member": "eve"}, MANAGING),
    ("undo {waiting}", {}, LEADING),
    ("undo {done}", {}, LEADING),
    ("retry {refused}", {}, LEADING),
    ("dismiss {refused}", {}, LEADING),
    ("undo {eves_waiting}", {}, MANAGING),
    ("retry {eves_refused}", {}, MANAGING),
    ("dismiss {eves_refused}", {}, MANAGING),
    ("add_note {mos}", {"text": "A call."}, ALL),
    ("add_note {cleos}", {"text": "A call."}, LEADING),
    ("add_note {eves}", {"text": "A call."}, MANAGING),
    ("assign_many", {"lead": "cleos", "member": "mo"}, LEADING),
    ("pause_batch {batch}", {}, MANAGING),
    ("resume_batch {batch}", {}, MANAGING),
    ("cancel_batch {batch}", {}, MANAGING),
    ("retry_batch {refused_batch}", {}, MANAGING),
    ("undo_batch {batch}", {}, MANAGING),
    ("leaving {mo}", {"how_0": "least_busy", "member_0": "cleo"}, LEADING),
    ("deactivate_member {mo}", {}, MANAGING),
    (
        "mappings",
        {"name": "New", "kind": "territory", "attribute": "location"},
        MANAGING,
    ),
    (
        "mapping {table}",
        {"name": "X", "kind": "territory", "attribute": "location"},
        MANAGING,
    ),
    ("add_mapping_line {table}", {"value": "fr", "member": "cleo"}, MANAGING),
    ("import_mapping {table}", {"text": "fr,Cleo"}, MANAGING),
    ("remove_mapping {table}", {}, MANAGING),
    ("remove_mapping_line {line}", {}, MANAGING),
    ("new_rule", RULE, MANAGING),
    ("rule {rule}", RULE, MANAGING),
    ("set_rule_mode {rule}", {"mode": "suggest"}, MANAGING),
    ("move_rule {rule}", {"up": "1"}, MANAGING),
    ("duplicate_rule {rule}", {}, MANAGING),
    ("remove_rule {rule}", {}, MANAGING),
    ("accept_suggestion {suggestion}", {}, LEADING),
    ("dismiss_suggestion {suggestion}", {}, LEADING),
    ("rebalance", {"team": "team"}, LEADING),
    ("accept_change {drifted}", {}, LEADING),
    ("accept_shown", {"suggestion": "suggestion"}, LEADING),
    ("plan_coverage", ABSENCE | {"member": "cleo", "covering": "mo"}, LEADING),
    ("plan_coverage", ABSENCE | {"member": "eve", "covering": "mo"}, MANAGING),
    ("plan_coverage", ABSENCE | {"member": "mo", "covering": "cleo"}, ALL),
    ("preview_coverage", ABSENCE | {"member": "mo", "covering": "cleo"}, ALL),
    ("confirm_coverage {proposed}", {}, LEADING),
    ("decline_coverage {proposed}", {}, LEADING),
    (
        "edit_coverage {proposed}",
        ABSENCE | {"member": "cleo", "covering": "mo"},
        LEADING,
    ),
    (
        "edit_coverage {planned}",
        ABSENCE | {"member": "cleo", "covering": "mo"},
        LEADING,
    ),
    ("start_coverage {planned}", {}, LEADING),
    ("cancel_coverage {planned}", {}, LEADING),
    ("extend_coverage {running}", {"last_day": day(9)}, LEADING),
    ("shorten_coverage {running}", {"last_day": day(2)}, LEADING),
    ("coverer_coverage {running}", {"old": "eve", "new": "mo"}, LEADING),
    ("end_coverage {running}", {}, LEADING),
    ("acknowledge_coverage {missed}", {}, LEADING),
    ("hand_back {running} {held}", {}, LEADING),
    ("take_back {running} {held}", {}, LEADING),
    ("renew_feed {team}", {}, LEADING),
    ("revoke_feed {team}", {}, LEADING),
    ("confirm_categories", {}, MANAGING),
    ("put_away", {}, MANAGING),
    ("pause_writes", {"reason": "Because."}, MANAGING),
    ("resume_writes", {}, MANAGING),
    ("resume_bulk", {}, MANAGING),
    ("send_mail_again {refused_mail}", {}, MANAGING),
    ("dismiss_mail {refused_mail}", {}, MANAGING),
    ("add_member", {"member_id": "7", "name": "New"}, MANAGING),
    ("member {mo}", {"name": "Changed", "is_active": "on"}, MANAGING),
    (
        "new_target",
        {
            "category": "category",
            "amount": "3",
            "unit": "hours",
            "counts": "clock",
            "at_breach": "tell",
        },
        MANAGING,
    ),
    (
        "target {target}",
        {"amount": "3", "unit": "hours", "counts": "clock", "at_breach": "tell"},
        MANAGING,
    ),
    ("remove_target {target}", {}, MANAGING),
    ("default_hours", {"day_0": "9-17", "escalate_after": "60"}, MANAGING),
    ("member_hours {mo}", {"country": "-"}, MANAGING),
    ("add_day_off", {"day": "2026-12-24"}, MANAGING),
    ("remove_day_off {day_off}", {}, MANAGING),
    ("category_settings", {}, MANAGING),
    ("teams", {"name": "New"}, MANAGING),
    ("team_settings {team}", {"name": "Changed"}, MANAGING),
    ("remove_team {team}", {}, MANAGING),
    ("users", {"username": "new", "first_name": "New"}, MANAGING),
    ("user {member}", {"first_name": "Changed", "is_active": "on"}, MANAGING),
    ("new_password {member}", {}, MANAGING),
    ("unlock_user {member}", {}, MANAGING),
]
