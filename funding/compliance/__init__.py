"""The rules of the money, against which `contracts.compliance` checks a contract (M1 to M4, M6, K1, O3): a
module a theme, each with its checks and its `RULES`.

Source: circulaire 2020/34, annexes 4 and 5.1 (articles 2.2 and 4). Every check is pure: facts in, findings
out; the loaders read the database.

How the severities were judged: docs/decisions/compliance-severities.md; each check says on which words it
rests.
"""

from __future__ import annotations

from funding.compliance import envelopes, shares, sources
from funding.compliance.facts import (
    EnvelopeFacts,
    FundingFacts,
    MissionMeans,
    OwnMeansFacts,
    PayingSheet,
    ShareFacts,
    SourceFacts,
)
from funding.compliance.loading import load_funding_facts, load_own_means_facts

__all__ = [
    "RULES",
    "EnvelopeFacts",
    "FundingFacts",
    "MissionMeans",
    "OwnMeansFacts",
    "PayingSheet",
    "ShareFacts",
    "SourceFacts",
    "load_funding_facts",
    "load_own_means_facts",
]

RULES = (*envelopes.RULES, *shares.RULES, *sources.RULES)
"""In the order in which the page lists them."""
