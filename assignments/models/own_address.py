from django.db import models


class OwnAddress(models.Model):
    """An address that mails of ours were sent from, case-folded.

    Addresses of logins and members are kept with these, not here.
    """

    address = models.CharField(max_length=320, primary_key=True)

    class Meta:
        verbose_name_plural = "own addresses"

    def __str__(self) -> str:
        return self.address
