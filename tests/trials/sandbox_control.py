"""Calls to the `/_sandbox/` addresses of a sandbox."""

import json
import urllib.request
from typing import Any


def post(sandbox: str, control: str, **options: Any) -> Any:
    body = json.dumps(options).encode()
    address = f"{sandbox}/_sandbox/{control}"
    with urllib.request.urlopen(address, data=body, timeout=60) as answer:
        return json.load(answer)


def get(sandbox: str, control: str) -> Any:
    address = f"{sandbox}/_sandbox/{control}"
    with urllib.request.urlopen(address, timeout=60) as answer:
        return json.load(answer)
