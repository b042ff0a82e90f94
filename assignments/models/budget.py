from django.db import models


class Budget(models.Model):
    """The calls one account may make; `assignments.smartlead.budget` owns `state`."""

    name = models.CharField(max_length=64, primary_key=True)
    state = models.JSONField(default=dict)
    # Of all calls so far, for monitoring: `assignments.smartlead.call_record`.
    calls = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"Budget {self.name[:8]}"
