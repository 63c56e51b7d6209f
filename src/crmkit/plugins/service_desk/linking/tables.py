"""The table of links between cases, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.linking.model import CaseLink
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import EntityType, Text, entity_table, ref

__all__ = ["LINK", "link_table"]

link_table = entity_table(
    "crm_service_desk_link",
    metadata,
    ref("service_desk.case", "case_id", inverse="links", on_merge="keep_winner", on_delete="delete"),
    ref("service_desk.case", "other_id", inverse="linked", on_merge="keep_winner", on_delete="delete"),
    Column("kind", Text(), nullable=False),
    unique=[("case_id", "other_id", "kind")],
)

LINK: Final = EntityType(
    name="service_desk.link",
    model=CaseLink,
    table=link_table,
    label="Link between cases",
    display="kind",
    orders=("id",),
    visible_with=("case_id", "other_id"),
    goes_with=("case_id", "other_id"),  # so that whoever may merge cases needs no right to their links
)
