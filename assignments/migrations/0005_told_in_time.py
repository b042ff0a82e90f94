
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("assignments", "0004_batch_name"),
    ]

    operations = [
        migrations.AddField(
            model_name='pendingannouncement',
            name='is_loss',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(choices=[('assigned', 'Leads are given to you'), ('taken', 'Leads are taken from you'), ('covering', 'You cover for somebody'), ('returned', 'You are back'), ('proposed', 'Somebody proposes an absence'), ('decided', 'Your absence is confirmed or declined'), ('attention', 'A coverage needs attention'), ('overdue', 'An answer is overdue'), ('review', 'The weekly review')], max_length=10),
        ),
        migrations.AlterField(
            model_name='notificationchoice',
            name='kind',
            field=models.CharField(choices=[('assigned', 'Leads are given to you'), ('taken', 'Leads are taken from you'), ('covering', 'You cover for somebody'), ('returned', 'You are back'), ('proposed', 'Somebody proposes an absence'), ('decided', 'Your absence is confirmed or declined'), ('attention', 'A coverage needs attention'), ('overdue', 'An answer is overdue'), ('review', 'The weekly review')], max_length=10),
        ),
        migrations.AlterField(
            model_name='pendingannouncement',
            name='assignment',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='untold', to='assignments.assignment'),
        ),
        migrations.AddConstraint(
            model_name='pendingannouncement',
            constraint=models.UniqueConstraint(fields=('assignment', 'member'), name='a_change_is_told_each_member_once'),
        ),
    ]
