"""The first sales manager, whom nobody is there to create."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from assignments.models import User
from assignments.services.errors import AssignmentRefused


@transaction.atomic
def create_manager(
    *, username: str, email: str, password: str, another: bool = False
) -> User:
    """A sales manager who may also look into /admin/.

    `another`: also when there is one already (all of them have lost their passwords).
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
