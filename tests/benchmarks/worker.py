"""One worker process: a task of Handoff, over and over, as django-q2 would run it."""

import sys
import time

import django
from django.conf import settings

PAUSE = 0.2  # django-q2 looks for new tasks that often


def main(task: str) -> None:
    django.setup()
    from assignments import tasks

    act = {"dispatch": tasks.dispatch, "sync": tasks.sync}[task]
    while True:
        act()
        time.sleep(PAUSE * settings.TIME_SCALE)


if __name__ == "__main__":
    main(sys.argv[1])
