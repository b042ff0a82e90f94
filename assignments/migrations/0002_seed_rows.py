from django.db import migrations

DAY = 24 * 60  # minutes


def create(apps, schema_editor):
    """Create the one account, the working hours, and a target for every lead."""
    apps.get_model("assignments", "Account").objects.get_or_create(pk=1)
    apps.get_model("assignments", "WorkingHours").objects.get_or_create(pk=1)
    apps.get_model("assignments", "SlaTarget").objects.get_or_create(
        campaign=None,
        category=None,
        defaults={"minutes": DAY, "in_working_hours": False},
    )


class Migration(migrations.Migration):
    dependencies = [("assignments", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
