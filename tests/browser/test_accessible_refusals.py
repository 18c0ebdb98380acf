"""axe, and no sideways scroll, at 1280 and 375 px: every refused form, and a contract's less ordinary days.

The forms are those that tests/routes.py says are refused when they are sent empty, and the pages of the
workspace are those of its menu: a new route and a new part are looked at without a line here. Each test loads
its objects once, opens one page, lays it out at both widths, and tells everything that it found at its end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from agreements.actions.amendments import abandon_amendment, open_amendment
from agreements.actions.denunciations import Letter, denounce
from agreements.actions.versions import freeze_version
from agreements.models import VersionPurpose
from contracts.actions.takeovers import complete_takeover, mark_as_taken_over
from contracts.models import Contract
from contracts.workflow import ContractState
from contracts.workspace import parts
from tests.agreements.conftest import Table, make_table
from tests.agreements.pdfs import made_with
from tests.browser.gestures import Check, SignIn
from tests.cast import make_cast
from tests.factories import ActionSheetFactory
from tests.routes import ROUTES, World, make_world
from tests.states import put_in_state

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


SIGNED_PDF = made_with()
SIZES = ({"width": 1280, "height": 900}, {"width": 375, "height": 812})
SENDERS = ("council_editor", "dgcs_editor", "prefect_editor", "anonymous")
"""Who sends a form: the first of them whom the table says is refused for what it holds."""
SEND_EMPTY = """path => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = path;
    form.append(document.querySelector("[name=csrfmiddlewaretoken]").cloneNode());
    document.body.append(form);
    form.submit();
}"""


class Looker:
    """Looks at pages one after the other, and keeps what is wrong in `wrong`."""

    def __init__(self, page: Page, check: Check) -> None:
        self.page = page
        self._check = check
        self.wrong: list[str] = []

    def now(self, what: str) -> None:
        """The page as it is, wide then narrow."""
        for size in SIZES:
            self.page.set_viewport_size(size)
            try:
                self._check(self.page)
            except AssertionError as problem:
                self.wrong.append(f"{what} at {size['width']} px: {problem}")
        self.page.set_viewport_size(SIZES[0])

    def at(self, path: str) -> None:
        """The page at `path`, as it answers what is asked or refuses it."""
        answer = self.page.goto(path)
        assert answer is not None
        if answer.status in (200, 422):
            self.now(path)
        else:
            self.wrong.append(f"{path} answers {answer.status}")

    def refused(self, path: str, status: int = 422) -> None:
        """What `path` answers, with `status`, to a form sent empty from the page as it is."""
        with self.page.expect_navigation() as navigation:
            self.page.evaluate(SEND_EMPTY, path)
        if navigation.value.status == status:
            self.now(f"POST {path}")
        else:
            self.wrong.append(f"POST {path} answers {navigation.value.status} instead of {status}")


@pytest.fixture
def look(page_1280: Page, assert_accessible: Check) -> Iterator[Looker]:
    looker = Looker(page_1280, assert_accessible)
    yield looker
    assert not looker.wrong, "\n\n".join(looker.wrong)


def refused_addresses(world: World) -> dict[str, dict[str, int]]:
    """{sender: {address: status}}: every refused form, and one of the pages of a wrong state (all alike)."""
    found: dict[str, dict[str, int]] = {sender: {} for sender in SENDERS}
    wrong_state = False
    for route in ROUTES:
        expected = route.expected("post")
        sender = next((each for each in SENDERS if expected[each] in (409, 422)), None)
        if sender is None or (expected[sender] == 409 and wrong_state):
            continue
        wrong_state = wrong_state or expected[sender] == 409
        found[sender][reverse(route.name, kwargs=route.kwargs(world))] = expected[sender]
    return found


@pytest.mark.usefixtures("transactional_db")
def test_every_form_of_the_table_of_routes_is_accessible_when_it_is_refused(
    look: Looker, signed_in: SignIn
) -> None:
    world = make_world()
    addresses = refused_addresses(world)
    for sender, forms in addresses.items():
        look.page.context.clear_cookies()
        person = world.person(sender)
        if person is not None:
            signed_in(look.page, person.email)
        # Any page that carries the token of a form; a refused form carries its own.
        look.page.goto("/connexion/" if person is None else "/mon-compte/")
        for address, status in forms.items():
            look.refused(address, status)
            if not look.page.locator("[name=csrfmiddlewaretoken]").count():
                look.page.goto("/mon-compte/")
    assert sum(len(forms) for forms in addresses.values()) >= 40


# --- The less ordinary days of a contract ------------------------------------------------------------------


@pytest.fixture
def table(transactional_db: None) -> Table:
    """The three parties around a contract in which nothing blocks."""
    return make_table(make_cast())


def empty(table: Table) -> None:
    """Nothing was written yet: no party, no objective, no account."""
    table.contract.parties.all().delete()
    table.contract.bank_account.delete()
    put_in_state(table.contract, ContractState.DIAGNOSIS, by=table.cast.council_editor)


def being_amended(table: Table) -> None:
    table.walk_to(ContractState.IN_FORCE)
    fields = {"about": "Ajouter une action", "reason": "Un besoin nouveau."}
    open_amendment(table.contract, **fields, by=table.cast.council_editor)
    abandon_amendment(table.contract, reason="Trop tôt.", by=table.cast.council_editor)
    open_amendment(table.contract, **fields, by=table.cast.council_editor)
    ActionSheetFactory(contract=table.contract)


def denounced(table: Table) -> None:
    first = dt.date(timezone.localdate().year, 1, 1)
    put_in_state(table.contract, ContractState.IN_FORCE, by=table.cast.prefect_editor)
    Contract.objects.filter(pk=table.contract.pk).update(
        agreed_on=None, signed_on=first, effect_on=first, planned_effect_on=None
    )
    table.contract.refresh_from_db()
    letter = Letter(timezone.localdate(), "1A 200")
    letters = {table.parties[kind].pk: letter for kind in ("council", "ars")}
    denounce(table.contract, table.parties["prefecture"], letters=letters, by=table.cast.prefect_editor)


def taken_over(table: Table) -> None:
    put_in_state(table.contract, ContractState.NEGOTIATION, by=table.cast.council_editor)
    table.contract.refresh_from_db()
    mark_as_taken_over(table.contract, by=table.cast.council_editor)
    complete_takeover(
        table.contract,
        signed_on=timezone.localdate(),
        content=SIGNED_PDF,
        file_name="signé.pdf",
        by=table.cast.prefect_editor,
    )


@pytest.mark.parametrize(
    ("day", "others"),
    [
        (empty, ["recherche/?q=zzz", "fiches/nouvelle/"]),
        (
            being_amended,
            [
                "avenants/1/",
                "avenants/2/",
                "avenants/2/modifier/",
                "avenants/2/abandonner/",
                f"a-une-date/?le={timezone.localdate()}",
                "a-une-date/?le=hier",
                "versions/comparer/?de=1&a=2",
                "versions/comparer/?de=1&a=9",
                "fiches/1/",
                "mise-en-ligne/",
            ],
        ),
        (denounced, ["fin/denonciation/retirer/", "mise-en-ligne/"]),
        (taken_over, ["reprise/", "mise-en-ligne/"]),
    ],
    ids=["empty", "being amended", "denounced", "taken over"],
)
def test_every_part_of_the_menu_is_accessible(
    look: Looker, signed_in: SignIn, table: Table, day: Callable[[Table], None], others: list[str]
) -> None:
    day(table)
    freeze_version(table.contract, purpose=VersionPurpose.TRANSMISSION, label="Envoi", by=None)
    base = f"/contrats/{table.contract.reference}/"
    signed_in(look.page, table.cast.prefect_editor.email)
    for part in parts():
        look.at(reverse(part.route, args=[table.contract.reference]))
    for other in others:
        look.at(f"{base}{other}")
