"""« Accord et signature », versions and transmissions ask as many questions for fifty rows as for five."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements.actions.way import propose_text, send_back
from agreements.models import Agreement, ContractVersion, Ending, Proposal, Transmission, TransmissionReceipt
from cdppe.accounts.models import InstitutionKind, User
from contracts.models import Contract, ContractParty, Signatory
from contracts.workflow import ContractState
from tests.agreements.conftest import Table
from tests.agreements.test_transmissions import deadline, send
from tests.cast import Cast
from tests.factories import UserFactory
from tests.queries import count_queries


def another(version: ContractVersion, *, by: User) -> ContractVersion:
    """The next version of the contract, with the same text, taken by somebody else."""
    kept = {
        field.attname: getattr(version, field.attname)
        for field in version._meta.concrete_fields
        if field.name not in ("id", "uid", "number", "taken_by")
    }
    made = ContractVersion(**kept, taken_by=by, number=version.contract.versions.count() + 1)
    made.save()
    return made


def taken_back(proposal: Proposal, table: Table, count: int) -> None:
    """`count` texts proposed before, which each party had agreed to and which somebody sent back."""
    for _ in range(count):
        who = UserFactory()
        version = another(proposal.version, by=who)
        now = timezone.now()
        Proposal.objects.create(
            contract=table.contract,
            version=version,
            proposed_by=who,
            proposed_at=proposal.proposed_at,
            ended_at=now,
            ended_by=who,
            ended_how=Ending.SENT_BACK,
            reason="À revoir",
        )
        for party in table.parties.values():
            Agreement.objects.create(
                version=version,
                party=party,
                version_hash=version.hash,
                institution="Institution",
                by=who,
                withdrawn_at=now,
                withdrawn_by=UserFactory(),
                withdrawn_how=Ending.SENT_BACK,
                withdrawn_reason="À revoir",
            )


def asked(client: Client, contract: Contract, route: str) -> Callable[[], int]:
    """How many queries the page of `contract` called `route` asks."""
    address = reverse(f"agreements:{route}", args=[contract.reference])

    def ask() -> int:
        def get() -> None:
            assert client.get(address).status_code == 200

        return count_queries(get)

    return ask


def test_fifty_past_texts_and_five_on_the_way(client: Client, table: Table) -> None:
    proposal = table.walk_to(ContractState.AGREEMENT)
    assert proposal is not None
    table.agree("ars", proposal)
    client.force_login(table.signatories["council"])
    ask = asked(client, table.contract, "way")
    taken_back(proposal, table, 5)
    few = ask()
    taken_back(proposal, table, 45)
    assert table.contract.proposals.count() == 51
    assert ask() == few


def test_three_parties_and_nine_on_the_way(client: Client, table: Table) -> None:
    proposal = table.walk_to(ContractState.AGREEMENT)
    assert proposal is not None
    client.force_login(table.signatories["council"])
    ask = asked(client, table.contract, "way")
    taken_back(proposal, table, 2)
    few = ask()
    # The parties are part of what is proposed: it is sent back, and the new ones agree to the next text.
    send_back(table.contract, reason="Trois parties de plus", by=table.cast.council_editor)
    for position in range(10, 16):
        signatory = Signatory.objects.create(
            campaign=table.cast.campaign,
            code=f"more_{position}",
            party_label=f"Signataire {position}",
            institution_kind=InstitutionKind.COUNCIL,
            position=position,
        )
        table.parties[signatory.code] = ContractParty.objects.create(
            contract=table.contract,
            signatory=signatory,
            institution=table.cast.council,
            representative_name="Camille Exemple",
            representative_title="signataire",
        )
    again = propose_text(table.contract, by=table.cast.council_editor)
    for party in table.parties.values():
        if party != table.parties["ars"]:
            Agreement.objects.create(
                version=again.version,
                party=party,
                version_hash=again.version.hash,
                institution="Institution",
                by=UserFactory(),
            )
    shown = client.get(reverse("agreements:way", args=[table.contract.reference]))
    assert len(shown.context["way"].matrix) == 9
    assert shown.context["way"].standing == again
    assert ask() == few


def test_fifty_versions_and_five(client: Client, cast: Cast, contract: Contract) -> None:
    first = send(contract, cast.council_editor).version
    client.force_login(cast.council_reader)
    ask = asked(client, contract, "versions")
    for _ in range(4):
        another(first, by=UserFactory())
    few = ask()
    for _ in range(45):
        another(first, by=UserFactory())
    assert contract.versions.count() == 50
    assert ask() == few


def test_fifty_transmissions_and_five(client: Client, cast: Cast, contract: Contract) -> None:
    first = send(contract, cast.council_editor)

    def more(count: int) -> None:
        for _ in range(count):
            who = UserFactory()
            number = contract.transmissions.count() + 1
            sent = Transmission.objects.create(
                contract=contract,
                number=number,
                deadline=deadline(contract, f"draft_contract_{number % 5}"),
                due_on=first.due_on,
                version=another(first.version, by=who),
                sent_by=who,
                institution="Département",
                token=uuid.uuid4(),
            )
            TransmissionReceipt.objects.create(transmission=sent, received_by=who)

    client.force_login(cast.council_editor)
    ask = asked(client, contract, "transmissions")
    more(4)
    few = ask()
    more(45)
    assert contract.transmissions.count() == 50
    assert ask() == few
