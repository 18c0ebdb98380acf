"""Random gestures by random people over HTTP, compared at each step with a model (K3, K4, P3, V1).

From the final text to the day of effect, then through the amendments that somebody opens.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agreements.models import Agreement, Proposal, Signature, TextInForce
from agreements.needs import standing_proposal
from contracts.models import Contract, Way, way_of
from tests.agreements.conftest import Table

BASE = "/contrats/38-2030/accord/"
KINDS = ("council", "prefecture", "ars")
WRITERS = ("council_editor", *(f"{kind}_signatory" for kind in KINDS))
ACTORS = (*WRITERS, "council_reader", "dgcs_signatory", "foreign_editor")
OF_A_PARTY = tuple(f"{verb} {kind}" for verb in ("agree", "withdraw", "sign", "unsign") for kind in KINDS)
GESTURES = (
    *(["forward"] * 20),
    *("odpe", "assembly", "propose", "send-back", "reopen", "correct-odpe", "correct-assembly", "finalise"),
    *("edit", "look", "open", "abandon", *OF_A_PARTY),
)
TODAY = timezone.localdate()
YESTERDAY = f"{TODAY - dt.timedelta(days=1):%Y-%m-%d}"


@dataclass
class Model:
    """The way told again in a few lines, without the program's table.

    `state` is that of the open amendment, else of the contract; `law` is the court of the text in force.
    """

    state: str = "draft"
    court: str = "Grenoble"
    proposed: str = ""
    law: str = ""
    number: int = 0
    is_amending: bool = False
    agreed: set[str] = field(default_factory=set)
    signed: set[str] = field(default_factory=set)

    @property
    def must_take_back(self) -> bool:
        return self.state in ("agreement", "signature") and not self.signed and self.court != self.proposed

    def take_back(self) -> None:
        self.state, self.agreed = "adopted", set()

    def forward(self) -> tuple[str, str]:
        """The next gesture of somebody who wants the contract signed, and who makes it."""
        if self.state == "agreement":
            kind = next(kind for kind in KINDS if kind not in self.agreed)
            return f"agree {kind}", f"{kind}_signatory"
        if self.state == "signature":
            return f"sign {next(kind for kind in KINDS if kind not in self.signed)}", "council_editor"
        if self.is_amending and self.court == self.law:
            return "edit", "council_editor"
        steps = {
            "draft": "odpe",
            "odpe_informed": "assembly",
            "adopted": "propose",
            "negotiation": "finalise",
            "in_force": "open",
        }
        return steps.get(self.state, "look"), "council_editor"

    def make(self, gesture: str, actor: str) -> int:
        """The status that the site answers; the model has moved."""
        verb, _, kind = gesture.partition(" ")
        if actor == "foreign_editor":
            return 404
        if verb == "look":
            if self.must_take_back:
                self.take_back()
            return 200
        allowed = actor == f"{kind}_signatory" if verb in ("agree", "withdraw") else actor in WRITERS
        if not allowed:
            return 403
        return 302 if getattr(self, verb.replace("-", "_"))(kind) else 409

    def _go(self, source: str, target: str) -> bool:
        if self.state != source:
            return False
        self.state = target
        return True

    def odpe(self, kind: str) -> bool:
        return self._go("draft", "odpe_informed")

    def assembly(self, kind: str) -> bool:
        return self._go("odpe_informed", "adopted")

    def correct_odpe(self, kind: str) -> bool:
        return self._go("odpe_informed", "draft")

    def correct_assembly(self, kind: str) -> bool:
        return self._go("adopted", "odpe_informed")

    def finalise(self, kind: str) -> bool:
        return self._go("negotiation", "draft")

    def open(self, kind: str) -> bool:
        if not self._go("in_force", "negotiation"):
            return False
        self.is_amending, self.number = True, self.number + 1
        self.agreed, self.signed = set(), set()
        return True

    def abandon(self, kind: str) -> bool:
        if self.court != self.law or not self._go("negotiation", "in_force"):
            return False
        self._close()
        return True

    def _close(self) -> None:
        """The contract stands as its three parties signed it."""
        self.is_amending = False
        self.agreed, self.signed = set(KINDS), set(KINDS)

    def propose(self, kind: str) -> bool:
        if self.is_amending and self.court == self.law:
            return False
        self.proposed = self.court if self.state == "adopted" else self.proposed
        return self._go("adopted", "agreement")

    def send_back(self, kind: str) -> bool:
        if not self._go("agreement", "adopted"):
            return False
        self.agreed = set()
        return True

    def reopen(self, kind: str) -> bool:
        if self.state not in ("odpe_informed", "adopted", "agreement", "signature") or self.signed:
            return False
        self.state, self.agreed = "negotiation", set()
        return True

    def agree(self, kind: str) -> bool:
        if self.state != "agreement":
            return False
        if self.must_take_back:
            self.take_back()
            return False
        if kind in self.agreed:
            return False
        self.agreed.add(kind)
        self.state = "signature" if len(self.agreed) == len(KINDS) else self.state
        return True

    def withdraw(self, kind: str) -> bool:
        if self.state not in ("agreement", "signature") or self.signed or kind not in self.agreed:
            return False
        self.agreed.remove(kind)
        self.state = "agreement"
        return True

    def sign(self, kind: str) -> bool:
        if self.state != "signature":
            return False
        if self.must_take_back:
            self.take_back()
            return False
        if kind in self.signed:
            return False
        self.signed.add(kind)
        if len(self.signed) == len(KINDS):
            self.state, self.law = "in_force", self.proposed
            self._close()
        return True

    def unsign(self, kind: str) -> bool:
        if self.state != "signature" or kind not in self.signed:
            return False
        self.signed.remove(kind)
        return True


def send(client: Client, table: Table, gesture: str, *, number: int) -> int:
    """Make `gesture` as a person does, with all that its form asks; the status of the answer."""
    verb, _, kind = gesture.partition(" ")
    pk = table.parties[kind].pk if kind else 0
    proposal = Proposal.objects.standing().select_related("version").first()
    version = proposal.version if proposal else None
    if verb == "look":
        return client.get(BASE).status_code
    addresses = {
        "odpe": ("odpe/", {"informed_on": YESTERDAY}),
        "assembly": ("assemblee/", {"number": "2030-7", "deliberated_on": YESTERDAY}),
        "propose": ("proposer/", {}),
        "finalise": ("../etape/finalise-draft/", {}),
        "open": ("../avenants/ouvrir/", {"about": "Changer de tribunal", "reason": "Une raison"}),
        "abandon": (f"../avenants/{number}/abandonner/", {"reason": "Une raison"}),
        "agree": (
            f"parties/{pk}/",
            {
                "version_uid": str(version.uid) if version else "0" * 32,
                "version_hash": version.hash if version else "0" * 64,
            },
        ),
        "withdraw": (f"parties/{pk}/retirer/", {"reason": "Une raison"}),
        "sign": (f"signatures/{pk}/", {"signed_on": f"{TODAY:%Y-%m-%d}"}),
        "unsign": (f"signatures/{pk}/retirer/", {"reason": "Une raison"}),
    }
    path, data = addresses.get(verb, (f"retour/{verb}/", {"reason": "Une raison"}))
    base = "/contrats/38-2030/" if path.startswith("../") else BASE
    return client.post(base + path.removeprefix("../"), data).status_code


def kinds_of(given: type[Agreement | Signature], way: Way) -> set[str]:
    """The institutions whose agreement to, or signature of, the text of `way` stands."""
    proposal = standing_proposal(way)
    found = given.objects.standing().filter(version=proposal.version if proposal else None)
    return set(found.values_list("party__signatory__institution_kind", flat=True))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    steps=st.lists(st.tuples(st.sampled_from(GESTURES), st.sampled_from(ACTORS)), min_size=10, max_size=45)
)
def test_the_site_follows_the_model_whatever_people_do(table: Table, steps: list[tuple[str, str]]) -> None:
    people = {name: getattr(table.cast, name, None) for name in ACTORS} | {
        f"{kind}_signatory": person for kind, person in table.signatories.items()
    }
    with transaction.atomic():
        Contract.objects.filter(pk=table.contract.pk).update(state="draft")
        model, told = Model(), []
        for chosen, who in steps:
            gesture, actor = model.forward() if chosen == "forward" else (chosen, who)
            told.append(f"{actor} {gesture}")
            if gesture == "edit":
                model.court = "Lyon" if model.court == "Grenoble" else "Grenoble"
                Contract.objects.filter(pk=table.contract.pk).update(court=model.court)
                continue
            if gesture == "abandon" and not model.is_amending:
                continue
            client = Client()
            client.force_login(people[actor])
            number = model.number
            expected = model.make(gesture, actor)
            status = send(client, table, gesture, number=number)
            way = way_of(table.stored())
            assert (status, way.state, way.is_amendment) == (expected, model.state, model.is_amending), told
            assert (kinds_of(Agreement, way), kinds_of(Signature, way)) == (model.agreed, model.signed), told
            law = TextInForce.objects.filter(contract=table.contract).first()
            said = {entry.value for entry in law.reading.entries} if law else set()
            assert (model.law in said) is bool(model.law), told
        transaction.set_rollback(True)
