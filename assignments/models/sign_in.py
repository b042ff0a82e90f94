from django.db import models

from assignments.models.people import User


class SignInEvent(models.Model):
    """One line of the log of sign-ins; wrong passwords are counted in it."""

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", "Signed in"
        SIGNED_OUT = "signed_out", "Signed out"
        WRONG_PASSWORD = "wrong_password", "Wrong name or password"
        LOCKED = "locked", "Locked after too many tries"
        PASSWORD_CHANGED = "password_changed", "Changed their password"
        WRONG_OLD_PASSWORD = "wrong_old_password", "Wrong old password"
        PASSWORD_RIGHT = "password_right", "Right password, second factor asked for"
        WRONG_CODE = "wrong_code", "Wrong code of the second factor"
        RECOVERY_CODE_USED = "recovery_code_used", "Used a recovery code"
        FACTOR_ADDED = "factor_added", "Set up a second factor"
        FACTOR_REMOVED = "factor_removed", "Removed a second factor"
        FACTOR_RESET = "factor_reset", "Second factor reset"
        CODES_RENEWED = "codes_renewed", "Made new recovery codes"
        RESET_ASKED = "reset_asked", "Asked for a new password"
        PASSWORD_RESET = "password_reset", "Set a new password by mail"
        PASSWORD_SET = "password_set", "Password set by a sales manager"
        ADDRESS_ASKED = "address_asked", "Asked for another mail address"
        ADDRESS_CHANGED = "address_changed", "Changed the mail address"
        SESSIONS_ENDED = "sessions_ended", "Sessions ended"

    at = models.DateTimeField()
    kind = models.CharField(max_length=20, choices=Kind)
    user = models.ForeignKey(
        User, null=True, on_delete=models.SET_NULL, related_name="sign_in_events"
    )
    # Who did it to somebody else; None: they did it themselves.
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    # A keyed hash of the typed name: people type passwords into that field.
    name_key = models.CharField(max_length=32)
    address = models.GenericIPAddressField(null=True)
    # What is counted together: the address, of IPv6 its /64.
    network = models.CharField(max_length=43)
    browser = models.CharField(max_length=40)
    # A wrong password counts until its name signs in there, or somebody unlocks it.
    counts = models.BooleanField(default=True)

    class Meta:
        indexes = (
            models.Index(fields=["name_key", "network", "at"], name="sign_in_pair"),
            models.Index(fields=["network", "at"], name="sign_in_network"),
            models.Index(fields=["at", "id"], name="sign_in_at"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.name}"

    @property
    def name(self) -> str:
        """Return the user name of the login, or else "unknown name" and a mark that is
        the same for the same typed name.
        """
        if self.user:
            return self.user.get_username()
        return f"unknown name {self.name_key[:6]}"
