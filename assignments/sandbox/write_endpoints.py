"""The writes of the master inbox."""

from collections.abc import Callable

from assignments.sandbox.call import ApiResponse, Call, rejected
from assignments.sandbox.records import FakeLead, FakeTask, iso
from assignments.sandbox.validation import (
    Schema,
    SchemaField,
    boolean,
    integer,
    moment,
    nullable,
    number,
    one_of,
    optional,
    required,
    text,
)

MAP: dict[str, SchemaField] = {"email_lead_map_id": required(integer())}
FIRST_TASK_ID = 77_700


def update_team_member(call: Call) -> ApiResponse:
    member = integer()
    if call.world.switches.accepts_null_owner:
        member = nullable(member)
    body = call.body({**MAP, "team_member_id": required(member)})
    call.entry.member_id = member_id = body["team_member_id"]
    if member_id is not None and member_id not in call.world.account.members:
        says = f"Team member not found with ID {member_id}"
        raise rejected(404, {"error": says})
    lead = _lead(call, body["email_lead_map_id"])
    call.world.move(lead, member_id, entry=call.entry)
    if call.world.switches.shape == "documented":
        data = {**body, "assigned_at": iso(call.world.now())}
        says = "Team member assigned successfully"
        return ApiResponse(payload={"success": True, "message": says, "data": data})
    says = "Lead team member updated successfully"
    return ApiResponse(payload={"ok": True, "message": says})


def create_note(call: Call) -> ApiResponse:
    body = call.body({**MAP, "note_message": required(text())})
    call.entry.note = body["note_message"]
    world, at = call.world, call.world.now()
    lead = _lead(call, body["email_lead_map_id"])
    author = world.account.members[call.member_id].name
    note = world.account.add_note(lead, body["note_message"], by=author, at=at)
    world.applied(call.entry)
    if world.switches.shape == "documented":
        shown = {"id": note.id, **body, "created_at": iso(at)}
        return ApiResponse(payload={"ok": True, "data": shown})
    created = [{"id": str(note.id), "created_at": iso(at)}]
    return _created("Note", {"success": True, "note": created})


PRIORITIES = one_of("LOW", "MEDIUM", "HIGH")
TASK: Schema = {
    **MAP,
    "name": required(text()),
    "description": optional(nullable(text(can_be_empty=True)), default=""),
    "priority": optional(PRIORITIES, default="MEDIUM"),
    "due_date": optional(nullable(moment)),
}


def create_task(call: Call) -> ApiResponse:
    body = call.body(TASK)
    account, at = call.world.account, call.world.now()
    lead = _lead(call, body["email_lead_map_id"])
    task = FakeTask(
        id=next(reversed(account.tasks), FIRST_TASK_ID) + 1,
        lead_id=lead.lead_id,
        map_id=lead.map_id,
        name=body["name"],
        description=body["description"] or "",
        priority=body["priority"],
        due_at=body["due_date"],
        created_at=at,
    )
    account.add_task(task)
    call.world.applied(call.entry)
    created = [{"id": str(task.id), "created_at": iso(at)}]
    return _created("Task", {"success": True, "task": created})


def update_category(call: Call) -> ApiResponse:
    body = call.body({**MAP, "category_id": required(nullable(integer()))})
    category_id = body["category_id"]
    if category_id is not None and category_id not in call.world.account.categories:
        raise rejected(404, {"error": f"Category not found with ID {category_id}"})

    def change(lead: FakeLead) -> None:
        before, lead.category_id = lead.category_id, category_id
        call.world.courier.categorised(lead, before)

    _change(call, body["email_lead_map_id"], change)
    return _updated("Lead category updated successfully")


def change_read_status(call: Call) -> ApiResponse:
    body = call.body({**MAP, "read_status": required(boolean)})

    def change(lead: FakeLead) -> None:
        lead.is_unread = not body["read_status"]

    _change(call, body["email_lead_map_id"], change)
    state = "read" if body["read_status"] else "unread"
    return _updated(f"Lead marked as {state} successfully")


def update_revenue(call: Call) -> ApiResponse:
    body = call.body({**MAP, "revenue": required(number(least=0))})

    def change(lead: FakeLead) -> None:
        lead.revenue = body["revenue"]

    _change(call, body["email_lead_map_id"], change)
    return _updated("Lead revenue updated successfully")


REMINDER: Schema = {
    **MAP,
    "email_stats_id": required(text()),
    "message": required(text()),
    "reminder_time": required(moment),
}


def set_reminder(call: Call) -> ApiResponse:
    body = call.body(REMINDER)

    def change(lead: FakeLead) -> None:
        lead.reminder_at = body["reminder_time"]

    _change(call, body["email_lead_map_id"], change)
    reminder = {"id": "12345", "created_at": iso(call.world.now())}
    return _created("Reminder", {"success": True, "reminder": reminder})


def _lead(call: Call, map_id: int) -> FakeLead:
    call.entry.map_id = map_id
    lead = call.world.account.leads.get(map_id)
    if lead is None:
        raise rejected(404, {"error": "Lead mapping not found"})
    return lead


def _change(call: Call, map_id: int, change: Callable[[FakeLead], None]) -> None:
    change(_lead(call, map_id))
    call.world.account.keep("leads", map_id)
    call.world.applied(call.entry)


def _created(noun: str, data: object) -> ApiResponse:
    says = f"{noun} created successfully"
    return ApiResponse(payload={"ok": True, "message": says, "data": data})


def _updated(says: str) -> ApiResponse:
    data = {"success": True, "updated": 1}
    return ApiResponse(payload={"ok": True, "message": says, "data": data})
