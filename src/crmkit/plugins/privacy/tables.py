"""All tables of this plugin: importing the nouns' tables makes them part of ``metadata``."""

from __future__ import annotations

from crmkit.plugins.privacy.consents.tables import CONSENT, CONSENT_STATE
from crmkit.plugins.privacy.erasing.tables import ERASURE, HOLD
from crmkit.plugins.privacy.preferences.tables import PREFERENCE
from crmkit.plugins.privacy.purposes.tables import CONSENT_TEXT, PURPOSE
from crmkit.plugins.privacy.retention.tables import RETENTION_RULE
from crmkit.plugins.privacy.schema import metadata
from crmkit.plugins.privacy.suppressions.tables import SUPPRESSION

__all__ = ["ENTITIES", "metadata"]

ENTITIES = (
    PURPOSE,
    CONSENT_TEXT,
    CONSENT,
    CONSENT_STATE,
    SUPPRESSION,
    PREFERENCE,
    HOLD,
    ERASURE,
    RETENTION_RULE,
)
