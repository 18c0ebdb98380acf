"""The settings of the test suite: the site's under DJANGO_ENV=test, whatever the caller's environment.

Only DATABASE_URL and REDIS_URL are taken from the caller, so that the suite runs on the servers that it is
given (`python -m tests.services -- pytest` gives it its own).
"""

import atexit
import os
import re
import shutil
import tempfile
from urllib.parse import urlsplit

FROM_THE_SITE_ALONE = (
    "ALLOWED_HOSTS",
    "BANK_DATA_KEY",
    "BEHIND_TLS_PROXY",
    "CLAMD_URL",
    "CSRF_TRUSTED_ORIGINS",
    "CONTACT_EMAIL",
    "DATA_PROTECTION_EMAIL",
    "DEBUG",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "HOSTING_PROVIDER",
    "JOURNAL_HEAD_DIR",
    "JOURNAL_HEAD_EMAIL",
    "LOG_LEVEL",
    "PUBLICATION_DIRECTOR",
    "PUBLIC_URL",
    "PUBLISHER",
    "SECRET_KEY",
    "SIGNATURE_ROOTS",
    "STATIC_ROOT",
)
for _name in FROM_THE_SITE_ALONE:
    os.environ.pop(_name, None)
os.environ["DJANGO_ENV"] = "test"

# Stored files go to a folder of this run, which its child processes (pytest-xdist, workers) inherit.
if "CDPPE_TEST_FOLDER" not in os.environ:
    _folder = tempfile.mkdtemp(prefix="cdppe-test-")
    os.environ["CDPPE_TEST_FOLDER"] = _folder
    atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["MEDIA_ROOT"] = f"{os.environ['CDPPE_TEST_FOLDER']}/media"

# Each process of pytest-xdist has its own Redis database, as Django gives it its own SQL database.
if os.environ.get("REDIS_URL") and (
    _worker := re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
):
    os.environ["REDIS_URL"] = (
        urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{int(_worker[1]) + 1}").geturl()
    )

# The point of this module is to be those settings under another environment.
from cdppe.settings import *  # noqa: E402, F403

# A cache of the process: a test must not read what another process has just stored.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "tests"}}
