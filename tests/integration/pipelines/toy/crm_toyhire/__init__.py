"""A plugin of the tests: applicants, who move through stages as deals do, and a guard on deals."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from attrs import field, frozen
from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.table import entity_table, new_metadata, ref
from crmkit.core.kernel.plugins.manifest import Manifest
from crmkit.core.kernel.plugins.plugin import Plugin
from crmkit.core.kernel.units.gate import Target, command
from crmkit.core.pipelines.hooks import deal_moving
from crmkit.core.pipelines.staged.model import Staged, StageEntry
from crmkit.core.pipelines.staged.tables import stage_entry_table, stage_entry_type, staged_columns
from crmkit.errors import Refusal
from crmkit.sdk import StagedService

metadata = new_metadata()


@frozen(kw_only=True)
class Applicant(Staged):
    """Somebody who wants to work here."""

    party_id: UUID
    post: str = field()
    recruiter_id: str | None = None


@frozen(kw_only=True)
class ApplicantStageEntry(StageEntry):
    """One stay of an applicant in one stage."""


applicant_table = entity_table(
    "crm_toyhire_applicant",
    metadata,
    *staged_columns(),
    ref("party", inverse="toyhire_applicants"),
    Column("post", Text(), nullable=False),
    Column("recruiter_id", Text()),
)

APPLICANT = EntityType(
    name="toyhire.applicant",
    model=Applicant,
    table=applicant_table,
    label="Applicant",
    display="post",
    owner="recruiter_id",
    staged=True,
)

APPLICANT_STAGE_ENTRY = stage_entry_type(
    "toyhire.applicant", ApplicantStageEntry, stage_entry_table("toyhire.applicant", metadata)
)


class Hiring(StagedService):
    """Applicants."""

    @command("toyhire.apply", permission="toyhire.applicant.create")
    def apply(self, party: Annotated[UUID, Target("party")], post: str, *, pipeline: str = "hiring") -> Applicant:
        """Somebody applies."""
        stage = self.entry_stage("toyhire.applicant", pipeline)
        return self.enter(
            Applicant(
                party_id=party,
                post=post,
                pipeline=pipeline,
                stage=stage.key,
                stage_entered_at=self.uow.now,
                recruiter_id=self.uow.actor.id,
            )
        )

    def stays(self, applicant: UUID) -> tuple[StageEntry, ...]:
        """Where an applicant has been."""
        return self.stays_of("toyhire.applicant", applicant)


def check_reason(context, move):
    """Deals of which the title says so must not move without a reason."""
    if move.deal.title == "guarded" and move.reason is None:
        message = f"{context.actor.id} must say why a deal moves from {move.at} to {move.to.key}"
        return Refusal("reason_missing", message, field="reason")
    return None


class ToyHire(Plugin):
    """The plugin."""

    entities = (APPLICANT, APPLICANT_STAGE_ENTRY)
    hooks = (deal_moving.by(check_reason),)


MANIFEST = Manifest(
    id="toyhire",
    distribution="crmkit-toyhire",
    version="1.0",
    api=">=1,<2",
    tables="crm_toyhire",
    migrations="crm_toyhire:migrations",
    services=("crm_toyhire:Hiring",),
    implementation="crm_toyhire:ToyHire",
)
