"""Starts the servers that the suite needs, in a temporary folder, and stops them whatever happens.

    python -m tests.services -- COMMAND…     runs COMMAND with DATABASE_URL and REDIS_URL set

A variable that the caller has set is left alone and its server is not started. PostgreSQL listens on a socket
file in the folder, Redis on a free port of this machine; both ask for a random password. The servers end
with the command, on SIGINT, SIGTERM and SIGHUP, and also when this process is killed: each has asked the
kernel for a signal at the death of its parent.
"""

import contextlib
import ctypes
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from urllib.parse import quote, urlsplit

import psycopg
import redis

PROJECT = Path(__file__).resolve().parent.parent
# Ten times what a quiet machine takes: a busy one is no failure.
START_SECONDS = 120
STOP_SECONDS = 10
PR_SET_PDEATHSIG = 1
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_libc = ctypes.CDLL(None)


class ServiceError(Exception):
    """A server is missing or does not start; the message says what to do."""


# --- Processes ---------------------------------------------------------------------------------------------


def _ask_to_die_with_parent(death_signal: signal.Signals, parent: int) -> Callable[[], None]:
    def in_the_child() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
        # The parent may have died before the line above.
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return in_the_child


@contextlib.contextmanager
def process(
    argv: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    user: str | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    death_signal: signal.Signals = signal.SIGKILL,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a session of its own, whose output goes to `log`; it and its children end with the block.

    `stop_signal` asks it to end in order; `death_signal` is what the kernel sends if this process dies first.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            argv,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
            preexec_fn=_ask_to_die_with_parent(death_signal, os.getpid()),
        )
    try:
        yield child
    finally:
        stop(child, stop_signal)


def stop(child: subprocess.Popen[bytes], stop_signal: signal.Signals = signal.SIGTERM) -> None:
    """End a process in order, then by force, with whatever is left of its session."""
    if child.poll() is None:
        child.send_signal(stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait(STOP_SECONDS)


def wait_until(
    answers: Callable[[], bool],
    *,
    what: str,
    child: subprocess.Popen[bytes],
    log: Path,
    seconds: float = START_SECONDS,
) -> None:
    """Return once `answers()` is true; raise `ServiceError` with the end of the log if it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answers():
            return
        if child.poll() is not None:
            raise ServiceError(f"{what} ended at once (code {child.returncode}):\n{_end_of(log)}")
        time.sleep(0.05)
    raise ServiceError(f"{what} did not answer within {seconds} seconds:\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:]) if log.exists() else ""


def free_port() -> int:
    """A TCP port of this machine that nothing uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: the account to use instead, or None when we are not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise ServiceError(
        "neither the account « postgres » nor « nobody » exists to run PostgreSQL without root."
    )


def _own_folder(folder: Path, name: str, user: str | None) -> Path:
    own = folder / name
    own.mkdir(mode=0o700)
    if user:
        shutil.chown(own, user, pwd.getpwnam(user).pw_gid)
    return own


# --- Servers -----------------------------------------------------------------------------------------------


def postgresql_binaries() -> Path:
    """The folder of initdb and postgres: the one of PATH, or Debian's newest."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    installed = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True
    )
    if not installed:
        raise ServiceError(
            "PostgreSQL is not installed: run « make system » as root, or set DATABASE_URL to your server."
        )
    return installed[0].parent


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL server of its own under `folder`; gives its DATABASE_URL (a superuser's)."""
    binaries = postgresql_binaries()
    user = _unprivileged_user()
    home = _own_folder(folder, "postgresql", user)
    password = secrets.token_urlsafe(24)
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(home)}
    log = folder / "postgresql.log"
    password_file = home / "password"
    password_file.write_text(password)
    if user:
        shutil.chown(password_file, user)
    password_file.chmod(0o600)
    created = subprocess.run(
        [
            binaries / "initdb",
            f"--pgdata={home / 'data'}",
            "--username=cdppe",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # The order of French names, as in docker-compose.yml.
            "--locale-provider=icu",
            "--icu-locale=fr-FR",
            "--no-sync",
        ],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
        user=user,
        extra_groups=[] if user else None,
        group=pwd.getpwnam(user).pw_gid if user else None,
    )
    if created.returncode:
        raise ServiceError(f"initdb failed:\n{created.stdout}{created.stderr}")
    options = {
        "listen_addresses": "",
        "unix_socket_directories": str(home),
        # Nothing here outlives the run: no waiting for the disk.
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "100",
    }
    argv = [str(binaries / "postgres"), "-D", str(home / "data")]
    for name, value in options.items():
        argv += ["-c", f"{name}={value}"]

    def answers() -> bool:
        try:
            with psycopg.connect(
                host=str(home), user="cdppe", password=password, dbname="postgres", autocommit=True
            ) as connection:
                connection.execute("CREATE DATABASE cdppe")
        except psycopg.OperationalError:
            return False
        return True

    with process(
        argv,
        environment=environment,
        folder=home,
        log=log,
        user=user,
        # Fast shutdown, and immediate shutdown: both end its children.
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGQUIT,
    ) as child:
        wait_until(answers, what="PostgreSQL", child=child, log=log)
        yield f"postgres://cdppe:{password}@/cdppe?host={quote(str(home))}"


@contextlib.contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis server of its own under `folder`; gives its REDIS_URL."""
    binary = shutil.which("redis-server")
    if not binary:
        raise ServiceError(
            "Redis is not installed: run « make system » as root, or set REDIS_URL to your server."
        )
    user = _unprivileged_user()
    home = _own_folder(folder, "redis", user)
    password = secrets.token_urlsafe(24)
    port = free_port()
    log = folder / "redis.log"
    configuration = home / "redis.conf"
    configuration.write_text(
        f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {home}\nsave ""\nappendonly no\n'
    )
    if user:
        shutil.chown(configuration, user)
    configuration.chmod(0o600)
    client = redis.Redis(port=port, password=password, socket_connect_timeout=1, socket_timeout=1)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False

    with process(
        [binary, str(configuration)], environment=os.environ, folder=home, log=log, user=user
    ) as child:
        wait_until(answers, what="Redis", child=child, log=log)
        client.close()
        yield f"redis://:{password}@127.0.0.1:{port}/0"


@contextlib.contextmanager
def celery_worker(folder: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker as in production, on the servers that `environment` names; ready when given."""
    log = folder / f"worker-{secrets.token_hex(4)}.log"
    argv = [
        *(sys.executable, "-m", "celery", "--app=cdppe", "worker", "--concurrency=1", "--loglevel=INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    with process(
        argv, environment=environment, folder=PROJECT, log=log, death_signal=signal.SIGQUIT
    ) as child:
        wait_until(
            lambda: re.search(r"celery@\S+ ready", log.read_text(errors="replace")) is not None,
            what="the Celery worker",
            child=child,
            log=log,
        )
        yield child


def database_url(settings: Mapping[str, object], original: str) -> str:
    """The DATABASE_URL of a database that Django is connected to (`connection.settings_dict`).

    `original` is the URL of the same server, whose database name is replaced by that of the test database.
    """
    if str(settings["ENGINE"]).endswith("sqlite3"):
        return f"sqlite:///{settings['NAME']}"
    return urlsplit(original)._replace(path=f"/{settings['NAME']}").geturl()


# --- Command -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def missing_servers(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of this process, completed with servers of our own for what it does not name."""
    environment = dict(os.environ)
    with contextlib.ExitStack() as servers:
        if not environment.get("DATABASE_URL"):
            environment["DATABASE_URL"] = servers.enter_context(postgresql(folder))
        if not environment.get("REDIS_URL"):
            environment["REDIS_URL"] = servers.enter_context(redis_server(folder))
        yield environment


class _Interrupted(BaseException):
    """A signal asks this process to end."""

    def __init__(self, number: int) -> None:
        self.number = number


def _interrupt(number: int, _frame: FrameType | None) -> None:
    # Once is enough: a second signal must not cut the clean-up short.
    for ended in ENDING_SIGNALS:
        signal.signal(ended, signal.SIG_IGN)
    raise _Interrupted(number)


def _run(argv: Sequence[str], environment: Mapping[str, str]) -> int:
    child = subprocess.Popen(
        argv, env=dict(environment), preexec_fn=_ask_to_die_with_parent(signal.SIGKILL, os.getpid())
    )
    try:
        return child.wait()
    except _Interrupted as interruption:
        # From a terminal the command has had the signal too; otherwise it is told. pytest tears its fixtures
        # down on SIGINT only.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(2 if interruption.number == signal.SIGINT else 0)
        child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_SECONDS)
        child.kill()
        child.wait()
        return 128 + interruption.number


def main(arguments: Sequence[str]) -> int:
    """Run the command after `--`; its exit code, or 3 with a sentence when a server is missing."""
    if len(arguments) < 2 or arguments[0] != "--":
        sys.stderr.write("usage: python -m tests.services -- COMMAND…\n")
        return 2
    for number in ENDING_SIGNALS:
        signal.signal(number, _interrupt)
    folder = Path(tempfile.mkdtemp(prefix="cdppe-services-"))
    # The unprivileged account passes through; what is inside is its own.
    folder.chmod(0o711)
    try:
        with missing_servers(folder) as environment:
            return _run(arguments[1:], environment)
    except _Interrupted as interruption:
        return 128 + interruption.number
    except ServiceError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
