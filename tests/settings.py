"""The settings of the test suite: the real ones, on a test database and fast."""

import math
import os
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["SECRET_KEY"] = "only-for-tests-" + "x" * 40
os.environ["DEBUG"] = "0"
os.environ["SMARTLEAD_API_KEY"] = "sandbox-key"
os.environ["SMARTLEAD_WEBHOOK_SECRET"] = ""
os.environ["SMARTLEAD_BASE_URL"] = "http://sandbox.test/api/v1"
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "sqlite:///:memory:")

from dashboard.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True  # nothing is collected
CLOCK_TOLERANCE = math.inf  # tests set the clock themselves
TASK_LEASE = 3600  # a thread that renews one could not close a database in memory
_folder = TemporaryDirectory()  # of this process, which goes with it
EXPORT_LOCKS = Path(_folder.name)
