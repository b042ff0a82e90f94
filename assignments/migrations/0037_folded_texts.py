"""Fold what is searched and looked up, so that spellings of one word match at once."""

from django.db import migrations

from assignments.visible_text import folded

CHUNK = 2_000


def fold_search_texts(apps, schema_editor):
    """Refold each search text; ASCII is folded already, unless it has a domain."""
    leads = apps.get_model("assignments", "Lead").objects
    known = leads.exclude(search_text="").order_by("pk").only("pk", "search_text")
    changed = []
    for lead in known.iterator(chunk_size=CHUNK):
        text = lead.search_text
        if text.isascii() and "xn--" not in text:
            continue
        sent = " ".join(word for word in text.split() if "xn--" in word)
        lead.search_text = " ".join(f"{folded(text)} {sent}".split())
        if lead.search_text != text:
            changed.append(lead)
        if len(changed) == CHUNK:
            leads.bulk_update(changed, ["search_text"], batch_size=500)
            changed = []
    leads.bulk_update(changed, ["search_text"], batch_size=500)


def fold_keys(apps, schema_editor):
    """Refold the keys of tables; a line that now repeats another one is let go."""
    lines = apps.get_model("assignments", "MappingLine").objects
    kept = set()
    for line in lines.order_by("pk"):
        key = " ".join(folded(line.value).split()).lstrip("@.")[:200] or line.key
        if (place := (line.mapping_id, key, line.member_id)) in kept:
            line.delete()
            continue
        kept.add(place)
        if key != line.key:
            _make_room(lines, line, key)
            line.key = key
            line.save(update_fields=["key"])


def _make_room(lines, line, key):
    """Delete the later line that has this key for this member already."""
    others = lines.filter(mapping=line.mapping_id, key=key, member=line.member_id)
    others.exclude(pk=line.pk).delete()


class Migration(migrations.Migration):
    dependencies = [("assignments", "0036_forget_attempts_of_axes")]

    operations = [
        migrations.RunPython(fold_search_texts, migrations.RunPython.noop),
        migrations.RunPython(fold_keys, migrations.RunPython.noop),
    ]
