"""The parts of the workspace that funding owns."""

from __future__ import annotations

from contracts.workspace import Part

PLAN_PART = Part("plan", "Plan d’action", "funding:action-plan", 60)
