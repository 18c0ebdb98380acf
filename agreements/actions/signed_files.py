"""Signed files: handed in, screened, examined in the background, confirmed page by page (rule K4).

The examination is a job of the documents app (kind `KIND`, subject: the file's public identifier): it gives
signs of life, is taken up again when its worker dies, stops after three attempts, and what it leaves behind
is the verification report, a text that people may keep. Running it twice writes the same thing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from agreements.models import ContractVersion, ScreeningState, SignedFile, SignedFileKind, VerificationState
from agreements.signing.antivirus import require_clean, screen
from agreements.signing.pades import trusted_roots, verify_signatures
from agreements.signing.page_codes import match_pages
from agreements.signing.scans import ScanUnreadable, read_scan
from agreements.signing.upload import MAX_PAGES, check_upload
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.documents.actions.files import discard_file, read_file, store_file
from cdppe.documents.actions.jobs import request_render
from cdppe.documents.models import StoredFile
from cdppe.documents.registry import Progress, RenderedDocument
from cdppe.lib.errors import MissingPiece, RuleViolation, WrongState
from contracts.actions.journal import locked_contract, record

KIND = "signed-file"
PLACE = "agreements"
"""The part of the workspace to which the entries of the journal lead."""


class FileAlreadyReceived(RuleViolation):
    """The same bytes were handed in for the same version before."""


def receive_signed_file(
    version: ContractVersion,
    *,
    original: StoredFile,
    kind: SignedFileKind,
    name: str,
    content: bytes,
    by: User,
    require: Callable[[ContractVersion], None] = lambda _version: None,
) -> SignedFile:
    """Keep `content`, handed in by `by` as a signed copy of `version`, byte for byte; have it examined.

    `original` is the stored PDF of the version that people were given to sign; `name` the name that the file
    had on the person's computer. Raises `UploadRefused` with the reason when the file is not acceptable,
    `FileAlreadyReceived` when it is there already. Whether the contract's state expects a signature is for
    the caller to say: `require` is asked under the lock of the contract, and raises when it does not.
    """
    # Before any lock: it may take seconds.
    facts = check_upload(content)
    stored: StoredFile | None = None
    try:
        with transaction.atomic():
            # Twenty identical submissions at once come one after the other. The contract's row, not the
            # version's: the account of the site may not change a version, hence not lock it either.
            contract = locked_contract(version.contract, editable=False)
            require(version)
            already = SignedFile.objects.filter(version=version, sha256=facts.sha256).first()
            if already is not None:
                raise FileAlreadyReceived(
                    "Ce fichier a déjà été déposé pour cette version, le "
                    f"{timezone.localtime(already.uploaded_at):%d/%m/%Y à %H h %M} : "
                    "il n’est pas gardé deux fois."
                )
            stored = store_file(RenderedDocument(_tidy_name(name), "application/pdf", content))
            signed_file = SignedFile.objects.create(
                version=version,
                original=original,
                kind=kind,
                file=stored,
                sha256=facts.sha256,
                page_count=facts.pages,
                uploaded_by=by,
            )
            request_examination(signed_file, by=by)
            told = f"Fichier « {stored.name} » déposé pour la version {version.number}."
            record(contract, "signed_file.received", told, by=by, place=PLACE)
    except Exception:
        if stored is not None:
            discard_file(stored)
        raise
    return signed_file


def request_examination(signed_file: SignedFile, *, by: User | None) -> None:
    """Have the file screened and examined in the background (again, if it was before)."""
    request_render(KIND, str(signed_file.uid), title=f"Vérification de « {signed_file.file.name} »", by=by)


def confirm_pages(signed_file: SignedFile, confirmed: Mapping[int, int], *, by: User) -> SignedFile:
    """Record what `by` says of pages whose code is unreadable: {position in the scan: page of the version}.

    Replaces what was said before. Raises `WrongState` before the examination, for an electronic signature or
    once the file proves a signature; `RuleViolation` when a position or a page does not exist.
    """
    with transaction.atomic():
        contract = locked_contract(signed_file.version.contract, editable=False)
        current = (
            SignedFile.objects.select_for_update(of=("self",))
            .select_related("version", "file")
            .get(pk=signed_file.pk)
        )
        before = current.pages
        if before is None or current.page_codes is None:
            raise WrongState("Les pages de ce fichier n’ont pas encore été lues : attendez la vérification.")
        if current.proofs.standing().exists():
            raise WrongState(
                "Des signatures sont enregistrées d’après ce fichier : ses pages ne changent plus. "
                "Retirez d’abord ces signatures si elles ont été enregistrées par erreur."
            )
        try:
            match = match_pages(
                current.page_codes, uid=str(current.version.uid), total=before.total, confirmed=confirmed
            )
        except ValueError as error:
            raise RuleViolation(
                f"Indiquez, pour chaque feuille au code illisible, une page de 1 à {before.total}."
            ) from error
        current.confirmed = {str(position): page for position, page in confirmed.items()}
        current.confirmed_by = by
        current.confirmed_at = timezone.now()
        current.pages_json = match.to_json()
        current.save(update_fields=["confirmed", "confirmed_by", "confirmed_at", "pages_json"])
        told = f"Feuilles sans code lisible désignées à la main dans « {current.file.name} »."
        record(contract, "signed_file.confirmed", told, by=by, place=PLACE)
    return current


def require_clean_file(content: bytes) -> None:
    """Refuse a file that is kept or served elsewhere than here (a contract taken over) unless it is clean."""
    require_clean(content, settings.CLAMD_URL, is_required=settings.ANTIVIRUS_IS_REQUIRED)


# --- What the documents app is told (see `AgreementsConfig.ready`) -----------------------------------------


def examine(uid: str, progress: Progress) -> RenderedDocument:
    """Screen the file `uid`, then examine it; the report. Nothing is opened before the antivirus's verdict.

    Raises `AntivirusUnavailable`, `DamagedFile` or `MissingPiece`: the job fails with their sentence and can
    be asked for again.
    """
    signed_file = SignedFile.objects.select_related("file", "original", "version").filter(uid=uid).first()
    if signed_file is None:
        raise MissingPiece("Ce fichier n’existe plus : il ne peut pas être vérifié.")
    progress(1, "Analyse par l’antivirus")
    content = read_file(signed_file.file)
    if signed_file.screening in (ScreeningState.WAITING, ScreeningState.NOT_SCREENED):
        _screen(signed_file, content)
    if signed_file.screening != ScreeningState.INFECTED:
        original = read_file(signed_file.original)
        if signed_file.kind == SignedFileKind.PADES:
            _verify(signed_file, original, content, progress)
        else:
            _match(signed_file, original, content, progress)
    else:
        signed_file.verification = VerificationState.STOPPED
    # A file that somebody confirmed meanwhile keeps that: only what was examined is written.
    SignedFile.objects.filter(pk=signed_file.pk).update(
        **{
            name: getattr(signed_file, name)
            for name in ("verification", "verified_at", "verdict_json", "page_codes", "pages_json")
        }
    )
    return RenderedDocument("rapport-de-verification.txt", "text/plain; charset=utf-8", _report(signed_file))


def is_visible_to(user: AbstractBaseUser | AnonymousUser, uid: str) -> bool:
    """Whether `user` sees the file `uid`, hence its report."""
    return isinstance(user, User) and SignedFile.objects.visible_to(user).filter(uid=uid).exists()


def may_examine(user: AbstractBaseUser | AnonymousUser, uid: str) -> bool:
    """Whether `user` may have the file `uid` examined again."""
    if not isinstance(user, User):
        return False
    signed_file = (
        SignedFile.objects.visible_to(user)
        .select_related("version__contract__territory")
        .filter(uid=uid)
        .first()
    )
    return signed_file is not None and can(
        user, Ability.DOCUMENT_RENDER, signed_file.version.contract.territory
    )


def file_page(uid: str) -> str:
    """The address of the page of the file `uid`."""
    return reverse("agreements:signed-file", args=[uid])


# --- The steps of an examination ---------------------------------------------------------------------------


def _screen(signed_file: SignedFile, content: bytes) -> None:
    """Ask the antivirus and write its answer at once: what follows may take minutes or fail."""
    if settings.CLAMD_URL:
        threat = screen(content, settings.CLAMD_URL).threat[:200]
        state = ScreeningState.INFECTED if threat else ScreeningState.CLEAN
    elif settings.ANTIVIRUS_IS_REQUIRED:
        raise MissingPiece(
            "Aucun antivirus n’est configuré : le fichier est conservé, mais ne sera ni ouvert ni transmis. "
            "Prévenez l’assistance."
        )
    else:
        threat, state = "", ScreeningState.NOT_SCREENED
    signed_file.screening, signed_file.threat, signed_file.screened_at = state, threat, timezone.now()
    signed_file.save(update_fields=["screening", "threat", "screened_at"])


def _verify(signed_file: SignedFile, original: bytes, content: bytes, progress: Progress) -> None:
    verdict = verify_signatures(
        original,
        content,
        roots=trusted_roots(settings.SIGNATURE_ROOTS),
        at=signed_file.uploaded_at,
        tick=_telling(progress, "Vérification des signatures", 5),
    )
    signed_file.verdict_json = verdict.to_json()
    signed_file.verification = VerificationState.DONE
    signed_file.verified_at = timezone.now()


def _match(signed_file: SignedFile, original: bytes, content: bytes, progress: Progress) -> None:
    total = check_upload(original).pages
    try:
        reading = read_scan(
            content, tick=_telling(progress, "Lecture des codes des pages", signed_file.page_count)
        )
    except ScanUnreadable as error:
        raise RuleViolation(
            f"Les pages de ce fichier n’ont pas pu être lues (il en compte {signed_file.page_count}, "
            f"{MAX_PAGES} au plus) : numérisez le document de nouveau."
        ) from error
    signed_file.page_codes = [list(codes) for codes in reading.codes]
    confirmed = {
        int(position): page
        for position, page in signed_file.confirmed.items()
        if not signed_file.page_codes[int(position) - 1]
    }
    match = match_pages(reading.codes, uid=str(signed_file.version.uid), total=total, confirmed=confirmed)
    signed_file.pages_json = match.to_json()
    signed_file.verification = VerificationState.DONE
    signed_file.verified_at = timezone.now()


def _telling(progress: Progress, step: str, expected: int) -> Callable[[int], None]:
    """Tell `progress` how far a child process is, by the lines that it has written."""
    return lambda lines: progress(5 + min(90, 90 * lines // max(expected, 1)), step)


def _tidy_name(name: str) -> str:
    """The last part of a file name, at most 150 characters, ending in .pdf: it is shown, never a path."""
    stem = Path(name.replace("\\", "/")).stem
    kept = "".join(each for each in stem if each.isprintable())[:146].strip()
    return f"{kept or 'document signé'}.pdf"


def _report(signed_file: SignedFile) -> bytes:
    """What was established, as a text."""
    lines = [
        "Rapport de vérification",
        "",
        f"Fichier : {signed_file.file.name} ({signed_file.get_kind_display()})",
        f"Déposé le : {timezone.localtime(signed_file.uploaded_at):%d/%m/%Y à %H h %M}",
        f"Empreinte SHA-256 du fichier : {signed_file.sha256}",
        f"Version : {signed_file.version.number}, empreinte {signed_file.version.fingerprint}",
        f"Empreinte SHA-256 du PDF de la version : {signed_file.original.sha256}",
        f"Antivirus : {signed_file.get_screening_display()} {signed_file.threat}".rstrip(),
        "",
    ]
    if signed_file.screening == ScreeningState.INFECTED:
        lines.append("Le fichier n’a pas été ouvert.")
    if (verdict := signed_file.verdict) is not None:
        lines += [f"Résultat : {verdict.outcome.label}", *verdict.sentences]
        for signature in verdict.signatures:
            kind = "Horodatage" if signature.is_timestamp else "Signature"
            lines += ["", f"{kind} – {signature.signer.label} : {signature.outcome.label}"]
            lines += [f"- {finding.sentence}" for finding in signature.findings]
    if (pages := signed_file.pages) is not None:
        lines += ["Résultat : Non vérifiable (document numérisé).", *pages.sentences]
    return ("\n".join(lines) + "\n").encode()
