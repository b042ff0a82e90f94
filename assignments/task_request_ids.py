"""The request id on its way with a task of django-q2.

It travels beside the task's arguments, so no task needs to know of it. A task that nobody
asked for (the tick of each minute) has an id of its own, which the tasks that it queues
inherit. A task works through all that waits, so its calls may be for what others decided.
"""

from contextvars import ContextVar
from typing import Any

from django_q.signals import post_execute_in_worker, pre_enqueue, pre_execute

from assignments import request_id

PACKED_AS = "request_id"
_running: ContextVar[str] = ContextVar("running task", default="")


def connect() -> None:
    """Have each queued task carry the id, and each running one set it."""
    pre_enqueue.connect(_pack, dispatch_uid="request_id.pack")
    pre_execute.connect(_unpack, dispatch_uid="request_id.unpack")
    post_execute_in_worker.connect(_clear, dispatch_uid="request_id.clear")


def running_task() -> str:
    """Return the name of the function of the task at work here; "" outside of one."""
    return _running.get()


def _pack(*, task: dict[str, Any], **_: object) -> None:
    if known := request_id.current():
        task[PACKED_AS] = known


def _unpack(*, task: dict[str, Any], **_: object) -> None:
    request_id.keep(str(task.get(PACKED_AS) or request_id.make()))
    _running.set(str(task["func"]).rpartition(".")[2])


def _clear(**_: object) -> None:
    request_id.keep("")
    _running.set("")
