from django.db import migrations

from assignments.visible_text import folded

AT_ONCE = 1_000


def add_last_messages(apps, schema_editor):
    """Let the search find the words of each lead's last message, as new rows do."""
    leads = apps.get_model("assignments", "Lead").objects.order_by("pk")
    wanted = leads.exclude(last_message="").only("last_message", "search_text")
    last = None
    while found := list((wanted.filter(pk__gt=last) if last else wanted)[:AT_ONCE]):
        for lead in found:
            words = " ".join(folded(lead.last_message).split())
            if words not in lead.search_text:
                lead.search_text = f"{lead.search_text} {words}".strip()
        leads.model.objects.bulk_update(found, ["search_text"], batch_size=200)
        last = found[-1].pk


class Migration(migrations.Migration):
    dependencies = [("assignments", "0009_read_marks")]
    operations = [
        migrations.RunPython(add_last_messages, migrations.RunPython.noop, elidable=True)
    ]
