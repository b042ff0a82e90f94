"""Template filters of the account pages."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.template import Library

register = Library()


@register.filter
def as_json(value: Any) -> str:
    """Return the value as JSON, for a data attribute: the CSP allows no script there."""
    return json.dumps(value, cls=DjangoJSONEncoder)
