import pytest

from assignments.models import User
from assignments.services.errors import AssignmentRefused
from assignments.services.people.first_manager import create_manager
from tests.factories import make_manager, make_user

pytestmark = pytest.mark.django_db

GOOD = "a long enough sentence"


def create(**fields: object) -> User:
    values = {"username": "mia", "email": "mia@example.com", "password": GOOD}
    return create_manager(**(values | fields))  # type: ignore[arg-type]


def test_the_first_manager_may_do_everything_and_look_into_the_admin():
    create()

    user = User.objects.get(username="mia")
    assert user.is_sales_manager
    assert user.is_staff
    assert user.check_password(GOOD)


def test_users_who_are_no_managers_do_not_stand_in_the_way():
    make_user()

    assert create().is_sales_manager


def test_a_second_one_is_refused():
    make_manager()

    with pytest.raises(AssignmentRefused, match="add --another"):
        create()


def test_another_one_is_made_when_asked_for():
    make_manager()

    assert create(another=True).is_sales_manager


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "12345"}, "too short"),
        ({"password": "mia@example.com"}, "too similar"),
        ({"email": "nonsense"}, "valid email"),
        ({"username": "mia mia"}, "valid username"),
        ({"username": ""}, "cannot be blank"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    fields: dict[str, object], sentence: str
):
    with pytest.raises(AssignmentRefused, match=sentence):
        create(**fields)

    assert not User.objects.exists()


def test_a_taken_name_is_refused():
    make_user(username="mia")

    with pytest.raises(AssignmentRefused, match="already exists"):
        create()
