"""What a signed file must be before it is even stored (issue "Signing", upload).

A PDF of 20 megabytes at most that a reader opens without running, fetching or sending anything: not
encrypted, no script, no launch action, no embedded file, no form that submits, no XFA, no multimedia.
Anything else is refused with its reason. The file is opened in a process apart, bounded in time and memory
(`agreements.signing.bounded`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from agreements.signing.bounded import MEBIBYTE, Bounds, run_bounded
from cdppe.lib.errors import RuleViolation

MAX_BYTES = 20 * MEBIBYTE
MAX_PAGES = 500
# A request waits for it: a contract of sixty pages with its tags takes about one second.
BOUNDS = Bounds(seconds=20, silence=20, memory=1024 * MEBIBYTE)

_AGAIN = "Enregistrez de nouveau le document au format PDF, sans ce contenu, puis déposez-le."
REASONS = {
    "empty": "Le fichier est vide : choisissez le PDF signé ou numérisé.",
    "size": "Le fichier dépasse 20 Mo : numérisez-le en noir et blanc à 200 points par pouce.",
    "magic": "Ce fichier n’est pas un PDF : seul le format PDF est accepté.",
    "unreadable": "Ce PDF est endommagé et ne peut pas être lu : produisez-le de nouveau, puis déposez-le.",
    "encrypted": (
        "Ce PDF est chiffré ou protégé par un mot de passe : enregistrez-le sans protection, puis déposez-le."
    ),
    "script": f"Ce PDF contient un programme (JavaScript) : il n’est pas accepté. {_AGAIN}",
    "launch": f"Ce PDF contient une action qui lance un programme : il n’est pas accepté. {_AGAIN}",
    "submit": f"Ce PDF contient un formulaire qui envoie des données : il n’est pas accepté. {_AGAIN}",
    "embedded": f"Ce PDF contient un fichier joint : il n’est pas accepté. {_AGAIN}",
    "xfa": f"Ce PDF contient un formulaire XFA : il n’est pas accepté. {_AGAIN}",
    "media": f"Ce PDF contient du son, de la vidéo ou un contenu animé : il n’est pas accepté. {_AGAIN}",
    "pages": f"Ce PDF compte plus de {MAX_PAGES} pages : déposez le seul contrat signé.",
    "heavy": (
        "Ce PDF est trop complexe pour être examiné dans le temps et la mémoire prévus : produisez-le de "
        "nouveau, par exemple en le numérisant, puis déposez-le."
    ),
}


class UploadRefused(RuleViolation):
    """The file is not accepted; `code` is the key of its reason in `REASONS`."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


@dataclass(frozen=True)
class UploadFacts:
    """What is known of an accepted file: bytes, SHA-256 in hexadecimal, pages, signed signature fields."""

    size: int
    sha256: str
    pages: int
    signatures: int


def check_upload(content: bytes, *, bounds: Bounds = BOUNDS) -> UploadFacts:
    """The facts of the uploaded PDF `content`; raises `UploadRefused` with the reason.

    Takes at most `bounds.seconds`, whatever the file.
    """
    if not content:
        raise UploadRefused("empty")
    if len(content) > MAX_BYTES:
        raise UploadRefused("size")
    if not content.startswith(b"%PDF-"):
        raise UploadRefused("magic")
    answer = run_bounded("upload", [content], {"max_pages": MAX_PAGES}, bounds=bounds)
    if answer.stopped or not answer.lines:
        raise UploadRefused("heavy")
    line = answer.lines[-1]
    if code := line.get("refused"):
        raise UploadRefused(code)
    return UploadFacts(
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        pages=line["pages"],
        signatures=line["signatures"],
    )
