"""Every form of the site under hostile input: never a 5xx, nothing written when refused, text stays text.

The forms are found on the pages of tests/routes.py, so that a new page is attacked without a line here. Each
one is posted as its page gives it, with hostile values in its text fields, in its other fields one at a time,
with fields missing, twice and in excess. Every request is rolled back.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import resolve, reverse

from cdppe.accounts.models import User
from cdppe.lib.french_numbers import NARROW_SPACE, NO_BREAK_SPACE
from contracts.models import ContractObjective
from tests.cast import Cast
from tests.factories import ActionSheetFactory, CampaignFactory, IndicatorFactory
from tests.routes import NOT_FROM_THERE, ROUTES, World, make_world

SCRIPT = "<script>alert(1)</script>"
BREAKOUT = "\"'><b>"
MARKUP = SCRIPT + BREAKOUT
TEXTS = (
    MARKUP,
    "{{7*7}}{% raw %}{% load static %}${7*7}",
    "file:///etc/passwd",
    "⟦prefect_name⟧",
    "avant\x00après",
    "\x0b\x1f\u202e\ufffe",
    "x" * 301,
    "x" * 501,
    "",
    " \t\r\n ",
)
AMOUNTS = (
    "douze",
    "NaN",
    "-Infinity",
    "1e400",
    "-1",
    "−12",
    "1234567890123",
    "9" * 400,
    "1 234,56",
    f"1{NO_BREAK_SPACE}234,56",
    f"1{NARROW_SPACE}234,56",
    "1 23,4",
    "12,345",
    "٣",
    "²",
)
ACCEPTED = AMOUNTS[8:11]
DATES = ("31/02/2030", "0000-00-00", "99999-01-01", "1-1-1")
HUGE = "é" * 500_000  # one megabyte once encoded

BOX = re.compile(r"^(amount|v)-|_on$")

HIDDEN = ("", "0", "²", "9" * 30, "a\x00b", SCRIPT)
EXCESS = {
    "id": "1",
    "pk": "1",
    "contract": "2",
    "territory": "2",
    "campaign": "2",
    "state": "draft-final",
    "reference": "59-2030",
    "number": "99",
    "is_staff": "on",
    "is_superuser": "on",
    "is_active": "",
    "email": "autre@exemple.fr",
    "institution": "2",
    "user": "2",
    "updated_by": "2",
    "has_invented_text": "on",
    "is_demonstration": "on",
    "amount-e999-2030": "",
    "v-999999-reference-2029": "",
}


@dataclass(frozen=True)
class Form:
    """One form of a page: where it goes, what it holds, which of its fields are typed by hand."""

    person: str
    action: str
    fields: Mapping[str, str]
    typed: frozenset[str]

    @property
    def route(self) -> str:
        return resolve(urlsplit(self.action).path).view_name


class _Forms(HTMLParser):
    """The forms of a page that change something, as a browser would send them."""

    def __init__(self, person: str, address: str) -> None:
        super().__init__()
        self.person, self.address = person, address
        self.found: list[Form] = []
        self._form: dict[str, Any] | None = None
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "form":
            is_post = given.get("method", "get").lower() == "post"
            self._form = {"action": given.get("action") or self.address, "fields": {}, "typed": set()}
            if not is_post:
                self._form = None
            return
        if self._form is None:
            return
        name, fields = given.get("name", ""), self._form["fields"]
        if tag == "input" and name and name != "csrfmiddlewaretoken":
            kind = given.get("type", "text")
            if kind in ("checkbox", "radio"):
                if "checked" in given or kind == "radio":
                    fields.setdefault(name, given.get("value", "on"))
            else:
                fields[name] = given.get("value", "")
                if kind != "hidden":
                    self._form["typed"].add(name)
        elif tag == "textarea":
            self._area = name
            fields[name] = ""
            self._form["typed"].add(name)
        elif tag == "select":
            self._select = name
            fields[name] = ""
        elif tag == "option" and self._select and (not fields[self._select] or "selected" in given):
            fields[self._select] = given.get("value", "")
        elif tag == "button" and name:
            fields[name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._form is not None and self._area:
            self._form["fields"][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
        elif tag == "form" and self._form is not None:
            self.found.append(
                Form(self.person, self._form["action"], self._form["fields"], frozenset(self._form["typed"]))
            )
            self._form = None


ATTACKERS = (None, "council_administrator", "dgcs_editor", "dgcs_signatory")


@dataclass(frozen=True)
class Site:
    """The world, its people's browsers, its forms and what the database holds before any attack."""

    world: World
    browsers: Mapping[str, Client]
    forms: tuple[Form, ...]
    rows: Mapping[str, list[Any]]


def stored() -> dict[str, list[Any]]:
    """Every row of our applications: {table: rows}."""
    return {
        model._meta.db_table: sorted(map(repr, model.objects.order_by("pk").values_list()))
        for model in apps.get_models()
        if model.__module__.split(".")[0] in ("cdppe", "contracts", "funding", "indicators")
    }


def counted() -> dict[str, int]:
    """How many rows each of our tables has."""
    return {
        model._meta.db_table: model.objects.count()
        for model in apps.get_models()
        if model.__module__.split(".")[0] in ("cdppe", "contracts", "funding", "indicators")
    }


@pytest.fixture(scope="module")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """Built once, in a transaction that is rolled back at the end of the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = make_world()
        browsers = {name or "anonymous": _browser(world.cast, name) for name in ATTACKERS}
        yield Site(world, browsers, tuple(_forms(world, browsers)), stored())
        transaction.set_rollback(True)


def _browser(cast: Cast, name: str | None) -> Client:
    browser = Client(raise_request_exception=False)
    if name is not None:
        browser.force_login(getattr(cast, name))
    return browser


def _forms(world: World, browsers: Mapping[str, Client]) -> Iterator[Form]:
    """Each form once, for the first person who is given it."""
    seen: set[tuple[str, frozenset[str]]] = set()
    addresses = [reverse(route.name, kwargs=route.kwargs(world)) for route in ROUTES if route.get]
    # A job that failed offers a new try; the table shows one that is done.
    for address in [*addresses, reverse("documents:job", kwargs={"job_id": world.failed_job.pk})]:
        for person, browser in browsers.items():
            answer = browser.get(address)
            if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
                continue
            parser = _Forms(person, address)
            parser.feed(answer.content.decode())
            for form in parser.found:
                key = (form.action, frozenset(form.fields))
                if key not in seen:
                    seen.add(key)
                    yield form
            break


# What posts without a form of its own on a page: the route, and the form whose fields it is sent.
WITHOUT_FORM = {
    "funding:sheet-create-totals": "funding:sheet-create",
    "funding:sheet-totals": "funding:sheet-edit",
    "funding:scenario-results": "funding:scenario-edit",
    "home:rich-text-preview": "funding:sheet-edit",
}
# Asked for only in a state or by a person that the walk does not meet, with no field at all; or sent by a
# script of the page with two fields of its own (tests/contracts/test_presence.py).
WITHOUT_FIELDS = {
    "accounts:new-password",
    "agreements:changes-render",
    "funding:letters-request",
    "contracts:history-recreate-sheet",
    "contracts:presence",
    "contracts:takeover-mark",
    "contracts:takeover-reopen",
    "funding:sheets-import-preview",
    "contracts:thread-reopen",
    # Asked for further on the way: their forms are attacked in tests/agreements/test_way_pages.py.
    "agreements:odpe",
    "agreements:propose",
    "agreements:agreement-give",
    "agreements:agreement-withdraw",
    "agreements:signature-record",
    "agreements:signature-withdraw",
    # Of a contract that is denounced: tests/agreements/test_denunciations.py.
    "agreements:denunciation-withdraw",
    # A button alone, in a contract with an open amendment: tests/agreements/test_financial_amendments.py.
    "agreements:moves-take",
    # Boxes of contracts in force, which this campaign does not have: the same tests.
    "agreements:campaign-amendments",
    # Asked for once all agreed, or all signed: attacked in tests/agreements/test_signed_file_pages.py and
    # tests/agreements/test_public_copies.py.
    "agreements:signed-file-deposit",
    "agreements:signed-file-examine",
    "agreements:signed-file-signatures",
    "agreements:publication-prepare",
    "agreements:publication-confirm",
    "agreements:publication-withdraw",
}


def _attacked(site: Site) -> list[Form]:
    by_route = {form.route: form for form in site.forms}
    partial = [
        replace(by_route[source], action=reverse(name, kwargs=_kwargs(site.world, name)))
        for name, source in WITHOUT_FORM.items()
    ]
    return [*site.forms, *partial]


def _kwargs(world: World, name: str) -> dict[str, Any]:
    return next(route.kwargs(world) for route in ROUTES if route.name == name)


@pytest.mark.django_db
def test_every_route_that_takes_a_post_is_attacked_through_a_form(site: Site) -> None:
    attacked = {form.route for form in _attacked(site)}
    posting = {route.name for route in ROUTES if route.post is not None}
    assert posting - attacked - WITHOUT_FIELDS == set()


class _Writes:
    """Whether a statement that changes a table of ours was sent, a session apart."""

    def __init__(self) -> None:
        self.happened = False

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if re.match(r"\s*(INSERT|UPDATE|DELETE)\b", sql) and "django_session" not in sql:
            self.happened = True
        return execute(sql, params, many, context)


def post(site: Site, form: Form, data: Mapping[str, Any]) -> Any:
    """Post `data` and check what always holds; the answer. All is rolled back."""
    browser = site.browsers[form.person]
    cookies, writes = browser.cookies.copy(), _Writes()
    cache.clear()  # the throttle of the sign-in page is not what is tested
    what = f"{form.person} POST {form.action} { ({k: repr(v)[:60] for k, v in data.items()}) }"
    with transaction.atomic():
        with connection.execute_wrapper(writes):
            answer = browser.post(form.action, {"csrfmiddlewaretoken": "-", **data})
        assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.exc_info}"
        assert answer.status_code in (200, 302, 400, 403, 404, 409, 422), f"{what}: {answer.status_code}"
        if answer.status_code != 302 and writes.happened:
            assert stored() == site.rows, f"{what}: {answer.status_code}, yet something was written"
        pages = [answer]
        if answer.status_code == 302 and answer.headers["Location"].startswith("/"):
            pages.append(browser.get(answer.headers["Location"]))
            assert pages[-1].status_code in (200, 302), f"{what}: then {pages[-1].status_code}"
        for shown in pages:
            text = shown.content.decode(errors="replace") if not shown.streaming else ""
            assert SCRIPT not in text, f"{what}: markup comes out as markup"
            assert BREAKOUT not in text, f"{what}: markup comes out as markup"
        if answer.status_code == 422:
            assert re.search(r"fr-(error-text|message--error|alert--error)", pages[0].content.decode()), what
        transaction.set_rollback(True)
    browser.cookies = cookies
    return answer


@pytest.mark.django_db
@pytest.mark.parametrize("value", TEXTS, ids=lambda value: repr(value)[:24])
def test_hostile_text_in_every_field_is_kept_as_text_or_refused(site: Site, value: str) -> None:
    answers = {
        form.route: post(site, form, {**form.fields, **_texts(form, value)}).status_code
        for form in _attacked(site)
        if form.typed
    }
    # Else nothing would have been kept, and the test would show nothing about what is shown afterwards.
    if value.strip() and value.isprintable() and len(value) < 300:
        assert {"contracts:own-objective-add", "indicators:local-indicator-create", "funding:sheet-edit"} <= {
            route for route, status in answers.items() if status == 302
        }


def _texts(form: Form, value: str) -> dict[str, str]:
    """`value` in every field for words; the boxes for figures, dates and addresses would refuse it."""
    return {name: value for name in form.typed if not BOX.search(name)}


@pytest.mark.django_db
@pytest.mark.parametrize("value", [*AMOUNTS, *DATES], ids=lambda value: repr(value)[:24])
def test_a_box_for_a_figure_or_a_date_takes_nothing_else(site: Site, value: str) -> None:
    tried = 0
    for form in _attacked(site):
        boxes = [name for name in form.typed if BOX.search(name)]
        if not boxes:
            continue
        tried += 1
        answer = post(site, form, {**form.fields, **dict.fromkeys(boxes, value)})
        if value not in ACCEPTED and form.route not in WITHOUT_FORM:
            assert answer.status_code == 422, f"{form.action} takes {value!r}"
    assert tried >= 5


@pytest.mark.django_db
def test_a_megabyte_of_text_is_refused_or_kept_but_never_breaks(site: Site) -> None:
    for form in _attacked(site):
        for name in sorted(form.typed)[:2]:
            post(site, form, {**form.fields, name: HUGE})


@pytest.mark.django_db
def test_a_box_that_is_chosen_or_hidden_takes_no_forged_value(site: Site) -> None:
    for form in _attacked(site):
        forged = sorted(set(form.fields) - form.typed)
        # The tableau de bord has as many hidden boxes as cells: a few of them tell as much.
        for name in forged if len(forged) <= 3 else forged[:1] + forged[-2:]:
            for value in HIDDEN:
                post(site, form, {**form.fields, name: value})


@pytest.mark.django_db
def test_missing_and_repeated_fields_never_break(site: Site) -> None:
    for form in _attacked(site):
        post(site, form, {})
        post(site, form, {name: [value, "autre"] for name, value in form.fields.items()})
        # Not every cell of the tableau de bord, whose boxes are alike.
        for name in list(form.fields)[:3]:
            post(site, form, {key: value for key, value in form.fields.items() if key != name})


@pytest.mark.django_db
def test_a_form_sent_twice_makes_nothing_twice(site: Site) -> None:
    """The second answer may be a refusal or the same page again; it creates no second object."""
    for form in _attacked(site):
        browser = site.browsers[form.person]
        cookies = browser.cookies.copy()
        data = {"csrfmiddlewaretoken": "-", **form.fields, **_texts(form, "Deux fois")}
        with transaction.atomic():
            browser.post(form.action, data)
            once = counted()
            answer = browser.post(form.action, data)
            twice = counted()
            transaction.set_rollback(True)
        browser.cookies = cookies
        assert answer.status_code < 500, f"{form.action}: {answer.status_code} {answer.exc_info}"
        # The journal tells each gesture; each computation of an allocation stays on record (rule F8).
        grown = {table for table in once if twice[table] > once[table]}
        grown -= {"contracts_journalentry", "funding_allocationrun", "funding_allocationline"}
        if form.route == "funding:scenario-duplicate":
            # Each copy was asked for, and has a name of its own.
            grown -= {"funding_scenario", "funding_scenariomodulation"}
        assert not grown, f"{form.action} sent twice: {grown}"


@pytest.mark.django_db
def test_fields_in_excess_change_nothing_that_the_form_does_not_show(site: Site) -> None:
    """What no form of the site may change: whose contract it is, its state, and what a person is."""
    cast = site.world.cast

    def protected() -> list[Any]:
        contracts = [
            (each.pk, each.reference, each.territory_id, each.campaign_id, each.is_demonstration)
            for each in type(site.world.contract).objects.order_by("pk")
            if each.pk in (cast.contract.pk, cast.foreign_contract.pk)
        ]
        people = list(
            User.objects.order_by("pk").values_list("pk", "email", "is_staff", "is_superuser", "is_active")
        )
        sheet = site.world.sheet
        sheets = list(
            type(sheet).objects.filter(pk=sheet.pk).values_list("pk", "contract", "has_invented_text")
        )
        return [contracts, people[: len(cast.__dataclass_fields__)], sheets]

    before = protected()
    for form in _attacked(site):
        excess = {name: value for name, value in EXCESS.items() if name not in form.fields}
        browser = site.browsers[form.person]
        cookies = browser.cookies.copy()
        with transaction.atomic():
            answer = browser.post(form.action, {"csrfmiddlewaretoken": "-", **excess, **form.fields})
            assert answer.status_code < 500, f"{form.action}: {answer.status_code} {answer.exc_info}"
            after = protected()
            transaction.set_rollback(True)
        browser.cookies = cookies
        if form.route != "contracts:sheet-delete":
            assert after == before, form.action


@pytest.mark.django_db
def test_a_post_without_token_is_refused_everywhere(site: Site) -> None:
    for form in site.forms:
        strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
        if form.person != "anonymous":
            strict.force_login(getattr(site.world.cast, form.person))
        assert strict.post(form.action, form.fields).status_code == 403, form.action


# --- Addresses -----------------------------------------------------------------------------------------

WRONG: dict[str, tuple[Any, ...]] = {
    "number": (0, 10**9, 2**63, 10**30),
    "pk": (0, 10**9, 2**63, 10**30),
    "indicator_id": (0, 2**63, 10**30),
    "membership_pk": (0, 2**63, 10**30),
    "invitation_pk": (0, 2**63, 10**30),
    "institution_pk": (0, 2**63, 10**30),
    "job_id": (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)),
    "reference": ("x", "38", "38-", "-2030", "38-2030-1", "38-2031", "99-2030", "38_2030", "a" * 300),
    "section_key": ("objectif-0", f"objectif-{10**30}", "engagement-x", "objectif", "a" * 300),
    "code": ("inconnu", "a" * 300, "2031"),
    "envelope_code": ("inconnue", "a" * 300),
    "draft_id": (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)),
    "kind": ("pdf", "a" * 300),
    "territory_code": ("inconnu", "a" * 300),
    "year": (0, 10**9, 10**30),
    "token": ("x", "a" * 300, "a\x00b", "⟦prefect_name⟧"),
    "position": (0, 10**9, 2**63, 10**30),
    "uid": (uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)),
    "uidb64": ("x", "MQ", "9" * 300, "AAAA"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_an_address_that_names_nothing_answers_404(site: Site, route: Any) -> None:
    sound = route.kwargs(site.world)
    for name in sound:
        for value in WRONG[name]:
            address = reverse(route.name, kwargs=sound | {name: value})
            for method in ("get", "post"):
                with transaction.atomic():
                    answer = getattr(_who_may(site, route), method)(address)
                    transaction.set_rollback(True)
                # 409: a gesture that the table of the workflow does not offer says so in a sentence.
                # 200: the page of a link that does not serve says so.
                expected = (200,) if route.name == "accounts:new-password" else (404, 405, 409)
                assert answer.status_code in expected, f"{method} {address}: {answer.status_code}"


def _who_may(site: Site, route: Any) -> Client:
    """The browser of somebody whom the page of `route` is for, so that only the address is wrong."""
    statuses = route.expected("get" if route.get is not None else "post")
    is_national = statuses["council_editor"] == 403
    return site.browsers["dgcs_signatory" if is_national else "council_administrator"]


@pytest.mark.django_db
@pytest.mark.parametrize("malformed", ["1.5", "%00", "..%2f", "<script>", "²", "é", "⟦court⟧"])
def test_an_address_that_is_malformed_answers_404(site: Site, malformed: str) -> None:
    browser = site.browsers["council_administrator"]
    for path in (
        "/contrats/{}/",
        "/contrats/38-2030/fiches/{}/",
        "/contrats/38-2030/objectifs/{}/retirer/",
        "/contrats/38-2030/tableau-de-bord/{}/",
        "/documents/{}/",
        "/institutions/{}/",
        "/invitations/{}/",
    ):
        for method in ("get", "post"):
            answer = getattr(browser, method)(path.format(malformed))
            assert answer.status_code == 404, f"{method} {path.format(malformed)}: {answer.status_code}"


@pytest.mark.django_db
def test_another_territory_s_objects_do_not_exist_inside_one_s_own_contract(site: Site) -> None:
    """The right contract in the address, somebody else's objective, sheet or row behind it."""
    world, cast = site.world, site.world.cast
    with transaction.atomic():
        # A primary key that no row of the Isère has, in any table.
        objective = ContractObjective.objects.create(
            pk=700_001, contract=cast.foreign_contract, objective=cast.campaign.objectives.get(number=12)
        )
        sheet = ActionSheetFactory(contract=cast.foreign_contract, contract_objective=objective, number=77)
        row = IndicatorFactory(
            campaign=cast.campaign,
            contract=cast.foreign_contract,
            contract_objective=objective,
            objective=None,
        )
        foreign = {
            "pk": objective.pk,
            "number": sheet.number,
            "indicator_id": row.pk,
            "section_key": f"objectif-{objective.pk}",
        }
        step = cast.foreign_contract.calendar_steps.first()
        assert step is not None
        other_campaign = CampaignFactory(code="2031", year=2031)
        # Another object's key might well be that of a step of one's own.
        foreign_pk = dict.fromkeys(
            ("step-edit", "step-remove", "step-mark", "step-bring-forward"), step.pk
        ) | {"deadline-settle": other_campaign.deadlines.get().pk}
        before = stored()
        tried = 0
        for route in ROUTES:
            sound = route.kwargs(world)
            if "reference" not in sound:
                continue
            for name in sound.keys() & foreign.keys():
                wrong = foreign_pk.get(route.name.partition(":")[2], foreign[name])
                address = reverse(route.name, kwargs=sound | {name: wrong})
                tried += 1
                for method in ("get", "post"):
                    answer = getattr(site.browsers["council_administrator"], method)(address)
                    assert answer.status_code in (404, 405), f"{method} {address}: {answer.status_code}"
        assert tried >= 7
        assert stored() == before
        transaction.set_rollback(True)


ASKED = (
    "q",
    "region",
    "campaign",
    "state",
    "page",
    "annee",
    "tri",
    "objectif",
    "campagne",
    "territoire",
    "next",
    "etat",
    "texte",
    "demande",
    "qui",
    "partie",
    "ministere",
    "lieu",
)


@pytest.mark.django_db
@pytest.mark.parametrize("value", [*HIDDEN, "⟦court⟧", "x" * 3000], ids=lambda value: repr(value)[:24])
def test_what_an_address_asks_for_never_breaks_a_page(site: Site, value: str) -> None:
    """The filters, sorts, years and choices that stand behind the « ? » of an address."""
    tried = 0
    for route in ROUTES:
        # Each page that reads its address, and one of each app that does not.
        if route.get is None or route.get == NOT_FROM_THERE:
            continue
        if route.kwargs.__name__ not in ("nothing", "campaign", "run", "contract"):
            continue
        tried += 1
        browser = _who_may(site, route)
        answer = browser.get(
            reverse(route.name, kwargs=route.kwargs(site.world)), dict.fromkeys(ASKED, value)
        )
        text = b"" if answer.streaming else answer.content
        # A filter that cannot be read is told on the page, beside its field.
        is_told = answer.status_code == 422 and b"fr-message--error" in text
        assert is_told or answer.status_code in (200, 302, 405), (
            f"{route.name} {value!r}: {answer.status_code}"
        )
        assert SCRIPT.encode() not in text, route.name
    assert tried > 15


@pytest.mark.django_db
def test_a_part_of_a_page_asked_for_without_the_page_is_the_same_part(site: Site) -> None:
    """The addresses that htmx calls answer a plain request and a forged header alike."""
    browser = site.browsers["council_administrator"]
    progress = reverse("documents:job-progress", kwargs={"job_id": site.world.job.pk})
    totals = reverse("funding:sheet-totals", kwargs=_kwargs(site.world, "funding:sheet-totals"))
    for headers in ({}, {"HX-Request": "true"}, {"HX-Request": SCRIPT, "HX-Target": SCRIPT}):
        assert browser.get(progress, headers=headers).status_code == 200
        answer = browser.post(totals, headers=headers)
        assert answer.status_code == 200
        assert SCRIPT not in answer.content.decode()
