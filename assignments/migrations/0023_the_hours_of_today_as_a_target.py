from django.db import migrations


def keep_as_a_target(apps, schema_editor):
    """Nothing falls due at another moment than before: around the clock, for all."""
    account = apps.get_model("assignments", "Account").objects.filter(pk=1).first()
    hours = account.answer_within_hours if account else 24
    apps.get_model("assignments", "WorkingHours").objects.get_or_create(pk=1)
    apps.get_model("assignments", "SlaTarget").objects.get_or_create(
        campaign=None,
        category=None,
        defaults={"minutes": hours * 60, "in_working_hours": False},
    )


def keep_as_hours(apps, schema_editor):
    targets = apps.get_model("assignments", "SlaTarget").objects
    target = targets.filter(campaign=None, category=None).first()
    if target:
        apps.get_model("assignments", "Account").objects.update(
            answer_within_hours=max(1, target.minutes // 60)
        )


class Migration(migrations.Migration):
    dependencies = [("assignments", "0022_sla_targets")]
    operations = [
        migrations.RunPython(keep_as_a_target, keep_as_hours),
        migrations.RemoveField(model_name="account", name="answer_within_hours"),
    ]
