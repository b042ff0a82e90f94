from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assignments', '0007_saved_views'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='lead',
            index=models.Index(fields=['owner', 'gone_at'], name='lead_present_by_owner'),
        ),
    ]
