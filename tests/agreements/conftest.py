"""What the tests of the agreements share."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest
from django.utils import timezone

from agreements.actions.assembly import inform_odpe, record_assembly
from agreements.actions.signatures import record_signature
from agreements.actions.way import agree, propose_text
from agreements.models import Proposal
from cdppe.accounts.models import InstitutionKind, Role, User
from contracts.models import BankAccount, Contract, ContractParty
from contracts.workflow import WAY, ContractState
from tests.cast import Cast, make_cast
from tests.contracts.contract_documents import use_real_model
from tests.factories import ActionSheetFactory, MembershipFactory, UserFactory


@pytest.fixture
def cast(db: None) -> Cast:
    """The fixed cast, in the database."""
    return make_cast()


@pytest.fixture
def contract(cast: Cast) -> Contract:
    """The contract of the cast, with a model and one sheet."""
    use_real_model(cast.campaign)
    ActionSheetFactory(contract=cast.contract)
    return cast.contract


@dataclass(frozen=True)
class Table:
    """The three parties at their table: the contract, who engages each institution, its parties by kind."""

    cast: Cast
    contract: Contract
    signatories: dict[str, User]
    parties: dict[str, ContractParty]

    def stored(self) -> Contract:
        return Contract.objects.with_context().get(pk=self.contract.pk)

    def agree_all(self, proposal: Proposal) -> None:
        for kind in self.parties:
            self.agree(kind, proposal)

    def agree(self, kind: str, proposal: Proposal) -> None:
        version = proposal.version
        agree(
            self.contract,
            self.parties[kind],
            version_uid=version.uid,
            version_hash=version.hash,
            by=self.signatories[kind],
        )

    def sign_all(self, proposal: Proposal) -> None:
        for party in self.parties.values():
            record_signature(
                proposal.version, party, signed_on=timezone.localdate(), by=self.cast.prefect_editor
            )

    def walk_to(self, state: ContractState) -> Proposal | None:
        """Make every gesture of the way until `state`, from the final text; the proposal that stands."""
        rank = WAY.index(state)
        editor = self.cast.council_editor
        yesterday = timezone.localdate() - dt.timedelta(days=1)
        proposal = None
        Contract.objects.filter(pk=self.contract.pk).update(
            state=ContractState.DRAFT if rank >= WAY.index(ContractState.DRAFT) else state
        )
        if rank >= WAY.index(ContractState.ODPE_INFORMED):
            inform_odpe(self.contract, informed_on=yesterday, by=editor)
        if rank >= WAY.index(ContractState.ADOPTED):
            record_assembly(self.contract, number="2030-12", deliberated_on=yesterday, by=editor)
        if rank >= WAY.index(ContractState.AGREEMENT):
            proposal = propose_text(self.contract, by=editor)
        if proposal is not None and rank >= WAY.index(ContractState.SIGNATURE):
            self.agree_all(proposal)
        if proposal is not None and rank >= WAY.index(ContractState.IN_FORCE):
            Contract.objects.filter(pk=self.contract.pk).update(planned_effect_on=None)
            self.sign_all(proposal)
        if rank >= WAY.index(ContractState.ENDED):
            Contract.objects.filter(pk=self.contract.pk).update(state=ContractState.ENDED)
        self.contract.refresh_from_db()
        return proposal


def make_table(cast: Cast) -> Table:
    """A contract in which nothing blocks, with a signatory in each institution."""
    contract = cast.contract
    contract.objectives.all().delete()
    cast.campaign.objectives.filter(is_fundamental=True).update(is_fundamental=False)
    Contract.objects.filter(pk=contract.pk).update(
        court="Grenoble",
        state_officer="Le préfet",
        state_accountant="Le directeur",
        agency_officer="Le directeur général",
        agency_accountant="L’agent",
        planned_effect_on=None,
    )
    BankAccount.objects.create(
        contract=contract, holder="Département", iban="FR7630001007941234567890185", bic="BDFEFRPPCCT"
    )
    institutions = {
        InstitutionKind.COUNCIL: cast.council,
        InstitutionKind.PREFECTURE: cast.prefect_editor.memberships.get().institution,
        InstitutionKind.ARS: cast.ars_editor.memberships.get().institution,
    }
    parties, signatories = {}, {}
    for signatory in cast.campaign.signatories.all():
        kind = InstitutionKind(signatory.institution_kind)
        parties[kind.value] = ContractParty.objects.create(
            contract=contract,
            signatory=signatory,
            institution=institutions[kind],
            representative_name="Camille Exemple",
            representative_title="signataire",
        )
        person = UserFactory(email=f"signature-{kind}@exemple.fr")
        MembershipFactory(user=person, institution=institutions[kind], role=Role.SIGNATORY)
        signatories[kind.value] = person
    contract.refresh_from_db()
    return Table(cast, contract, signatories, parties)


@pytest.fixture
def table(cast: Cast) -> Table:
    return make_table(cast)
