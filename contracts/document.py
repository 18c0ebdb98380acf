"""The contract as a document (rules K1, K2): the model's text with its blanks filled, and its annexes.

Source: circulaire 2020/34, annexe 5.1 (the model contract, articles 1 to 7) and 5.2 to 5.4 (its annexes). The
text is the campaign's own (`ContractModel`), word for word: nothing is written here but what stands in its
blanks ⟦name⟧ and where a line may not break. Other apps fill the blanks that they know and add their annexes
through `contracts.registry`.

What we chose where the text is silent: a blank that nobody filled stays visible in the document, as
« à compléter », and is listed; one that a filler answers with "" is meant to be written by hand at signature.

`contract_document(contract)` gives plain frozen data, ready to be laid out; `render_contract` the PDF.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.documents.pdf import render_pdf
from cdppe.documents.registry import Progress, RenderedDocument
from cdppe.documents.seal import Seal
from cdppe.lib.errors import MissingPiece
from cdppe.lib.french_numbers import NO_BREAK_SPACE
from contracts.campaign_spec import BLANK
from contracts.document_words import court_seat, french_date, region_with_of, typeset
from contracts.models import Contract, ContractModel, ContractParty
from contracts.registry import Annex, annexes, blank_fillers

KIND = "contract"
SIGNATURE_BLANK = ""
"""What a filler answers for a blank that people write by hand when they sign."""
NAMES = frozenset({"prefect_name", "president_name"})
"""The blanks that hold a person's name."""


@dataclass(frozen=True)
class Blank:
    """A blank of the model: its name in the text, and what to write in it, as people read it."""

    name: str
    label: str


@dataclass(frozen=True)
class Segment:
    """A piece of a text: the model's words, what fills a blank, or a blank that stays open.

    `state` is "text", "filled", "missing" (nobody knows it yet) or "by-hand" (written at signature).
    `is_private` is true of a person's name, which the public version of the document does not give.
    """

    text: str
    state: str = "text"
    is_private: bool = False


Text = tuple[Segment, ...]


@dataclass(frozen=True)
class Group:
    """Consecutive blocks of one kind, laid out together: paragraphs, items of a list, lines of an account.

    For an account each block is a pair: what stands before the colon, and the rest.
    """

    kind: str
    texts: tuple[Text, ...] = ()
    pairs: tuple[tuple[Text, Text], ...] = ()


@dataclass(frozen=True)
class Part:
    """A titled part of the contract: preamble, article or section, with what stands under its title."""

    anchor: str
    level: int
    title: str
    groups: tuple[Group, ...]

    @property
    def running(self) -> str:
        """What the top of the pages says: "ARTICLE 2" of "ARTICLE 2 – …"."""
        return re.split(rf"\s–\s|{NO_BREAK_SPACE}–|–{NO_BREAK_SPACE}", self.title)[0].strip()


@dataclass(frozen=True)
class Signature:
    """One signature block: who signs, as the model says it, and the person if named."""

    label: Text
    name: str
    title: str


@dataclass(frozen=True)
class TocEntry:
    """A line of the table of contents, and the lines under it."""

    anchor: str
    title: str
    entries: tuple[TocEntry, ...] = ()


@dataclass(frozen=True)
class FilledAnnex:
    """One annex with the data of its template."""

    number: int
    code: str
    title: str
    template: str
    data: Mapping[str, Any]

    @property
    def anchor(self) -> str:
        return f"annexe-{self.number}"

    @property
    def heading(self) -> str:
        return f"Annexe {self.number} – {self.title}"


@dataclass(frozen=True)
class ContractDocument:
    """The whole document, before any layout."""

    contract: Contract
    title: str
    model_version: str
    opening: tuple[Group, ...]
    parts: tuple[Part, ...]
    signatures: tuple[Signature, ...]
    annexes: tuple[FilledAnnex, ...]
    missing: tuple[Blank, ...]
    is_draft: bool = True
    """Whether the document carries the watermark: it is not the text that the parties agree to and sign."""

    @property
    def cover_period(self) -> str:
        """The contract's years, where the title does not already say them."""
        period = self.contract.campaign.period
        return "" if period in self.title else period

    @property
    def contents(self) -> tuple[TocEntry, ...]:
        """The table of contents: articles, and annexes with what each of them lists."""
        articles = [TocEntry(part.anchor, part.title) for part in self.parts if part.level == 2]
        signatures = [TocEntry("signatures", "Signatures")] if self.signatures else []
        appended = [
            TocEntry(annex.anchor, annex.heading, tuple(annex.data.get("contents", ())))
            for annex in self.annexes
        ]
        return (*articles, *signatures, *appended)

    @property
    def file_name(self) -> str:
        return f"contrat-{self.contract.reference}.pdf"


@dataclass(frozen=True)
class Layout:
    """A document laid out at a moment: all that its PDF is made from, whatever the data become afterwards."""

    html: str
    title: str
    subject: str
    name: str
    is_draft: bool
    expected_pages: int


def contract_document(contract: Contract, *, is_draft: bool = True) -> ContractDocument:
    """The document of `contract` (given with its campaign, territory and region) as it is stored now.

    Raises `MissingPiece` when the campaign has no model contract.
    """
    model = _model_of(contract)
    filling = _Filling(model, _filled_blanks(contract))
    opening, parts = _structured(model.blocks, filling)
    return ContractDocument(
        contract=contract,
        title=model.title,
        model_version=model.version,
        opening=opening,
        parts=parts,
        signatures=_signatures(contract, filling),
        annexes=tuple(_built(annex, number, contract) for number, annex in enumerate(annexes(), start=1)),
        missing=tuple(filling.missing.values()),
        is_draft=is_draft,
    )


def missing_blanks(contract: Contract) -> tuple[Blank, ...]:
    """What the text of `contract` still lacks, in its order; raises `MissingPiece` without a model."""
    model = _model_of(contract)
    filling = _Filling(model, _filled_blanks(contract))
    _structured(model.blocks, filling)
    _signatures(contract, filling)
    return tuple(filling.missing.values())


def contract_blanks(contract: Contract) -> dict[str, str | None]:
    """The blanks that this app knows: parties, deliberation, objectives, account, court, place (rule K1)."""
    people = {
        party.signatory.institution_kind: party.representative_name
        for party in contract.parties.select_related("signatory")
    }
    fundamental = list(contract.objectives.values_list("objective__is_fundamental", flat=True))
    deliberation_on = contract.deliberation_on
    return {
        "prefect_name": people.get("prefecture") or None,
        "prefect_of": contract.territory.of_name,
        "president_name": people.get("council") or None,
        "council_of": contract.territory.of_name,
        "ars_of": region_with_of(contract.territory.region.name),
        "deliberation_number": contract.deliberation_number or None,
        "deliberation_on": french_date(deliberation_on) if deliberation_on else None,
        "optional_count": str(sum(not each for each in fundamental)),
        "objective_count": str(len(fundamental)),
        "court": court_seat(contract.court) or None,
        "place": contract.signed_at_place or None,
        "signed_on": SIGNATURE_BLANK,
        **_account_blanks(contract),
    }


def lay_out(contract: Contract, *, dated: dt.datetime, is_draft: bool = True, notice: str = "") -> Layout:
    """The document of `contract` as it is stored now, laid out and dated `dated` (an aware moment).

    `notice` is said on its cover: what this text is, besides the contract as it was signed at first.
    Raises `MissingPiece` when the campaign has no model contract.
    """
    document = contract_document(contract, is_draft=is_draft)
    return Layout(
        html=render_to_string(
            "documents/contract.html", {"document": document, "dated": dated, "notice": notice}
        ),
        title=f"{document.title} – {contract.territory.name}",
        subject=f"Contrat {contract.reference}, {contract.get_state_display().lower()}",
        name=document.file_name,
        is_draft=is_draft,
        expected_pages=_expected_pages(document),
    )


def print_layout(
    layout: Layout, *, dated: dt.datetime, progress: Progress | None = None, seal: Seal | None = None
) -> RenderedDocument:
    """The PDF of `layout`: PDF/UA-1; the same layout, moment and seal give the same bytes.

    With a `seal`, every page bears the QR code and the fingerprint of its version.
    """
    content = render_pdf(
        layout.html,
        title=layout.title,
        subject=layout.subject,
        author="Contrats de prévention et de protection de l’enfance",
        dated=dated,
        stylesheets=("contract.css", "draft.css") if layout.is_draft else ("contract.css",),
        progress=progress,
        expected_pages=layout.expected_pages,
        seal=seal,
    )
    return RenderedDocument(layout.name, "application/pdf", content)


def render_contract(
    contract: Contract, *, dated: dt.datetime, progress: Progress | None = None
) -> RenderedDocument:
    """The PDF of the draft of `contract`, as it is stored now; raises `MissingPiece` without a model."""
    if progress is not None:
        progress(1, "Lecture du contrat")
    return print_layout(lay_out(contract, dated=dated), dated=dated, progress=progress)


# --- What the documents app is told (see `ContractsConfig.ready`) ------------------------------------------


def render_subject(reference: str, progress: Progress) -> RenderedDocument:
    """The PDF of the contract `reference`, dated now; raises `MissingPiece` when it is gone."""
    contract = Contract.objects.with_context().filter(reference=reference).first()
    if contract is None:
        raise MissingPiece(f"Le contrat {reference} n’existe plus : le document ne peut pas être produit.")
    return render_contract(contract, dated=timezone.now(), progress=progress)


def is_visible_to(user: AbstractBaseUser | AnonymousUser, reference: str) -> bool:
    """Whether `user` sees the contract `reference`, hence its documents."""
    return isinstance(user, User) and Contract.objects.visible_to(user).filter(reference=reference).exists()


def may_render(user: AbstractBaseUser | AnonymousUser, reference: str) -> bool:
    """Whether `user` may ask for the document of the contract `reference`."""
    if not isinstance(user, User):
        return False
    contract = (
        Contract.objects.visible_to(user).select_related("territory").filter(reference=reference).first()
    )
    return contract is not None and can(user, Ability.DOCUMENT_RENDER, contract.territory)


def document_page(reference: str) -> str:
    """The address of the page from which the document is asked for."""
    return reverse("contracts:document", args=[reference])


# --- Filling -----------------------------------------------------------------------------------------------


class _Filling:
    """Puts the known values into texts, and keeps the list of the blanks that stay open."""

    def __init__(self, model: ContractModel, values: Mapping[str, str]) -> None:
        self._labels = {blank["name"]: blank["label"] for blank in model.blanks}
        self._values = values
        self.missing: dict[str, Blank] = {}

    def text(self, raw: str) -> Text:
        return tuple(self._segments(raw))

    def _segments(self, raw: str) -> Iterator[Segment]:
        # Typeset before cutting: a space next to a blank belongs to the model's words.
        pieces: list[str] = BLANK.split(typeset(raw))
        for position, piece in enumerate(pieces):
            if position % 2 == 0:
                if piece:
                    yield Segment(piece)
                continue
            value = self._values.get(piece)
            label = self._labels.get(piece, piece)
            if value is None:
                self.missing.setdefault(piece, Blank(piece, label))
                yield Segment(label, "missing")
            elif value == SIGNATURE_BLANK:
                yield Segment(label, "by-hand")
            else:
                yield Segment(value, "filled", is_private=piece in NAMES)


def _model_of(contract: Contract) -> ContractModel:
    model = ContractModel.objects.filter(campaign=contract.campaign_id).first()
    if model is None:
        raise MissingPiece(
            f"La campagne « {contract.campaign.title} » n’a pas de contrat-type : chargez-la de nouveau."
        )
    return model


def _filled_blanks(contract: Contract) -> dict[str, str]:
    values: dict[str, str] = {}
    for filler in blank_fillers():
        values.update({name: value for name, value in filler(contract).items() if value is not None})
    return values


def _account_blanks(contract: Contract) -> dict[str, str | None]:
    account = getattr(contract, "bank_account", None)
    if account is None:
        return {}
    details = account.details
    iban = account.iban
    return {
        "account_holder": account.holder or None,
        "bank_code": details.bank_code,
        "branch_code": details.branch_code,
        "account_number": details.account_number,
        "rib_key": details.rib_key,
        "iban": NO_BREAK_SPACE.join(iban[start : start + 4] for start in range(0, len(iban), 4)),
        "bic": account.bic,
    }


# --- Structure ---------------------------------------------------------------------------------------------

TITLED = frozenset({"heading", "article", "section"})


def _structured(
    blocks: Sequence[Mapping[str, str]], filling: _Filling
) -> tuple[tuple[Group, ...], tuple[Part, ...]]:
    """What stands before the first title, and the titled parts in their order."""
    opening: list[Mapping[str, str]] = []
    titled: list[tuple[Mapping[str, str], list[Mapping[str, str]]]] = []
    for block in blocks:
        if block["kind"] in TITLED:
            titled.append((block, []))
        elif titled:
            titled[-1][1].append(block)
        else:
            opening.append(block)
    # In the order of the text, which is that of the list of what is missing. The cover bears the title.
    front = _grouped([block for block in opening if block["kind"] != "title"], filling)
    parts = tuple(
        Part(
            anchor=f"partie-{number}",
            level=_level(title),
            title=typeset(title["text"]),
            groups=_grouped(under, filling),
        )
        for number, (title, under) in enumerate(titled, start=1)
    )
    return front, parts


def _level(block: Mapping[str, str]) -> int:
    """The heading's level: 2 for an article, 3 for « 2.1. », 4 for « 2.2.1. »."""
    if block["kind"] != "section":
        return 2
    numbering = re.match(r"(?:\d+\.)+", block["text"])
    return 2 + max(1, numbering[0].count(".") - 1) if numbering else 3


def _grouped(blocks: Iterable[Mapping[str, str]], filling: _Filling) -> tuple[Group, ...]:
    groups = []
    for kind, members in groupby(blocks, key=lambda block: block["kind"]):
        texts = [block["text"] for block in members]
        if kind == "account":
            pairs = [text.partition(" : ") for text in texts]
            groups.append(
                Group(kind, pairs=tuple((filling.text(head), filling.text(tail)) for head, _, tail in pairs))
            )
        else:
            groups.append(Group(kind, texts=tuple(filling.text(text) for text in texts)))
    return tuple(groups)


def _signatures(contract: Contract, filling: _Filling) -> tuple[Signature, ...]:
    """The model's signature blocks; one that depends on a threshold only where the contract needs it."""
    people = {party.signatory_id: party for party in contract.parties.all()}
    signatures = []
    for signatory in contract.campaign.signatories.all():
        if signatory.is_optional and not contract.needs_budget_controller:
            continue
        party = people.get(signatory.pk)
        signatures.append(
            Signature(
                label=filling.text(signatory.signature_label),
                name=party.representative_name if party else "",
                title=_title_of(party) if party else "",
            )
        )
    return tuple(signatures)


def _title_of(party: ContractParty) -> str:
    """« Secrétaire générale, par délégation (arrêté du 3 mars 2026) »."""
    told = [party.representative_title, f"par délégation ({party.delegation})" if party.delegation else ""]
    return ", ".join(filter(None, told))


def _built(annex: Annex, number: int, contract: Contract) -> FilledAnnex:
    return FilledAnnex(
        number, annex.code, annex.title, annex.template, {"number": number, **annex.build(contract)}
    )


def _expected_pages(document: ContractDocument) -> int:
    """How many pages the document will have, roughly: each annex says so itself when it can."""
    pages = 12
    for annex in document.annexes:
        pages += int(annex.data.get("expected_pages", 2))
    return pages
