"""The real settings for a server of its own, without collecting and migrating: quick."""

from dashboard.settings import *  # noqa: F403

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
MIGRATION_MODULES = dict.fromkeys(
    ("admin", "assignments", "auth", "axes", "contenttypes", "django_q", "sessions")
)
