"""Reads settings from the environment and refuses what it does not understand.

Every problem is kept with the NAME of its variable and what is accepted; `Environment.check()` raises them
all at once, so that a wrong deployment is repaired in one go. A value that may hold a secret is never
repeated in a message.

    env = Environment(os.environ)
    debug = env.flag("DEBUG", default=False)
    env.check()
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

TRUE_WORDS = ("true", "yes", "on", "1")
FALSE_WORDS = ("false", "no", "off", "0")

# A name or an address as the Host header of a request gives it; a leading dot stands for every name below.
_HOST = re.compile(r"\.?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]|\*")
_MAIL_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+|[^<>@]+ <[^@\s<>]+@[^@\s<>]+>")


class ConfigurationError(Exception):
    """The environment is wrong; `problems` holds one sentence for each variable concerned."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"The environment is not usable as it is:\n{lines}")


@dataclass(frozen=True)
class Database:
    """Where the data lives. `engine` is "sqlite" or "postgresql"; `options` goes to the driver as it is."""

    engine: str
    name: str
    user: str = ""
    password: str = ""
    host: str = ""
    port: int | None = None
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class MailServer:
    """How mail leaves. `security` is "none", "starttls" or "tls"; `kind` is "smtp" or "console"."""

    kind: str
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    security: str = "none"


class Environment:
    """One reading of the environment. An empty variable counts as a missing one."""

    def __init__(self, source: Mapping[str, str]) -> None:
        self._source = source
        self.problems: list[str] = []

    def check(self) -> None:
        """Raise `ConfigurationError` with every problem met so far; say nothing when there is none."""
        if self.problems:
            raise ConfigurationError(self.problems)

    def refuse(self, name: str, sentence: str) -> None:
        """Note a problem of the variable `name`."""
        self.problems.append(f"{name}: {sentence}")

    def text(self, name: str, *, default: str) -> str:
        """The value without surrounding blanks, or the default."""
        return self._source.get(name, "").strip() or default

    def choice(self, name: str, *, accepted: Sequence[str], default: str) -> str:
        """One of the accepted words, exactly as written."""
        value = self.text(name, default=default)
        if value not in accepted:
            self.refuse(name, f"« {value} » is not accepted; write one of {', '.join(accepted)}.")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """A yes or a no."""
        value = self.text(name, default="true" if default else "false").lower()
        if value in TRUE_WORDS:
            return True
        if value in FALSE_WORDS:
            return False
        self.refuse(
            name,
            f"« {value} » is neither yes nor no; write one of {', '.join(TRUE_WORDS + FALSE_WORDS)}.",
        )
        return default

    def integer(self, name: str, *, default: int, minimum: int, maximum: int) -> int:
        """A whole number between two bounds, both accepted."""
        value = self.text(name, default=str(default))
        accepted = f"a whole number from {minimum} to {maximum}"
        if not (value.isascii() and value.isdigit()):
            self.refuse(name, f"« {value} » is not accepted; write {accepted}.")
            return default
        if not minimum <= int(value) <= maximum:
            self.refuse(name, f"{value} is out of bounds; write {accepted}.")
            return default
        return int(value)

    def words(self, name: str, *, default: Sequence[str]) -> list[str]:
        """A list separated by commas; blanks around each item are ignored."""
        return [
            item.strip() for item in self.text(name, default=",".join(default)).split(",") if item.strip()
        ]

    def hosts(self, name: str, *, default: Sequence[str]) -> list[str]:
        """Names of hosts separated by commas: no scheme, no port, no path."""
        values = self.words(name, default=default)
        for value in values:
            if not _HOST.fullmatch(value):
                self.refuse(
                    name,
                    f"« {value} » is not the name of a host; write names such as cdppe.example.org, without"
                    " scheme, port or path, separated by commas.",
                )
        return values

    def mail_address(self, name: str, *, default: str) -> str:
        """One address for mail, with or without a name before it: `CDPPE <name@example.org>`."""
        value = self.text(name, default=default)
        if not _MAIL_ADDRESS.fullmatch(value):
            self.refuse(
                name,
                f"« {value} » is not a mail address; write name@example.org or CDPPE <name@example.org>.",
            )
            return default
        return value

    def optional_mail_address(self, name: str) -> str:
        """One address for mail, as `mail_address` reads it; empty when the variable is."""
        return self.mail_address(name, default="") if self.text(name, default="") else ""

    def folder(self, name: str, *, default: Path, base: Path) -> Path:
        """A folder, which may not exist yet; a relative path starts at `base`."""
        path = base / self.text(name, default=str(default))
        if path.exists() and not path.is_dir():
            self.refuse(name, f"« {path} » is a file; write the path of a folder.")
        return path

    def optional_folder(self, name: str, *, base: Path) -> Path | None:
        """An existing folder, or None when the variable is empty; a relative path starts at `base`."""
        value = self.text(name, default="")
        if not value:
            return None
        path = base / value
        if not path.is_dir():
            self.refuse(name, f"« {path} » is not a folder; write the path of an existing folder.")
        return path

    def web_url(self, name: str, *, default: str) -> str:
        """An http or https address without a path, such as https://cdppe.example.org."""
        value = self.text(name, default=default)
        parts = self._split(name, value, accepted="an address such as https://cdppe.example.org")
        if parts is None:
            return default
        if not _is_origin(parts):
            self.refuse(
                name,
                f"« {value} » is not accepted; write an address such as https://cdppe.example.org.",
            )
            return default
        return value.rstrip("/")

    def origins(self, name: str, *, default: Sequence[str]) -> list[str]:
        """Origins separated by commas, each with its scheme."""
        values = self.words(name, default=default)
        for value in values:
            if "://" not in value:
                self.refuse(name, f"« {value} » has no scheme; write for instance https://{value}.")
                continue
            parts = self._split(name, value, accepted="an address such as https://cdppe.example.org")
            if parts is not None and (parts.path or not _is_origin(parts)):
                self.refuse(
                    name,
                    f"« {value} » is not an origin; write addresses such as https://cdppe.example.org,"
                    " without a path.",
                )
        return values

    def database(self, name: str, *, default: str, base: Path) -> Database:
        """`sqlite:///file` or `postgres://user:password@host:port/name`.

        The SQLite file is relative to `base`, or absolute with a fourth slash. A PostgreSQL socket folder is
        written `postgres://user@/name?host=/folder`; other query items are options of the driver, such as
        `sslmode=verify-full`.
        """
        accepted = "sqlite:///file.sqlite3 or postgres://user:password@host:5432/name"
        value = self.text(name, default=default)
        parts = self._split(name, value, accepted=accepted)
        if parts is None:
            return Database("sqlite", ":memory:")
        if parts.scheme == "sqlite":
            file = unquote(parts.path.removeprefix("/"))
            if parts.netloc or not file:
                self.refuse(name, f"the address of the SQLite file is not understood; write {accepted}.")
            return Database("sqlite", file if file == ":memory:" else str(base / file))
        if parts.scheme in ("postgres", "postgresql"):
            options = dict(parse_qsl(parts.query))
            database = unquote(parts.path.removeprefix("/"))
            host = parts.hostname or options.pop("host", "")
            if not database or not host:
                self.refuse(name, f"the host or the name of the database is missing; write {accepted}.")
            return Database(
                "postgresql",
                name=database,
                user=unquote(parts.username or ""),
                password=unquote(parts.password or ""),
                host=host,
                port=parts.port,
                options=tuple(sorted(options.items())),
            )
        self.refuse(name, f"the kind « {parts.scheme} » is not accepted; write {accepted}.")
        return Database("sqlite", ":memory:")

    def redis(self, name: str) -> str:
        """A Redis address, or "" when there is none."""
        value = self.text(name, default="")
        accepted = "redis://:password@host:6379/0 or rediss:// for TLS"
        parts = self._split(name, value, accepted=accepted) if value else None
        if parts is None:
            return ""
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            self.refuse(name, f"this is not the address of a Redis server; write {accepted}.")
            return ""
        return value

    def clamd(self, name: str) -> str:
        """The address of a ClamAV daemon, or "" when there is none."""
        value = self.text(name, default="")
        accepted = "tcp://host:3310 or unix:///run/clamav/clamd.ctl"
        parts = self._split(name, value, accepted=accepted) if value else None
        if parts is None:
            return ""
        by_tcp = parts.scheme == "tcp" and bool(parts.hostname) and parts.path in ("", "/")
        by_socket = parts.scheme == "unix" and not parts.netloc and len(parts.path) > 1
        if not (by_tcp or by_socket):
            self.refuse(name, f"this is not the address of a ClamAV daemon; write {accepted}.")
            return ""
        return value

    def mail(self, name: str, *, default: str) -> MailServer:
        """`smtp://` (no encryption), `smtp+tls://` (STARTTLS), `smtps://` (TLS), or `console://`."""
        accepted = (
            "smtp+tls://user:password@host:587, smtps://user:password@host:465, smtp://host:25 or console://"
        )
        schemes = {"smtp": ("none", 25), "smtp+tls": ("starttls", 587), "smtps": ("tls", 465)}
        value = self.text(name, default=default)
        parts = self._split(name, value, accepted=accepted)
        if parts is None or parts.scheme == "console":
            return MailServer("console")
        if parts.scheme not in schemes or not parts.hostname:
            self.refuse(name, f"this is not the address of a mail server; write {accepted}.")
            return MailServer("console")
        security, port = schemes[parts.scheme]
        return MailServer(
            "smtp",
            host=parts.hostname,
            port=parts.port or port,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            security=security,
        )

    def fernet_keys(self, name: str, *, default: str) -> list[str]:
        """One or several Fernet keys separated by commas: the first encrypts, all decrypt."""
        keys = self.words(name, default=[default])
        for position, key in enumerate(keys, start=1):
            if not is_fernet_key(key):
                self.refuse(
                    name,
                    f"key {position} of {len(keys)} is not a Fernet key (32 bytes in URL-safe base64, so 44"
                    " characters); separate several keys by commas, the first encrypts.",
                )
        return keys

    def _split(self, name: str, value: str, *, accepted: str) -> SplitResult | None:
        try:
            parts = urlsplit(value)
            # Reading the port is what makes urlsplit check it.
            _ = parts.port
        except ValueError:
            self.refuse(name, f"the address is not well formed; write {accepted}.")
            return None
        return parts


def _is_origin(parts: SplitResult) -> bool:
    """Whether the address says http or https and a host, and nothing behind them."""
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return is_web and parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)


def is_fernet_key(value: str) -> bool:
    """Whether the text is 32 bytes in URL-safe base64."""
    try:
        return len(base64.b64decode(value.encode("ascii"), altchars=b"-_", validate=True)) == 32
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return False
