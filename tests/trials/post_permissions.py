"""Everything that can be posted, and which roles may."""

from datetime import timedelta

from django.utils import timezone

EVERYBODY, LEADERS, MANAGERS = (
    {"member", "team lead", "manager"}, {"team lead", "manager"}, {"manager"},
)  # fmt: skip
RULE_FORM = {
    "name": "New",
    "mode": "on",
    "whose": "either",
    "strategy": "round_robin",
    "member": "mo",
}


def day_from_today(number: int) -> str:
    return (timezone.now() + timedelta(days=number)).date().isoformat()


ABSENCE_FORM = {
    "first_day": day_from_today(20), "last_day": day_from_today(24), "zone": "UTC",
    "scope": "active", "arrivals": "cover", "on_return": "return",
}  # fmt: skip
# Address with the rows it takes, fields of the form, and the roles that may post it.
POSTS = [
    ("assign {mos}", {"member": "cleo"}, EVERYBODY),
    ("assign {mos}", {"member": "eve"}, MANAGERS),
    ("assign {cleos}", {"member": "mo"}, LEADERS),
    ("assign {eves}", {"member": "mo"}, MANAGERS),
    ("assign {nobodys}", {"member": "mo"}, LEADERS),
    ("assign {nobodys}", {"member": "eve"}, MANAGERS),
    ("undo {waiting}", {}, LEADERS),
    ("undo {done}", {}, LEADERS),
    ("retry {refused}", {}, LEADERS),
    ("dismiss {refused}", {}, LEADERS),
    ("undo {eves_waiting}", {}, MANAGERS),
    ("retry {eves_refused}", {}, MANAGERS),
    ("dismiss {eves_refused}", {}, MANAGERS),
    ("add_note {mos}", {"text": "A call."}, EVERYBODY),
    ("add_note {cleos}", {"text": "A call."}, LEADERS),
    ("add_note {eves}", {"text": "A call."}, MANAGERS),
    ("assign_many", {"lead": "cleos", "member": "mo"}, LEADERS),
    ("pause_batch {batch}", {}, MANAGERS),
    ("resume_batch {batch}", {}, MANAGERS),
    ("cancel_batch {batch}", {}, MANAGERS),
    ("retry_batch {refused_batch}", {}, MANAGERS),
    ("undo_batch {batch}", {}, MANAGERS),
    ("leaving {mo}", {"how_0": "least_busy", "member_0": "cleo"}, LEADERS),
    ("deactivate_member {mo}", {}, MANAGERS),
    ("activate_member {mo}", {}, MANAGERS),
    (
        "mappings",
        {"name": "New", "kind": "territory", "attribute": "location"},
        MANAGERS,
    ),
    (
        "mapping {table}",
        {"name": "X", "kind": "territory", "attribute": "location"},
        MANAGERS,
    ),
    ("add_mapping_line {table}", {"value": "fr", "member": "cleo"}, MANAGERS),
    ("import_mapping {table}", {"text": "fr,Cleo"}, MANAGERS),
    ("remove_mapping {table}", {}, MANAGERS),
    ("remove_mapping_line {line}", {}, MANAGERS),
    ("new_rule", RULE_FORM, MANAGERS),
    ("rule {rule}", RULE_FORM, MANAGERS),
    ("set_rule_mode {rule}", {"mode": "suggest"}, MANAGERS),
    ("move_rule {rule}", {"up": "1"}, MANAGERS),
    ("duplicate_rule {rule}", {}, MANAGERS),
    ("remove_rule {rule}", {}, MANAGERS),
    ("accept_suggestion {suggestion}", {}, LEADERS),
    ("dismiss_suggestion {suggestion}", {}, LEADERS),
    ("rebalance", {"team": "team"}, LEADERS),
    ("accept_change {drifted}", {}, LEADERS),
    ("accept_shown", {"suggestion": "suggestion"}, LEADERS),
    ("plan_coverage", ABSENCE_FORM | {"member": "cleo", "covering": "mo"}, LEADERS),
    ("plan_coverage", ABSENCE_FORM | {"member": "eve", "covering": "mo"}, MANAGERS),
    ("plan_coverage", ABSENCE_FORM | {"member": "mo", "covering": "cleo"}, EVERYBODY),
    (
        "preview_coverage",
        ABSENCE_FORM | {"member": "mo", "covering": "cleo"},
        EVERYBODY,
    ),
    ("confirm_coverage {proposed}", {}, LEADERS),
    ("decline_coverage {proposed}", {}, LEADERS),
    (
        "edit_coverage {proposed}",
        ABSENCE_FORM | {"member": "cleo", "covering": "mo"},
        LEADERS,
    ),
    (
        "edit_coverage {planned}",
        ABSENCE_FORM | {"member": "cleo", "covering": "mo"},
        LEADERS,
    ),
    ("start_coverage {planned}", {}, LEADERS),
    ("cancel_coverage {planned}", {}, LEADERS),
    ("extend_coverage {running}", {"last_day": day_from_today(9)}, LEADERS),
    ("shorten_coverage {running}", {"last_day": day_from_today(2)}, LEADERS),
    ("coverer_coverage {running}", {"old": "eve", "new": "mo"}, LEADERS),
    ("end_coverage {running}", {}, LEADERS),
    ("acknowledge_coverage {missed}", {}, LEADERS),
    ("hand_back {running} {held}", {}, LEADERS),
    ("take_back {running} {held}", {}, LEADERS),
    ("renew_feed {team}", {}, LEADERS),
    ("revoke_feed {team}", {}, LEADERS),
    ("confirm_categories", {}, MANAGERS),
    ("put_away", {}, MANAGERS),
    ("pause_writes", {"reason": "Because."}, MANAGERS),
    ("resume_writes", {}, MANAGERS),
    ("resume_bulk", {}, MANAGERS),
    ("send_mail_again {refused_mail}", {}, MANAGERS),
    ("dismiss_mail {refused_mail}", {}, MANAGERS),
    ("add_member", {"member_id": "7", "name": "New"}, MANAGERS),
    ("member {mo}", {"name": "Changed", "is_active": "on"}, MANAGERS),
    (
        "new_target",
        {
            "category": "category",
            "amount": "3",
            "unit": "hours",
            "counts": "clock",
            "at_breach": "tell",
        },
        MANAGERS,
    ),
    (
        "target {target}",
        {"amount": "3", "unit": "hours", "counts": "clock", "at_breach": "tell"},
        MANAGERS,
    ),
    ("remove_target {target}", {}, MANAGERS),
    ("default_hours", {"day_0": "9-17", "escalate_after": "60"}, MANAGERS),
    ("member_hours {mo}", {"country": "-"}, MANAGERS),
    ("add_day_off", {"day": "2026-12-24"}, MANAGERS),
    ("remove_day_off {day_off}", {}, MANAGERS),
    ("category_settings", {}, MANAGERS),
    ("teams", {"name": "New"}, MANAGERS),
    ("team_settings {team}", {"name": "Changed"}, MANAGERS),
    ("remove_team {team}", {}, MANAGERS),
    ("invite", {"login": "new", "name": "New", "role": "member"}, MANAGERS),
    ("user {member}", {"first_name": "Changed", "is_active": "on"}, MANAGERS),
    ("new_password {member}", {}, MANAGERS),
    ("unlock_user {member}", {}, MANAGERS),
]
