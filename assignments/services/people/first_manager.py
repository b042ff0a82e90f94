"""The first sales manager, created from the command line."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from assignments.models import User
from assignments.services.errors import AssignmentRefused


def has_any_login() -> bool:
    return User.objects.exists()


@transaction.atomic
def create_manager(
    *, username: str, email: str, password: str, another: bool = False
) -> User:
    """Create and return a sales manager who is a superuser and may use /admin/.

    Raises AssignmentRefused if there is an active sales manager and not `another`, or
    if the password or another value is invalid.
    """
    managers = User.objects.filter(is_active=True, is_sales_manager=True)
    if not another and managers.exists():
        raise AssignmentRefused(
            "There is a sales manager already. They create further people under "
            "Settings; to make one from here all the same, add --another."
        )
    user = User(
        username=username,
        email=email,
        is_sales_manager=True,
        is_staff=True,
        is_superuser=True,
    )
    user.set_password(password)
    try:
        validate_password(password, user)
        user.full_clean()
    except ValidationError as error:
        raise AssignmentRefused(" ".join(error.messages)) from error
    user.save()
    return user
