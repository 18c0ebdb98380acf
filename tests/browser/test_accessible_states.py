"""axe on every page of the site, and on a contract's pages in every state of its way, at 1280 and 375 px.

The pages are those of the table of routes (tests/routes.py), so that a new one is looked at without being
asked for; the states are walked through by the gestures themselves. One page of one browser for each test,
made narrow and wide again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from agreements.actions.assembly import inform_odpe, record_assembly
from agreements.actions.signatures import record_signature
from agreements.actions.way import propose_text
from cdppe.accounts.models import User
from contracts.workflow import ContractState
from tests.agreements.conftest import Table, make_table
from tests.browser.gestures import Check, SignIn
from tests.cast import make_cast
from tests.routes import ROUTES, World, make_world
from tests.states import put_in_state

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Look = Callable[[str], None]

SIZES = ({"width": 1280, "height": 900}, {"width": 375, "height": 812})
VISITORS, READERS = ("anonymous",), ("council_reader",)
WRITERS = ("council_editor", "prefect_editor", "dgcs_editor")
"""Who opens the pages of the table, each by the first who gets it; then those who only read."""
NO_PAGE = {
    "home:health": "a word for a machine",
    "documents:job-progress": "a piece of the page of the job",
    "funding:letters-progress": "a piece of the page of the publication",
    "agreements:campaign-amendments-progress": "a piece of the page of the amendments of the year",
    "agreements:signed-file-progress": "a piece of the page of the file",
    "contracts:compliance-line": "a piece of each page of the contract",
}


@pytest.fixture
def look(page_1280: Page, assert_accessible: Check) -> Iterator[Look]:
    """`look(path)`: axe looks at it wide and narrow; what it found anywhere fails the test at its end."""
    found: list[str] = []

    def at(path: str) -> None:
        answer = page_1280.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        for size in SIZES:
            page_1280.set_viewport_size(size)
            try:
                assert_accessible(page_1280)
            except AssertionError as violation:
                found.append(f"{path} at {size['width']} px: {violation}")

    yield at
    assert found == []


def sign_in_as(page: Page, email: str, signed_in: SignIn) -> None:
    page.context.clear_cookies()
    signed_in(page, email)


def pages_of(person: str, world: World, people: tuple[str, ...]) -> Iterator[str]:
    """The addresses of the table that `person` gets, and that nobody before them in `people` got."""
    before = people[: people.index(person)]
    for route in ROUTES:
        if route.get is None or route.name in NO_PAGE:
            continue
        expected = route.expected("get")
        if expected[person] == 200 and not any(expected[each] == 200 for each in before):
            yield reverse(route.name, kwargs=route.kwargs(world))


def is_page(page: Page, path: str) -> bool:
    """Whether the address gives a page, not a file to keep."""
    answer = page.request.get(path)
    kind = answer.headers.get("content-type", "")
    return kind.startswith("text/html") and "attachment" not in answer.headers.get("content-disposition", "")


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.parametrize(
    ("people", "least"),
    [(VISITORS, 5), (WRITERS, 80), (READERS, 30)],
    ids=["visitors", "who writes", "who reads"],
)
def test_every_page_of_the_table_of_routes_is_accessible(
    people: tuple[str, ...], least: int, page_1280: Page, look: Look, signed_in: SignIn
) -> None:
    world = make_world()
    seen = 0
    for person in people:
        if person != "anonymous":
            sign_in_as(page_1280, world.person(person).email, signed_in)
        for path in pages_of(person, world, people):
            if is_page(page_1280, path):
                look(path)
                seen += 1
    assert seen >= least


@pytest.fixture
def table(transactional_db: None) -> Table:
    """The three parties around a contract in which nothing blocks the signature."""
    return make_table(make_cast())


STATE_PARTS = ("", "accord/", "informations/", "fiches/")
"""What a contract shows otherwise in each state; in force and once ended, all of the following as well."""
SIGNED_PARTS = ("document/", "objectifs/", "versions/", "versions/1/", "transmissions/", "recherche/?q=zzz")
FORMS = {
    "odpe/",
    "assemblee/",
    "proposer/",
    "parties/N/",
    "parties/N/retirer/",
    "signatures/N/",
    "signatures/N/retirer/",
    "retour/correct-odpe/",
    "retour/correct-assembly/",
    "retour/send-back/",
    "retour/reopen/",
    "fichiers/",
}
"""The gestures of « Accord et signature » by their address, N for a party."""


def links_of(page: Page) -> list[str]:
    """The gestures that « Accord et signature » offers now."""
    found = page.locator(".cdppe-workspace__page a[href*='/accord/']").evaluate_all(
        "links => [...new Set(links.map(link => link.getAttribute('href')))]"
    )
    return [str(each) for each in found]


def test_every_state_of_the_way_and_each_of_its_forms_is_accessible(
    table: Table, page_1280: Page, look: Look, signed_in: SignIn
) -> None:
    contract, page = table.contract, page_1280
    base = f"/contrats/{contract.reference}/"
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    forms: set[str] = set()

    def look_around(*people: User, parts: tuple[str, ...] = STATE_PARTS) -> None:
        sign_in_as(page, people[0].email, signed_in)
        for part in parts:
            look(f"{base}{part}")
        for person in people:
            sign_in_as(page, person.email, signed_in)
            page.goto(f"{base}accord/")
            for address in links_of(page):
                form = re.sub(r"/\d+/", "/N/", address.removeprefix(f"{base}accord"))[1:]
                if form not in forms:
                    look(address)
                    forms.add(form)

    editor = table.cast.council_editor
    for state in (ContractState.DIAGNOSIS, ContractState.NEGOTIATION):
        put_in_state(contract, state, by=editor)
        look_around(editor)
    put_in_state(contract, ContractState.DRAFT, by=editor)
    look_around(editor)
    inform_odpe(contract, informed_on=yesterday, by=editor)
    look_around(editor)
    record_assembly(contract, number="2030-12", deliberated_on=yesterday, by=editor)
    look_around(editor)
    proposal = propose_text(contract, by=editor)
    look_around(editor, *table.signatories.values())
    table.agree(next(iter(table.parties)), proposal)
    look_around(editor, *table.signatories.values(), parts=("accord/",))
    for kind in list(table.parties)[1:]:
        table.agree(kind, proposal)
    look_around(editor)
    for party in table.parties.values():
        record_signature(
            proposal.version, party, signed_on=timezone.localdate(), by=table.cast.prefect_editor
        )
        look_around(editor, parts=("accord/",))
    assert table.stored().state == ContractState.IN_FORCE
    look_around(editor, parts=STATE_PARTS + SIGNED_PARTS)
    put_in_state(contract, ContractState.ENDED, by=editor)
    look_around(table.cast.council_reader, parts=STATE_PARTS + SIGNED_PARTS)
    assert forms == FORMS
