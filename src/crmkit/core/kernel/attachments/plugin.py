"""What the kernel registers for attachments; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.attachments.events import AttachmentAdded, AttachmentRemoved, AttachmentRenamed
from crmkit.core.kernel.attachments.service import Attachments
from crmkit.core.kernel.attachments.tables import ATTACHMENT
from crmkit.core.kernel.plugins.plugin import Area

__all__ = ["ATTACHMENTS"]


class AttachmentsArea(Area):
    """Files that hang on any record."""

    id = "attachments"
    entities = (ATTACHMENT,)
    services = (Attachments,)
    events = (AttachmentAdded, AttachmentRemoved, AttachmentRenamed)


ATTACHMENTS: Final = AttachmentsArea()
