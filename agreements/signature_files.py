"""What is shown of signed files: where each stands, what was established, what it may prove (K4)."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from agreements.actions.signed_files import KIND
from agreements.documents import pdf_job_of, pdf_of
from agreements.models import (
    ContractVersion,
    Proposal,
    ScreeningState,
    Signature,
    SignatureProof,
    SignedFile,
    SignedFileKind,
    VerificationState,
)
from agreements.needs import signing_parties
from agreements.signing.pades import Outcome, SignatureVerdict
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.documents.models import JobState, RenderJob
from contracts.models import Contract, ContractParty
from contracts.workflow import SIGNED_STATES, ContractState

EXPECTING = frozenset({ContractState.SIGNATURE, *SIGNED_STATES})
"""The states in which a signed copy is taken: a paper may come after the last signature was recorded."""

ALREADY_PROVES = (
    "Une de ces signatures est déjà enregistrée d’après ce fichier : rien n’a changé. Rechargez la page."
)
NOT_THE_TEXT = (
    "Ce n’est pas le texte que les parties signent : les signatures se déposent sur la version qui a reçu "
    "l’accord de toutes."
)
BADGES = {
    Outcome.VALID: "success",
    Outcome.INVALID: "error",
    Outcome.INDETERMINATE: "warning",
    Outcome.NOT_VERIFIABLE: "info",
}
"""{what a verification ended with: how it is coloured}."""


@dataclass(frozen=True)
class FileLine:
    """A signed file in a list: what is known of it in a few words, and whose signatures it proves."""

    file: SignedFile
    result: str
    badge: str
    is_under_way: bool
    proves: tuple[str, ...]


@dataclass(frozen=True)
class SignatureView:
    """A signature or time stamp inside a PDF: what was established, when, which party's it is recorded as."""

    number: int
    verdict: SignatureVerdict
    badge: str
    stamped_at: dt.datetime | None
    claimed_at: dt.datetime | None
    is_usable: bool
    proof: SignatureProof | None = None

    @property
    def signed_on(self) -> dt.date | None:
        """The day that a time stamp proves, else the one that the signer's own machine wrote."""
        at = self.stamped_at or self.claimed_at
        return timezone.localtime(at).date() if at else None

    @property
    def label(self) -> str:
        """As people choose it."""
        return f"{self.verdict.signer.label} ({self.verdict.outcome.label.lower()})"


@dataclass(frozen=True)
class FilePage:
    """The whole page of one signed file for one reader."""

    file: SignedFile
    line: FileLine
    job: RenderJob | None
    signatures: tuple[SignatureView, ...]
    timestamps: tuple[SignatureView, ...]
    proofs: tuple[SignatureProof, ...]
    refusal_to_serve: str
    refusal_to_record: str
    may_record: bool
    may_confirm: bool
    may_ask_again: bool


@dataclass(frozen=True)
class CopiesBlock:
    """What the page « Accord et signature » says of the signed copies of one version."""

    version: ContractVersion
    pdf_job: RenderJob | None
    lines: tuple[FileLine, ...]
    may_deposit: bool
    may_render: bool


# --- What may be done --------------------------------------------------------------------------------------


def missing_to_deposit(version: ContractVersion) -> str:
    """Why no signed copy of `version` is taken, as it is stored now; "" when one is."""
    proposal = (
        Proposal.objects.standing().filter(version=version).select_related("contract", "amendment").first()
    )
    if proposal is None:
        return NOT_THE_TEXT
    way = proposal.amendment or proposal.contract
    if way.state not in EXPECTING:
        return (
            f"{way.the_text} est à l’état « {way.get_state_display()} » : un fichier signé se dépose une "
            "fois que toutes les parties ont donné leur accord."
        )
    if pdf_of(version) is None:
        return (
            "Le PDF de cette version n’a pas encore été produit : produisez-le, faites-le signer tel quel, "
            "puis déposez le fichier signé."
        )
    return ""


def refusal_to_record(signed_file: SignedFile) -> str:
    """Why no signature is recorded from `signed_file`; "" when some may be."""
    if signed_file.refusal_to_serve:
        return signed_file.refusal_to_serve
    if signed_file.verification != VerificationState.DONE:
        return "Ce fichier n’a pas encore été vérifié : attendez le résultat."
    pages, verdict = signed_file.pages, signed_file.verdict
    if signed_file.kind == SignedFileKind.SCAN and (pages is None or not pages.is_complete):
        return (
            "Ce document numérisé ne contient pas toutes les pages de la version, chacune une fois : il ne "
            "prouve aucune signature. Désignez les feuilles illisibles, ou déposez un document complet."
        )
    if signed_file.kind == SignedFileKind.PADES and verdict is not None:
        if not verdict.signers:
            return (
                "Ce fichier ne contient aucune signature électronique. S’il est numérisé, déposez-le comme "
                "« signé à la main et numérisé »."
            )
        if not any(each.outcome != Outcome.INVALID for each in verdict.signers):
            return "Aucune signature de ce fichier n’est valide sur notre version : rien n’est à enregistrer."
    return ""


def signatures_of(
    signed_file: SignedFile, proofs: Iterable[SignatureProof] = ()
) -> tuple[SignatureView, ...]:
    """The signatures of people in an electronically signed file, in the order in which they were made."""
    verdict = signed_file.verdict
    if verdict is None:
        return ()
    by_field = {proof.field: proof for proof in proofs}
    return tuple(
        _view(number, each, by_field.get(each.field)) for number, each in enumerate(verdict.signers, start=1)
    )


def _view(number: int, verdict: SignatureVerdict, proof: SignatureProof | None = None) -> SignatureView:
    return SignatureView(
        number=number,
        verdict=verdict,
        badge=BADGES[verdict.outcome],
        stamped_at=_moment(verdict.stamped_at),
        claimed_at=_moment(verdict.claimed_at),
        is_usable=verdict.outcome != Outcome.INVALID and not verdict.is_timestamp,
        proof=proof,
    )


def _moment(text: str) -> dt.datetime | None:
    """The moment that a file says, if it says one that can be read."""
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if timezone.is_aware(at) else timezone.make_aware(at, dt.UTC)


def party_named(verdict: SignatureVerdict, parties: Sequence[ContractParty]) -> ContractParty | None:
    """The only one of `parties` whose representative's name is in the certificate's; None in doubt."""
    signer = _words(verdict.signer.name)
    found = [
        party
        for party in parties
        if (words := _words(party.representative_name)) and len(words) > 1 and words <= signer
    ]
    return found[0] if len(found) == 1 else None


def _words(name: str) -> frozenset[str]:
    folded = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(each for each in folded if not unicodedata.combining(each))
    return frozenset(re.findall(r"[^\W\d_]+", plain))


# --- What is shown -----------------------------------------------------------------------------------------


def with_proofs(files: QuerySet[SignedFile]) -> QuerySet[SignedFile]:
    """`files` with all that their lines read."""
    proofs = SignatureProof.objects.standing().select_related("signature__party__signatory", "recorded_by")
    return files.select_related(
        "file",
        "original",
        "version__contract__territory__region",
        "version__contract__campaign",
        "uploaded_by",
    ).prefetch_related(Prefetch("proofs", proofs))


def jobs_of(files: Sequence[SignedFile]) -> dict[str, RenderJob]:
    """{public identifier: the last job that examines or examined it}."""
    subjects = [str(each.uid) for each in files]
    jobs = RenderJob.objects.filter(kind=KIND, subject__in=subjects).order_by("created_at", "pk")
    return {job.subject: job for job in jobs}


def file_lines(contract: Contract, reader: User) -> list[FileLine]:
    """The signed files of every version of `contract`, newest first; as many queries for many as for one."""
    files = list(with_proofs(SignedFile.objects.visible_to(reader).filter(version__contract=contract)))
    jobs = jobs_of(files)
    return [file_line(each, jobs.get(str(each.uid))) for each in files]


def file_line(signed_file: SignedFile, job: RenderJob | None) -> FileLine:
    """What a list says of `signed_file`, read by `with_proofs`, and of its last examination."""
    is_under_way = job is not None and not job.is_finished
    result, badge = _result(signed_file, job)
    return FileLine(
        file=signed_file,
        result=result,
        badge=badge,
        is_under_way=is_under_way,
        proves=tuple(str(proof.signature.party.signatory) for proof in _proofs(signed_file)),
    )


def _proofs(signed_file: SignedFile) -> tuple[SignatureProof, ...]:
    """The proofs that `with_proofs` read, those of withdrawn signatures left out."""
    return tuple(each for each in signed_file.proofs.all() if each.signature.withdrawn_at is None)


def _result(signed_file: SignedFile, job: RenderJob | None) -> tuple[str, str]:
    if signed_file.screening == ScreeningState.INFECTED:
        return "Virus trouvé : fichier non ouvert", "error"
    if signed_file.verification == VerificationState.DONE:
        verdict, pages = signed_file.verdict, signed_file.pages
        if verdict is not None:
            return verdict.outcome.label, BADGES[verdict.outcome]
        if pages is not None:
            if pages.is_complete:
                return f"{Outcome.NOT_VERIFIABLE.label} – pages au complet", "info"
            return f"{Outcome.NOT_VERIFIABLE.label} – pages à revoir", "warning"
    if job is not None and job.state == JobState.FAILED:
        return "Vérification interrompue", "warning"
    return "Vérification en cours", "info"


def file_page(signed_file: SignedFile, reader: User) -> FilePage:
    """The page of `signed_file`, read by `with_proofs`, for `reader`."""
    job = jobs_of([signed_file]).get(str(signed_file.uid))
    proofs = _proofs(signed_file)
    territory = signed_file.version.contract.territory
    may_edit = can(reader, Ability.CONTRACT_EDIT, territory)
    line = file_line(signed_file, job)
    refusal = "" if line.is_under_way else refusal_to_record(signed_file)
    verdict = signed_file.verdict
    is_examined = not line.is_under_way and signed_file.verification == VerificationState.DONE
    return FilePage(
        file=signed_file,
        line=line,
        job=job,
        signatures=signatures_of(signed_file, proofs),
        timestamps=tuple(
            _view(number, each)
            for number, each in enumerate(
                (each for each in verdict.signatures if each.is_timestamp) if verdict else (), start=1
            )
        ),
        proofs=proofs,
        refusal_to_serve=signed_file.refusal_to_serve,
        refusal_to_record=refusal if is_examined else "",
        may_record=may_edit and is_examined and not refusal and bool(parties_left(signed_file)),
        may_confirm=may_edit and is_examined and not proofs and bool(positions_without_code(signed_file)),
        may_ask_again=job is not None
        and job.state == JobState.FAILED
        and can(reader, Ability.DOCUMENT_RENDER, territory),
    )


def positions_without_code(signed_file: SignedFile) -> tuple[int, ...]:
    """The sheets of a scan that somebody has to look at, confirmed already or not, from 1."""
    if signed_file.pages is None or signed_file.page_codes is None:
        return ()
    pages = signed_file.pages
    by_hand = {int(position) for position in signed_file.confirmed}
    return tuple(sorted({*pages.unreadable, *by_hand}))


def parties_left(signed_file: SignedFile) -> tuple[ContractParty, ...]:
    """The parties that sign the version and of which `signed_file` proves no signature yet."""
    proved = {proof.signature.party_id for proof in _proofs(signed_file)}
    contract = signed_file.version.contract
    return tuple(party for party in signing_parties(contract) if party.pk not in proved)


def standing_signatures(version: ContractVersion) -> dict[int, Signature]:
    """{primary key of a party: its signature of `version` that nobody withdrew}."""
    found = Signature.objects.standing().filter(version=version)
    return {each.party_id: each for each in found}


def copies_block(proposal: Proposal | None, contract: Contract, reader: User) -> CopiesBlock | None:
    """What « Accord et signature » says of the signed copies of the proposed text; None while nobody signs.

    Of an amendment the text is the amendment's own.
    """
    if proposal is None or (proposal.amendment or contract).state not in EXPECTING:
        return None
    version = proposal.version
    files = list(with_proofs(SignedFile.objects.filter(version=version)))
    jobs = jobs_of(files)
    job = pdf_job_of(version)
    return CopiesBlock(
        version=version,
        pdf_job=job,
        lines=tuple(file_line(each, jobs.get(str(each.uid))) for each in files),
        may_deposit=job is not None and can(reader, Ability.CONTRACT_EDIT, contract.territory),
        may_render=job is None and can(reader, Ability.DOCUMENT_RENDER, contract.territory),
    )
