from django.db import migrations


def create_account(apps, schema_editor):
    apps.get_model("assignments", "Account").objects.get_or_create(id=1)


class Migration(migrations.Migration):
    dependencies = [("assignments", "0001_initial")]
    operations = [migrations.RunPython(create_account, migrations.RunPython.noop)]
