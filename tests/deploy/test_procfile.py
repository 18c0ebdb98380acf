"""The Procfile's processes, exactly as it writes them, in production's settings: sign in, get one PDF."""

import base64
import contextlib
import io
import os
import re
import secrets
import subprocess
import sys
import time
import tomllib
import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
import pytest
import redis
from pypdf import PdfReader

from tests.deploy.visitor import Visitor
from tests.services import PROJECT, free_port, process, wait_until

pytestmark = pytest.mark.fault

HOST = "cdppe.example.org"
# The last of Redis' sixteen databases: the others are those of the processes of pytest-xdist.
REDIS_DATABASE = "/15"
RENDER_SECONDS = 120


def procfile() -> dict[str, str]:
    """{name of the process: its command}."""
    lines = (PROJECT / "Procfile").read_text().splitlines()
    return dict(re.split(r":\s+", line, maxsplit=1) for line in lines if line.strip())


@dataclass(frozen=True)
class Deployment:
    """A running site: where its web process listens, and the logs of all its processes."""

    origin: str
    logs: Path

    def visitor(self) -> Visitor:
        return Visitor(self.origin, HOST)


@contextlib.contextmanager
def _database(server: str) -> Iterator[str]:
    """A database of its own on the server of that URL; dropped at the end."""
    name = f"test_cdppe_procfile_{secrets.token_hex(4)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """The site under `folder`: released, loaded with the demonstration, all its processes running."""
    if not (os.environ.get("DATABASE_URL", "").startswith("postgres") and os.environ.get("REDIS_URL")):
        pytest.fail(
            "this test needs PostgreSQL and Redis: run it under « python -m tests.services -- pytest … »"
        )
    port = free_port()
    redis_url = urlsplit(os.environ["REDIS_URL"])._replace(path=REDIS_DATABASE).geturl()
    with redis.Redis.from_url(redis_url) as client:
        client.flushdb()
    with contextlib.ExitStack() as stack:
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "DJANGO_ENV": "production",
            "SECRET_KEY": secrets.token_urlsafe(60),
            "ALLOWED_HOSTS": HOST,
            "PUBLIC_URL": f"https://{HOST}",
            "BEHIND_TLS_PROXY": "true",
            "DATABASE_URL": stack.enter_context(_database(os.environ["DATABASE_URL"])),
            "REDIS_URL": redis_url,
            "BANK_DATA_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "EMAIL_URL": "smtp://localhost:9",
            "MEDIA_ROOT": str(folder / "media"),
            "STATIC_ROOT": str(folder / "static"),
            "BIND": f"127.0.0.1:{port}",
            "WEB_CONCURRENCY": "2",
            "WORKER_CONCURRENCY": "1",
        }
        for command, kind in (
            ("migrate --noinput", "production"),
            ("collectstatic --noinput --verbosity 0", "production"),
            # Production refuses the demonstration's public password: the data is loaded as a developer.
            ("loaddemo", "development"),
        ):
            ended = subprocess.run(
                [sys.executable, "manage.py", *command.split()],
                cwd=PROJECT,
                env=environment | {"DJANGO_ENV": kind},
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 0, f"{command}:\n{ended.stderr[-4000:]}"
        deployment = Deployment(f"http://127.0.0.1:{port}", folder)
        children = {
            name: stack.enter_context(
                process(
                    ["sh", "-c", f"exec {command}"],
                    environment=environment,
                    folder=PROJECT,
                    log=folder / f"{name}.log",
                )
            )
            for name, command in procfile().items()
        }

        def web_answers() -> bool:
            try:
                return deployment.visitor().get("/sante/").status == 200
            except urllib.error.URLError:
                return False

        def says(name: str, words: str) -> bool:
            return words in (folder / f"{name}.log").read_text(errors="replace")

        ready = {
            "web": web_answers,
            "worker": lambda: says("worker", " ready."),
            "beat": lambda: says("beat", "beat: Starting"),
        }
        for name, child in children.items():
            wait_until(ready[name], what=name, child=child, log=folder / f"{name}.log", seconds=60)
        yield deployment


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def editor(deployment: Deployment) -> Visitor:
    """The editor of the department of Isère, signed in through the form."""
    with (PROJECT / "fixtures/demo/accounts.toml").open("rb") as file:
        demonstration = tomllib.load(file)
    account = next(
        account
        for account in demonstration["accounts"]
        if account["institution"] == {"kind": "council", "territory": "38"} and account["role"] == "editor"
    )
    visitor = deployment.visitor()
    answer = visitor.submit(
        "/connexion/", {"username": account["email"], "password": demonstration["password"]}
    )
    assert answer.status == 302, answer.text
    assert answer.location == "/"
    return visitor


def test_the_procfile_names_the_three_kinds_of_processes() -> None:
    assert sorted(procfile()) == ["beat", "web", "worker"]


def test_a_page_asks_to_sign_in_and_carries_the_protections(deployment: Deployment) -> None:
    visitor = deployment.visitor()
    refused = visitor.get("/")
    assert refused.status == 302
    assert refused.location == f"/connexion/?next={quote('/')}"
    page = visitor.get("/connexion/")
    assert page.status == 200
    assert "max-age=" in page.headers["Strict-Transport-Security"]
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    cookie = page.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie


def test_every_asset_of_a_page_is_served_under_a_name_that_changes_with_it(deployment: Deployment) -> None:
    visitor = deployment.visitor()
    page = visitor.get("/connexion/").text
    assets = re.findall(r'(?:src|href)="(/static/[^"?#]+\.(?:css|js))"', page)
    assert assets
    for path in assets:
        answer = visitor.get(path)
        assert answer.status == 200, path
        assert "immutable" in answer.headers["Cache-Control"], path


def test_another_name_of_the_site_is_refused(deployment: Deployment) -> None:
    assert Visitor(deployment.origin, "evil.example.org").get("/connexion/").status == 400


def test_plain_http_is_sent_to_tls(deployment: Deployment) -> None:
    answer = Visitor(deployment.origin, HOST, scheme="http").get("/connexion/")
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{HOST}/connexion/"


def test_a_signed_in_person_sees_the_home_page(editor: Visitor) -> None:
    assert editor.get("/").status == 200


def test_a_worker_renders_the_contract_that_a_person_asks_for_and_downloads(
    deployment: Deployment, editor: Visitor
) -> None:
    asked = editor.submit("/contrats/38-2022/document/", {}, to="/contrats/38-2022/document/produire/")
    assert asked.status == 302, asked.text
    job = asked.location

    file = editor.get(f"{job}telecharger/")
    deadline = time.monotonic() + RENDER_SECONDS
    while file.status == 404 and time.monotonic() < deadline:
        time.sleep(0.5)
        assert editor.get(f"{job}avancement/").status == 200
        file = editor.get(f"{job}telecharger/")

    assert file.status == 200, (deployment.logs / "worker.log").read_text()[-4000:]
    assert file.headers["Content-Type"] == "application/pdf"
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(file.body)).pages)
    assert "Isère" in text
    # By a worker, not by the process that serves the pages.
    assert "run_job" in (deployment.logs / "worker.log").read_text()
    assert deployment.visitor().get(f"{job}telecharger/").status == 302
