"""What holds for every test: no network, an undefined template variable fails, the cache is clean."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.template.base import UNKNOWN_SOURCE, Node

from cdppe.lib.append_only import lifting_sql, protecting_sql
from tests.services import celery_worker as worker_process
from tests.services import database_url

JOURNAL = "contracts_journalentry"
LOOPBACK = {"localhost", "127.0.0.1", "::1", "0.0.0.0", ""}  # noqa: S104 - compared, never bound


class NetworkRefused(RuntimeError):
    """A test tried to reach another machine."""


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Sockets of this process reach this machine only."""
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse_far(host: Any) -> None:
        if isinstance(host, bytes):
            host = host.decode()
        if host is not None and host not in LOOPBACK:
            raise NetworkRefused(f"a test tried to reach {host}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple):
            refuse_far(address[0])
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if isinstance(address, tuple):
            refuse_far(address[0])
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_far(host)
        return resolve(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_resolve)
        yield


@pytest.fixture(autouse=True, scope="session")
def _the_tests_may_empty_the_journal() -> Iterator[None]:
    """Django empties every table after a test with real transactions: the journal refuses, here it may not.

    Its protection is put aside for the statements of that emptying alone, in the same transaction; what the
    site itself runs has none of it.
    """

    def emptying(self: Any, sql_list: list[str], *args: Any) -> None:
        if self.connection.vendor == "postgresql":
            before = ["SET LOCAL session_replication_role = replica"]
            after = ["SET LOCAL session_replication_role = DEFAULT"]
        else:
            before, after = lifting_sql("sqlite", JOURNAL), protecting_sql("sqlite", JOURNAL)
        execute_sql_flush(self, [*before, *sql_list, *after], *args)

    execute_sql_flush = BaseDatabaseOperations.execute_sql_flush
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseDatabaseOperations, "execute_sql_flush", emptying)
        yield


@pytest.fixture(autouse=True)
def _clean_cache() -> None:
    cache.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """On SQLite the test database is a file of this run: threads and processes share it as the real one."""
    database = django_settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        database["TEST"]["NAME"] = f"{os.environ['CDPPE_TEST_FOLDER']}/{worker}.sqlite3"


class UndefinedTemplateVariable(AssertionError):
    """One of our templates names a variable that its view does not give."""


class _RaisesForOurTemplates(str):
    """Django formats `string_if_invalid` with the name of each undefined variable: here it fails the test.

    Only for templates of this project: those of Django's admin and of the DSFR rely on undefined variables.
    """

    __slots__ = ()

    def __contains__(self, key: object) -> bool:
        return key == "%s"

    def __bool__(self) -> bool:
        return True

    def __mod__(self, variable: object) -> str:
        origin = _origin_of_the_rendered_node(sys._getframe(1))
        if Path(origin).is_relative_to(django_settings.BASE_DIR / "templates"):
            raise UndefinedTemplateVariable(f"« {variable} » is undefined in {origin}")
        return ""


def _origin_of_the_rendered_node(frame: FrameType | None) -> str:
    while frame is not None:
        node = frame.f_locals.get("self")
        if isinstance(node, Node) and getattr(node, "origin", None) is not None:
            return str(node.origin.name)
        frame = frame.f_back
    return UNKNOWN_SOURCE


@pytest.fixture(autouse=True, scope="session")
def _undefined_template_variables_fail() -> None:
    django_settings.TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = _RaisesForOurTemplates("undefined")


@pytest.fixture(scope="session")
def servers_environment(django_db_setup: None) -> dict[str, str]:
    """The environment of a process of the site that works on the test database and the Redis of this run."""
    if not os.environ.get("REDIS_URL"):
        pytest.fail("this test needs Redis: run it under « python -m tests.services -- pytest … »")
    return dict(os.environ) | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(connection.settings_dict, os.environ.get("DATABASE_URL", "")),
        # Already the database of this process of pytest-xdist (tests/settings.py): not to be shifted again.
        "REDIS_URL": django_settings.REDIS_URL,
        "PYTEST_XDIST_WORKER": "",
    }


@pytest.fixture(scope="module")
def celery_worker(
    servers_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A real Celery worker, on the test database; use it with `transactional_db` or `live_server`.

    It stops with its module: a worker that stayed would take the jobs of the tests that kill theirs.
    """
    with redis.Redis.from_url(servers_environment["REDIS_URL"]) as client:
        # Jobs that earlier tests queued, and that nobody took, name rows that are gone.
        client.flushdb()
    with worker_process(tmp_path_factory.mktemp("worker"), servers_environment):
        yield
