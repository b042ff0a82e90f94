import argparse
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from assignments.sandbox import cli_options, server, webhook_endpoints
from assignments.sandbox.behaviour import CHOICES, Behaviour
from assignments.sandbox.fake_smartlead import DEFAULT_KEY, FakeSmartlead
from assignments.services.webhooks import authentication

DEFAULT_REPLY_INTERVAL = 40.0
WEBHOOK_EVENTS = ["EMAIL_REPLY", "LEAD_CATEGORY_UPDATED", "EMAIL_SENT"]


class Command(BaseCommand):
    help = "Serve a local Smartlead: no key needed, nothing leaves this machine."
    # It needs no database, so it starts before there is one.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=server.DEFAULT_PORT)
        parser.add_argument("--key", action="append", help="accepted key (repeatable)")
        parser.add_argument(
            "--own-key", action="store_true", help="accept SMARTLEAD_API_KEY alone"
        )
        _add_account_options(parser)
        _add_behaviour_options(parser)
        _add_fault_options(parser)

    def handle(self, **options: Any) -> None:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        sandbox = _fake_smartlead(options)
        _register_webhook(sandbox, options["hook"])
        try:
            here = server.SandboxServer((options["host"], options["port"]), sandbox)
        except OSError as exc:
            raise CommandError(f"Port {options['port']}: {exc.strerror}.") from exc
        with here:
            self.stdout.write(f"Sandbox: {here.base_url}")
            self.stdout.write(f"Control: {here.address}/_sandbox/state")
            self.stdout.flush()
            _serve(here)
        sandbox.close()


def _serve(here: server.SandboxServer) -> None:
    try:
        here.serve_forever()
    except KeyboardInterrupt:
        return


def _register_webhook(sandbox: FakeSmartlead, site: str | None) -> None:
    """Register the webhook of the Handoff at `site`; nothing if that is None.

    Its path is secret, so it comes from the environment and not from an argument.
    Raises CommandError without the secret, or if `site` is not an http address of this
    machine.
    """
    if site is None:
        return
    url = f"{site}/webhooks/smartlead/{authentication.path_token()}/"
    if not authentication.is_open() or not webhook_endpoints.is_local_address(url):
        raise CommandError(
            "--hook needs SMARTLEAD_WEBHOOK_SECRET, and an http address of this machine."
        )
    sandbox.register_webhook(url, name="Handoff", events=WEBHOOK_EVENTS)


def _add_account_options(parser: CommandParser) -> None:
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leads", type=int, default=300)
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument(
        "--state",
        type=Path,
        help="keep the account in this file; a new one gets --seed, --leads, --members",
    )


def _add_behaviour_options(parser: CommandParser) -> None:
    for name in ("shape", "notes", "assigned_me", "member_filter", "errors"):
        choices = CHOICES[name]
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, choices=choices, default=_default(name))
    parser.add_argument(
        "--rate",
        type=_argument_type(cli_options.parse_limits),
        default=cli_options.parse_limits("60/60s"),
        help="such as 60/60s,10/2s",
    )
    parser.add_argument("--share", type=float, default=0.0, help="used by others")
    parser.add_argument(
        "--life",
        type=float,
        default=DEFAULT_REPLY_INTERVAL,
        help="mean seconds between new replies; 0 stops time",
    )
    parser.add_argument(
        "--hook", metavar="SITE", help="send webhooks to the Handoff at this address"
    )
    parser.add_argument("--outside", type=float, default=0.0, metavar="SECONDS")


def _add_fault_options(parser: CommandParser) -> None:
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument(
        "--tail",
        type=_argument_type(cli_options.parse_tail),
        default=(0.0, 0.0),
        help="such as 0.01:5",
    )
    parser.add_argument("--lag", type=float, default=0.0, help="of lists, in seconds")
    parser.add_argument(
        "--fault",
        type=_argument_type(cli_options.parse_fault),
        action="append",
        default=[],
        help="such as lost_answer=0.02 or drip_body=0.1:3@list (repeatable)",
    )


def _default(name: str) -> str:
    default: str = getattr(Behaviour(), name)
    return default


def _argument_type[T](reader: Callable[[str], T]) -> Callable[[str], T]:
    def read(text: str) -> T:
        try:
            return reader(text)
        except cli_options.InvalidOption as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return read


def _keys(options: dict[str, Any]) -> list[str]:
    if options["own_key"]:
        return [settings.SMARTLEAD_API_KEY]
    return options["key"] or [DEFAULT_KEY]


def _fake_smartlead(options: dict[str, Any]) -> FakeSmartlead:
    share, seconds = options["tail"]
    names = ("shape", "notes", "assigned_me", "member_filter", "errors", "latency")
    behaviour = Behaviour(
        **{name: options[name] for name in names},
        tail_share=share,
        tail_seconds=seconds,
        list_lag=options["lag"],
        other_share=options["share"],
        reply_every=options["life"],
        outside_every=options["outside"],
    )
    return FakeSmartlead(
        seed=options["seed"],
        leads=options["leads"],
        members=options["members"],
        keys=_keys(options),
        limits=options["rate"],
        faults=options["fault"],
        state=options["state"],
        behaviour=behaviour,
        webhook_secret=settings.SMARTLEAD_WEBHOOK_SECRET,
    )
