"""Production serves static files under hashed names; scripts import each other by them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import override_settings

from dashboard.settings import STORAGES

IMPORT = re.compile(r"""^import\b[^"']*["']([^"']+)["']""", re.MULTILINE)
PRELOAD = re.compile(r'<link rel="modulepreload" href="/static/([^"]+)">')
ENTRY = re.compile(r'<script type="module" src="/static/([^"]+)">')


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Iterator[Path]:
    """A folder into which production's storage has collected all static files."""
    folder = tmp_path_factory.mktemp("static")
    uncompressed = {"WHITENOISE_SKIP_COMPRESS_EXTENSIONS": ["css", "js", "svg"]}
    with override_settings(STORAGES=STORAGES, STATIC_ROOT=folder, **uncompressed):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield folder


def imports_of(script: Path) -> list[Path]:
    return [script.parent / address for address in IMPORT.findall(script.read_text())]


def reachable_from(script: Path) -> Iterator[Path]:
    for imported in imports_of(script):
        yield imported
        yield from reachable_from(imported)


def test_every_import_leads_to_the_hashed_file_that_pages_name(collected):
    hashed = {
        collected / staticfiles_storage.stored_name(f"js/{source.name}")
        for source in (settings.BASE_DIR / "static/js").glob("*.js")
    }

    imported = {path for script in hashed for path in imports_of(script)}

    assert imported
    assert imported <= hashed
    assert all(path.is_file() for path in hashed)


def test_a_page_preloads_each_module_that_its_entry_imports_once(
    collected, client, manager
):
    page = client.get("/inbox/").text
    (entry,) = ENTRY.findall(page)

    preloaded = [collected / address for address in PRELOAD.findall(page)]

    assert sorted(preloaded) == sorted(set(reachable_from(collected / entry)))
