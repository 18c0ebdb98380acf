"""The readers of the environment: what they accept, and the sentence that refuses the rest."""

import base64
from pathlib import Path

import pytest

from cdppe.lib.env import ConfigurationError, Database, Environment, MailServer, is_fernet_key

BASE = Path("/base")


def _only_problem(env: Environment) -> str:
    with pytest.raises(ConfigurationError) as refusal:
        env.check()
    assert len(refusal.value.problems) == 1
    return refusal.value.problems[0]


def test_an_environment_that_was_understood_is_not_refused() -> None:
    env = Environment({"DEBUG": "true"})
    assert env.flag("DEBUG", default=False) is True
    env.check()


def test_every_problem_is_told_at_once() -> None:
    env = Environment({"DEBUG": "perhaps", "LOG_LEVEL": "LOUD", "PORT": "0"})
    env.flag("DEBUG", default=False)
    env.choice("LOG_LEVEL", accepted=("INFO", "ERROR"), default="INFO")
    env.integer("PORT", default=8000, minimum=1, maximum=65535)

    with pytest.raises(ConfigurationError) as refusal:
        env.check()

    message = str(refusal.value)
    assert "DEBUG: « perhaps » is neither yes nor no" in message
    assert "LOG_LEVEL: « LOUD » is not accepted; write one of INFO, ERROR." in message
    assert "PORT: 0 is out of bounds; write a whole number from 1 to 65535." in message


@pytest.mark.parametrize("word", ["true", "True", "YES", "on", "1", " true "])
def test_a_flag_says_yes_in_several_ways(word: str) -> None:
    assert Environment({"DEBUG": word}).flag("DEBUG", default=False) is True


@pytest.mark.parametrize("word", ["false", "No", "off", "0"])
def test_a_flag_says_no_in_several_ways(word: str) -> None:
    assert Environment({"DEBUG": word}).flag("DEBUG", default=True) is False


def test_an_empty_variable_counts_as_a_missing_one() -> None:
    env = Environment({"DEBUG": "", "NAME": "  "})
    assert env.flag("DEBUG", default=True) is True
    assert env.text("NAME", default="default") == "default"


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "²", "٣"])
def test_a_number_is_written_with_plain_digits(value: str) -> None:
    env = Environment({"PORT": value})
    assert env.integer("PORT", default=8000, minimum=1, maximum=65535) == 8000
    assert "write a whole number from 1 to 65535" in _only_problem(env)


def test_a_list_is_separated_by_commas() -> None:
    env = Environment({"ALLOWED_HOSTS": " a.example.org, ,b.example.org"})
    assert env.words("ALLOWED_HOSTS", default=()) == ["a.example.org", "b.example.org"]


def test_a_relative_folder_starts_at_the_project() -> None:
    env = Environment({"MEDIA_ROOT": "files", "STATIC_ROOT": "/srv/static"})
    assert env.folder("MEDIA_ROOT", default=Path("var"), base=BASE) == Path("/base/files")
    assert env.folder("STATIC_ROOT", default=Path("var"), base=BASE) == Path("/srv/static")
    env.check()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    env = Environment({"MEDIA_ROOT": "file"})
    env.folder("MEDIA_ROOT", default=Path("var"), base=tmp_path)
    assert _only_problem(env) == f"MEDIA_ROOT: « {tmp_path}/file » is a file; write the path of a folder."


def test_a_host_is_a_name_or_an_address() -> None:
    names = ["cdppe.example.org", ".example.org", "127.0.0.1", "[::1]", "localhost", "*"]
    env = Environment({"ALLOWED_HOSTS": ",".join(names)})
    assert env.hosts("ALLOWED_HOSTS", default=()) == names
    env.check()


@pytest.mark.parametrize(
    "value", ["https://cdppe.example.org", "cdppe.example.org:443", "cdppe.example.org/", "a b", "a;b", "-"]
)
def test_what_no_request_can_ask_for_is_no_host(value: str) -> None:
    env = Environment({"ALLOWED_HOSTS": f"localhost,{value}"})
    env.hosts("ALLOWED_HOSTS", default=())
    assert _only_problem(env).startswith(f"ALLOWED_HOSTS: « {value} » is not the name of a host; write names")


@pytest.mark.parametrize("value", ["cdppe@example.org", "CDPPE – contrats <cdppe@example.org>"])
def test_a_mail_address_may_have_a_name_before_it(value: str) -> None:
    env = Environment({"DEFAULT_FROM_EMAIL": value})
    assert env.mail_address("DEFAULT_FROM_EMAIL", default="a@b") == value
    env.check()


@pytest.mark.parametrize("value", ["example.org", "a@b@c", "CDPPE cdppe@example.org", "<cdppe@example.org>"])
def test_what_is_no_mail_address_is_refused(value: str) -> None:
    env = Environment({"DEFAULT_FROM_EMAIL": value})
    assert env.mail_address("DEFAULT_FROM_EMAIL", default="a@b") == "a@b"
    assert _only_problem(env).startswith(f"DEFAULT_FROM_EMAIL: « {value} » is not a mail address; write ")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///var/x.sqlite3", Database("sqlite", "/base/var/x.sqlite3")),
        ("sqlite:////srv/x.sqlite3", Database("sqlite", "/srv/x.sqlite3")),
        ("sqlite:///:memory:", Database("sqlite", ":memory:")),
        (
            "postgres://anne:p%40ss@db:5433/cdppe",
            Database("postgresql", "cdppe", "anne", "p@ss", "db", 5433),
        ),
        (
            "postgresql://anne@db/cdppe?sslmode=verify-full",
            Database("postgresql", "cdppe", "anne", host="db", options=(("sslmode", "verify-full"),)),
        ),
        (
            "postgres://anne@/cdppe?host=/run/postgresql",
            Database("postgresql", "cdppe", "anne", host="/run/postgresql"),
        ),
    ],
)
def test_the_address_of_a_database_is_read(url: str, expected: Database) -> None:
    env = Environment({"DATABASE_URL": url})
    assert env.database("DATABASE_URL", default="sqlite:///x", base=BASE) == expected
    env.check()


@pytest.mark.parametrize(
    "url",
    [
        "mysql://anne:secret@db/cdppe",
        "postgres://anne:secret@db",
        "postgres:///cdppe",
        "postgres://anne:secret@db:port/cdppe",
        "sqlite://x.sqlite3",
        "sqlite:///",
        "anne:secret",
        "postgres://anne:secret@[db/cdppe",
    ],
)
def test_a_wrong_database_is_refused_without_repeating_its_password(url: str) -> None:
    env = Environment({"DATABASE_URL": url})
    env.database("DATABASE_URL", default="sqlite:///x", base=BASE)
    problem = _only_problem(env)
    assert problem.startswith("DATABASE_URL: ")
    assert "write sqlite:///file.sqlite3 or postgres://user:password@host:5432/name" in problem
    assert "secret" not in problem


def test_no_redis_is_an_empty_address() -> None:
    env = Environment({})
    assert env.redis("REDIS_URL") == ""
    env.check()


@pytest.mark.parametrize(
    "url", ["http://:secret@redis", "redis://", "redis:secret", "redis://:secret@redis:x/0"]
)
def test_a_wrong_redis_is_refused_without_repeating_its_password(url: str) -> None:
    env = Environment({"REDIS_URL": url})
    assert env.redis("REDIS_URL") == ""
    problem = _only_problem(env)
    assert "write redis://:password@host:6379/0" in problem
    assert "secret" not in problem


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("console://", MailServer("console")),
        ("smtp://mail", MailServer("smtp", "mail", 25)),
        ("smtp+tls://a:b%3A@mail", MailServer("smtp", "mail", 587, "a", "b:", "starttls")),
        ("smtps://a:b@mail:2465", MailServer("smtp", "mail", 2465, "a", "b", "tls")),
    ],
)
def test_the_address_of_a_mail_server_is_read(url: str, expected: MailServer) -> None:
    env = Environment({"EMAIL_URL": url})
    assert env.mail("EMAIL_URL", default="console://") == expected
    env.check()


@pytest.mark.parametrize("url", ["imap://a:secret@mail", "smtp://", "mail.example.org"])
def test_a_wrong_mail_server_is_refused(url: str) -> None:
    env = Environment({"EMAIL_URL": url})
    env.mail("EMAIL_URL", default="console://")
    problem = _only_problem(env)
    assert "this is not the address of a mail server; write smtp+tls://" in problem
    assert "secret" not in problem


@pytest.mark.parametrize(
    "url",
    [
        "cdppe.example.org",
        "ftp://x",
        "https://x/path",
        "https://",
        "https://[x",
        "https://x?a=1",
        "https://x#a",
        "https://anne@x",
    ],
)
def test_the_public_address_is_a_web_address_without_path(url: str) -> None:
    env = Environment({"PUBLIC_URL": url})
    assert env.web_url("PUBLIC_URL", default="http://localhost") == "http://localhost"
    assert _only_problem(env).startswith("PUBLIC_URL: ")


def test_the_public_address_loses_its_last_slash() -> None:
    env = Environment({"PUBLIC_URL": "https://cdppe.example.org/"})
    assert env.web_url("PUBLIC_URL", default="http://localhost") == "https://cdppe.example.org"


def test_an_origin_has_a_scheme() -> None:
    env = Environment({"CSRF_TRUSTED_ORIGINS": "https://a.example.org,b.example.org"})
    env.origins("CSRF_TRUSTED_ORIGINS", default=[])
    assert _only_problem(env) == (
        "CSRF_TRUSTED_ORIGINS: « b.example.org » has no scheme; write for instance https://b.example.org."
    )


@pytest.mark.parametrize("value", ["https://x/", "https://x/a", "ftp://x", "https://", "https://x?a"])
def test_an_origin_has_nothing_behind_its_host(value: str) -> None:
    env = Environment({"CSRF_TRUSTED_ORIGINS": value})
    env.origins("CSRF_TRUSTED_ORIGINS", default=[])
    assert _only_problem(env).startswith(
        f"CSRF_TRUSTED_ORIGINS: « {value} » is not an origin; write addresses"
    )


def test_several_fernet_keys_are_read_in_order() -> None:
    first, second = (base64.urlsafe_b64encode(bytes([number]) * 32).decode() for number in (1, 2))
    env = Environment({"BANK_DATA_KEY": f"{first}, {second}"})
    assert env.fernet_keys("BANK_DATA_KEY", default=first) == [first, second]
    env.check()


def test_a_wrong_fernet_key_is_named_by_its_position_and_not_repeated() -> None:
    good = base64.urlsafe_b64encode(bytes(32)).decode()
    env = Environment({"BANK_DATA_KEY": f"{good},not-a-key"})
    env.fernet_keys("BANK_DATA_KEY", default=good)
    problem = _only_problem(env)
    assert problem.startswith("BANK_DATA_KEY: key 2 of 2 is not a Fernet key")
    assert "not-a-key" not in problem


@pytest.mark.parametrize(
    "value", ["", "é" * 44, "A" * 44, "A" * 43 + "=A", base64.b64encode(b"x" * 31).decode()]
)
def test_what_is_not_thirty_two_bytes_is_no_fernet_key(value: str) -> None:
    assert not is_fernet_key(value)


@pytest.mark.parametrize(
    "value",
    ["tcp://clamav", "tcp://127.0.0.1:3310", "unix:///run/clamav/clamd.ctl", ""],
)
def test_an_antivirus_is_reached_by_tcp_or_by_a_socket(value: str) -> None:
    env = Environment({"CLAMD_URL": value})
    assert env.clamd("CLAMD_URL") == value
    env.check()


@pytest.mark.parametrize(
    "value", ["clamav:3310", "http://clamav", "unix://run/x", "tcp://", "tcp://clamav:x"]
)
def test_another_address_of_an_antivirus_is_refused(value: str) -> None:
    env = Environment({"CLAMD_URL": value})
    assert env.clamd("CLAMD_URL") == ""
    with pytest.raises(ConfigurationError, match="CLAMD_URL"):
        env.check()


def test_an_optional_folder_exists_or_is_not_named(tmp_path: Path) -> None:
    assert Environment({}).optional_folder("ROOTS", base=tmp_path) is None
    assert Environment({"ROOTS": "."}).optional_folder("ROOTS", base=tmp_path) == tmp_path
    env = Environment({"ROOTS": "nulle-part"})
    env.optional_folder("ROOTS", base=tmp_path)
    with pytest.raises(ConfigurationError, match="ROOTS"):
        env.check()
