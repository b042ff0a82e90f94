"""The people of the demo and what is expected of them. On the sandbox only.

See docs/design/design.md, rule 11.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from assignments.demo_environment import SANDBOX_PORT, demo_database
from assignments.models import Account, Category, Member, SlaTarget, Team, User
from assignments.services.sla.recalculate import recalculate_all
from assignments.smartlead.fingerprint import account_fingerprint

# Printed for everybody, and of no use anywhere else.
PASSWORD = "handoff-demo"  # noqa: S105


class OnlyOnSandbox(Exception):
    """Demo people were asked for in a database that is not the demo's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    username: str
    member: str
    role: str
    leads: str = ""


LOGINS = (
    Login(username="sara", member="Sara Klein", role="sales manager"),
    Login(username="theo", member="Theo Brandt", role="team lead", leads="North"),
    Login(username="ana", member="Ana Sousa", role="team lead", leads="South"),
    Login(username="ngozi", member="Ngozi Adeyemi", role="member"),
)
TEAMS = {
    "North": ("Theo Brandt", "Ngozi Adeyemi", "Maya Lindqvist", "Luca Ferri"),
    "South": ("Ana Sousa", "Ben Okafor", "Sara Klein", "Tom Whelan"),
}


def on_demo_database() -> bool:
    path = Path(str(connection.settings_dict["NAME"]))
    return path == demo_database(settings.BASE_DIR / "var") and (
        not settings.SMARTLEAD_IS_REAL
    )


# By category, the empty one for all others: working minutes, and what a breach does.
TARGETS = {
    "": (8 * 60, SlaTarget.AtBreach.TELL),
    "Interested": (60, SlaTarget.AtBreach.SUGGEST),
    "Meeting Request": (60, SlaTarget.AtBreach.SUGGEST),
    "Information Request": (4 * 60, SlaTarget.AtBreach.TELL),
}


@transaction.atomic
def create_people() -> None:
    """Create the demo's logins, teams and targets and link members to them; do nothing
    if the first login exists.

    Raises OnlyOnSandbox if the database is not the demo's or the settings name the real
    Smartlead.
    """
    if not on_demo_database():
        raise OnlyOnSandbox("Demo logins are made in the demo's own database only.")
    if User.objects.filter(username=LOGINS[0].username).exists():
        return
    for name, members in TEAMS.items():
        team, _ = Team.objects.get_or_create(name=name)
        Member.objects.filter(name__in=members, team=None).update(team=team)
    for login in LOGINS:
        _create_login(login)
    _set_targets()


def sandbox_port() -> int:
    """Return the port in the account's base URL, or SANDBOX_PORT if there is none."""
    base_url = Account.objects.values_list("base_url", flat=True).first()
    return (urlsplit(base_url).port if base_url else None) or SANDBOX_PORT


def follow_sandbox(base_url: str) -> None:
    """Store the sandbox's new address and the fingerprint of the settings on the
    account, if it has a fingerprint.

    Raises OnlyOnSandbox if the database is not the demo's or the settings name the real
    Smartlead.
    """
    if not on_demo_database():
        raise OnlyOnSandbox("Only the demo's own database may follow the sandbox.")
    Account.objects.exclude(fingerprint="").update(
        base_url=base_url, fingerprint=account_fingerprint()
    )


def count_answers_from(at: datetime) -> None:
    """Let replies from `at` on have a time to be answered, if the account was not
    connected yet.

    Raises OnlyOnSandbox if the database is not the demo's or the settings name the real
    Smartlead.
    """
    if not on_demo_database():
        raise OnlyOnSandbox("Only the demo's own database may count from before.")
    fresh = Account.objects.filter(fingerprint="", answers_count_from=None)
    fresh.update(answers_count_from=at)


def _set_targets() -> None:
    """Create or update the targets of the demo for all leads and for categories that
    exist, and recalculate all deadlines.
    """
    for name, (minutes, at_breach) in TARGETS.items():
        category = Category.objects.filter(name=name).first() if name else None
        if name and category is None:
            continue
        SlaTarget.objects.update_or_create(
            campaign=None,
            category=category,
            defaults={
                "minutes": minutes,
                "in_working_hours": True,
                "at_breach": at_breach,
            },
        )
    recalculate_all()


def _create_login(login: Login) -> None:
    first, _, last = login.member.partition(" ")
    user = User.objects.create_user(
        login.username,
        email=f"{login.username}@handoff.example",
        password=PASSWORD,
        first_name=first,
        last_name=last,
        is_sales_manager=login.role == "sales manager",
    )
    Member.objects.filter(name=login.member, user=None).update(user=user)
    for team in Team.objects.filter(name=login.leads):
        team.team_leads.add(user)
