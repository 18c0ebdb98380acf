"""A version of which the PDF was made, without making one."""

from __future__ import annotations

from django.utils import timezone

from agreements.models import ContractVersion
from agreements.verification import VERSION_KIND
from cdppe.documents.actions.files import store_file
from cdppe.documents.models import JobState, RenderJob
from cdppe.documents.registry import RenderedDocument


def printed(version: ContractVersion, content: bytes) -> str:
    """The SHA-256 of the PDF of `version`, of which the bytes are `content`."""
    file = store_file(RenderedDocument("contrat.pdf", "application/pdf", content))
    RenderJob.objects.create(
        kind=VERSION_KIND,
        subject=version.uid.hex,
        title="Version",
        state=JobState.DONE,
        progress=100,
        file=file,
        finished_at=timezone.now(),
    )
    return file.sha256
