"""Ways to sign in, for the pages before that."""

from django.conf import settings
from django.template import Library

register = Library()


@register.simple_tag
def provider_name() -> str:
    """Return the name of the OpenID provider; empty without one."""
    return settings.OIDC_NAME if settings.OIDC_ISSUER else ""


@register.simple_tag
def are_passwords_limited() -> bool:
    """Return whether only the logins of LOCAL_SIGN_IN may use a password."""
    return settings.LOCAL_SIGN_IN is not None
