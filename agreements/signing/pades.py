"""What the electronic signatures of a file prove about one version of ours, and what they do not.

Sources: ETSI EN 319 102-1 (a validation ends as passed, failed or indeterminate), EN 319 142-1 (PAdES),
ISO 32000-2, 12.8 (signatures and incremental updates). For each signature, one finding a question:

- is it intact (the signed bytes and the signature itself)?
- does it cover our version, byte for byte, with nothing but signatures added before it?
- was nothing but signatures added after it?
- who signed, and does a configured authority answer for the certificate, at the moment of the deposit?
- was the certificate revoked? Nothing is fetched from the network: unless the file itself says so, this is
  not established, and the verdict says it.

A verdict is never better than its worst finding. A file without signature (a scan) is « non vérifiable »,
which is not « non valide ». A time stamp of the document is reported, but decides nothing. The
file is opened in a process apart (`agreements.signing.bounded`).
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agreements.signing.bounded import MEBIBYTE, Bounds, run_bounded

BOUNDS = Bounds(seconds=120, silence=90, memory=1024 * MEBIBYTE)


class Established(enum.StrEnum):
    """Whether a question was answered, and how."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Outcome(enum.StrEnum):
    """What a verification ends with (EN 319 102-1, 5.1.3; the last is ours, for a file without signature)."""

    VALID = "valid"
    INVALID = "invalid"
    INDETERMINATE = "indeterminate"
    NOT_VERIFIABLE = "not_verifiable"

    @property
    def label(self) -> str:
        """As people read it."""
        return OUTCOME_LABELS[self]


OUTCOME_LABELS = {
    Outcome.VALID: "Valide",
    Outcome.INVALID: "Non valide",
    Outcome.INDETERMINATE: "Indéterminé",
    Outcome.NOT_VERIFIABLE: "Non vérifiable",
}


@dataclass(frozen=True)
class Finding:
    """One question (`code`), its answer, and the sentence that says it."""

    code: str
    answer: Established
    sentence: str


@dataclass(frozen=True)
class Signer:
    """The holder of a certificate, as it says it. Moments in ISO format, hashes in hexadecimal."""

    name: str = ""
    organisation: str = ""
    unit: str = ""
    title: str = ""
    issuer: str = ""
    serial: str = ""
    sha256: str = ""
    valid_from: str = ""
    valid_until: str = ""

    @property
    def label(self) -> str:
        """Name and organisation, or what stands for them."""
        return ", ".join(part for part in (self.name, self.organisation) if part) or "signataire sans nom"


@dataclass(frozen=True)
class SignatureVerdict:
    """What one signature, or time stamp of the document, proves.

    `claimed_at` is the moment that the signer's own machine wrote, `stamped_at` the one that a trusted time
    stamp proves; both in ISO format or "". `authority` is the configured root that answers for the signer.
    """

    field: str
    is_timestamp: bool
    signer: Signer
    authority: str
    claimed_at: str
    stamped_at: str
    outcome: Outcome
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class FileVerdict:
    """What a whole file proves about the version. `sentences` say it in French, the result first."""

    outcome: Outcome
    sentences: tuple[str, ...]
    version_sha256: str
    file_sha256: str
    signatures: tuple[SignatureVerdict, ...]

    @property
    def signers(self) -> tuple[SignatureVerdict, ...]:
        """The signatures of people, without the time stamps."""
        return tuple(signature for signature in self.signatures if not signature.is_timestamp)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for a column of the database."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> FileVerdict:
        """What `to_json` gave."""
        return cls(
            outcome=Outcome(content["outcome"]),
            sentences=tuple(content["sentences"]),
            version_sha256=content["version_sha256"],
            file_sha256=content["file_sha256"],
            signatures=tuple(
                SignatureVerdict(
                    **{
                        **signature,
                        "signer": Signer(**signature["signer"]),
                        "outcome": Outcome(signature["outcome"]),
                        "findings": tuple(
                            Finding(each["code"], Established(each["answer"]), each["sentence"])
                            for each in signature["findings"]
                        ),
                    }
                )
                for signature in content["signatures"]
            ),
        )


def trusted_roots(folder: Path | None) -> tuple[str, ...]:
    """The PEM texts of the authorities in `folder` (*.pem, *.crt), in the order of their names.

    Raises OSError when the folder cannot be read.
    """
    if folder is None:
        return ()
    return tuple(
        path.read_text(encoding="ascii")
        for path in sorted(folder.iterdir())
        if path.suffix in (".pem", ".crt") and path.is_file()
    )


def verify_signatures(
    version: bytes,
    signed: bytes,
    *,
    roots: Sequence[str],
    at: dt.datetime,
    bounds: Bounds = BOUNDS,
    tick: Callable[[int], None] | None = None,
) -> FileVerdict:
    """What the signatures of `signed` prove about `version` (the bytes of the PDF that was to be signed).

    `roots` are PEM texts of trusted authorities; `at` the moment (aware) at which certificates must be valid.
    Takes at most `bounds.seconds`: a file that needs more is indeterminate. `tick` as in `run_bounded`.
    """
    hashes = {
        "version_sha256": hashlib.sha256(version).hexdigest(),
        "file_sha256": hashlib.sha256(signed).hexdigest(),
    }
    answer = run_bounded(
        "signatures",
        [version, signed],
        {"roots": list(roots), "at": at.isoformat()},
        bounds=bounds,
        tick=tick,
    )
    refused = next((line["refused"] for line in answer.lines if "refused" in line), "")
    if answer.stopped or refused or not answer.lines:
        sentence = UNREADABLE if refused == "unreadable" else TOO_HEAVY
        return FileVerdict(Outcome.INDETERMINATE, (sentence,), **hashes, signatures=())
    facts = answer.lines[0]["file"]
    signatures = tuple(
        _signature_verdict(line["signature"], facts) for line in answer.lines if "signature" in line
    )
    people = [signature.outcome for signature in signatures if not signature.is_timestamp]
    if not people:
        return FileVerdict(Outcome.NOT_VERIFIABLE, (NO_SIGNATURE,), **hashes, signatures=signatures)
    outcome = _worst(people)
    return FileVerdict(
        outcome, tuple(_file_sentences(outcome, signatures, facts)), **hashes, signatures=signatures
    )


# --- From facts to findings --------------------------------------------------------------------------------

NO_SIGNATURE = (
    "Ce fichier ne contient aucune signature électronique : il n’est pas vérifiable. Cela ne veut pas dire "
    "qu’il n’est pas valide : un document numérisé se contrôle page par page, à l’œil."
)
UNREADABLE = (
    "La structure de ce fichier ne permet pas d’examiner ses signatures : rien n’a pu être établi. "
    "Demandez au signataire le fichier tel que son outil de signature l’a produit."
)
TOO_HEAVY = (
    "L’examen de ce fichier a été arrêté avant la fin, faute de temps ou de mémoire : "
    "rien n’a pu être établi."
)
CHANGES = {
    "trailer": "sa structure générale",
    "catalog": "ses réglages d’ouverture ou son plan",
    "form": "un champ qui n’est pas une signature",
    "field": "une signature déjà apposée",
    "page": "le contenu d’une page",
    "annotation": "une annotation ajoutée ou retirée sur une page",
    "structure": "sa structure de lecture (accessibilité)",
    "object": "un élément du texte ou de la mise en page",
    "freed": "un élément supprimé",
}


def _signature_verdict(raw: Mapping[str, Any], file: Mapping[str, Any]) -> SignatureVerdict:
    findings = tuple(_findings(raw, file))
    return SignatureVerdict(
        field=raw["field"],
        is_timestamp=raw["is_timestamp"],
        signer=Signer(**raw.get("signer", {})),
        authority=raw.get("root", ""),
        claimed_at=raw.get("claimed_at", ""),
        stamped_at=raw.get("stamped_at", ""),
        outcome=_outcome(findings),
        findings=findings,
    )


def _findings(raw: Mapping[str, Any], file: Mapping[str, Any]) -> Sequence[Finding]:
    what = "L’horodatage" if raw["is_timestamp"] else "La signature"
    if raw["error"]:
        return [
            Finding("intact", Established.UNKNOWN, f"{what} est d’un format que le contrôle ne connaît pas.")
        ]
    return [
        _intact(raw, what),
        _over_version(raw, file, what),
        _unchanged_since(raw, file, what),
        _trusted(raw),
        _revocation(raw),
    ]


def _intact(raw: Mapping[str, Any], what: str) -> Finding:
    if not raw["intact"]:
        sentence = "Les octets signés ont été modifiés : le document n’est plus celui qui a été signé."
        return Finding("intact", Established.NO, sentence)
    if not raw["valid"]:
        sentence = f"{what} ne correspond pas au certificat joint, ou emploie un procédé trop faible."
        return Finding("intact", Established.NO, sentence)
    return Finding("intact", Established.YES, f"{what} est intacte : les octets signés n’ont pas changé.")


def _over_version(raw: Mapping[str, Any], file: Mapping[str, Any], what: str) -> Finding:
    code = "over_version"
    if not file["begins_with_version"]:
        sentence = (
            "Le fichier ne commence pas par les octets de la version proposée à la signature : un autre "
            "texte a été signé, ou l’outil de signature a réécrit le document."
        )
        return Finding(code, Established.NO, sentence)
    if not raw["covers_version"]:
        return Finding(code, Established.NO, f"{what} ne couvre pas toute la version.")
    before = _changes(file, range(file["own_revisions"], raw["revision"] + 1))
    if before:
        sentence = f"Entre la version et {what.lower()}, le fichier a changé : {_named(before)}."
        return Finding(code, Established.NO, sentence)
    sentence = f"{what} porte sur notre version, octet pour octet."
    return Finding(code, Established.YES, sentence)


def _unchanged_since(raw: Mapping[str, Any], file: Mapping[str, Any], what: str) -> Finding:
    code = "unchanged_since"
    if not file["begins_with_version"]:
        sentence = "Les changements ultérieurs n’ont pas été examinés : le fichier n’est pas notre version."
        return Finding(code, Established.UNKNOWN, sentence)
    since = _changes(file, range(raw["revision"] + 1, file["revisions"]))
    if since:
        return Finding(code, Established.NO, f"Le fichier a changé après {what.lower()} : {_named(since)}.")
    if not raw["covers_revision"] or file["trailing"]:
        sentence = f"Des octets que {what.lower()} ne couvre pas ont été ajoutés au fichier."
        return Finding(code, Established.NO, sentence)
    if raw["locks_document"] and raw["revision"] + 1 < file["revisions"]:
        sentence = (
            "Le signataire avait interdit tout ajout après lui, même une autre signature : le fichier a été "
            "complété ensuite."
        )
        return Finding(code, Established.NO, sentence)
    sentence = f"Rien n’a été ajouté après {what.lower()}, sauf d’autres signatures."
    return Finding(code, Established.YES, sentence)


def _trusted(raw: Mapping[str, Any]) -> Finding:
    if not (raw["intact"] and raw["valid"]):
        sentence = "L’identité du signataire n’a pas été recherchée : la signature elle-même ne tient pas."
        return Finding("trusted", Established.UNKNOWN, sentence)
    if raw["trusted"]:
        sentence = f"Le certificat est garanti par une autorité reconnue : {raw['root']}."
        return Finding("trusted", Established.YES, sentence)
    if raw["problem"].startswith("OUT_OF_BOUNDS") or raw["problem"] == "EXPIRED":
        sentence = (
            "Le certificat du signataire n’était pas en cours de validité le jour du dépôt : "
            "son identité n’est pas établie."
        )
    else:
        issuer = raw["signer"]["issuer"] or "sans nom"
        sentence = (
            f"L’autorité qui a délivré le certificat ({issuer}) ne mène à aucune autorité reconnue ici, ou "
            "ce certificat n’est pas fait pour signer : l’identité du signataire n’est pas établie."
        )
    return Finding("trusted", Established.UNKNOWN, sentence)


def _revocation(raw: Mapping[str, Any]) -> Finding:
    if raw["revoked"]:
        return Finding("revocation", Established.NO, "Le certificat du signataire est révoqué.")
    sentence = (
        "La révocation éventuelle du certificat n’a pas été recherchée : l’application n’interroge pas les "
        "autorités."
    )
    return Finding("revocation", Established.UNKNOWN, sentence)


def _changes(file: Mapping[str, Any], revisions: range) -> set[str]:
    return {code for number in revisions for code in file["changes"].get(str(number), ())}


def _named(codes: set[str]) -> str:
    return ", ".join(name for code, name in CHANGES.items() if code in codes)


def _outcome(findings: Sequence[Finding]) -> Outcome:
    """Invalid at the first refuted question; valid when all but the revocation are established."""
    if any(finding.answer is Established.NO for finding in findings):
        return Outcome.INVALID
    if all(finding.answer is Established.YES for finding in findings if finding.code != "revocation"):
        return Outcome.VALID
    return Outcome.INDETERMINATE


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    order = (Outcome.INVALID, Outcome.INDETERMINATE, Outcome.VALID)
    return next(outcome for outcome in order if outcome in outcomes)


def _file_sentences(
    outcome: Outcome, signatures: Sequence[SignatureVerdict], file: Mapping[str, Any]
) -> Sequence[str]:
    people = [signature for signature in signatures if not signature.is_timestamp]
    if len(people) == 1:
        results = {
            Outcome.VALID: "La signature électronique est valide sur notre version.",
            Outcome.INVALID: "La signature électronique n’est pas valide sur notre version.",
            Outcome.INDETERMINATE: "Une signature électronique, pour laquelle tout n’a pas pu être établi.",
        }
    else:
        count = f"{len(people)} signatures électroniques"
        results = {
            Outcome.VALID: f"Les {count} sont valides sur notre version.",
            Outcome.INVALID: f"{count} : l’une au moins n’est pas valide sur notre version.",
            Outcome.INDETERMINATE: f"{count} : pour l’une au moins, tout n’a pas pu être établi.",
        }
    sentences = [results[outcome]]
    if file["visible"]:
        sentences.append(
            "Le fichier affiche un ou plusieurs cadres de signature : ils peuvent recouvrir du texte. "
            "Seul le texte de la version fait foi."
        )
    return sentences
