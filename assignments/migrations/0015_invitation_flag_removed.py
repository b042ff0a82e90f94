from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('assignments', '0014_mail_purposes'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='mail',
            name='is_invitation',
        ),
    ]
