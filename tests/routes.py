"""The table of routes × people: what each of twelve people gets from every route of the site.

How to add a route (the suite fails until you do):

1. Add a `Route` to `ROUTES`: its full name, and one line of twelve statuses for GET, for POST, or both. The
   statuses stand in the order of `PEOPLE`; the patterns below (`SEEN`, `EDITED`…) are the usual lines. A
   method that you leave out is expected to be refused: 405 for everybody who gets past the sign-in.
2. A route with parameters names a function that builds them from the `World`, where each kind of object
   exists once, in the territory of the Isère. Missing object? Add it to `World` and `make_world`.
3. POST sends `data(world)`, nothing by default: then a form is refused (422) and a gesture without fields is
   made (302). Nothing of it stays: each cell is rolled back.

The three foreign editors belong to the council, the prefecture and the ARS of another territory in another
region: what is the Isère's does not exist for them (404). A 302 of `anonymous` and `disabled` must lead to
the sign-in page; on a public page (one that anonymous people get a 200 or a 404 from) it is an ordinary
redirect.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone

from agreements.actions.amendments import open_amendment
from agreements.actions.assembly import inform_odpe
from agreements.actions.financial_amendments import KIND as DRAFT_KIND
from agreements.actions.financial_amendments import DraftSubject
from agreements.actions.transmissions import send_transmission
from agreements.actions.versions import freeze_version
from agreements.models import (
    ContractVersion,
    PublicCopy,
    SignedFile,
    Transmission,
    VerificationState,
    VersionPurpose,
)
from agreements.signing.page_codes import match_pages
from cdppe.accounts.actions.digests import stop_token
from cdppe.accounts.models import Invitation, Membership, Role, User
from cdppe.documents.actions.files import store_file
from cdppe.documents.models import JobState, RenderJob
from cdppe.documents.registry import RenderedDocument
from cdppe.lib.tables import read_table
from contracts.actions.action_sheets import create_action_sheet, delete_action_sheet, save_action_sheet
from contracts.actions.calendar import add_step, grant_extension
from contracts.actions.compliance import answer_finding
from contracts.actions.contacts import name_contact
from contracts.actions.exchanges import open_thread
from contracts.actions.feeds import open_feed
from contracts.compliance import report_of
from contracts.models import (
    ActionSheet,
    Amendment,
    CalendarFeed,
    Contact,
    Contract,
    ContractObjective,
    ContractParty,
    ContractStep,
    Deadline,
    DeadlineExtension,
    FieldChange,
    FindingAnswer,
    SheetTemplate,
    Takeover,
    Thread,
)
from contracts.places import Place
from contracts.workflow import ContractState
from funding.actions.allocations import run_allocation
from funding.actions.figures import begin_import
from funding.actions.moves import Information, record_move
from funding.actions.publications import publish
from funding.actions.scenarios import save_scenario
from funding.actions.sheets_import import begin_sheets_import
from funding.models import (
    AllocationRun,
    Contributor,
    CreditMove,
    CriterionSeries,
    CriterionValue,
    Envelope,
    EnvelopeCriterion,
    FigureStatus,
    ImportDraft,
    NotifiedAmount,
    Publication,
    Scenario,
    SeriesEdition,
    SheetsImport,
)
from funding.scenarios import read_draft, typed_of_campaign
from indicators.models import Indicator
from tests.agreements.pdfs import made_with
from tests.agreements.signed_files import keep, make_signed_file
from tests.cast import Cast, make_cast
from tests.factories import (
    ActionFinancingFactory,
    ActionSheetFactory,
    CampaignFactory,
    ContractFactory,
    EnvelopeFactory,
    IndicatorFactory,
    NotifiedAmountFactory,
)
from tests.states import put_in_state

PEOPLE = (
    "anonymous",
    "prefect_editor",
    "ars_editor",
    "council_editor",
    "council_reader",
    "foreign_editor",
    "foreign_prefect",
    "foreign_ars",
    "regional_reader",
    "dgcs_reader",
    "dgcs_editor",
    "disabled",
)

# The columns:  anon pref ars  coun read forC forP forA regi dgcR dgcE disa
OPEN = "        200  200  200  200  200  200  200  200  200  200  200  200"
PERSONAL = "    302  200  200  200  200  200  200  200  200  200  200  302"
SEEN = "        302  200  200  200  200  404  404  404  200  200  200  302"
EDITED = "      302  200  200  200  403  404  404  404  403  403  403  302"
FILLED = "      302  200  200  200  302  404  404  404  302  302  302  302"
DONE = "        302  302  302  302  403  404  404  404  403  403  403  302"
REFUSED_FORM = "302  422  422  422  403  404  404  404  403  403  403  302"
COUNCIL_ONLY = "302  403  403  200  403  404  404  404  403  403  403  302"
RENDERED = "    302  302  302  302  302  404  404  404  302  302  302  302"
RENDERED_FORM = "302 422 422 422 422  404  404  404  422  422  422  302"
NATION_SEEN = " 302  403  403  403  403  403  403  403  403  200  200  302"
NATION_RUN = "  302  403  403  403  403  403  403  403  403  403  200  302"
NATION_DONE = " 302  403  403  403  403  403  403  403  403  403  302  302"
NATION_REFUSED_FORM = "302  403  403  403  403  403  403  403  403  403  422  302"
NATION_CLOSED = "302 403  403  403  403  403  403  403  403  403  403  302"
NATION_REFUSED = "302 403 403  403  403  403  403  403  403  403  422  302"
NATION_SENT_BACK = "302 403 403 403 403 403 403 403 403 302 302 302"
PERSONAL_DONE = "302 302  302  302  302  302  302  302  302  302  302  302"
PERSONAL_REFUSED = "302 422 422 422 422 422 422 422 422 422 422 302"
# A feed is shown to nobody but its person.
COUNCIL_EDITOR_DONE = "302 404 404 302 404 404 404 404 404 404 404 302"
SPOKEN = "      302  422  422  422  422  404  404  404  422  422  422  302"
COUNCIL_REFUSED = "302 403 403  422  403  404  404  404  403  403  403  302"
MEMBERS_ONLY = "302  404  404  403  403  404  404  404  404  404  404  302"

# Not from the state that the contract is in; and a party is engaged by its signatory alone.
NOT_FROM_THERE = "302 409 409 409 403 404 404 404 403 403 403 302"
SIGNATORY_ONLY = "302 403 403 403 403 404 404 404 403 403 403 302"

TOKEN = "jeton-d-essai-de-la-table-des-routes"


@dataclass(frozen=True)
class World:
    """One object of each kind that a route shows, all of the Isère unless their name says otherwise."""

    cast: Cast
    contract: Contract
    optional_objective: ContractObjective
    sheet: ActionSheet
    archived_sheet: ActionSheet
    template: SheetTemplate
    change: FieldChange
    deleted_sheet: FieldChange
    local_indicator: Indicator
    job: RenderJob
    failed_job: RenderJob
    run: AllocationRun
    notified: NotifiedAmount
    import_draft: ImportDraft
    sheets_import: SheetsImport
    publication: Publication
    scenario: Scenario
    step: ContractStep
    extension: DeadlineExtension
    feed: CalendarFeed
    membership: Membership
    invitation: Invitation
    thread: Thread
    contact: Contact
    finding_answer: FindingAnswer
    signed_file: SignedFile
    version: ContractVersion
    transmission: Transmission
    way_party: ContractParty
    """The council, in a contract of which the ODPE is informed."""
    signed_party: ContractParty
    """The council, in a contract in force since today."""
    credit_move: CreditMove
    preparation: RenderJob
    """Of that contract, between its two actions."""
    public_copy: PublicCopy
    """Of a contract that is in force and online."""

    amendment: Amendment
    """Open on another contract of the Isère, which is in force."""

    def person(self, name: str) -> User | None:
        """The person of a column of the table; None for the visitor who has not signed in."""
        return None if name == "anonymous" else getattr(self.cast, name)


def make_world() -> World:
    """The whole world in the database: built once for all the cells."""
    cast = make_cast()
    now = timezone.now()
    signed_party = _signed_party(cast)
    optional = ContractObjective.objects.create(
        contract=cast.contract, objective=cast.campaign.objectives.get(number=12)
    )
    fundamental = cast.contract.objectives.get(objective__number=1)
    shared = _run(cast)
    # Not the number that its rank would give it: there is something to renumber.
    sheet = ActionSheetFactory(contract=cast.contract, contract_objective=fundamental, number=3)
    return World(
        cast=cast,
        contract=cast.contract,
        optional_objective=optional,
        archived_sheet=ActionSheetFactory(
            contract=cast.contract, contract_objective=fundamental, archived_at=now
        ),
        template=SheetTemplate.objects.create(
            objective=fundamental.objective,
            code="trame",
            demand="S’engager à travers une fiche action",
            title="Trame",
            texts={"public": "[À compléter : qui]"},
            source="Texte",
            position=1,
        ),
        sheet=sheet,
        change=_change(cast, sheet),
        deleted_sheet=_deleted_sheet(cast, fundamental),
        local_indicator=IndicatorFactory(
            campaign=cast.campaign,
            contract=cast.contract,
            contract_objective=fundamental,
            objective=None,
        ),
        job=_job(cast, JobState.DONE),
        failed_job=_job(cast, JobState.FAILED),
        signed_file=_signed_file(cast),
        run=shared,
        notified=_notified(cast, shared.envelope),
        import_draft=_import_draft(cast),
        sheets_import=_sheets_import(cast),
        publication=publish(
            [run_allocation(shared.envelope, year=cast.campaign.period_end, by=None)], by=None
        ),
        scenario=_scenario(cast),
        step=_own_step(cast),
        extension=_extension(cast),
        feed=_feeds(cast),
        membership=cast.council.memberships.get(user=cast.council_reader),
        invitation=Invitation.objects.create(
            institution=cast.council,
            email="invitee@isere.exemple.fr",
            role=Role.READER,
            token_hash=hashlib.sha256(TOKEN.encode()).hexdigest(),
            invited_by=cast.council_administrator,
            created_at=now,
            expires_at=now + dt.timedelta(days=7),
        ),
        thread=open_thread(
            cast.contract,
            Place("objectives"),
            text="Pourquoi ces objectifs ?",
            token=uuid.uuid4(),
            by=cast.dgcs_editor,
        ),
        contact=_contact(cast),
        finding_answer=_finding_answer(cast, optional),
        version=freeze_version(
            cast.contract, purpose=VersionPurpose.TRANSMISSION, label="Premier envoi", by=cast.council_editor
        ),
        transmission=_transmission(cast),
        way_party=_way_party(cast),
        signed_party=signed_party,
        credit_move=_credit_move(cast, signed_party.contract),
        public_copy=_public_copy(cast),
        amendment=_amendment(cast),
        preparation=_preparation(cast),
    )


def _preparation(cast: Cast) -> RenderJob:
    """The ministry asked for a financial amendment that this contract, not in force, cannot have."""
    year = cast.campaign.year
    return RenderJob.objects.create(
        kind=DRAFT_KIND,
        subject=str(DraftSubject(cast.campaign.pk, year, cast.contract.pk, cast.dgcs_editor.pk)),
        title=f"Avenant financier {year}",
        requested_by=cast.dgcs_editor,
        state=JobState.FAILED,
        error="Un avenant se prépare sur un contrat en vigueur.",
        finished_at=timezone.now(),
    )


def _credit_move(cast: Cast, contract: Contract) -> CreditMove:
    """Half of what the first action of a contract in force has goes to the second."""
    first, second = (ActionSheetFactory(contract=contract) for _ in range(2))
    envelope = EnvelopeFactory(campaign=contract.campaign, code="MOUVEMENTS")
    year, today = contract.campaign.year, timezone.localdate()
    ActionFinancingFactory(
        action_sheet=first, year=year, contributor=Contributor.STATE, envelope=envelope, amount=Decimal(800)
    )
    return record_move(
        contract,
        year=year,
        envelope=envelope,
        from_sheet=first,
        to_sheet=second,
        amount=Decimal(400),
        decided_on=today,
        information=Information("Bureau des solidarités", today),
        reason="Essai",
        token=uuid.uuid4(),
        by=cast.council_editor,
    )


def _signed_file(cast: Cast) -> SignedFile:
    """A scan of one page, examined: nobody could read its code."""
    version_uid = uuid.uuid4()
    return make_signed_file(
        cast.contract,
        cast.council_editor,
        file=keep(made_with()),
        verification=VerificationState.DONE,
        verified_at=timezone.now(),
        page_codes=[[]],
        pages_json=match_pages([[]], uid=str(version_uid), total=1).to_json(),
    )


def _public_copy(cast: Cast) -> PublicCopy:
    """The public version of a third contract of the Isère, signed by all."""
    campaign = CampaignFactory(code="2034", year=2034, territories=[cast.isere])
    contract = ContractFactory(campaign=campaign, territory=cast.isere)
    version = freeze_version(contract, purpose=VersionPurpose.AGREEMENT, label="Texte signé", by=None)
    put_in_state(contract, ContractState.IN_FORCE, by=cast.council_editor)
    return PublicCopy.objects.create(
        contract=contract,
        version=version,
        file=keep(made_with(), "version-publique.pdf"),
        published_by=cast.council_editor,
    )


def _signed_party(cast: Cast) -> ContractParty:
    """A party of a third contract of the Isère, in force, whose others may be written to."""
    campaign = CampaignFactory(code="2033", year=2033, territories=[cast.isere])
    today = timezone.localdate()
    contract = ContractFactory(
        campaign=campaign,
        territory=cast.isere,
        state=ContractState.IN_FORCE,
        signed_on=today,
        effect_on=today,
    )
    for signatory in campaign.signatories.all():
        ContractParty.objects.create(contract=contract, signatory=signatory)
    return contract.parties.get(signatory__code="council")


def _amendment(cast: Cast) -> Amendment:
    """An amendment that is being written."""
    campaign = CampaignFactory(code="2036", year=2036, territories=[cast.isere])
    contract = ContractFactory(campaign=campaign, territory=cast.isere)
    put_in_state(contract, ContractState.IN_FORCE, by=cast.council_editor)
    return open_amendment(contract, about="Une action", reason="Un besoin", by=cast.council_editor)


def _way_party(cast: Cast) -> ContractParty:
    """A party of another contract of the Isère, further on its way."""
    campaign = CampaignFactory(code="2032", year=2032, territories=[cast.isere])
    contract = ContractFactory(campaign=campaign, territory=cast.isere, state=ContractState.DRAFT)
    party = ContractParty.objects.create(
        contract=contract, signatory=campaign.signatories.get(code="council"), institution=cast.council
    )
    inform_odpe(contract, informed_on=timezone.localdate() - dt.timedelta(days=3), by=cast.council_editor)
    return party


def _transmission(cast: Cast) -> Transmission:
    """The first version of the annexes, sent for its own deadline."""
    deadline = Deadline.objects.create(
        campaign=cast.campaign,
        code="first_version",
        label="Première version",
        due_on=dt.date(cast.campaign.year, 7, 30),
        parties=["prefecture", "ars", "council"],
    )
    return send_transmission(cast.contract, deadline, message="", token=uuid.uuid4(), by=cast.council_editor)


def _contact(cast: Cast) -> Contact:
    """Somebody without an account, named by the council."""
    fields = {
        "name": "Inès Perret",
        "position": "",
        "email": "ines.perret@isere.exemple.fr",
        "phone": "04 65 71 00 38",
    }
    return name_contact(cast.contract, cast.council, fields=fields, by=cast.council_editor)


def _change(cast: Cast, sheet: ActionSheet) -> FieldChange:
    """A text of the sheet, written by its department."""
    save_action_sheet(sheet, fields={"public": "Parents"}, version=sheet.version, by=cast.council_editor)
    sheet.refresh_from_db()
    return FieldChange.objects.get(place=f"sheets/{sheet.pk}/public")


def _deleted_sheet(cast: Cast, objective: ContractObjective) -> FieldChange:
    """What is left of a sheet that somebody deleted."""
    fields = {"contract_objective": objective, "title": "Fiche supprimée"}
    gone = create_action_sheet(cast.contract, fields=fields, by=cast.council_editor)
    title = f"sheets/{gone.pk}/title"
    delete_action_sheet(gone, by=cast.council_editor)
    return FieldChange.objects.get(place=title, after__isnull=True)


def _job(cast: Cast, state: JobState) -> RenderJob:
    """A rendered contract, or one whose rendering failed."""
    file = None
    if state == JobState.DONE:
        file = store_file(RenderedDocument("contrat.pdf", "application/pdf", b"%PDF-1.7"))
    return RenderJob.objects.create(
        kind="contract",
        subject=cast.contract.reference,
        title="Contrat d’essai",
        requested_by=cast.council_editor,
        state=state,
        progress=100 if file else 40,
        error="" if file else "Un blanc n’est pas rempli.",
        finished_at=timezone.now(),
        file=file,
    )


def _run(cast: Cast) -> AllocationRun:
    """An envelope shared between the two territories by one criterion."""
    envelope: Envelope = EnvelopeFactory(campaign=cast.campaign, code="ESSAI", rounding_unit=Decimal(100))
    EnvelopeCriterion.objects.create(
        envelope=envelope, series_code="naissances", label="Naissances", weight=Decimal(100), position=1
    )
    series = CriterionSeries.objects.create(code="naissances", name="Naissances", unit="nombre")
    edition = SeriesEdition.objects.create(
        series=series, code="naissances-essai", producer="Insee", reference_date="2029", source="Essai"
    )
    for territory, births in ((cast.isere, 14_000), (cast.nord, 30_000)):
        CriterionValue.objects.create(
            edition=edition, place_code=territory.code, value=births, status=FigureStatus.OFFICIAL
        )
    return run_allocation(envelope, year=cast.campaign.year, by=cast.dgcs_editor)


def _notified(cast: Cast, envelope: Envelope) -> NotifiedAmount:
    """What the Isère was notified of the envelope for the following year, from a run of its own."""
    run = run_allocation(envelope, year=cast.campaign.year + 1, by=cast.dgcs_editor)
    line = run.lines.get(territory=cast.isere)
    return NotifiedAmountFactory(
        envelope=envelope, territory=cast.isere, year=run.year, amount=line.amount, run=run, source=""
    )


def _import_draft(cast: Cast) -> ImportDraft:
    """A file of figures that waits for its confirmation."""
    description = {
        "series": "naissances",
        "producer": "Insee",
        "reference_date": "2030",
        "source": "Essai",
        "licence": "",
        "note": "",
        "status": FigureStatus.OFFICIAL.value,
        "is_partial": True,
    }
    table = read_table(f"code;valeur\n{cast.isere.code};15000\n".encode(), name="naissances.csv")
    return begin_import(
        description, table, is_described=True, file_name="naissances.csv", by=cast.dgcs_editor
    )


def _sheets_import(cast: Cast) -> SheetsImport:
    """A table of one sheet that waits for its confirmation; the contract is being taken over."""
    Takeover.objects.create(
        contract=cast.contract,
        started_by=cast.council_editor,
        signed_file=store_file(RenderedDocument("signe.pdf", "application/pdf", b"%PDF-1.7")),
    )
    table = read_table("Objectif;Intitulé de l’action\n1;Une fiche importée\n".encode(), name="fiches.csv")
    return begin_sheets_import(cast.contract, table, file_name="fiches.csv", by=cast.council_editor)


def _scenario(cast: Cast) -> Scenario:
    """The campaign's own terms, as a scenario, with a modulation."""
    typed, codes = typed_of_campaign(cast.campaign)
    row = f"e{cast.campaign.envelopes.first().pk}-mod-1"
    typed |= {f"{row}-territory": codes[0], f"{row}-kind": "coefficient", f"{row}-value": "80 %"}
    draft = read_draft(cast.campaign, typed | {f"{row}-reason": "Engagements non tenus."}, codes)
    return save_scenario(
        None,
        cast.campaign,
        year=cast.campaign.year,
        name="Scénario d’essai",
        territories=draft.chosen,
        terms=draft.terms,
        version=0,
        by=cast.dgcs_editor,
        modulations=draft.modulations,
    )


def _own_step(cast: Cast) -> ContractStep:
    """A step that the territory added, on a Sunday."""
    fields = {"label": "Comité de pilotage", "fixed_on": dt.date(cast.campaign.year, 10, 13)}
    return add_step(cast.contract, fields=fields, by=cast.council_editor)


def _extension(cast: Cast) -> DeadlineExtension:
    """A later date for the Isère."""
    return grant_extension(
        cast.campaign.deadlines.get(),
        cast.isere,
        due_on=dt.date(cast.campaign.year, 9, 13),
        reason="Essai",
        version=0,
        by=cast.dgcs_editor,
    )


def _feeds(cast: Cast) -> CalendarFeed:
    """The feed of the council's editor; its administrator has some too."""
    open_feed(cast.council_administrator, None, only_mine=True)
    open_feed(cast.council_administrator, cast.contract, only_mine=False)
    return open_feed(cast.council_editor, None, only_mine=True)


def _finding_answer(cast: Cast, objective: ContractObjective) -> FindingAnswer:
    """The answer to an objective that has no action yet; the other objectives wait for theirs."""
    finding = next(
        line
        for line in report_of(cast.contract).to_check
        if line.finding.place == Place("objectives", objective.pk)
    )
    return answer_finding(
        cast.contract, finding.key, reason="L’action vient par avenant.", by=cast.council_editor
    )


def nothing(world: World) -> dict[str, Any]:
    return {}


def contract(world: World) -> dict[str, Any]:
    return {"reference": world.contract.reference}


def way_contract(world: World) -> dict[str, Any]:
    return {"reference": world.way_party.contract.reference}


def way_party(world: World) -> dict[str, Any]:
    return way_contract(world) | {"pk": world.way_party.pk}


def signed_contract(world: World) -> dict[str, Any]:
    return {"reference": world.signed_party.contract.reference}


def signed_party(world: World) -> dict[str, Any]:
    return signed_contract(world) | {"pk": world.signed_party.pk}


def credit_move(world: World) -> dict[str, Any]:
    return signed_contract(world) | {"pk": world.credit_move.pk}


def way_back(world: World) -> dict[str, Any]:
    return way_contract(world) | {"code": "correct-odpe"}


def transition(world: World) -> dict[str, Any]:
    return contract(world) | {"code": "open-negotiation"}


def sheet(world: World) -> dict[str, Any]:
    return contract(world) | {"number": world.sheet.number}


def ranked_sheet(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.sheet.pk}


def archived_sheet(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.archived_sheet.pk}


def demand(world: World) -> dict[str, Any]:
    return contract(world) | {"code": world.template.code}


def one_up(world: World) -> dict[str, Any]:
    return {"sens": "haut"}


def change(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.change.pk}


def deleted_sheet(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.deleted_sheet.pk}


def former_text(world: World) -> dict[str, Any]:
    return {"texte": "avant"}


def optional_objective(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.optional_objective.pk}


def section(world: World) -> dict[str, Any]:
    """The tableau de bord's section of the objective that carries the local indicator."""
    return contract(world) | {"section_key": f"objectif-{world.local_indicator.contract_objective_id}"}


def local_indicator(world: World) -> dict[str, Any]:
    return contract(world) | {"indicator_id": world.local_indicator.pk}


def step(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.step.pk}


def first_version(world: World) -> dict[str, Any]:
    return {"version": "1"}


def deadline(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.extension.deadline_id}


def campaign_deadline(world: World) -> dict[str, Any]:
    return campaign(world) | {"pk": world.extension.deadline_id}


def extension(world: World) -> dict[str, Any]:
    return campaign(world) | {"pk": world.extension.pk}


def feed(world: World) -> dict[str, Any]:
    return {"pk": world.feed.pk}


def feed_address(world: World) -> dict[str, Any]:
    return {"token": world.feed.token}


def digest_stop(world: World) -> dict[str, Any]:
    return {"token": stop_token(world.cast.council_editor)}


def job(world: World) -> dict[str, Any]:
    return {"job_id": world.job.pk}


def signed_file(world: World) -> dict[str, Any]:
    return {"uid": world.signed_file.uid}


def signed_sheet(world: World) -> dict[str, Any]:
    return {"uid": world.signed_file.uid, "position": 1}


def public_contract(world: World) -> dict[str, Any]:
    return {"reference": world.public_copy.contract.reference}


def failed_job(world: World) -> dict[str, Any]:
    return {"job_id": world.failed_job.pk}


def campaign(world: World) -> dict[str, Any]:
    return {"code": world.cast.campaign.code}


def envelope(world: World) -> dict[str, Any]:
    return campaign(world) | {"envelope_code": world.run.envelope.code}


def matrix_file(world: World) -> dict[str, Any]:
    return campaign(world) | {"kind": "csv"}


def run(world: World) -> dict[str, Any]:
    return campaign(world) | {"pk": world.run.pk}


def notified_amount(world: World) -> dict[str, Any]:
    return envelope(world) | {"territory_code": world.cast.isere.code, "year": world.notified.year}


def edition(world: World) -> dict[str, Any]:
    return {"code": "naissances-essai"}


def edition_file(world: World) -> dict[str, Any]:
    return edition(world) | {"kind": "csv"}


def import_draft(world: World) -> dict[str, Any]:
    return {"draft_id": world.import_draft.pk}


def sheets_import(world: World) -> dict[str, Any]:
    return contract(world) | {"draft_id": world.sheets_import.pk}


def publication(world: World) -> dict[str, Any]:
    return campaign(world) | {"pk": world.publication.pk}


def scenario(world: World) -> dict[str, Any]:
    return campaign(world) | {"pk": world.scenario.pk}


def preparation_year(world: World) -> dict[str, Any]:
    return campaign(world) | {"year": world.cast.campaign.year}


def year_of_the_campaign(world: World) -> dict[str, Any]:
    return {"annee": str(world.cast.campaign.year)}


def free_objective(world: World) -> dict[str, Any]:
    return {"objective": world.cast.campaign.objectives.get(number=20).pk}


def open_tab(world: World) -> dict[str, Any]:
    return {"place": "details", "tab": "6f0a7b6e-3c07-4c0e-9b1c-2f6f3f1d8a11"}


def institution(world: World) -> dict[str, Any]:
    return {"pk": world.cast.council.pk}


def member(world: World) -> dict[str, Any]:
    return {"pk": world.cast.council.pk, "membership_pk": world.membership.pk}


def invitation(world: World) -> dict[str, Any]:
    return {"pk": world.cast.council.pk, "invitation_pk": world.invitation.pk}


def finding_answer(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.finding_answer.pk}


def invitation_link(world: World) -> dict[str, Any]:
    return {"token": TOKEN}


def thread(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.thread.pk}


def version_uid(world: World) -> dict[str, Any]:
    return {"uid": world.version.uid}


def amended(world: World) -> dict[str, Any]:
    return {"reference": world.amendment.contract.reference}


def amendment(world: World) -> dict[str, Any]:
    return amended(world) | {"number": world.amendment.number}


def version_data(world: World) -> dict[str, Any]:
    return version(world) | {"kind": "csv"}


def version(world: World) -> dict[str, Any]:
    return contract(world) | {"number": world.version.number}


def transmission(world: World) -> dict[str, Any]:
    return contract(world) | {"number": world.transmission.number}


def transmission_deadline(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.transmission.deadline_id}


def transmission_uid(world: World) -> dict[str, Any]:
    return {"uid": world.transmission.uid}


def contact(world: World) -> dict[str, Any]:
    return contract(world) | {"pk": world.contact.pk}


def contract_and_council(world: World) -> dict[str, Any]:
    return contract(world) | {"institution_pk": world.cast.council.pk}


def broken_reset_link(world: World) -> dict[str, Any]:
    return {"uidb64": "MQ", "token": "perime"}


@dataclass(frozen=True)
class Route:
    """A row of the table; see the top of this module."""

    name: str
    kwargs: Callable[[World], dict[str, Any]] = nothing
    get: str | None = None
    post: str | None = None
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

# The columns:  anon pref ars  coun read forC forP forA regi dgcR dgcE disa
ROUTES = [
    # --- Home
    Route("home:index", get=PERSONAL),
    Route("home:health", get=OPEN),
    Route("home:rich-text-preview", nothing, post=PERSONAL),
    Route("home:legal-notice", get=OPEN),
    Route("home:accessibility", get=OPEN),
    Route("home:personal-data", get=OPEN),
    Route("home:site-map", get=OPEN),
    # --- People
    Route(
        "accounts:sign-in",
        get="   200  302  302  302  302  302  302  302  302  302  302  200",
        post="  422  302  302  302  302  302  302  302  302  302  302  422",
    ),
    Route(
        "accounts:sign-out",
        post="  302  302  302  302  302  302  302  302  302  302  302  302",
    ),
    Route(
        "accounts:forgotten-password",
        get=OPEN,
        post="  422  422  422  422  422  422  422  422  422  422  422  422",
    ),
    Route("accounts:forgotten-password-sent", get=OPEN),
    # A link that does not serve says so, whoever opens it and however.
    Route("accounts:new-password", broken_reset_link, get=OPEN, post=OPEN),
    Route(
        "accounts:my-account",
        get=PERSONAL,
        post="  302  422  422  422  422  422  422  422  422  422  422  302",
    ),
    Route(
        "accounts:change-password",
        get=PERSONAL,
        post="  302  422  422  422  422  422  422  422  422  422  422  302",
    ),
    # The link is for who holds it: a visitor opens an account, others read that it is not for them.
    Route(
        "accounts:invitation-accept",
        invitation_link,
        get=OPEN,
        post="  422  200  200  200  200  200  200  200  200  200  200  422",
    ),
    Route(
        "accounts:institution",
        institution,
        get="   302  404  404  200  200  404  404  404  404  404  404  302",
    ),
    # Only administrators change the members: none of the twelve is one (tests/accounts/test_institutions.py).
    Route("accounts:invitation-create", institution, get=MEMBERS_ONLY, post=MEMBERS_ONLY),
    Route("accounts:invitation-revoke", invitation, post=MEMBERS_ONLY),
    Route("accounts:member-edit", member, get=MEMBERS_ONLY, post=MEMBERS_ONLY),
    Route("accounts:member-remove", member, get=MEMBERS_ONLY, post=MEMBERS_ONLY),
    # --- Contracts
    Route("contracts:list", get=PERSONAL),
    # Every party creates; the one of another territory does it there.
    Route(
        "contracts:create",
        get="   302  200  200  200  403  200  200  200  403  403  403  302",
        post="  302  422  422  422  403  422  422  422  403  403  403  302",
    ),
    Route("contracts:detail", contract, get=SEEN),
    Route("contracts:move", transition, get=EDITED, post=DONE),
    Route("contracts:details-edit", contract, get=SEEN, post=REFUSED_FORM),
    # The account is the department's own (article 4).
    Route(
        "contracts:bank-account-edit",
        contract,
        get=COUNCIL_ONLY,
        post="  302  403  403  422  403  404  404  404  403  403  403  302",
    ),
    Route("contracts:objectives", contract, get=SEEN),
    Route("contracts:objective-add", contract, post=DONE, data=free_objective),
    Route("contracts:own-objective-add", contract, post=REFUSED_FORM),
    Route("contracts:objective-remove", optional_objective, get=EDITED, post=DONE),
    Route("contracts:sheets", contract, get=SEEN),
    Route("contracts:sheet-delete", sheet, get=EDITED, post=DONE),
    Route("contracts:sheet-move", ranked_sheet, post=DONE, data=one_up),
    Route("contracts:sheet-archive", ranked_sheet, post=DONE),
    Route("contracts:sheet-restore", archived_sheet, post=DONE),
    Route(
        "contracts:sheets-renumber",
        contract,
        get=EDITED,
        post="  302  409  409  409  403  404  404  404  403  403  403  302",
    ),
    Route("contracts:sheet-demand", demand, get=SEEN, post=REFUSED_FORM),
    Route(
        "contracts:takeover-start",
        get="   302  200  200  200  403  200  200  200  403  403  403  302",
        post="  302  422  422  422  403  422  422  422  403  403  403  302",
    ),
    Route("contracts:takeover", contract, get=SEEN, post=REFUSED_FORM),
    Route("contracts:takeover-mark", contract, post=DONE),
    # Not in force: there is nothing to reopen, and the page says so.
    Route(
        "contracts:takeover-reopen",
        contract,
        post="  302  409  409  409  403  404  404  404  403  403  403  302",
    ),
    Route("contracts:signed-file", contract, get=SEEN),
    Route("funding:sheets-import", contract, get=EDITED, post=REFUSED_FORM),
    Route("funding:sheets-import-template", contract, get=EDITED),
    Route("funding:financing", contract, get=SEEN, post=DONE),
    # An import is its author's alone.
    Route(
        "funding:sheets-import-preview",
        sheets_import,
        get="   302  404  404  200  403  404  404  404  403  403  403  302",
        post="  302  404  404  302  403  404  404  404  403  403  403  302",
    ),
    Route("contracts:search-all", get=PERSONAL),
    Route("contracts:search", contract, get=SEEN),
    Route("contracts:history", contract, get=SEEN),
    Route("contracts:journal", contract, get=SEEN),
    Route("contracts:journal-export", contract, get=SEEN),
    Route("contracts:site-journal", get=NATION_SEEN),
    Route("contracts:site-journal-export", get=NATION_SEEN),
    Route("contracts:history-compare", contract, get=SEEN),
    Route("contracts:history-change", change, get=SEEN),
    Route("contracts:history-restore", change, post=DONE, data=former_text),
    Route("contracts:history-recreate-sheet", deleted_sheet, post=DONE),
    Route("contracts:document", contract, get=SEEN),
    # A section may stay empty: what is asked is the version.
    Route("contracts:diagnosis", contract, get=SEEN, post=REFUSED_FORM),
    Route("contracts:presence", contract, post=SEEN, data=open_tab),
    Route("contracts:document-render", contract, post=RENDERED),
    # --- Exchanges: whoever sees the contract speaks in them; contacts are their own institution's
    Route("contracts:my-exchanges", get=PERSONAL),
    Route("contracts:exchanges", contract, get=SEEN),
    Route("contracts:thread-open", contract, get=SEEN, post=SPOKEN),
    Route("contracts:thread", thread, get=SEEN, post=SPOKEN),
    Route("contracts:thread-settle", thread, post=RENDERED),
    Route("contracts:thread-reopen", thread, post=RENDERED),
    Route("contracts:contact-create", contract_and_council, get=COUNCIL_ONLY, post=COUNCIL_REFUSED),
    Route("contracts:contact-edit", contact, get=COUNCIL_ONLY, post=COUNCIL_REFUSED),
    Route("contracts:contact-replace", contact, get=COUNCIL_ONLY, post=COUNCIL_REFUSED),
    Route("contracts:contact-end", contact, get=COUNCIL_ONLY, post=COUNCIL_REFUSED),
    # Only who administers the institution invites: the editor is sent back with a sentence.
    Route(
        "contracts:contact-invite",
        contact,
        post="  302  403  403  302  403  404  404  404  403  403  403  302",
    ),
    # --- Documents
    Route("documents:job", job, get=SEEN),
    Route("documents:job-progress", job, get=SEEN),
    Route("documents:job-retry", failed_job, post=RENDERED),
    Route("documents:job-download", job, get=SEEN),
    # --- Tableau de bord
    Route("indicators:dashboard", contract, get=SEEN),
    # Who only reads is sent to the page that is read.
    Route("indicators:dashboard-fill", contract, get=FILLED, post=DONE),
    Route("indicators:dashboard-edit", section, get=EDITED, post=DONE),
    Route("indicators:local-indicator-create", section, get=EDITED, post=REFUSED_FORM),
    Route("indicators:local-indicator-edit", local_indicator, get=EDITED, post=REFUSED_FORM),
    Route("indicators:local-indicator-delete", local_indicator, get=EDITED, post=DONE),
    # --- Versions
    Route("agreements:versions", contract, get=SEEN),
    Route("agreements:version", version, get=SEEN),
    Route("agreements:version-render", version, post=RENDERED),
    Route("agreements:versions-compare", contract, get=SEEN),
    Route("agreements:changes-render", contract, post=RENDERED_FORM),
    # --- Transmissions
    Route("agreements:transmissions", contract, get=SEEN),
    Route("agreements:transmission", transmission, get=SEEN),
    Route("agreements:transmission-send", transmission_deadline, get=EDITED, post=REFUSED_FORM),
    Route("agreements:received-transmissions", get=NATION_SEEN),
    Route("agreements:transmission-review", transmission_uid, get=NATION_SEEN),
    Route("agreements:transmission-acknowledge", transmission_uid, post=NATION_DONE),
    Route("agreements:transmission-advise", transmission_uid, post=NATION_REFUSED_FORM),
    Route("agreements:transmission-note", transmission_uid, post=NATION_REFUSED_FORM),
    Route("agreements:verify", get=OPEN),
    Route("agreements:verify-version", version_uid, get=OPEN),
    # --- Sheets with their financing, plan
    Route("funding:sheet-create", contract, get=EDITED, post=REFUSED_FORM),
    Route("funding:sheet-create-totals", contract, post=EDITED),
    Route("funding:sheet-edit", sheet, get=SEEN, post=REFUSED_FORM),
    Route("funding:sheet-totals", sheet, post=EDITED),
    Route("funding:sheet-copy", ranked_sheet, get=EDITED, post=DONE),
    Route("funding:action-plan", contract, get=SEEN),
    # --- Allocation: the ministry's alone
    Route("funding:allocation-list", get=NATION_SEEN),
    Route("funding:allocation-campaign", campaign, get=NATION_SEEN),
    Route("funding:allocation-criteria", campaign, get=NATION_SEEN),
    Route("funding:allocation-run", run, get=NATION_SEEN),
    Route("funding:run-workbook", run, get=NATION_SEEN),
    # Why this amount: the territory reads its own once it is notified.
    Route("funding:amount-explanation", notified_amount, get=SEEN),
    Route("funding:series-list", get=NATION_SEEN),
    Route("funding:series-edition", edition, get=NATION_SEEN),
    Route("funding:series-export", edition_file, get=NATION_SEEN),
    Route("funding:series-import", get=NATION_RUN, post=NATION_REFUSED_FORM),
    Route("funding:series-import-edit", import_draft, get=NATION_RUN, post=NATION_REFUSED_FORM),
    Route("funding:series-import-preview", import_draft, get=NATION_RUN, post=NATION_DONE),
    Route("funding:publication-list", campaign, get=NATION_SEEN),
    # Who signs for DGCS publishes: none of the ten does (tests/funding/test_publications.py).
    Route("funding:publication-create", campaign, get=NATION_CLOSED, post=NATION_CLOSED),
    Route("funding:publication-detail", publication, get=NATION_SEEN),
    Route("funding:letters-request", publication, post=NATION_CLOSED),
    Route("funding:letters-progress", publication, get=NATION_SEEN),
    # Nothing is rendered in this world: one is sent back to the publication with a sentence.
    Route("funding:letters-download", publication, get=NATION_SENT_BACK),
    Route("funding:scenario-list", campaign, get=NATION_SEEN),
    Route("funding:scenario-create", campaign, get=NATION_RUN, post=NATION_REFUSED),
    Route("funding:scenario-compare", campaign, get=NATION_SEEN),
    Route("funding:scenario-results", campaign, post=NATION_RUN),
    Route("funding:scenario-detail", scenario, get=NATION_SEEN),
    Route("funding:scenario-edit", scenario, get=NATION_RUN, post=NATION_REFUSED),
    Route("funding:scenario-duplicate", scenario, post=NATION_DONE),
    Route("funding:scenario-run", scenario, post=NATION_DONE),
    Route("funding:allocation-criteria-export", matrix_file, get=NATION_SEEN),
    Route("funding:allocation-start", envelope, post=NATION_DONE, data=year_of_the_campaign),
    Route("contracts:calendar", contract, get=SEEN),
    Route("contracts:calendar-gantt", contract, get=SEEN),
    Route("contracts:effect-date-edit", contract, get=EDITED, post=REFUSED_FORM),
    Route("contracts:step-create", contract, get=EDITED, post=REFUSED_FORM),
    Route("contracts:step-edit", step, get=EDITED, post=REFUSED_FORM),
    Route("contracts:step-remove", step, get=EDITED, post=DONE),
    Route("contracts:step-mark", step, post=DONE),
    Route("contracts:step-bring-forward", step, post=DONE, data=first_version),
    Route("contracts:deadline-settle", deadline, post=DONE),
    Route("contracts:feeds", get=PERSONAL),
    Route("contracts:feed-open", post=PERSONAL_DONE),
    Route("contracts:feed-renew", feed, post=COUNCIL_EDITOR_DONE),
    Route("contracts:feed-revoke", feed, post=COUNCIL_EDITOR_DONE),
    Route("contracts:feed", feed_address, get=OPEN),
    Route("contracts:deadlines", campaign, get=NATION_SEEN),
    Route("contracts:deadline-extend", campaign_deadline, get=NATION_RUN, post=NATION_REFUSED_FORM),
    Route("contracts:extension-withdraw", extension, get=NATION_RUN, post=NATION_DONE),
    Route("accounts:digest-settings", get=PERSONAL, post=PERSONAL_REFUSED),
    Route("accounts:digest-stop", digest_stop, get=OPEN, post=OPEN.replace("200", "302")),
    # --- Compliance
    Route("contracts:compliance", contract, get=SEEN),
    Route("contracts:compliance-line", contract, get=SEEN),
    Route("contracts:finding-answer", contract, post=REFUSED_FORM),
    Route("contracts:finding-answer-withdraw", finding_answer, post=DONE),
    # --- Agreements
    Route("agreements:signed-file-download", signed_file, get=SEEN),
    # --- The way to signature: a contract of which the ODPE is informed
    Route("agreements:way", way_contract, get=SEEN),
    Route("agreements:odpe", way_contract, get=NOT_FROM_THERE, post=NOT_FROM_THERE),
    Route("agreements:assembly", way_contract, get=EDITED, post=REFUSED_FORM),
    Route("agreements:propose", way_contract, get=NOT_FROM_THERE, post=NOT_FROM_THERE),
    Route("agreements:agreement-give", way_party, get=SIGNATORY_ONLY, post=SIGNATORY_ONLY),
    Route("agreements:agreement-withdraw", way_party, get=SIGNATORY_ONLY, post=SIGNATORY_ONLY),
    Route("agreements:signature-record", way_party, get=NOT_FROM_THERE, post=NOT_FROM_THERE),
    Route("agreements:signature-withdraw", way_party, get=NOT_FROM_THERE, post=NOT_FROM_THERE),
    Route("agreements:step-back", way_back, get=EDITED, post=REFUSED_FORM),
    # --- The end of a contract in force: each party denounces in its own name
    Route("agreements:ending", signed_contract, get=SEEN),
    Route("agreements:denunciation-record", signed_party, get=COUNCIL_ONLY, post=COUNCIL_REFUSED),
    Route("agreements:denunciation-withdraw", signed_contract, get=NOT_FROM_THERE, post=NOT_FROM_THERE),
    # --- Credits moved in execution
    Route("funding:moves", signed_contract, get=SEEN),
    Route("funding:moves-export", signed_contract, get=SEEN),
    Route("funding:move-create", signed_contract, get=EDITED, post=REFUSED_FORM),
    Route("funding:move-correct", credit_move, get=EDITED, post=REFUSED_FORM),
    # --- The financial amendment of a year: without a year nothing is prepared, without a draft nothing taken
    Route("agreements:financial", signed_contract, get=SEEN, post=NOT_FROM_THERE),
    Route("agreements:moves-take", signed_contract, post=NOT_FROM_THERE),
    Route("agreements:campaign-amendments", campaign, get=NATION_RUN, post=NATION_REFUSED_FORM),
    Route("agreements:campaign-amendments-progress", preparation_year, get=NATION_RUN),
    # Who signs for DGCS puts a campaign off: none of the ten does (tests/agreements/test_campaign_ends.py).
    Route("agreements:campaign-end", campaign, get=NATION_CLOSED, post=NATION_CLOSED),
    # --- Signed files: a scan of which a sheet is unreadable, of a text that nobody signs
    Route("agreements:signed-files", contract, get=SEEN),
    Route("agreements:signed-file-deposit", version, get=EDITED, post=REFUSED_FORM),
    Route("agreements:signed-file", signed_file, get=SEEN),
    Route("agreements:signed-file-progress", signed_file, get=SEEN),
    Route("agreements:signed-file-examine", signed_file, post=RENDERED),
    Route("agreements:signed-file-pages", signed_file, get=EDITED, post=DONE),
    Route("agreements:signed-file-picture", signed_sheet, get=SEEN),
    Route("agreements:signed-file-signatures", signed_file, get=NOT_FROM_THERE, post=NOT_FROM_THERE),
    # --- The public version: nothing to put online of a contract that is being written
    Route("agreements:publication", contract, get=SEEN),
    Route("agreements:publication-prepare", contract, post=NOT_FROM_THERE),
    Route("agreements:publication-confirm", contract, get=NOT_FROM_THERE, post=NOT_FROM_THERE),
    Route("agreements:publication-withdraw", contract, get=NOT_FROM_THERE, post=NOT_FROM_THERE),
    Route("agreements:public-contracts", get=OPEN),
    Route("agreements:public-contract", public_contract, get=OPEN),
    Route("agreements:public-contract-pdf", public_contract, get=OPEN),
    # --- Amendments to a contract in force, and the contract at a date
    Route("agreements:amendments", amended, get=SEEN),
    Route("agreements:amendment-open", signed_contract, get=EDITED, post=REFUSED_FORM),
    Route("agreements:amendment", amendment, get=SEEN),
    Route("agreements:amendment-edit", amendment, get=EDITED, post=REFUSED_FORM),
    Route("agreements:amendment-abandon", amendment, get=EDITED, post=REFUSED_FORM),
    Route("agreements:contract-at", amended, get=SEEN),
    Route("agreements:version-data", version_data, get=SEEN),
]
