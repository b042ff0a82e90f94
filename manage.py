#!/usr/bin/env python
import os
import sys
from pathlib import Path

from assignments import demo_environment
from assignments.version import VERSION
from dashboard.env import SettingRefused, load_env_file

HERE = Path(__file__).resolve().parent


def main() -> None:
    if sys.argv[1:] in (["version"], ["--version"]):  # Django would print its own
        print(f"Handoff {VERSION}")  # noqa: T201
        return
    load_env_file(HERE / ".env")
    if sys.argv[1:2] == ["demo"]:
        demo_environment.prepare(os.environ, HERE / "var")
    else:
        demo_environment.use_kept_secret(os.environ, HERE / "var")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    try:
        main()
    except SettingRefused as refusal:
        sys.exit(str(refusal))
