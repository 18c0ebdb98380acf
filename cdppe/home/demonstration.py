"""The demonstration: accounts, the allocation of every campaign with figures, and two contracts.

Everything comes from the files of fixtures/demo; see their heads for what is real and what is invented. A
contract that is already there is left alone, with whatever people wrote in it, so that loading twice changes
nothing.
"""

from __future__ import annotations

import tomllib
import uuid
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from agreements.actions.transmissions import acknowledge, send_transmission, write_remark
from agreements.models import RemarkKind, Transmission
from cdppe.accounts.models import Institution, InstitutionKind, InstitutionScope, Membership, Territory, User
from cdppe.accounts.models.institutions import SCOPE_OF_KIND
from contracts.actions.action_sheets import create_action_sheet
from contracts.actions.calendar import add_step, grant_extension, settle_deadline
from contracts.actions.contacts import CONTACT_FIELDS, name_contact
from contracts.actions.contracts import create_contract
from contracts.actions.exchanges import open_thread, reply
from contracts.actions.objectives import add_objective, add_own_objective
from contracts.history import history_of
from contracts.models import BankAccount, Campaign, Contract, ContractObjective
from contracts.places import Place
from funding.actions.allocations import run_allocation
from funding.actions.publications import publish
from funding.actions.scenarios import save_scenario
from funding.models import ActionFinancing, Contributor, NotifiedAmount, StateExpense
from funding.scenarios import read_draft, typed_of_campaign
from indicators.models import Indicator, IndicatorKind, IndicatorValue, ValueKind

CENT = Decimal("0.01")
NOT_FIELDS = ("objective", "own", "answers_demand")
"""What a sheet of the demonstration says besides its own texts."""
OWN_TERMS = "Termes de la campagne"
WITHOUT_CEILING = "Sans dotation maximale"


@transaction.atomic
def load_demonstration(folder: Path) -> list[str]:
    """Load `folder`; French lines that say what was done. Raises `KeyError` on a file with a missing key."""
    lines = _load_accounts(_read(folder / "accounts.toml"))
    lines += _allocate_campaigns()
    lines += _try_scenarios()
    for path in sorted(folder.glob("*-*.toml")):
        lines.append(_load_contract(_read(path)))
    lines.append(_load_exchanges(_read(folder / "echanges.toml")))
    lines.append(_load_transmissions(_read(folder / "transmissions.toml")))
    return lines


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def _load_accounts(content: dict[str, Any]) -> list[str]:
    lines = [f"Comptes de démonstration (mot de passe : {content['password']}) :"]
    # One public password: what it costs to hash is paid once.
    hashed = make_password(content["password"])
    for account in content["accounts"]:
        user = User.objects.filter(email=account["email"]).first()
        if user is None:
            user = User.objects.create(
                email=account["email"],
                password=hashed,
                first_name=account["first_name"],
                last_name=account["last_name"],
            )
        Membership.objects.get_or_create(
            user=user,
            institution=_institution(**account["institution"]),
            defaults={"role": account["role"], "is_administrator": account["is_administrator"]},
        )
        lines.append(f"  {account['email']} – {account['presentation']}")
    return lines


def _institution(kind: str, territory: str | None = None) -> Institution:
    """The institution of that kind; a regional one is found by a territory of its region."""
    institutions = Institution.objects.filter(kind=kind)
    if territory is None:
        return institutions.get()
    place = Territory.objects.get(code=territory)
    if SCOPE_OF_KIND[kind] == InstitutionScope.REGION:
        return institutions.get(region=place.region)
    return institutions.get(territory=place)


def _allocate_campaigns() -> list[str]:
    """Share and publish every envelope that has an amount and criteria, once, in the name of the ministry."""
    by = _ministry()
    lines = []
    for campaign in Campaign.objects.all():
        year = campaign.year
        envelopes = campaign.envelopes.filter(amount__isnull=False)
        notified = NotifiedAmount.objects.filter(envelope__campaign=campaign, year=year)
        runs = [
            run_allocation(envelope, year=year, by=by)
            for envelope in envelopes.exclude(pk__in=notified.values("envelope"))
        ]
        if runs:
            publish(runs, by=by)
        lines += [
            f"Répartition {run.envelope.label} {year} : {run.lines.count()} territoires." for run in runs
        ]
    return lines


def _ministry() -> User | None:
    """The first demonstration account of DGCS."""
    return User.objects.filter(memberships__institution__kind=InstitutionKind.DGCS).order_by("pk").first()


def _try_scenarios() -> list[str]:
    """Two scenarios for each campaign that can be shared and has none: its own terms, and no ceiling."""
    by = _ministry()
    lines = []
    for campaign in Campaign.objects.filter(envelopes__amount__isnull=False, scenarios=None).distinct():
        typed, codes = typed_of_campaign(campaign)
        without_ceiling = {name: "" if name.endswith("-ceiling") else text for name, text in typed.items()}
        for name, boxes in ((OWN_TERMS, typed), (WITHOUT_CEILING, without_ceiling)):
            draft = read_draft(campaign, boxes | {"name": name}, codes)
            save_scenario(
                None,
                campaign,
                year=campaign.year,
                name=name,
                territories=draft.chosen,
                terms=draft.terms,
                version=0,
                by=by,
            )
            lines.append(f"Scénario « {name} » {campaign.year}.")
    return lines


def _load_contract(content: dict[str, Any]) -> str:
    campaign = Campaign.objects.get(code=content["campaign"])
    territory = Territory.objects.get(code=content["territory"])
    existing = Contract.objects.filter(campaign=campaign, territory=territory).first()
    if existing is not None:
        return f"Contrat {existing.reference} : déjà là, laissé tel quel."
    by = _author(territory)
    contract = create_contract(campaign, territory, by=by)
    _Filling(contract, content, by).fill()
    return f"Contrat {contract.reference} : {contract.action_sheets.count()} fiches action."


def _author(territory: Territory) -> User:
    """The demonstration account of the territory's council."""
    return User.objects.get(
        memberships__institution__kind=InstitutionKind.COUNCIL,
        memberships__institution__territory=territory,
        memberships__role="editor",
    )


@dataclass(frozen=True)
class _Filling:
    """One contract being filled from its file."""

    contract: Contract
    content: dict[str, Any]
    by: User

    def fill(self) -> None:
        self._general()
        self._parties()
        # One pair of readings for all the sheets, not one for each.
        with history_of(self.contract, "objectives", by=self.by):
            self._objectives()
        self._account()
        self._notified()
        with history_of(self.contract, "sheets", by=self.by):
            self._sheets()
        if "department_share" in self.content:
            self._share_credits()
            self._declare_expenses()
        self._indicators()
        self._calendar()

    def _general(self) -> None:
        contract = self.contract
        contract.is_demonstration = True
        contract.demonstration_note = self.content["note"]
        contract.state = self.content["state"]
        for name in (
            "deliberation_number",
            "deliberation_on",
            "state_accountant",
            "agency_accountant",
            "signed_at_place",
            "needs_budget_controller",
        ):
            if name in self.content:
                setattr(contract, name, self.content[name])
        contract.save()

    def _parties(self) -> None:
        for party in self.content["parties"]:
            self.contract.parties.filter(signatory__code=party["signatory"]).update(
                representative_name=party["name"], representative_title=party["title"]
            )

    def _objectives(self) -> None:
        chosen = self.contract.campaign.objectives.filter(number__in=self.content["chosen_objectives"])
        for objective in chosen:
            add_objective(self.contract, objective, by=self.by)
        if "own_objective" in self.content:
            add_own_objective(self.contract, title=self.content["own_objective"], by=self.by)

    def _account(self) -> None:
        if "iban" in self.content:
            BankAccount.objects.create(
                contract=self.contract,
                holder=self.content["account_holder"],
                iban=self.content["iban"],
                bic=self.content["bic"],
                updated_by=self.by,
            )

    def _notified(self) -> None:
        for item in self.content.get("notified", []):
            NotifiedAmount.objects.create(
                envelope=self.contract.campaign.envelopes.get(code=item["envelope"]),
                territory=self.contract.territory,
                year=item["year"],
                amount=Decimal(item["amount"]),
                source=self.content["note"][:300],
                published_by=self.by,
            )

    def _sheets(self) -> None:
        texts: dict[str, str] = self.content.get("texts", {})
        for item in self.content["sheets"]:
            fields = {
                name: text.format(public=item.get("public", ""), but=item.get("operational_objective", ""))
                for name, text in texts.items()
            }
            fields |= {name: value for name, value in item.items() if name not in NOT_FIELDS}
            fields["contract_objective"] = self._contract_objective(item)
            sheet = create_action_sheet(
                self.contract, fields=fields, by=self.by, answers_demand=item.get("answers_demand", "")
            )
            if texts:
                sheet.has_invented_text = True
                sheet.save(update_fields=["has_invented_text"])

    def _contract_objective(self, item: dict[str, Any]) -> ContractObjective:
        if item.get("own"):
            return self.contract.objectives.get(objective__isnull=True)
        return self.contract.objectives.get(objective__number=item["objective"])

    def _share_credits(self) -> None:
        """Share each notified amount over the sheets that it may finance, every year alike, to the euro.

        The department adds its share of every sheet (rule M2), the others nothing.
        """
        share = Decimal(self.content["department_share"])
        own_envelope = self.contract.campaign.own_objective_envelope.envelope
        rows = []
        planned: dict[int, Decimal] = {}
        for envelope in self.contract.campaign.envelopes.prefetch_related("objectives"):
            sheets = [
                sheet
                for sheet in self.contract.action_sheets.select_related("contract_objective")
                if sheet.contract_objective.objective_id in {o.pk for o in envelope.objectives.all()}
                or (sheet.contract_objective.objective_id is None and envelope == own_envelope)
            ]
            notified = NotifiedAmount.objects.filter(
                envelope=envelope, territory=self.contract.territory, year=self.contract.campaign.year
            ).first()
            if notified is None or not sheets:
                continue
            each, rest = divmod(notified.amount, len(sheets))
            for index, sheet in enumerate(sheets):
                amount = each + (rest if index == 0 else 0)
                planned[sheet.pk] = planned.get(sheet.pk, Decimal(0)) + amount
                rows += [
                    ActionFinancing(
                        action_sheet=sheet,
                        year=year,
                        contributor=Contributor.STATE,
                        envelope=envelope,
                        amount=amount,
                    )
                    for year in self.contract.years
                ]
        rows += [
            ActionFinancing(
                action_sheet_id=sheet_id,
                year=year,
                contributor=Contributor.DEPARTMENT,
                amount=(amount * share).quantize(CENT),
            )
            for sheet_id, amount in planned.items()
            for year in self.contract.years
        ]
        ActionFinancing.objects.bulk_create(rows)

    def _calendar(self) -> None:
        """What is done, who does it, the territory's own steps, and an extension granted by the ministry."""
        contract = self.contract
        for item in self.content.get("calendar", []):
            fields = {name: value for name, value in item.items() if name not in ("step", "own")}
            if "own" in item:
                add_step(contract, fields={"label": item["own"]} | fields, by=self.by)
                continue
            if "done_on" in fields:
                fields["done_by"] = self.by
            contract.calendar_steps.filter(campaign_step__code=item["step"]).update(**fields)
        for item in self.content.get("settled_deadlines", []):
            deadline = contract.campaign.deadlines.get(code=item["deadline"])
            settle_deadline(contract, deadline, done_on=item["done_on"], by=self.by)
        for item in self.content.get("extensions", []):
            grant_extension(
                contract.campaign.deadlines.get(code=item["deadline"]),
                contract.territory,
                due_on=item["due_on"],
                reason=item["reason"],
                version=0,
                by=_ministry(),
            )

    def _declare_expenses(self) -> None:
        """Say of each sheet what its State money pays: the natures of the file in turn, then its
        exceptions."""
        exceptions = {item["sheet"]: item for item in self.content.get("expense_exceptions", [])}
        turns: dict[int, int] = {}
        rows = []
        paying = ActionFinancing.objects.filter(action_sheet__contract=self.contract, envelope__isnull=False)
        for sheet_id, number, envelope_id, code in (
            paying.order_by("action_sheet__number", "envelope__position")
            .values_list("action_sheet_id", "action_sheet__number", "envelope_id", "envelope__code")
            .distinct()
        ):
            natures = self.content["expense_natures"][code]
            turn = turns[envelope_id] = turns.get(envelope_id, -1) + 1
            stated = exceptions.get(number, {"nature": natures[turn % len(natures)], "replaces": False})
            if stated["nature"]:
                rows.append(
                    StateExpense(
                        action_sheet_id=sheet_id,
                        envelope_id=envelope_id,
                        nature=stated["nature"],
                        replaces_existing=stated["replaces"],
                    )
                )
        StateExpense.objects.bulk_create(rows)

    def _indicators(self) -> None:
        stated = self._stated_values() + self._local_indicators()
        cells = {(value.indicator_id, value.kind, value.year) for value in stated}
        growth = Decimal(self.content["target_growth"]) if "target_growth" in self.content else None
        carried = [o.objective_id for o in self.contract.objectives.all() if o.objective_id is not None]
        rows = (
            Indicator.objects.filter(campaign=self.contract.campaign, contract__isnull=True)
            .exclude(kind__in=[IndicatorKind.SHARE, IndicatorKind.HEADING])
            # Printed under two objectives, typed under the first.
            .exclude(same_as__objective__in=carried)
        )
        for indicator in rows:
            if indicator.objective_id is not None and indicator.objective_id not in carried:
                continue
            for kind, year, rank in self._cells(indicator):
                if (indicator.pk, kind, year) not in cells:
                    stated.append(self._value(indicator, kind, year, _figure(indicator, growth, rank)))
        IndicatorValue.objects.bulk_create(stated)

    def _cells(self, indicator: Indicator) -> list[tuple[ValueKind, int, int]]:
        """The reference year and, where the row has them, its targets: kind, year, rank."""
        cells = [(ValueKind.REFERENCE, self.contract.campaign.reference_year, 0)]
        if indicator.has_target:
            cells += [
                (ValueKind.TARGET, year, rank) for rank, year in enumerate(self.contract.years, start=1)
            ]
        return cells

    def _stated_values(self) -> list[IndicatorValue]:
        indicators = {
            indicator.code: indicator
            for indicator in Indicator.objects.filter(campaign=self.contract.campaign, contract__isnull=True)
        }
        return [
            self._value(indicators[item["indicator"]], item["kind"], item["year"], Decimal(item["value"]))
            for item in self.content.get("values", [])
        ]

    def _local_indicators(self) -> list[IndicatorValue]:
        values = []
        for position, item in enumerate(self.content.get("local_indicators", []), start=1):
            indicator = Indicator.objects.create(
                campaign=self.contract.campaign,
                contract=self.contract,
                contract_objective=self._contract_objective(item),
                code=item["code"],
                label=item["label"],
                short_label=item["short_label"],
                unit=item["unit"],
                source=item["source"],
                kind=IndicatorKind.COUNT,
                position=1000 + position,
            )
            for kind, year, _ in self._cells(indicator):
                stated = kind == ValueKind.TARGET and year == item["target_year"]
                values.append(self._value(indicator, kind, year, Decimal(item["target"]) if stated else None))
        return values

    def _value(self, indicator: Indicator, kind: str, year: int, value: Decimal | None) -> IndicatorValue:
        return IndicatorValue(
            contract=self.contract,
            indicator=indicator,
            kind=kind,
            year=year,
            value=value,
            unavailable_reason="" if value is not None else self.content["unavailable_reason"],
            updated_by=self.by,
        )


def _figure(indicator: Indicator, growth: Decimal | None, rank: int) -> Decimal | None:
    """An invented figure of the fictitious contract, growing with the years; None in a real one.

    One row in nine has none, so that "non disponible" is seen too. Denominators (births, children) are much
    larger than the counts that they divide.
    """
    if growth is None or indicator.position % 9 == 4:
        return None
    base = Decimal(40 + 37 * (indicator.position % 7))
    if Indicator.objects.filter(denominator=indicator).exists():
        base *= 20
    return (base * (1 + growth * rank)).quantize(Decimal(1))


def _load_exchanges(content: dict[str, Any]) -> str:
    """The contacts and threads of one contract; one where somebody is a contact or spoke is left alone."""
    contract = Contract.objects.select_related("territory__region").get(reference=content["contract"])
    if contract.threads.exists() or contract.contacts.exists():
        return f"Échanges du contrat {contract.reference} : déjà là, laissés tels quels."
    for item in content["contacts"]:
        fields = {name: item[name] for name in CONTACT_FIELDS}
        by = User.objects.get(email=item["by"])
        name_contact(contract, _institution(**item["institution"]), fields=fields, by=by)
    for item in content["threads"]:
        _load_thread(contract, item)
    return f"Échanges du contrat {contract.reference} : {contract.threads.count()}."


def _load_thread(contract: Contract, item: dict[str, Any]) -> None:
    place = Place(item["part"]) if "part" in item else _place_in_sheet(contract, item)
    first, *answers = item["messages"]
    thread = open_thread(
        contract, place, text=first["text"], token=uuid.uuid4(), by=User.objects.get(email=first["by"])
    )
    for answer in answers:
        reply(
            thread,
            text=answer["text"],
            token=uuid.uuid4(),
            settles=answer.get("settles", False),
            by=User.objects.get(email=answer["by"]),
        )


def _place_in_sheet(contract: Contract, item: dict[str, Any]) -> Place:
    return Place("sheets", contract.action_sheets.get(number=item["sheet"]).pk, item["field"])


def _load_transmissions(content: dict[str, Any]) -> str:
    """What the demonstration's contracts sent, and what the ministry answered; once."""
    if Transmission.objects.exists():
        return "Transmissions : déjà là, laissées telles quelles."
    for item in content["contacts"]:
        contract = Contract.objects.select_related("territory__region").get(reference=item["contract"])
        fields = {name: item[name] for name in CONTACT_FIELDS}
        by = User.objects.get(email=item["by"])
        name_contact(contract, _institution(**item["institution"]), fields=fields, by=by)
    for item in content["transmissions"]:
        contract = Contract.objects.get(reference=item["contract"])
        sent = send_transmission(
            contract,
            contract.campaign.deadlines.get(code=item["deadline"]),
            message=item["message"],
            token=uuid.uuid4(),
            by=User.objects.get(email=item["by"]),
        )
        if "received_by" in item:
            acknowledge(sent, by=User.objects.get(email=item["received_by"]))
        for remark in item.get("remarks", []):
            write_remark(
                sent,
                RemarkKind(remark["kind"]),
                text=remark["text"],
                token=uuid.uuid4(),
                by=User.objects.get(email=remark["by"]),
            )
    return f"Transmissions à la DGCS : {len(content['transmissions'])}."
