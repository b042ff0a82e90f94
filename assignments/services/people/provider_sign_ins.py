"""Logins of people whom the OpenID provider has signed in.

A person is known by issuer and subject. The first time they are found by an address
that the provider has verified; only stated domains or groups get a login by themselves.
"""

from dataclasses import dataclass
from datetime import datetime

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from assignments.models import Member, ProviderSession, SignInEvent, User
from assignments.services.access import require_manager
from assignments.services.errors import NotAllowed
from assignments.services.people.members import check_administrator
from assignments.services.people.sign_ins import Visitor, name_key

ACT = "unlink logins from the provider"
LONGEST_SUBJECT = 191
GROUPS_KEPT = 50  # of one person, for the page with the table


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderIdentity:
    """The claims about a person, verified. `groups` None: it did not say."""

    issuer: str
    subject: str
    email: str
    is_email_verified: bool
    name: str
    groups: tuple[str, ...] | None


@transaction.atomic
def login_of(identity: ProviderIdentity) -> SocialAccount:
    """Return the saved account of this person, linked to their active login.

    The link, and the login where that may be created, are made the first time. Raises
    NotAllowed with a sentence for the person if they may not sign in.
    """
    account = SocialAccount.objects.filter(
        provider=identity.issuer, uid=identity.subject
    ).first()
    if account is None:
        account = SocialAccount(
            user=_first_time(identity), provider=identity.issuer, uid=identity.subject
        )
    if not account.user.is_active:
        raise NotAllowed(
            f"The login {account.user.username} has been deactivated in Handoff. Ask a "
            "sales manager."
        )
    account.extra_data = _kept(identity)
    account.save()
    return account


@transaction.atomic
def unlink(*, actor: User, account: SocialAccount) -> None:
    """Forget which person of the provider a login belongs to, and end their sessions.

    Raises NotAllowed unless `actor` is a manager, AssignmentRefused if the login is a
    superuser's and `actor` is none.
    """
    require_manager(actor, ACT)
    check_administrator(actor, account.user, "unlinks that login")
    ProviderSession.objects.filter(issuer=account.provider, sub=account.uid).delete()
    account.delete()


def log_refusal(*, sentence: str, subject: str, visitor: Visitor, at: datetime) -> None:
    """Log that somebody came from the provider and was not let in."""
    known = SocialAccount.objects.filter(provider=settings.OIDC_ISSUER, uid=subject)
    account = known.select_related("user").first() if subject else None
    SignInEvent.objects.create(
        at=at, kind=SignInEvent.Kind.PROVIDER_REFUSED,
        user=account.user if account else None,
        name_key=name_key(subject), address=visitor.address, network=visitor.network,
        browser=visitor.browser, detail=sentence[:300],
    )  # fmt: skip


def _first_time(identity: ProviderIdentity) -> User:
    """Return the login with the verified address, or a new one where that is allowed."""
    provider = settings.OIDC_NAME
    if not identity.email:
        raise NotAllowed(
            f"{provider} did not say your mail address, by which Handoff finds your "
            "login. Whoever runs it lets it send the claim “email” to Handoff."
        )
    if not identity.is_email_verified:
        raise NotAllowed(
            f"{provider} has not verified the address {identity.email}, so it opens no "
            "login here. Verify it there; or whoever runs Handoff names its domain in "
            "OIDC_VERIFIED_DOMAINS."
        )
    found = _users_with(identity.email)
    if len(found) > 1:
        raise NotAllowed(
            f"Several logins have the address {identity.email}, so it is not clear "
            "which is yours. Ask a sales manager to change it in all but one."
        )
    if not found:
        return _created(identity)
    if SocialAccount.objects.filter(user=found[0], provider=identity.issuer).exists():
        raise NotAllowed(
            f"The login {found[0].username} belongs to another account of {provider}. "
            "If it is yours all the same, ask a sales manager to unlink that one under "
            "Settings, Single sign-on."
        )
    return found[0]


def _users_with(email: str) -> list[User]:
    """Return all logins with this address, locked; case counts in other scripts only.

    Databases fold letters of other scripts into ASCII, by which strangers could claim
    an address that only looks alike.
    """
    wanted = _folded_ascii(email)
    rows = User.objects.select_for_update().filter(email__iexact=email).order_by("pk")
    return [user for user in rows if _folded_ascii(user.email) == wanted]


def _folded_ascii(email: str) -> str:
    return email.lower() if email.isascii() else email


def _created(identity: ProviderIdentity) -> User:
    domain = identity.email.rpartition("@")[2].lower()
    groups = set(identity.groups or ()) & set(settings.OIDC_CREATE_GROUPS)
    if domain not in settings.OIDC_CREATE_DOMAINS and not groups:
        raise NotAllowed(
            f"Nobody has invited {identity.email} to Handoff. Ask a sales manager for "
            "an invitation to this address."
        )
    first, _, last = identity.name.strip().partition(" ")
    user = User(
        username=User.normalize_username(identity.email)[:150],
        email=identity.email,
        first_name=first[:150],
        last_name=last.strip()[:150],
    )
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError as error:
        raise NotAllowed(
            f"Handoff cannot make a login for {identity.email}: "
            f"{' '.join(error.messages)}"
        ) from error
    user.save()
    _link_member(user)
    return user


def _link_member(user: User) -> None:
    """Link the only member with the login's address, unless they have a login."""
    members = Member.objects.select_for_update(of=("self",)).filter(
        email__iexact=user.email
    )
    same = [
        member
        for member in members
        if _folded_ascii(member.email) == _folded_ascii(user.email)
    ]
    if len(same) == 1 and same[0].user_id is None:
        same[0].user = user
        same[0].save(update_fields=["user"])


def _kept(identity: ProviderIdentity) -> dict[str, object]:
    """Return what of the claims is stored, for the page with the table of groups."""
    return {
        "email": identity.email[:254],
        "groups": [group[:200] for group in (identity.groups or ())[:GROUPS_KEPT]],
    }
