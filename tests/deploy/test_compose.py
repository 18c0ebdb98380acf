"""docker-compose.yml, the Dockerfile and .env.example agree with the settings; no Docker engine is needed."""

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from tests.services import PROJECT

DATA_SERVICES = ("postgres", "redis")
SITE_SERVICES = ("migrate", "web", "worker", "beat")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def _variables_read_by_settings() -> set[str]:
    text = (PROJECT / "cdppe/settings.py").read_text()
    return set(re.findall(r'env\.[a-z_]+\(\s*"([A-Z_]+)"', text))


def _variables_of_the_example() -> set[str]:
    return set(re.findall(r"^([A-Z_]+)=", (PROJECT / ".env.example").read_text(), flags=re.MULTILINE))


def test_every_service_is_there_and_says_when_it_is_healthy(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {"proxy", "clamav", *SITE_SERVICES, *DATA_SERVICES}
    assert [name for name, service in services.items() if "healthcheck" not in service] == ["migrate"]


def test_every_volume_and_network_that_is_used_is_declared(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source.startswith((".", "$")) or source in compose["volumes"], (name, source)
        assert set(service["networks"]) <= set(compose["networks"]), name


def test_the_processes_wait_for_the_migrations_and_those_for_the_data(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for name in ("web", "worker", "beat"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    for name in DATA_SERVICES:
        assert services["migrate"]["depends_on"][name]["condition"] == "service_healthy"


def test_only_the_proxy_listens_to_the_world(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"]["internal"] is True
    for name in DATA_SERVICES:
        assert compose["services"][name]["networks"] == ["inside"]


def test_redis_asks_for_a_password_and_writes_its_queue_on_the_disk(compose: dict[str, Any]) -> None:
    command = " ".join(compose["services"]["redis"]["command"])
    assert "--requirepass" in command
    assert "--appendonly yes" in command
    assert "redis-data:/data" in compose["services"]["redis"]["volumes"]


def test_postgresql_is_not_below_its_security_floor(compose: dict[str, Any]) -> None:
    number = re.match(r"postgres:(\d+)\.(\d+)", compose["services"]["postgres"]["image"])
    assert number is not None
    assert (int(number[1]), int(number[2])) >= (15, 20)


def test_no_secret_is_written_and_none_may_be_forgotten(compose: dict[str, Any]) -> None:
    environment = compose["services"]["web"]["environment"]
    for name in ("SECRET_KEY", "BANK_DATA_KEY", "EMAIL_URL", "ALLOWED_HOSTS", "PUBLIC_URL"):
        assert environment[name].startswith(f"${{{name}:?")
    for name in ("DATABASE_URL", "REDIS_URL"):
        assert re.search(r"\$\{(POSTGRES_APPLICATION|REDIS)_PASSWORD:\?", environment[name])


def test_web_worker_and_beat_share_one_image_and_the_stored_files(compose: dict[str, Any]) -> None:
    services = [compose["services"][name] for name in SITE_SERVICES]
    assert {service["image"] for service in services} == {"cdppe:${VERSION:-latest}"}
    assert all("media:/app/var/media" in service["volumes"] for service in services)


def test_the_site_is_not_the_owner_of_its_tables_and_only_the_migrations_are(compose: dict[str, Any]) -> None:
    services = compose["services"]
    owner = services["postgres"]["environment"]["POSTGRES_USER"]
    account = {
        name: services[name]["environment"]["DATABASE_URL"].removeprefix("postgres://").partition(":")[0]
        for name in SITE_SERVICES
    }
    assert account.pop("migrate") == owner
    assert set(account.values()) == {"cdppe_app"}
    assert services["migrate"]["command"][-1].endswith("grant_application_role cdppe_app")


def test_the_containers_get_only_variables_that_the_settings_read(compose: dict[str, Any]) -> None:
    given = set(compose["services"]["web"]["environment"])
    # Read by gunicorn itself and by the command of the worker.
    assert given - {"WEB_CONCURRENCY", "WORKER_CONCURRENCY"} <= _variables_read_by_settings()


def test_the_example_lists_every_variable_that_the_settings_read() -> None:
    assert _variables_read_by_settings() - _variables_of_the_example() == set()


def test_the_example_lists_no_variable_that_nothing_reads() -> None:
    compose_text = (PROJECT / "docker-compose.yml").read_text()
    known = _variables_read_by_settings() | set(re.findall(r"\$\{([A-Z_]+)", compose_text))
    assert _variables_of_the_example() - known == set()


def test_the_image_runs_without_privileges_on_the_python_of_the_project() -> None:
    text = (PROJECT / "Dockerfile").read_text()
    assert re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE) == ["python:3.11-slim-bookworm"] * 2
    assert "--require-hashes" in text
    assert "\nUSER cdppe\n" in text


def test_what_the_image_copies_is_what_the_site_is_made_of() -> None:
    kept = set(re.findall(r"^!([^/\n]+)/?$", (PROJECT / ".dockerignore").read_text(), flags=re.MULTILINE))
    apps = {path.parent.name for path in PROJECT.glob("*/__init__.py")} - {"tests"}
    assert kept == apps | {"manage.py", "requirements.lock", "templates", "static", "fixtures"}


def test_the_health_check_fails_when_nothing_answers() -> None:
    ended = subprocess.run(
        [sys.executable, "cdppe/deploy/healthcheck.py"],
        cwd=PROJECT,
        env={"ALLOWED_HOSTS": "cdppe.example.org", "no_proxy": "*", "HEALTH_PORT": "9"},
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 1
