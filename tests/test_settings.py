"""What the settings make of an environment; above all, what production refuses."""

import base64
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from cdppe.lib.env import ConfigurationError
from tests.services import PROJECT

OWN_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
PRODUCTION = {
    "DJANGO_ENV": "production",
    "SECRET_KEY": "abcdefghijklmnopqrstuvwxy" * 2,
    "ALLOWED_HOSTS": "cdppe.example.org",
    "DATABASE_URL": "postgres://cdppe:secret@db:5432/cdppe",
    "REDIS_URL": "redis://:secret@redis:6379/0",
    "BANK_DATA_KEY": OWN_KEY,
    "EMAIL_URL": "smtp+tls://a:b@mail:587",
    "PUBLIC_URL": "https://cdppe.example.org",
}


def _load(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", dict(environment))
        return runpy.run_path(str(PROJECT / "cdppe/settings.py"))


def _problems(environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as refusal:
        _load(environment, monkeypatch)
    return refusal.value.problems


def test_development_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load({}, monkeypatch)
    assert settings["DEBUG"] is True
    assert settings["JOB_ENGINE"] == "thread"
    assert settings["DATABASES"]["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert settings["DATABASES"]["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_a_redis_brings_celery_and_the_shared_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load({"REDIS_URL": "redis://:secret@redis:6379/0"}, monkeypatch)
    assert settings["JOB_ENGINE"] == "celery"
    assert settings["CELERY_BROKER_URL"] == "redis://:secret@redis:6379/0"
    assert settings["CACHES"]["default"]["BACKEND"] == "django.core.cache.backends.redis.RedisCache"


def test_production_starts_on_a_complete_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load(PRODUCTION, monkeypatch)
    assert settings["DEBUG"] is False
    assert settings["SECURE_SSL_REDIRECT"] is True
    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["CSRF_COOKIE_SECURE"] is True
    assert settings["SECURE_HSTS_SECONDS"] > 0
    assert settings["CSRF_TRUSTED_ORIGINS"] == ["https://cdppe.example.org"]
    assert settings["DATABASES"]["default"]["CONN_HEALTH_CHECKS"] is True
    assert settings["PASSWORD_HASHERS"][0] == "django.contrib.auth.hashers.Argon2PasswordHasher"


def test_the_word_of_a_proxy_is_taken_only_when_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "SECURE_PROXY_SSL_HEADER" not in _load(PRODUCTION, monkeypatch)
    behind = _load(PRODUCTION | {"BEHIND_TLS_PROXY": "true"}, monkeypatch)
    assert behind["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DEBUG", "true", "production never shows its errors"),
        ("SECRET_KEY", "", "is missing"),
        ("SECRET_KEY", "abcdefghijklmnopqrstuvwxyz" + "b" * 23, "is too short"),
        ("SECRET_KEY", "k" * 50, "is not random"),
        ("SECRET_KEY", "django-insecure-abcdefghijklmnopqrstuvwxyz0123456789", "is not random"),
        ("ALLOWED_HOSTS", "", "is missing"),
        ("ALLOWED_HOSTS", "*", "« * » is not accepted"),
        ("ALLOWED_HOSTS", "cdppe.example.org,*", "« * » is not accepted"),
        ("ALLOWED_HOSTS", "https://cdppe.example.org", "« https://cdppe.example.org » is not the name of"),
        ("DEFAULT_FROM_EMAIL", "cdppe.example.org", "« cdppe.example.org » is not a mail address"),
        ("MEDIA_ROOT", "manage.py", "« "),
        ("LOG_LEVEL", "chatty", "« chatty » is not accepted; write one of DEBUG, INFO, WARNING, ERROR."),
        ("BEHIND_TLS_PROXY", "perhaps", "« perhaps » is neither yes nor no"),
        ("CSRF_TRUSTED_ORIGINS", "https://cdppe.example.org/x", "« https://cdppe.example.org/x » is not an"),
        ("DATABASE_URL", "", "production needs PostgreSQL"),
        ("DATABASE_URL", "sqlite:///var/x.sqlite3", "production needs PostgreSQL"),
        ("REDIS_URL", "", "is missing"),
        ("REDIS_URL", "redis://redis:6379/0", "has no password"),
        ("REDIS_URL", "redis://user@redis:6379/0", "has no password"),
        ("BANK_DATA_KEY", "", "is missing or the development one"),
        ("EMAIL_URL", "", "is missing or console://"),
        ("EMAIL_URL", "console://", "is missing or console://"),
        ("PUBLIC_URL", "", "is missing or not https"),
        ("PUBLIC_URL", "http://cdppe.example.org", "is missing or not https"),
    ],
)
def test_production_refuses_to_start_on_an_unsafe_value(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = _problems(PRODUCTION | {name: value}, monkeypatch)
    assert len(problems) == 1
    assert problems[0].startswith(f"{name}: {sentence}")


def test_production_refuses_the_development_keys_even_when_they_are_written_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    development = _load({}, monkeypatch)
    copied = {
        "SECRET_KEY": development["SECRET_KEY"],
        "BANK_DATA_KEY": f"{OWN_KEY},{development['BANK_DATA_KEYS'][0]}",
    }
    problems = _problems(PRODUCTION | copied, monkeypatch)
    assert [problem.split(":")[0] for problem in problems] == ["SECRET_KEY", "BANK_DATA_KEY"]


def test_production_tells_everything_that_is_missing_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = _problems({"DJANGO_ENV": "production"}, monkeypatch)
    assert [problem.split(":")[0] for problem in problems] == [
        "SECRET_KEY",
        "ALLOWED_HOSTS",
        "DATABASE_URL",
        "REDIS_URL",
        "BANK_DATA_KEY",
        "EMAIL_URL",
        "PUBLIC_URL",
    ]


def test_an_unknown_kind_of_environment_is_refused_instead_of_being_taken_for_development(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problems = _problems({"DJANGO_ENV": "prod"}, monkeypatch)
    assert problems == ("DJANGO_ENV: « prod » is not accepted; write one of development, test, production.",)


def test_the_command_line_ends_with_the_sentences_and_without_a_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "DJANGO_ENV": "production"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("The environment is not usable as it is:\n  - SECRET_KEY: is missing;")
    assert "Traceback" not in ended.stderr


def test_no_script_or_style_is_accepted_from_inside_a_page_or_from_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = _load(PRODUCTION, monkeypatch)["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["object-src"] == ["'none'"]
    assert not [
        value for values in policy.values() for value in values if "unsafe" in value or "http" in value
    ]
