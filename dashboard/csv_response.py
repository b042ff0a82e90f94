"""CSV files, written to the end before they are sent, so that a slow reader holds
nothing.

The database is read in short queries while a file is written. The web server sends it
from the disk, without a thread or a connection to the database.
"""

import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from gzip import GzipFile
from itertools import batched
from typing import IO

from django.conf import settings
from django.db import connection
from django.http import FileResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.crypto import salted_hmac

from dashboard.csv_writer import line_of
from dashboard.htmx import PageRequest
from dashboard.system import error_pages

MEGABYTE = 1_000_000
MOST_BYTES = 100 * MEGABYTE
MOST_SECONDS = 45  # a proxy gives up after 60 without a byte
MOST_AT_ONCE = 8  # in one process, which has more threads than that
BATCH = 200  # lines between two pauses
CUT = (
    "This file ends here: {megabytes} MB or {seconds} seconds of writing are the most. "
    "Narrow it with the filter or the period, and export the rest apart."
)
ONE_AT_A_TIME = (
    "Your last export has not arrived yet. Wait for it, or stop it; then try again."
)
BUSY = "Too many exports are being written now. Try again in a minute."
NO_ROOM = "The server has no room on its disk for this file. Tell whoever runs Handoff."

_places = threading.BoundedSemaphore(MOST_AT_ONCE)
# Two that work at the same time would both take longer, and so would every page.
_turn = threading.Lock()

type Lines = Callable[[], Iterable[str]]


class _Taken(Exception):
    """The last export of this person has not ended."""


def csv_response(request: PageRequest, *, name: str, lines: Lines) -> HttpResponseBase:
    """Return the lines as a download `handoff-<name>-<day>.csv`, or an error page.

    The file is written whole before it is sent, as gzip if the browser takes that.
    Beyond MOST_BYTES or MOST_SECONDS it ends with the line CUT, and its name with
    `-cut`. The page is 503 if MOST_AT_ONCE files are being written or on any OSError,
    and 429 until this user's last export has been taken to its last byte.
    """
    if not _places.acquire(blocking=False):
        return error_pages.page(request, 503, BUSY)
    try:
        return _download(request, name, lines)
    except _Taken:
        return error_pages.page(request, 429, ONE_AT_A_TIME)
    except OSError:
        return error_pages.page(request, 503, NO_ROOM)
    finally:
        _places.release()


def _download(request: PageRequest, name: str, lines: Lines) -> FileResponse:
    is_packed = "gzip" in request.headers.get("Accept-Encoding", "")
    with ExitStack() as opened:
        opened.enter_context(_lock_of(request.user.pk))
        file = opened.enter_context(tempfile.TemporaryFile())
        is_whole = _write(file, lines(), is_packed=is_packed)
        file.seek(0)
        part = "" if is_whole else "-cut"
        response = FileResponse(
            file,
            as_attachment=True,
            filename=f"handoff-{name}-{timezone.localdate()}{part}.csv",
            content_type="text/csv; charset=utf-8",
        )
        response._resource_closers.append(  # type: ignore[attr-defined]
            opened.pop_all().close
        )
    if is_packed:
        response["Content-Encoding"] = "gzip"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _lock_of(user_id: int) -> IO[bytes]:
    """Return an open file that locks this user's export until it is closed or the
    process ends. Creates the file, and the folder EXPORT_LOCKS. Raises _Taken if the
    lock is held already, OSError if the file cannot be made.
    """
    settings.EXPORT_LOCKS.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = str(connection.settings_dict["NAME"])
    key = salted_hmac("export", database, algorithm="sha256").hexdigest()
    name = f"{key[:16]}-{user_id}"
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
    lock = os.fdopen(os.open(settings.EXPORT_LOCKS / name, flags, 0o600), "r+b")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise _Taken from None
    return lock


def _write(file: IO[bytes], lines: Iterable[str], *, is_packed: bool) -> bool:
    """Write the lines, as gzip if `is_packed`; return True if all of them fitted in.

    Before each batch of BATCH lines the limits are looked at: once MOST_BYTES
    (unpacked) are written or MOST_SECONDS are over, write the line CUT and return
    False. One thread of the process at a time reads lines.
    """
    give_up_at, room = time.monotonic() + MOST_SECONDS, MOST_BYTES
    batches = batched(lines, BATCH)
    packing = GzipFile(fileobj=file, mode="wb", compresslevel=1) if is_packed else None
    with packing or nullcontext(file) as target:
        while True:
            with _turn:
                batch = _next_in_pace(batches)
            if not batch:
                return True
            if room <= 0 or time.monotonic() > give_up_at:
                target.write(_last_line().encode())
                return False
            room -= target.write("".join(batch).encode())


def _next_in_pace(batches: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    """Return the next BATCH lines; fewer at the end, and none behind it.

    Before a full batch is returned, sleep as long as reading it took: pages come first.
    """
    started = time.monotonic()
    batch = next(batches, ())
    time.sleep(time.monotonic() - started if len(batch) == BATCH else 0)
    return batch


def _last_line() -> str:
    megabytes = MOST_BYTES // MEGABYTE
    return line_of([CUT.format(megabytes=megabytes, seconds=MOST_SECONDS)])
