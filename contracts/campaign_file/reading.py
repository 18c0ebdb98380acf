"""From the file to the campaign: its text, its tables, its checks, every error at once."""

import dataclasses
import re
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from contracts.campaign_file.checks import check
from contracts.campaign_file.tables import Problem, TableReader
from contracts.campaign_spec import CampaignSpec

TABLE_HEADER = re.compile(r"^\s*\[\[\s*([A-Za-z0-9_.-]+)\s*\]\]")


class CampaignFileErrors(ValueError):
    """A campaign file is refused whole; `problems` holds every error found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = list(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def read_campaign(path: Path) -> CampaignSpec:
    """The campaign described by the TOML file at `path`.

    Raises `CampaignFileErrors` with every problem at once: TOML syntax (with its line), missing, unknown or
    ill-typed keys, duplicates, unknown references, weights that do not add up to 100, bounds the wrong way
    round or no multiple of the rounding unit, implausible dates, blanks undeclared or unused.
    """
    name = path.name
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CampaignFileErrors(
            [
                Problem(
                    name,
                    "",
                    f"fichier illisible ({error.strerror or 'erreur de lecture'}).",
                )
            ]
        ) from error
    except UnicodeDecodeError as error:
        raise CampaignFileErrors([Problem(name, "", "le fichier n’est pas en UTF-8.")]) from error
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CampaignFileErrors([_syntax_problem(name, text, error)]) from error
    except (ArithmeticError, ValueError) as error:
        raise CampaignFileErrors(
            [Problem(name, "", f"un nombre ou une date n’est pas lisible ({error}).")]
        ) from error
    reader = TableReader(name, _header_lines(text))
    spec = reader.table(CampaignSpec, document, "")
    if spec is None:
        raise CampaignFileErrors(reader.problems)
    spec = _with_default_wordings(spec)
    check(spec, reader)
    if reader.problems:
        raise CampaignFileErrors(reader.problems)
    return spec


def _syntax_problem(name: str, text: str, error: Exception) -> Problem:
    message = str(error)
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    if found:
        place = f"ligne {found[1]}, colonne {found[2]}"
    elif "end of document" in message:
        place = f"ligne {text.count(chr(10)) + 1}"
    else:
        place = ""
    detail = message.split(" (at ")[0]
    return Problem(name, place, f"le fichier n’est pas du TOML valable : {detail}.")


def _header_lines(text: str) -> dict[str, list[int]]:
    """{table name: [line of its first [[header]], of its second, …]}, to say where an error stands."""
    lines: dict[str, list[int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if found := TABLE_HEADER.match(line):
            lines.setdefault(found[1], []).append(number)
    return lines


def _with_default_wordings(spec: CampaignSpec) -> CampaignSpec:
    """Fill the wordings of the annexes that the file leaves out because they equal the main one."""
    commitments = tuple(
        dataclasses.replace(each, dashboard_label=each.dashboard_label or f"{each.label} : {each.title}")
        for each in spec.commitments
    )
    measures = tuple(
        dataclasses.replace(each, plan_title=each.plan_title or each.title) for each in spec.measures
    )
    objectives = tuple(
        dataclasses.replace(
            each,
            dashboard_title=each.dashboard_title or each.title,
            plan_title=each.plan_title or each.dashboard_title or each.title,
        )
        for each in spec.objectives
    )
    return dataclasses.replace(spec, commitments=commitments, measures=measures, objectives=objectives)
