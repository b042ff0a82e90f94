from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('assignments', '0033_automatic_mails_and_own_addresses'),
    ]

    operations = [
        migrations.AddField(
            model_name='lead',
            name='last_message_mark',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name='leadnote',
            name='display_html',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='leadnote',
            name='parser_version',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='message',
            name='body_cut',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='message',
            name='characters_cut',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='message',
            name='display_html',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='message',
            name='images',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='message',
            name='is_unreadable',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='message',
            name='own_text',
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name='message',
            name='parser_version',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='message',
            name='preview',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddIndex(
            model_name='leadnote',
            index=models.Index(fields=['parser_version'], name='note_to_be_parsed'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['parser_version', '-id'], name='message_to_be_parsed'),
        ),
    ]
