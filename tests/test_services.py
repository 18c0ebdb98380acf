"""The servers of the suite end with it, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cdppe.celery import app as celery_app
from tests.services import PROJECT

pytestmark = pytest.mark.fault


def _processes_of(folder: Path) -> list[str]:
    """Command lines of the processes whose working folder is under `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if Path(str((entry / "cwd").readlink()).removesuffix(" (deleted)")).is_relative_to(folder):
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                # It ended in between, or belongs to somebody else.
                continue
    return found


def _nothing_left(folder: Path) -> bool:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if not _processes_of(folder):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_no_server_outlives_the_command_that_started_it(number: signal.Signals, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
    }
    command = ["sh", "-c", f"echo $DATABASE_URL > {ready}.part; mv {ready}.part {ready}; exec sleep 600"]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.services", "--", *command], cwd=PROJECT, env=environment
    ) as wrapper:
        deadline = time.monotonic() + 60
        while not ready.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        folder = Path(ready.read_text().strip().split("host=")[1].replace("%2F", "/")).parent
        assert any("postgres" in line for line in _processes_of(folder))
        assert any("redis" in line for line in _processes_of(folder))

        wrapper.send_signal(number)
        wrapper.wait(30)

    assert _nothing_left(folder), _processes_of(folder)
    if number != signal.SIGKILL:
        assert wrapper.returncode == 128 + number
        assert not folder.exists()
    # Nobody is left to remove the folder of a killed run.
    shutil.rmtree(folder, ignore_errors=True)


def test_servers_that_the_caller_names_are_used_and_none_is_started() -> None:
    environment = dict(os.environ) | {"DATABASE_URL": "postgres://mine", "REDIS_URL": "redis://mine"}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.services", "--", "sh", "-c", "echo $DATABASE_URL $REDIS_URL; exit 7"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == "postgres://mine redis://mine\n"
    assert ended.returncode == 7


@pytest.mark.django_db(transaction=True)
def test_a_worker_of_the_suite_takes_the_tasks_of_the_site(celery_worker: None) -> None:
    answers = celery_app.control.ping(timeout=10)
    assert [list(answer.values()) for answer in answers] == [[{"ok": "pong"}]]
    registered = celery_app.control.inspect(timeout=10).registered()
    assert registered is not None
    names = {name for tasks in registered.values() for name in tasks}
    assert "cdppe.documents.tasks.requeue_lost_jobs" in names


def test_the_clock_calls_a_task_that_exists() -> None:
    celery_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in celery_app.conf.beat_schedule.values()}
    assert scheduled <= set(celery_app.tasks)
