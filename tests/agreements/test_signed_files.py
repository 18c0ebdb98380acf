"""A signed file handed in: kept byte for byte, screened first, examined in the background."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from agreements.actions import signed_files
from agreements.actions.signed_files import (
    KIND,
    FileAlreadyReceived,
    confirm_pages,
    receive_signed_file,
    request_examination,
)
from agreements.models import ScreeningState, SignedFile, SignedFileKind, VerificationState
from agreements.signing.antivirus import Screening
from agreements.signing.pades import Outcome
from agreements.signing.upload import UploadRefused
from cdppe.documents.actions.files import read_file
from cdppe.documents.actions.jobs import STALE_AFTER, requeue_lost_jobs, run_job
from cdppe.documents.models import JobState, RenderJob, StoredFile
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.models import Contract
from tests.agreements.authority import authority, signed
from tests.agreements.pdfs import PAGES, UID, pictures, scan_of, sealed
from tests.agreements.signed_files import keep, make_signed_file, make_version
from tests.agreements.signing.test_antivirus import EICAR, clamd
from tests.cast import Cast


@pytest.fixture(autouse=True)
def known_authority(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "essai.pem").write_text(authority().pem)
    settings.SIGNATURE_ROOTS = tmp_path


def receive(
    cast: Cast, content: bytes, kind: SignedFileKind = SignedFileKind.PADES, name: str = "contrat signé.pdf"
) -> SignedFile:
    version = make_version(cast.contract, uid=uuid.UUID(UID))
    return receive_signed_file(
        version,
        original=keep(sealed()),
        kind=kind,
        name=name,
        content=content,
        by=cast.council_editor,
    )


def examined(signed_file: SignedFile) -> tuple[SignedFile, RenderJob]:
    """The file after its job ran, and the job."""
    job = RenderJob.objects.filter(kind=KIND, subject=str(signed_file.uid)).latest("created_at")
    run_job(job.pk)
    return SignedFile.objects.get(pk=signed_file.pk), RenderJob.objects.get(pk=job.pk)


def test_three_signatures_are_kept_byte_for_byte_and_found_valid(cast: Cast) -> None:
    content = signed(sealed(), "Préfète", "ARS", "Président")
    received = receive(cast, content)
    assert read_file(received.file) == content
    assert (received.verification, received.page_count) == (VerificationState.WAITING, PAGES)
    after, job = examined(received)
    assert job.state == JobState.DONE
    assert (after.verification, after.screening) == (VerificationState.DONE, ScreeningState.NOT_SCREENED)
    assert after.verdict is not None
    assert after.verdict.outcome is Outcome.VALID
    assert len(after.verdict.signers) == 3
    assert job.file is not None
    report = read_file(job.file).decode()
    assert "Résultat : Valide" in report
    assert "Signature – Président, Institution d’essai : Valide" in report
    assert "Antivirus : Non analysé" in report


def test_a_scan_is_matched_page_by_page_then_confirmed_by_hand(cast: Cast) -> None:
    sheets = list(pictures(sealed()))
    sheets[1] = sheets[1].point(lambda _shade: 255)
    received = receive(cast, scan_of([sheets[3], *sheets[:3]]), SignedFileKind.SCAN)
    with pytest.raises(WrongState):
        confirm_pages(received, {3: 2}, by=cast.council_editor)
    after, _job = examined(received)
    assert after.pages is not None
    assert (after.pages.unreadable, after.pages.missing) == ((3,), (2,))
    with pytest.raises(RuleViolation, match="une page de 1 à 4"):
        confirm_pages(after, {3: 9}, by=cast.council_editor)
    confirmed = confirm_pages(after, {3: 2}, by=cast.prefect_editor)
    assert confirmed.pages is not None
    assert confirmed.pages.is_complete
    assert confirmed.confirmed_by == cast.prefect_editor
    request_examination(confirmed, by=cast.council_editor)
    again, _job = examined(confirmed)
    assert again.pages == confirmed.pages


def test_a_refused_file_leaves_nothing_behind(cast: Cast) -> None:
    before = StoredFile.objects.count()
    with pytest.raises(UploadRefused, match="n’est pas un PDF"):
        receive(cast, b"PK un document Word")
    assert not SignedFile.objects.exists()
    assert StoredFile.objects.count() == before + 1  # the version's own PDF


def test_the_same_file_is_not_kept_twice_for_a_version(cast: Cast) -> None:
    content = signed(sealed(), "Préfète")
    received = receive(cast, content)
    with pytest.raises(FileAlreadyReceived, match="déjà été déposé"):
        receive_signed_file(
            received.version,
            original=received.original,
            kind=SignedFileKind.PADES,
            name="copie.pdf",
            content=content,
            by=cast.prefect_editor,
        )
    assert SignedFile.objects.count() == RenderJob.objects.filter(kind=KIND).count() == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Bureau\\contrat.PDF", "contrat.pdf"),
        ("", "document signé.pdf"),
        ("a" * 400 + ".pdf", "a" * 146 + ".pdf"),
        ("sig\u202ené.pdf", "signé.pdf"),
    ],
)
def test_the_name_of_a_file_is_a_name_and_never_a_path(given: str, kept: str) -> None:
    assert signed_files._tidy_name(given) == kept


# --- The antivirus -----------------------------------------------------------------------------------------


def test_a_virus_stops_everything_and_is_named(cast: Cast, settings: Any) -> None:
    received = receive(cast, signed(sealed(), "Préfète") + b"\n% " + EICAR)
    with clamd() as url:
        settings.CLAMD_URL = url
        after, job = examined(received)
    assert (after.screening, after.threat) == (ScreeningState.INFECTED, "Eicar-Test-Signature")
    assert (after.verification, after.verdict_json) == (VerificationState.STOPPED, None)
    assert job.file is not None
    assert "n’a pas été ouvert" in read_file(job.file).decode()


def test_an_antivirus_that_is_down_leaves_the_file_waiting_and_can_be_asked_again(
    cast: Cast, settings: Any
) -> None:
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    received = receive(cast, signed(sealed(), "Préfète"))
    after, job = examined(received)
    assert (job.state, after.screening, after.verdict_json) == (JobState.FAILED, ScreeningState.WAITING, None)
    assert "ne répond pas" in job.error
    with clamd() as url:
        settings.CLAMD_URL = url
        request_examination(after, by=cast.council_editor)
        again, job = examined(after)
    assert (job.state, again.screening) == (JobState.DONE, ScreeningState.CLEAN)


def test_production_without_antivirus_opens_nothing(cast: Cast, settings: Any) -> None:
    settings.ANTIVIRUS_IS_REQUIRED = True
    after, job = examined(receive(cast, signed(sealed(), "Préfète")))
    assert (job.state, after.screening) == (JobState.FAILED, ScreeningState.WAITING)


def test_deploying_without_antivirus_is_an_error(settings: Any) -> None:
    settings.CLAMD_URL = ""
    assert "agreements.E001" in {found.id for found in run_checks(include_deployment_checks=True)}
    settings.CLAMD_URL = "tcp://clamav:3310"
    assert "agreements.E001" not in {found.id for found in run_checks(include_deployment_checks=True)}


# --- The download ------------------------------------------------------------------------------------------


def download(signed_file: SignedFile, client: Client) -> tuple[int, bytes]:
    answer = client.get(reverse("agreements:signed-file-download", args=[signed_file.uid]))
    return answer.status_code, answer.content


def test_a_clean_file_comes_back_as_it_was_handed_in(cast: Cast, client: Client) -> None:
    client.force_login(cast.regional_reader)
    signed_file = make_signed_file(cast.contract, cast.council_editor)
    assert download(signed_file, client) == (200, read_file(signed_file.file))


@pytest.mark.parametrize(
    ("screening", "threat", "required", "sentence"),
    [
        (ScreeningState.WAITING, "", False, "n’a pas encore été analysé"),
        (ScreeningState.INFECTED, "Eicar", False, "Eicar"),
        (ScreeningState.NOT_SCREENED, "", True, "jamais été analysé"),
    ],
)
def test_nothing_is_served_before_the_antivirus_allows_it(
    cast: Cast,
    client: Client,
    settings: Any,
    screening: ScreeningState,
    threat: str,
    required: bool,
    sentence: str,
) -> None:
    settings.ANTIVIRUS_IS_REQUIRED = required
    client.force_login(cast.regional_reader)
    signed_file = make_signed_file(cast.contract, cast.council_editor, screening=screening, threat=threat)
    status, content = download(signed_file, client)
    assert status == 409
    assert sentence in content.decode()
    assert read_file(signed_file.file) not in content


def test_a_file_whose_bytes_changed_on_the_disk_is_not_sent(cast: Cast, client: Client) -> None:
    client.force_login(cast.regional_reader)
    signed_file = make_signed_file(cast.contract, cast.council_editor)
    Path(signed_file.file.content.path).write_bytes(b"%PDF-1.7 autre")
    status, content = download(signed_file, client)
    assert status == 500
    assert "empreinte SHA-256" in content.decode()


# --- The database and the job ------------------------------------------------------------------------------


def test_a_killed_worker_loses_nothing(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    received = receive(cast, signed(sealed(), "Préfète"))
    job = RenderJob.objects.get(kind=KIND)
    long_ago = timezone.now() - STALE_AFTER - dt.timedelta(seconds=1)
    # The worker claimed the job, screened the file, and was killed.
    RenderJob.objects.filter(pk=job.pk).update(state=JobState.RUNNING, attempts=1, heartbeat_at=long_ago)
    SignedFile.objects.filter(pk=received.pk).update(screening=ScreeningState.CLEAN)
    with django_capture_on_commit_callbacks():
        assert requeue_lost_jobs() == 1
    after, job = examined(received)
    assert (job.state, job.attempts) == (JobState.DONE, 2)
    assert (after.verification, after.screening) == (VerificationState.DONE, ScreeningState.CLEAN)


def test_a_file_gives_signs_of_life_while_it_is_examined(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, str]] = []
    received = receive(cast, signed(sealed(), "Préfète"))
    monkeypatch.setattr(signed_files, "screen", lambda *_args, **_kwargs: Screening(""))
    signed_files.examine(str(received.uid), lambda percent, step: told.append((percent, step)))
    assert told[0] == (1, "Analyse par l’antivirus")
    assert {step for _percent, step in told[1:]} == {"Vérification des signatures"}
    assert [percent for percent, _step in told] == sorted(percent for percent, _step in told)


@pytest.mark.parametrize(
    "wrong",
    [
        {"screening": ScreeningState.INFECTED},
        {"threat": "Eicar"},
        {"verification": VerificationState.DONE},
        {
            "verification": VerificationState.DONE,
            "verified_at": dt.datetime(2030, 1, 1, tzinfo=dt.UTC),
            "screening": ScreeningState.WAITING,
        },
        {"confirmed_at": dt.datetime(2030, 1, 1, tzinfo=dt.UTC)},
    ],
    ids=["threat without a name", "name without threat", "no date", "not screened", "no author"],
)
def test_the_database_refuses_what_cannot_be(cast: Cast, wrong: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_signed_file(cast.contract, cast.council_editor, **wrong)


def test_a_file_of_another_territory_does_not_exist(cast: Cast, contract: Contract) -> None:
    make_signed_file(contract, cast.council_editor)
    assert SignedFile.objects.visible_to(cast.regional_reader).count() == 1
    assert not SignedFile.objects.visible_to(cast.foreign_editor).exists()
