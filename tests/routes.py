"""The table of routes × people: what each of ten people gets from every route of the site.

How to add a route (the suite fails until you do):

1. Add a `Route` to `ROUTES`: its full name, and one line of ten statuses for GET, for POST, or both. The ten
   statuses stand in the order of `PEOPLE`; the patterns below (`SEEN`, `EDITED`…) are the usual lines. A
   method that you leave out is expected to be refused: 405 for everybody who gets past the sign-in.
2. A route with parameters names a function that builds them from the `World`, where each kind of object
   exists once, in the territory of the Isère. Missing object? Add it to `World` and `make_world`.
3. POST sends `data(world)`, nothing by default: then a page with a form answers as for a refused form, and
   a gesture without fields is made (302). Nothing of it stays: each cell is rolled back.

`foreign` edits for the council of another territory in another region: what is the Isère's does not exist
for them (404). A 302 of `anonymous` and `disabled` must lead to the sign-in page; on a public page (one
that anonymous people get a 200 or a 404 from) it is an ordinary redirect.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from cdppe.accounts.actions.invitations import _hash
from cdppe.accounts.models import Invitation, Membership, Role, User
from contracts.models import ActionSheet, Contract
from indicators.models import Indicator
from tests.cast import Cast, make_cast
from tests.factories import ActionSheetFactory, IndicatorFactory

PEOPLE = (
    "anonymous",
    "prefect_editor",
    "ars_editor",
    "council_editor",
    "council_reader",
    "foreign_editor",
    "regional_reader",
    "dgcs_reader",
    "dgcs_editor",
    "disabled",
)

# The columns:  anon pref ars  coun read fore regi dgcR dgcE disa
OPEN = "        200  200  200  200  200  200  200  200  200  200"
PERSONAL = "    302  200  200  200  200  200  200  200  200  302"
SEEN = "        302  200  200  200  200  404  200  200  200  302"
EDITED = "      302  200  200  200  403  404  403  403  403  302"
DONE = "        302  302  302  302  403  404  403  403  403  302"
REFUSED_FORM = "302  422  422  422  403  404  403  403  403  302"

TOKEN = "jeton-d-essai-de-la-table-des-routes"


@dataclass(frozen=True)
class World:
    """One object of each kind that a route shows, all of the Isère unless their name says otherwise."""

    cast: Cast
    contract: Contract
    sheet: ActionSheet
    membership: Membership
    invitation: Invitation
    local_indicator: Indicator

    def person(self, name: str) -> User | None:
        """The person of a column of the table; None for the visitor who has not signed in."""
        return None if name == "anonymous" else getattr(self.cast, name)


def make_world() -> World:
    """The whole world in the database: built once for all the cells."""
    cast = make_cast()
    now = timezone.now()
    return World(
        cast=cast,
        contract=cast.contract,
        sheet=ActionSheetFactory(contract=cast.contract),
        membership=cast.council.memberships.get(user=cast.council_reader),
        invitation=Invitation.objects.create(
            institution=cast.council,
            email="invitee@isere.exemple.fr",
            role=Role.READER,
            token_hash=_hash(TOKEN),
            invited_by=cast.council_administrator,
            created_at=now,
            expires_at=now + dt.timedelta(days=7),
        ),
        local_indicator=IndicatorFactory(
            objective=None,
            campaign=cast.campaign,
            contract=cast.contract,
            contract_objective=cast.contract.objectives.in_order().first(),
        ),
    )


def nothing(world: World) -> dict[str, Any]:
    return {}


def contract(world: World) -> dict[str, Any]:
    return {"reference": world.contract.reference}


def sheet(world: World) -> dict[str, Any]:
    return {"reference": world.contract.reference, "number": world.sheet.number}


def dashboard_section(world: World) -> dict[str, Any]:
    key = f"objectif-{world.local_indicator.contract_objective_id}"
    return {"reference": world.contract.reference, "section_key": key}


def local_indicator(world: World) -> dict[str, Any]:
    return {"reference": world.contract.reference, "indicator_id": world.local_indicator.pk}


def institution(world: World) -> dict[str, Any]:
    return {"pk": world.cast.council.pk}


def member(world: World) -> dict[str, Any]:
    return {"pk": world.cast.council.pk, "membership_pk": world.membership.pk}


def invitation(world: World) -> dict[str, Any]:
    return {"pk": world.cast.council.pk, "invitation_pk": world.invitation.pk}


def invitation_link(world: World) -> dict[str, Any]:
    return {"token": TOKEN}


def broken_reset_link(world: World) -> dict[str, Any]:
    return {"uidb64": "MQ", "token": "perime"}


def unknown_uuid(world: World) -> dict[str, Any]:
    return {"job_id": uuid.UUID(int=0)}


@dataclass(frozen=True)
class Route:
    """A row of the table; see the top of this module."""

    name: str
    get: str | None = None
    post: str | None = None
    kwargs: Callable[[World], dict[str, Any]] = nothing
    data: Callable[[World], dict[str, Any]] = nothing

    def expected(self, method: str) -> dict[str, int]:
        """{person: status} for "get" or "post"; a method that the row leaves out is refused."""
        line = getattr(self, method)
        if line is None:
            return {person: 302 if self._is_sent_to_sign_in(person) else 405 for person in PEOPLE}
        statuses = [int(status) for status in line.split()]
        return dict(zip(PEOPLE, statuses, strict=True))

    @property
    def is_public(self) -> bool:
        """Whether the page is for people who have not signed in, too."""
        return int((self.get or self.post or "").split()[0]) != 302

    def _is_sent_to_sign_in(self, person: str) -> bool:
        return not self.is_public and person in ("anonymous", "disabled")


# The namespaces of applications that are not ours, whose routes have their own tests.
EXCLUDED_NAMESPACES = {
    "admin": "Django's administration, for technical administrators: tests/accounts/test_admin.py",
}

ROUTES = [
    # --- People. Columns:  anon pref ars  coun read fore regi dgcR dgcE disa
    Route(
        "accounts:sign-in",
        get="                 200  302  302  302  302  302  302  302  302  200",
        post="                200  302  302  302  302  302  302  302  302  200",
    ),
    Route(
        "accounts:sign-out",
        post="                302  302  302  302  302  302  302  302  302  302",
    ),
    Route("accounts:forgotten-password", get=OPEN, post=OPEN),
    Route("accounts:forgotten-password-sent", get=OPEN),
    # A link that does not serve says so, whoever opens it and however.
    Route("accounts:new-password", kwargs=broken_reset_link, get=OPEN, post=OPEN),
    Route("accounts:my-account", get=PERSONAL, post=PERSONAL),
    Route("accounts:change-password", get=PERSONAL, post=PERSONAL),
    # The link is for who holds it: a visitor opens an account, others read that it is not for them.
    Route("accounts:invitation-accept", kwargs=invitation_link, get=OPEN, post=OPEN),
    Route(
        "accounts:institution",
        kwargs=institution,
        get="                 302  404  404  200  200  404  404  404  404  302",
    ),
    # Only administrators change the members: none of the ten is one (tests/accounts/test_institutions.py).
    Route(
        "accounts:invitation-create",
        kwargs=institution,
        get="                 302  404  404  403  403  404  404  404  404  302",
        post="                302  404  404  403  403  404  404  404  404  302",
    ),
    Route(
        "accounts:invitation-revoke",
        kwargs=invitation,
        post="                302  404  404  403  403  404  404  404  404  302",
    ),
    Route(
        "accounts:member-edit",
        kwargs=member,
        get="                 302  404  404  403  403  404  404  404  404  302",
        post="                302  404  404  403  403  404  404  404  404  302",
    ),
    Route(
        "accounts:member-remove",
        kwargs=member,
        get="                 302  404  404  403  403  404  404  404  404  302",
        post="                302  404  404  403  403  404  404  404  404  302",
    ),
    # --- Tableau de bord
    Route("indicators:dashboard", kwargs=contract, get=SEEN),
    # Nothing posted: nothing has changed, and the person comes back to the whole page.
    Route("indicators:dashboard-edit", kwargs=dashboard_section, get=EDITED, post=DONE),
    Route("indicators:local-indicator-create", kwargs=dashboard_section, get=EDITED, post=REFUSED_FORM),
    Route("indicators:local-indicator-edit", kwargs=local_indicator, get=EDITED, post=REFUSED_FORM),
    Route("indicators:local-indicator-delete", kwargs=local_indicator, get=EDITED, post=DONE),
]
