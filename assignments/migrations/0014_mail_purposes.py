from django.db import migrations


def name_invitations(apps, schema_editor):
    """Say of each mail that was marked as an invitation that this is its purpose."""
    mails = apps.get_model("assignments", "Mail").objects
    mails.filter(is_invitation=True).update(purpose="invitation")


def mark_invitations(apps, schema_editor):
    mails = apps.get_model("assignments", "Mail").objects
    mails.filter(purpose="invitation").update(is_invitation=True)


class Migration(migrations.Migration):
    dependencies = [("assignments", "0013_accounts")]
    operations = [migrations.RunPython(name_invitations, mark_invitations, elidable=True)]
