"""The endpoints of the master inbox that change leads, notes and tasks."""

from collections.abc import Callable

from assignments.sandbox.call import ApiResponse, Call, rejection
from assignments.sandbox.records import FakeLead, FakeTask, iso
from assignments.sandbox.validation import (
    Schema,
    SchemaField,
    boolean,
    integer,
    nullable,
    number,
    one_of,
    optional,
    required,
    text,
    timestamp,
)

LEAD_ID_FIELD: dict[str, SchemaField] = {"email_lead_map_id": required(integer())}
FIRST_TASK_ID = 77_700


def update_team_member(call: Call) -> ApiResponse:
    member = integer()
    if call.sandbox.behaviour.accepts_null_owner:
        member = nullable(member)
    body = call.body({**LEAD_ID_FIELD, "team_member_id": required(member)})
    call.entry.member_id = member_id = body["team_member_id"]
    if member_id is not None and member_id not in call.sandbox.store.members:
        message = f"Team member not found with ID {member_id}"
        raise rejection(404, {"error": message})
    lead = _find_lead(call, body["email_lead_map_id"])
    call.sandbox.set_owner(lead, member_id, entry=call.entry)
    if call.sandbox.behaviour.shape == "documented":
        data = {**body, "assigned_at": iso(call.sandbox.now())}
        message = "Team member assigned successfully"
        return ApiResponse(payload={"success": True, "message": message, "data": data})
    message = "Lead team member updated successfully"
    return ApiResponse(payload={"ok": True, "message": message})


def create_note(call: Call) -> ApiResponse:
    body = call.body({**LEAD_ID_FIELD, "note_message": required(text())})
    call.entry.note = body["note_message"]
    sandbox, at = call.sandbox, call.sandbox.now()
    lead = _find_lead(call, body["email_lead_map_id"])
    author = sandbox.store.members[call.member_id].name
    note = sandbox.store.add_note(lead, body["note_message"], by=author, at=at)
    sandbox.record_change(call.entry)
    if sandbox.behaviour.shape == "documented":
        shown = {"id": note.id, **body, "created_at": iso(at)}
        return ApiResponse(payload={"ok": True, "data": shown})
    created = [{"id": str(note.id), "created_at": iso(at)}]
    return _created("Note", {"success": True, "note": created})


PRIORITY_VALIDATOR = one_of("LOW", "MEDIUM", "HIGH")
TASK_BODY: Schema = {
    **LEAD_ID_FIELD,
    "name": required(text()),
    "description": optional(nullable(text(can_be_empty=True)), default=""),
    "priority": optional(PRIORITY_VALIDATOR, default="MEDIUM"),
    "due_date": optional(nullable(timestamp)),
}


def create_task(call: Call) -> ApiResponse:
    body = call.body(TASK_BODY)
    store, at = call.sandbox.store, call.sandbox.now()
    lead = _find_lead(call, body["email_lead_map_id"])
    task = FakeTask(
        id=next(reversed(store.tasks), FIRST_TASK_ID) + 1,
        lead_id=lead.lead_id,
        map_id=lead.map_id,
        name=body["name"],
        description=body["description"] or "",
        priority=body["priority"],
        due_at=body["due_date"],
        created_at=at,
    )
    store.add_task(task)
    call.sandbox.record_change(call.entry)
    created = [{"id": str(task.id), "created_at": iso(at)}]
    return _created("Task", {"success": True, "task": created})


def update_category(call: Call) -> ApiResponse:
    body = call.body({**LEAD_ID_FIELD, "category_id": required(nullable(integer()))})
    category_id = body["category_id"]
    if category_id is not None and category_id not in call.sandbox.store.categories:
        raise rejection(404, {"error": f"Category not found with ID {category_id}"})

    def change(lead: FakeLead) -> None:
        before, lead.category_id = lead.category_id, category_id
        call.sandbox.webhook_sender.queue_category_change(lead, before)

    _change_lead(call, body["email_lead_map_id"], change)
    return _updated("Lead category updated successfully")


def change_read_status(call: Call) -> ApiResponse:
    body = call.body({**LEAD_ID_FIELD, "read_status": required(boolean)})

    def change(lead: FakeLead) -> None:
        lead.is_unread = not body["read_status"]

    _change_lead(call, body["email_lead_map_id"], change)
    state = "read" if body["read_status"] else "unread"
    return _updated(f"Lead marked as {state} successfully")


def update_revenue(call: Call) -> ApiResponse:
    body = call.body({**LEAD_ID_FIELD, "revenue": required(number(least=0))})

    def change(lead: FakeLead) -> None:
        lead.revenue = body["revenue"]

    _change_lead(call, body["email_lead_map_id"], change)
    return _updated("Lead revenue updated successfully")


REMINDER_BODY: Schema = {
    **LEAD_ID_FIELD,
    "email_stats_id": required(text()),
    "message": required(text()),
    "reminder_time": required(timestamp),
}


def set_reminder(call: Call) -> ApiResponse:
    body = call.body(REMINDER_BODY)

    def change(lead: FakeLead) -> None:
        lead.reminder_at = body["reminder_time"]

    _change_lead(call, body["email_lead_map_id"], change)
    reminder = {"id": "12345", "created_at": iso(call.sandbox.now())}
    return _created("Reminder", {"success": True, "reminder": reminder})


def _find_lead(call: Call, map_id: int) -> FakeLead:
    call.entry.map_id = map_id
    lead = call.sandbox.store.leads.get(map_id)
    if lead is None:
        raise rejection(404, {"error": "Lead mapping not found"})
    return lead


def _change_lead(call: Call, map_id: int, change: Callable[[FakeLead], None]) -> None:
    change(_find_lead(call, map_id))
    call.sandbox.store.save("leads", map_id)
    call.sandbox.record_change(call.entry)


def _created(noun: str, data: object) -> ApiResponse:
    message = f"{noun} created successfully"
    return ApiResponse(payload={"ok": True, "message": message, "data": data})


def _updated(message: str) -> ApiResponse:
    data = {"success": True, "updated": 1}
    return ApiResponse(payload={"ok": True, "message": message, "data": data})
