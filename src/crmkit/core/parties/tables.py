"""The table of parties, and what the kernel is told about them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Day, Instant, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.parties.model import Organisation, Party, Person

__all__ = ["PARTY", "party_table"]

party_table = entity_table(
    "crm_party",
    metadata,
    Column("kind", Text(), nullable=False),
    Column("name", Text(), nullable=False),
    Column("sort_name", Text(), nullable=False),
    Column("owner_id", Text()),
    Column("team_id", Text()),
    Column("language", Text()),
    Column("time_zone", Text()),
    Column("lifecycle", Text()),
    Column("source", Text()),
    Column("source_detail", Text()),
    Column("sourced_at", Instant()),
    Column("archived_at", Instant()),
    # What a merge leaves behind has no life of its own: it goes when the party that it became part of goes.
    ref("party", "merged_into", nullable=True, on_delete="delete"),
    Column("given_name", Text()),
    Column("additional_names", Text()),
    Column("family_name", Text()),
    Column("prefix", Text()),
    Column("suffix", Text()),
    Column("nickname", Text()),
    Column("display_name", Text()),
    Column("birth_date", Day()),
    Column("birthday", Text()),
    Column("gender", Text()),
    Column("legal_name", Text()),
    Column("legal_form", Text()),
)

_PERSONAL: Final = Field(data_class="personal")
_NAME: Final = Field(data_class="personal", searchable=True)

PARTY: Final = EntityType(
    name="party",
    model=Party,
    table=party_table,
    label="Party",
    display="name",
    owner="owner_id",
    team="team_id",
    orders=("-updated_at", "sort_name"),
    discriminator="kind",
    variants={"person": Person, "organisation": Organisation},
    fields={
        "name": _NAME,
        "sort_name": _PERSONAL,
        "given_name": _PERSONAL,
        "additional_names": _PERSONAL,
        "family_name": _PERSONAL,
        "prefix": _PERSONAL,
        "suffix": _PERSONAL,
        "nickname": _NAME,
        "display_name": _PERSONAL,
        "birth_date": _PERSONAL,
        "birthday": _PERSONAL,
        "gender": _PERSONAL,
        "legal_name": Field(searchable=True),
        # By which campaigns are judged; how somebody came to us says nothing of who that was.
        "source": Field(personal=False),
    },
)
