from django import forms

from assignments.services.ledger.notes import LONGEST_NOTE
from dashboard.form_fields import NOTE_TOO_LONG, LinesField


class NoteForm(forms.Form):
    text = LinesField(
        max_length=LONGEST_NOTE,
        error_messages={
            "required": "Write something first.",
            "max_length": NOTE_TOO_LONG,
        },
    )

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]
