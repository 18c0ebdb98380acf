"""The rules of the contract itself, against which `contracts.compliance` checks it (C2, P1, P2, O1, O2,
O4-O7, M6, A1, A2, K1, K3): a module a theme, each with its checks and its
`RULES`.

Source: circulaire 2020/34, I-B, annexes 2, 4-I, 5.1, 5.4 and 6. Every check is pure: facts in, findings out;
the loaders read the database.

How a severity was judged (docs/decisions/compliance-severities.md): what the text orders of the contract
(« doivent », « il est demandé », « en précise », an article's blank) blocks; what it orders but a program
cannot read, or orders of people and not of the contract, is to be checked; what it only offers as a model is
advice. Each check says in its docstring on which words it rests.
"""

from __future__ import annotations

from contracts.rules import assembly, blanks, calendar, objectives, parties, sheets
from contracts.rules.calendar import register_deadline_proof, settled_deadlines
from contracts.rules.loading import load_contract_facts, load_odpe_facts
from contracts.rules.parties import load_contact_facts

__all__ = [
    "RULES",
    "load_contact_facts",
    "load_contract_facts",
    "load_odpe_facts",
    "register_deadline_proof",
    "settled_deadlines",
]

RULES = (
    *calendar.RULES,
    *parties.RULES,
    *blanks.RULES,
    *assembly.RULES,
    *objectives.RULES,
    *sheets.RULES,
)
"""In the order in which the page lists them."""
