"""Coverages that run already: who covers knows it, and is not told again."""

from django.db import migrations


def write_words(apps, schema_editor):
    Coverage = apps.get_model("assignments", "Coverage")
    CoverageWord = apps.get_model("assignments", "CoverageWord")
    running = Coverage.objects.filter(state__in=("starting", "active", "returning"))
    words = []
    for coverage in running:
        since = coverage.began_at or coverage.starts_at
        words.append(
            CoverageWord(
                coverage=coverage, member_id=coverage.member_id, created_at=since
            )
        )
        covering = coverage.coverers.filter(replaced_at=None)
        last = coverage.holds.order_by("-pk").values_list("pk", flat=True).first()
        words += [
            CoverageWord(
                coverage=coverage,
                member_id=member,
                created_at=since,
                until=coverage.ends_at,
                told_at=since,
                last_hold=last or 0,
            )
            for member in covering.values_list("member", flat=True)
        ]
    CoverageWord.objects.bulk_create(words)


class Migration(migrations.Migration):
    dependencies = [("assignments", "0028_notifications_and_mails")]
    operations = [migrations.RunPython(write_words, migrations.RunPython.noop)]
