"""The money of a contract in one page: balances, charts of the plan, the department's own means (M1-M3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cdppe.lib.money import AmountError, format_amount, read_amount
from contracts.models import Contract
from funding.actions.own_means import MeansChange
from funding.bars import bar_length
from funding.models import OwnMeans, Service
from funding.own_means import MeansYear, ServiceMeans
from funding.plan import ActionPlan


@dataclass(frozen=True)
class ChartLine:
    """One line of a chart: its words, its amount in euros, its bar out of 1000, its fraction of the whole."""

    label: str
    amount: Decimal
    bar: int
    share: Decimal


@dataclass(frozen=True)
class Chart:
    """A chart and its table at once: the bars stand in the lines of the table."""

    code: str
    title: str
    heading: str
    lines: tuple[ChartLine, ...]
    total: Decimal


@dataclass(frozen=True)
class MeansBox:
    """One box of the grid of own means: what was opened, what is typed, what is wrong."""

    name: str
    label: str
    opened: str
    typed: str
    error: str
    means: MeansYear


@dataclass(frozen=True)
class MeansLine:
    """One service of the grid."""

    label: str
    boxes: tuple[MeansBox, ...]


def chart(code: str, title: str, heading: str, amounts: Iterable[tuple[str, Decimal | None]]) -> Chart:
    """The chart of the stated `amounts`, in their order; a line of zero has no bar."""
    stated = [(label, amount) for label, amount in amounts if amount is not None]
    total = sum((amount for _, amount in stated), Decimal(0))
    largest = max((amount for _, amount in stated), default=Decimal(0))
    return Chart(
        code,
        title,
        heading,
        tuple(
            ChartLine(
                label,
                amount,
                bar_length(amount, largest),
                amount / total if total else Decimal(0),
            )
            for label, amount in stated
        ),
        total,
    )


def charts_of(plan: ActionPlan) -> tuple[Chart, ...]:
    """The plan by commitment, by source and by funder."""
    money = plan.money
    return (
        chart(
            "engagements",
            "Le plan par engagement",
            "Engagement",
            ((commitment.title, commitment.money.total) for commitment in plan.commitments),
        ),
        chart(
            "sources",
            "Le plan par source",
            "Source",
            ((line.source.label, line.total) for line in plan.sources),
        ),
        chart(
            "financeurs",
            "Le plan par financeur",
            "Financeur",
            (("État", money.state), ("Département", money.department), ("Autres", money.other)),
        ),
    )


def means_years(contract: Contract) -> tuple[int, ...]:
    """The reference year, then those of the contract."""
    return tuple(dict.fromkeys([contract.campaign.reference_year, *contract.years]))


def own_means_of(contract: Contract) -> tuple[ServiceMeans, ...]:
    """The department's means, service by service: one query."""
    amounts: dict[str, dict[int, Decimal]] = {code: {} for code in Service.values}
    for row in OwnMeans.objects.filter(contract=contract):
        amounts[row.service][row.year] = row.amount
    years = means_years(contract)
    return tuple(
        ServiceMeans(code, Service(code).label, contract.campaign.reference_year, stated, years)
        for code, stated in amounts.items()
    )


class MeansGrid:
    """The grid of own means: stored amounts, or what somebody typed over them (`typed`, a posted form).

    `opened` is {box: the texts that it may hold stored}: the first was typed over, the others were sent
    without an answer.
    """

    def __init__(
        self,
        services: Sequence[ServiceMeans],
        typed: Mapping[str, str] | None = None,
        opened: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.services = services
        self.opened = opened or {}
        self.changes: list[MeansChange] = []
        self.problems: list[MeansBox] = []
        self.lines = [
            MeansLine(service.label, tuple(self._box(service, means, typed) for means in service.years))
            for service in services
        ]

    @property
    def boxes(self) -> list[MeansBox]:
        """Every box, in order."""
        return [box for line in self.lines for box in line.boxes]

    @property
    def is_valid(self) -> bool:
        """Whether every box states an amount or nothing."""
        return not self.problems

    @property
    def means(self) -> tuple[ServiceMeans, ...]:
        """The services as the boxes state them now; a box that holds no amount states nothing."""
        return tuple(
            ServiceMeans(
                service.code,
                service.label,
                service.reference_year,
                {
                    box.means.year: amount
                    for box in line.boxes
                    if not box.error and (amount := _read(box.typed)) is not None
                },
                service.all_years,
            )
            for service, line in zip(self.services, self.lines, strict=True)
        )

    def _box(self, service: ServiceMeans, means: MeansYear, typed: Mapping[str, str] | None) -> MeansBox:
        name = f"{service.code}-{means.year}"
        label = f"{service.label}, {means.year}"
        stored = "" if means.amount is None else format_amount(means.amount)
        if typed is None:
            return MeansBox(name, label, stored, stored, "", means)
        opened, wanted = typed.get(f"o-{name}", ""), typed.get(f"m-{name}", "")
        error = ""
        try:
            sent = tuple(_known(self.opened.get(f"m-{name}", ())[1:]))
            change = MeansChange(service.code, means.year, _read(opened), _read(wanted), sent)
        except AmountError as refusal:
            error = str(refusal)
        else:
            if change.opened_with != change.wanted or sent:
                self.changes.append(change)
        box = MeansBox(name, label, opened, wanted, error, means)
        if error:
            self.problems.append(box)
        return box

    def stand_on(self, stored: Mapping[tuple[str, int], Decimal | None]) -> None:
        """Shown again after a conflict: what is stored becomes what was opened, what was typed stays."""
        opened = {
            f"{service}-{year}": "" if amount is None else format_amount(amount)
            for (service, year), amount in stored.items()
        }
        self.lines = [
            MeansLine(
                line.label,
                tuple(
                    MeansBox(
                        box.name, box.label, opened.get(box.name, box.opened), box.typed, box.error, box.means
                    )
                    for box in line.boxes
                ),
            )
            for line in self.lines
        ]


def is_same_amount(one: str, other: str) -> bool:
    """Whether two boxes hold the same amount, however each is typed; what is none equals nothing."""
    try:
        return _read(one) == _read(other)
    except AmountError:
        return False


def _known(texts: Sequence[str]) -> Iterator[Decimal | None]:
    """The amounts among `texts`; what is none was never stored."""
    for text in texts:
        try:
            yield _read(text)
        except AmountError:
            continue


def _read(text: str) -> Decimal | None:
    return read_amount(text) if text.strip() else None
