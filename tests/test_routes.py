"""Every route of the site is in the table of tests/routes.py, and answers each person as the table says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.routes import EXCLUDED_NAMESPACES, PEOPLE, ROUTES, Route, World, make_world

SIGN_IN = "/connexion/"


def named_routes(patterns: list[Any], namespace: str = "") -> Iterator[str]:
    """The full name of every pattern below `patterns`; the path of one that has no name."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = ":".join(part for part in (namespace, pattern.namespace) if part)
            if pattern.namespace not in EXCLUDED_NAMESPACES:
                yield from named_routes(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}:{pattern.name}" if pattern.name else f"nameless: {pattern.pattern}"


def test_every_route_of_the_site_is_in_the_table() -> None:
    of_the_site = set(named_routes(get_resolver().url_patterns))
    in_the_table = {route.name for route in ROUTES}
    assert of_the_site - in_the_table == set(), "routes that tests/routes.py does not name"
    assert in_the_table - of_the_site == set(), "rows of tests/routes.py whose route is gone"


def test_no_route_is_in_the_table_twice() -> None:
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))


def test_an_excluded_namespace_exists() -> None:
    namespaces = {
        pattern.namespace for pattern in get_resolver().url_patterns if isinstance(pattern, URLResolver)
    }
    assert set(EXCLUDED_NAMESPACES) <= namespaces


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """One world for all the cells, in a transaction that is rolled back at the end of the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_world()
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def clients(world: World) -> dict[str, Client]:
    """Each person's browser, signed in: even the disabled account's, whose session was open before."""
    browsers = {person: Client(raise_request_exception=False) for person in PEOPLE}
    for person, browser in browsers.items():
        user = world.person(person)
        if user is not None:
            browser.force_login(user)
    return browsers


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
@pytest.mark.parametrize("method", ["get", "post"])
def test_each_person_gets_what_the_table_says(
    route: Route, method: str, world: World, clients: dict[str, Client]
) -> None:
    url = reverse(route.name, kwargs=route.kwargs(world))
    differences = []
    for person, expected in route.expected(method).items():
        answer = _ask(clients[person], method, url, route.data(world) if method == "post" else {})
        if answer.status_code != expected:
            differences.append(f"{person}: {answer.status_code} instead of {expected} {_cause(answer)}")
        elif expected == 302 and not route.is_public and person in ("anonymous", "disabled"):
            assert answer.headers["Location"].startswith(SIGN_IN), (
                f"{person} is sent to {answer.headers['Location']}"
            )
    assert not differences, "\n".join([f"{method.upper()} {url}", *differences])


def _ask(browser: Client, method: str, url: str, data: dict[str, Any]) -> Any:
    """One request whose writes are rolled back; the session survives what the request did to it."""
    cookies = browser.cookies.copy()
    if method == "post":
        # As a browser does: the body of a form is never quite empty.
        data = {"csrfmiddlewaretoken": "not-checked"} | data
    with transaction.atomic():
        answer = getattr(browser, method)(url, data)
        transaction.set_rollback(True)
    browser.cookies = cookies
    return answer


def _cause(answer: Any) -> str:
    """The exception behind a status 500, to find it at once."""
    return repr(answer.exc_info[1]) if getattr(answer, "exc_info", None) else ""
