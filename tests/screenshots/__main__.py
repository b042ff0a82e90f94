"""Pictures of every page and its main states: `make screenshots`.

A sandbox in this process is mirrored into a database of its own; two days of work are
done in it by the services and the dispatcher. `python -m tests.screenshots history
system` takes only the pages of these names.
"""

import os
import sys
import tempfile

import django


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="handoff-screenshots-") as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
        os.environ["TEST_DATABASE_URL"] = f"sqlite:///{folder}/handoff.sqlite3"
        django.setup()
        from tests.screenshots.take_screenshots import main

        main(sys.argv[1:])


if __name__ == "__main__":
    run()
