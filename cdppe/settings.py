"""Settings of the site, all read from the environment (see `.env.example` for every name).

`DJANGO_ENV` says what the process is: `development` needs no other variable, `test` is the test suite,
`production` refuses to start on anything unsafe, with all the reasons at once.
"""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF

from cdppe.lib.env import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
DEVELOPMENT_SECRET_KEY = "development-only-key-of-the-cdppe-never-for-real-people-or-real-data"  # noqa: S105 - refused in production
SECRET_KEY_LENGTH = 50
# Different characters: what a random key of that length has by far, and « xxxx… » does not.
SECRET_KEY_VARIETY = 12

env = Environment(os.environ)

DJANGO_ENV = env.choice("DJANGO_ENV", accepted=("development", "test", "production"), default="development")
IN_PRODUCTION = DJANGO_ENV == "production"
DEBUG = env.flag("DEBUG", default=DJANGO_ENV == "development")
SECRET_KEY = env.text("SECRET_KEY", default=DEVELOPMENT_SECRET_KEY)
ALLOWED_HOSTS = env.hosts(
    "ALLOWED_HOSTS", default=() if IN_PRODUCTION else ("localhost", "127.0.0.1", "[::1]", "testserver")
)
# Where people reach the site: the addresses in mails and in QR codes start with it.
PUBLIC_URL = env.web_url("PUBLIC_URL", default="http://localhost:8000")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])
# Only behind a proxy that sets X-Forwarded-Proto itself: otherwise anybody could claim to come by TLS.
BEHIND_TLS_PROXY = env.flag("BEHIND_TLS_PROXY", default=False)

# --- Applications ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "cdppe.home",
    "contracts",
    "funding",
    "indicators",
    "agreements",
    "cdppe.documents",
    "cdppe.accounts",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "widget_tweaks",
    "dsfr",
    "crispy_forms",
    "django_filters",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # A page is private unless its view says @login_not_required: forgetting a decorator closes, never opens.
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cdppe.accounts.middleware.origin_of_request",
]

ROOT_URLCONF = "cdppe.urls"
WSGI_APPLICATION = "cdppe.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["cdppe.home.templatetags.french_typography"],
        },
    },
]

CRISPY_ALLOWED_TEMPLATE_PACKS = ("cdppe",)
CRISPY_TEMPLATE_PACK = "cdppe"
CRISPY_FAIL_SILENTLY = False
# The manifest storage renames files by their content, which does what a checksum would; the DSFR's own
# checksums are those of its unchanged files and would not match.
DSFR_USE_INTEGRITY_CHECKSUMS = False

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Language ----------------------------------------------------------------------------------------------

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "français")]
TIME_ZONE = "Europe/Paris"
USE_I18N = True
USE_TZ = True

# --- Data --------------------------------------------------------------------------------------------------

VAR_DIR = BASE_DIR / "var"
_database = env.database("DATABASE_URL", default="sqlite:///var/cdppe.sqlite3", base=BASE_DIR)

if _database.engine == "sqlite":
    if _database.name != ":memory:":
        Path(_database.name).parent.mkdir(parents=True, exist_ok=True)
    DATABASES: dict[str, dict[str, Any]] = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": _database.name,
            "OPTIONS": {
                # Readers do not wait for a writer; a writer waits its turn from its first statement instead
                # of failing in the middle of a transaction.
                "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
            },
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _database.name,
            "USER": _database.user,
            "PASSWORD": _database.password,
            "HOST": _database.host,
            "PORT": _database.port or "",
            # gunicorn's sync workers serve one request at a time: one lasting connection each is the pool.
            "CONN_MAX_AGE": 600,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"connect_timeout": "5"} | dict(_database.options),
        }
    }

REDIS_URL = env.redis("REDIS_URL")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "cdppe",
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "cdppe"}}

# Stored files are private: a view checks the person and streams them, no server exposes this folder.
MEDIA_ROOT = env.folder("MEDIA_ROOT", default=VAR_DIR / "media", base=BASE_DIR)
FILE_UPLOAD_PERMISSIONS = 0o600

# Where the journal's head is written every day, outside the database: the one who administers the database
# should not be able to write there. And who gets it by mail; nobody when empty.
JOURNAL_HEAD_DIR = env.folder("JOURNAL_HEAD_DIR", default=MEDIA_ROOT.parent / "journal-heads", base=BASE_DIR)
JOURNAL_HEAD_EMAIL = env.optional_mail_address("JOURNAL_HEAD_EMAIL")

# Fernet keys of the bank details: the first encrypts, the following only decrypt (rotation).
_development_bank_key = base64.urlsafe_b64encode(
    hashlib.sha256(DEVELOPMENT_SECRET_KEY.encode()).digest()
).decode()
BANK_DATA_KEYS = env.fernet_keys("BANK_DATA_KEY", default=_development_bank_key)

# The tableau de bord is one form: a row of the annex has up to ten boxes, and there are over a hundred rows.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- Signed files ------------------------------------------------------------------------------------------

# What « Mentions légales » and « Données personnelles » say of who publishes and hosts; what is empty is said
# to be not established. Lines are separated by « | ».
PUBLISHER = env.text("PUBLISHER", default="")
PUBLICATION_DIRECTOR = env.text("PUBLICATION_DIRECTOR", default="")
HOSTING_PROVIDER = env.text("HOSTING_PROVIDER", default="")
CONTACT_EMAIL = env.optional_mail_address("CONTACT_EMAIL")
DATA_PROTECTION_EMAIL = env.optional_mail_address("DATA_PROTECTION_EMAIL")

# A file from outside is neither opened nor served before the antivirus's verdict. Without one, development
# shows « non analysé »; in production `check --deploy` refuses.
CLAMD_URL = env.clamd("CLAMD_URL")
ANTIVIRUS_IS_REQUIRED = IN_PRODUCTION
# The PEM certificates of the authorities whose signatures are recognised.
SIGNATURE_ROOTS = env.optional_folder("SIGNATURE_ROOTS", base=BASE_DIR)

# --- Background jobs ---------------------------------------------------------------------------------------

# "celery" hands jobs to workers; "thread" runs them one at a time inside this process.
JOB_ENGINE = "celery" if REDIS_URL else "thread"

CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TIMEZONE = TIME_ZONE
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
# The state of a job is a row of the database, never a result of Celery.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 10 * 60
CELERY_TASK_TIME_LIMIT = 11 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Rendering grows a process: a fresh one now and then gives the memory back.
CELERY_WORKER_MAX_TASKS_PER_CHILD = 50
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest task, so that a message is never given to a second worker while the first works.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 15 * 60,
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
}
# A page never waits long for a broker that is down: the job is in the database and the sweeper hands it out
# again.
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "requeue-lost-jobs": {
        "task": "cdppe.documents.tasks.requeue_lost_jobs",
        "schedule": 60.0,
        # A sweep that waited more than a minute is useless: the next one does the same.
        "options": {"expires": 60},
    },
    # Twice, so that a mail server that was down in the morning is tried again: nobody is written to twice.
    "send-reminders": {
        "task": "cdppe.accounts.tasks.send_reminders",
        "schedule": crontab(hour="7,11", minute=0),
        "options": {"expires": 3600},
    },
    "export-journal-head": {
        "task": "contracts.tasks.export_journal_head",
        "schedule": crontab(hour=3, minute=40),
        # A broker that comes back in the day still gets it: a day without a head is worse than a late one.
        "options": {"expires": 20 * 3600},
    },
    # Before the reminders, which tell it.
    "pass-the-day": {
        "task": "agreements.tasks.pass_the_day",
        "schedule": crontab(hour="0,6", minute=10),
        "options": {"expires": 3600},
    },
}

# --- People ------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "home:index"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if DJANGO_ENV == "test":
    # Argon2 is slow by design and the suite signs in often; one test checks the real order.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
# A working day; the session ends with it.
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

_mail = env.mail("EMAIL_URL", default="console://")
EMAIL_BACKEND = f"django.core.mail.backends.{_mail.kind}.EmailBackend"
EMAIL_HOST = _mail.host
EMAIL_PORT = _mail.port
EMAIL_HOST_USER = _mail.user
EMAIL_HOST_PASSWORD = _mail.password
EMAIL_USE_TLS = _mail.security == "starttls"
EMAIL_USE_SSL = _mail.security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.mail_address("DEFAULT_FROM_EMAIL", default="ne-pas-repondre@cdppe.example")

# --- Static files ------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = env.folder("STATIC_ROOT", default=VAR_DIR / "static", base=BASE_DIR)
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            # Not the compressing one: the proxy compresses, and the DSFR has some 2 000 files to go through.
            "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
            if IN_PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}
WHITENOISE_AUTOREFRESH = not IN_PRODUCTION
WHITENOISE_USE_FINDERS = not IN_PRODUCTION

# --- Protections -------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # The DSFR's stylesheet draws some of its icons from data: addresses.
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IN_PRODUCTION
# The health check of the container asks over plain HTTP, inside the machine.
SECURE_REDIRECT_EXEMPT = [r"^sante/$"]
SESSION_COOKIE_SECURE = IN_PRODUCTION
CSRF_COOKIE_SECURE = IN_PRODUCTION
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IN_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IN_PRODUCTION
SECURE_HSTS_PRELOAD = False
if BEHIND_TLS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Entering the browsers' preload list binds the whole domain for years: its owner's decision, not this site's.
SILENCED_SYSTEM_CHECKS = ["security.W021"]

# --- Log ---------------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {
        "handlers": ["console"],
        "level": env.choice("LOG_LEVEL", accepted=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
    },
    # Django's own configuration also prints on the console: one handler is enough.
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # A line a page and a font would drown the rest; `cdppe.documents.pdf` listens to the first.
        "weasyprint.progress": {"level": "INFO", "propagate": False},
        "fontTools": {"level": "WARNING"},
    },
}

# --- What production refuses -------------------------------------------------------------------------------

if IN_PRODUCTION:
    if DEBUG:
        env.refuse("DEBUG", "production never shows its errors to visitors; remove it or write false.")
    if SECRET_KEY == DEVELOPMENT_SECRET_KEY:
        env.refuse(
            "SECRET_KEY", f"is missing; write a random text of {SECRET_KEY_LENGTH} characters or more."
        )
    elif len(SECRET_KEY) < SECRET_KEY_LENGTH:
        env.refuse(
            "SECRET_KEY", f"is too short; write a random text of {SECRET_KEY_LENGTH} characters or more."
        )
    elif SECRET_KEY.startswith("django-insecure-") or len(set(SECRET_KEY)) < SECRET_KEY_VARIETY:
        env.refuse("SECRET_KEY", f"is not random; write {SECRET_KEY_LENGTH} random characters or more.")
    if not ALLOWED_HOSTS:
        env.refuse("ALLOWED_HOSTS", "is missing; write the names of the site, separated by commas.")
    if any("*" in host for host in ALLOWED_HOSTS):
        env.refuse("ALLOWED_HOSTS", "« * » is not accepted; write the exact names of the site.")
    if _database.engine != "postgresql":
        env.refuse(
            "DATABASE_URL", "production needs PostgreSQL; write postgres://user:password@host:5432/name."
        )
    if not REDIS_URL:
        env.refuse("REDIS_URL", "is missing; write redis://:password@host:6379/0.")
    elif not urlsplit(REDIS_URL).password:
        env.refuse("REDIS_URL", "has no password; write redis://:password@host:6379/0.")
    if _development_bank_key in BANK_DATA_KEYS:
        env.refuse("BANK_DATA_KEY", "is missing or the development one; write a Fernet key of your own.")
    if _mail.kind != "smtp":
        env.refuse("EMAIL_URL", "is missing or console://; write smtp+tls://user:password@host:587.")
    if not PUBLIC_URL.startswith("https://"):
        env.refuse("PUBLIC_URL", "is missing or not https; write the address of the site, https://…")

env.check()
