"""A small plugin that keeps to everything, as text, so that a test can plant one fault in it and see it caught."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

__all__ = ["FILES", "install"]

FILES: Mapping[str, str] = {
    "__init__.py": '"""Stamps."""\n\n__all__ = []\n',
    "manifest.py": """
from crmkit.sdk import Manifest, Permission

MANIFEST = Manifest(
    id="stamps",
    distribution="crmkit-stamps",
    api=">=1,<2",
    summary="Stamps.",
    settings="crmkit_stamps.config:Settings",
    tables="crmkit_stamps.tables",
    migrations="crmkit_stamps:migrations",
    services=("crmkit_stamps.service:Stamps",),
    permissions=(Permission("stamps.stamp.give", "Give stamps"),),
    implementation="crmkit_stamps.plugin:StampsPlugin",
    cli="crmkit_stamps.cli:group",
)
""",
    "config.py": '''
from attrs import field, frozen
from attrs.validators import ge


@frozen(kw_only=True)
class Settings:
    """How stamps work.

    Attributes:
        most: how many a party can have.
    """

    most: int = field(default=10, validator=ge(1))
''',
    "model.py": """
from uuid import UUID

from attrs import frozen

from crmkit.sdk import Record


@frozen(kw_only=True)
class Stamp(Record):
    party_id: UUID
    motif: str
""",
    "tables.py": """
from sqlalchemy import Column, ForeignKeyConstraint, PrimaryKeyConstraint, Table, UniqueConstraint

from crmkit.sdk import EntityType, Id, Text, entity_table, new_metadata, party_ref, ref
from crmkit_stamps.model import Stamp

metadata = new_metadata()

table = entity_table(
    "crm_stamps_stamp",
    metadata,
    party_ref(on_merge="repoint", on_erase="delete", on_delete="delete"),
    Column("motif", Text(), nullable=False),
)

STAMP = EntityType(
    name="stamps.stamp", model=Stamp, table=table, label="Stamp", display="motif", visible_with="party_id"
)
""",
    "events.py": """
from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event


@frozen(kw_only=True)
class StampGiven(Event):
    stamp_id: UUID
""",
    "service.py": '''
from typing import Annotated
from uuid import UUID

from crmkit.sdk import Service, Target, command, f, query
from crmkit_stamps.events import StampGiven
from crmkit_stamps.model import Stamp


class Stamps(Service):
    @command("stamps.stamp.give")
    def give(self, party: Annotated[UUID, Target("party")], *, motif: str = "rose") -> Stamp:
        """Give a stamp to a party."""
        stamp = self.records.add(Stamp(party_id=party, motif=motif))
        self.emit(StampGiven(stamp_id=stamp.id))
        return stamp

    @query("stamps.stamp.list", permission="stamps.stamp.read")
    def stamps(self, party: Annotated[UUID, Target("party")]) -> tuple[Stamp, ...]:
        """The stamps of a party."""
        return tuple(self.uow.each(Stamp, f.party_id == party))
''',
    "hooks.py": """
from crmkit.sdk import Context, DealMove, PartyViewing, Refusal, Section, f
from crmkit_stamps.model import Stamp


def show(context: Context, viewing: PartyViewing) -> Section | None:
    found = context.find(Stamp, f.party_id == viewing.party.id)
    if not found:
        return None
    return Section(key="stamps", title="Stamps", items=tuple((s.motif, "") for s in found))


def demand(context: Context, move: DealMove) -> Refusal | None:
    return None
""",
    "plugin.py": """
from crmkit.sdk import Plugin, deal_moving, party_viewing
from crmkit_stamps.events import StampGiven
from crmkit_stamps.hooks import demand, show
from crmkit_stamps.model import Stamp
from crmkit_stamps.service import Stamps
from crmkit_stamps.tables import STAMP


class StampsPlugin(Plugin):
    entities = (STAMP,)
    events = (StampGiven,)
    hooks = (party_viewing.by(show), deal_moving.by(demand))

    def seed(self, uow):
        pass
""",
    "cli.py": '''
import click


@click.group()
def group():
    """Stamps."""


@group.command()
def count():
    """Count the stamps."""
''',
    # A released migration would spell out its tables; this one must follow the faults that tests plant in them.
    "migrations/0001_stamps.py": """
from alembic import op
from sqlalchemy import MetaData

from crmkit.sdk import PARTY
from crmkit_stamps.tables import metadata

revision = "0001_stamps"
down_revision = None


def tables():
    both = MetaData(naming_convention=metadata.naming_convention)
    for table in (*PARTY.table.metadata.tables.values(), *metadata.tables.values()):
        table.to_metadata(both)
    return both, [both.tables[name] for name in metadata.tables]


def upgrade():
    both, own = tables()
    both.create_all(op.get_bind(), tables=own)


def downgrade():
    both, own = tables()
    both.drop_all(op.get_bind(), tables=own)
""",
}

CONFORMANCE = """
from crmkit_stamps.manifest import MANIFEST
from crmkit.testing import PluginConformance


class TestStamps(PluginConformance):
    manifest = MANIFEST
"""


def install(folder: Path, files: Mapping[str, str], *, metadata: str = "", entry_point: str = "") -> None:
    """Write the plugin into ``folder`` as if it had been installed there, with a test that holds it to the checks.

    Args:
        folder: on the path for imports.
        files: of the package, by path.
        metadata: lines to add to the distribution's metadata.
        entry_point: what the entry point leads to, where it is not the manifest.
    """
    package = folder / "crmkit_stamps"
    for name, text in files.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    info = folder / "crmkit_stamps-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: crmkit-stamps\nVersion: 1.0\n{metadata}", "utf-8")
    leads_to = entry_point or "crmkit_stamps.manifest:MANIFEST"
    (info / "entry_points.txt").write_text(f"[crmkit.plugins]\nstamps = {leads_to}\n", "utf-8")
    (folder / "test_stamps.py").write_text(CONFORMANCE, "utf-8")
