"""SQLAlchemy's ORM, used as its documentation says, with the same duties: versions, history, outbox, permission."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from benchmarks import mapping as m
from benchmarks.contacts import ACTOR, ADMIN, TENANT, Contact, batches
from benchmarks.drivers import instant_text
from benchmarks.raw import IMPORT_TENANT, POSITIONS, RIGHTS, TEAM_OF_ACTOR, job_payload
from benchmarks.variants import BATCH
from crmkit import make_engine

__all__ = ["Orm"]


class Orm:
    """The operations as an application writes them that has mapped its tables and keeps history by hand.

    Args:
        url: the database's.
        only_deals: map only what reading deals needs.
    """

    def __init__(self, url: str, *, only_deals: bool = False) -> None:
        self._engine = make_engine(url)
        self._reading = self._engine.execution_options(crmkit_begin="deferred")
        self._mapping = m.Mapping(self._engine, (m.Tenant, m.Deal) if only_deals else m.ALL)

    # -- commands -----------------------------------------------------------------------------------------------------

    def create(self, one: Contact) -> None:
        """See `Variant`."""
        with self._session("party.create") as session:
            self._add_people(session, [one], command="party.add", source=None, tenant=TENANT)
            session.commit()

    def record(self, party: UUID, summary: str) -> None:
        """See `Variant`."""
        with self._session("interaction.create") as session:
            locked = session.get_bind().dialect.name == "postgresql"
            found: Any = session.get(
                self._mapping[m.Party],
                (TENANT, party),
                with_for_update={"read": True, "key_share": True} if locked else None,
            )
            _check_party(found)
            assert found.merged_into is None
            now, unit, id_ = datetime.now(UTC), uuid7(), uuid7()
            stamp = instant_text(now)
            session.add(
                self._made(
                    m.Interaction,
                    now,
                    id=id_,
                    party_id=party,
                    kind="interaction",
                    channel="phone",
                    direction="in",
                    occurred_at=now,
                    summary=summary,
                    body="",
                    author_id=ACTOR,
                )
            )
            said = {
                "party_id": str(party),
                "kind": "interaction",
                "channel": "phone",
                "direction": "in",
                "occurred_at": stamp,
                "summary": summary,
                "body": "",
                "author_id": ACTOR,
                "created_at": stamp,
            }
            session.add(self._change(unit, 1, "interaction", id_, 1, "insert", _inserted(said), (id_, 1)))
            self._end(session, unit, now, "interaction.record", ("party", party))
            happened = {
                "interaction": str(id_),
                "party": str(party),
                "kind": "interaction",
                "channel": "phone",
                "direction": "in",
                "occurred_at": stamp,
                "about": None,
                "thread": None,
            }
            self._job(session, unit, "InteractionRecorded", happened, now)
            session.commit()

    def move(self, deal: UUID, to: str) -> None:
        """See `Variant`."""
        entry_class, pipeline_class = self._mapping[m.StageEntry], self._mapping[m.Pipeline]
        with self._session("deal.update") as session:
            found: Any = session.get(self._mapping[m.Deal], (TENANT, deal))
            assert found.owner_id == ACTOR
            session.scalars(
                select(pipeline_class).where(pipeline_class.tenant_id == TENANT, pipeline_class.key == found.pipeline)
            ).one()
            assert POSITIONS[to] > POSITIONS[found.stage]
            stays = session.scalars(
                select(entry_class).where(entry_class.tenant_id == TENANT, entry_class.record_id == deal)
            ).all()
            (stay,) = [s for s in stays if s.left_at is None]
            now, unit, entry = datetime.now(UTC), uuid7(), uuid7()
            stamp, root = instant_text(now), (deal, found.version + 1)
            stay.went_on, stay.left_at, stay.left_to = True, now, to
            stay.seconds = int((now - stay.entered_at).total_seconds())
            stay.updated_at = now
            left = {
                "went_on": [False, True],
                "left_at": [None, stamp],
                "left_to": [None, to],
                "seconds": [None, stay.seconds],
            }
            name = "deal_stage_entry"
            session.add(self._change(unit, 1, name, stay.id, stay.version + 1, "update", left, root))
            moved = {"stage": [found.stage, to], "stage_entered_at": [instant_text(found.stage_entered_at), stamp]}
            before = found.stage
            found.stage, found.stage_entered_at, found.updated_at = to, now, now
            session.add(self._change(unit, 2, "deal", deal, found.version + 1, "update", moved, root))
            arrival = {
                "record_id": deal,
                "pipeline": "sales",
                "stage": to,
                "entered_at": now,
                "entered_by": ACTOR,
                "first": True,
                "went_on": False,
            }
            session.add(self._made(m.StageEntry, now, id=entry, **arrival))
            said = {**arrival, "record_id": str(deal), "entered_at": stamp, "created_at": stamp}
            session.add(self._change(unit, 3, name, entry, 1, "insert", _inserted(said), root))
            self._end(session, unit, now, "deal.move", ("deal", deal))
            happened = {
                "deal_id": str(deal),
                "party_id": str(found.party_id),
                "pipeline": "sales",
                "from_stage": before,
                "to_stage": to,
                "reason": None,
            }
            self._job(session, unit, "DealMoved", happened, now)
            session.commit()

    def import_people(self, people: Iterable[Contact]) -> None:
        """See `Variant`."""
        for batch in batches(people, BATCH):
            with self._session("party.create", tenant=IMPORT_TENANT) as session:
                source = "import:people.csv"
                self._add_people(session, batch, command="party.add_many", source=source, tenant=IMPORT_TENANT)
                session.commit()

    # -- queries ------------------------------------------------------------------------------------------------------

    def view(self, party: UUID) -> tuple[int, int, int]:
        """See `Variant`."""
        deal, activity, interaction = self._mapping[m.Deal], self._mapping[m.Activity], self._mapping[m.Interaction]
        decision, comment = self._mapping[m.Decision], self._mapping[m.Comment]
        with self._session("party.read", write=False) as session:
            _check_party(session.get(self._mapping[m.Party], (TENANT, party)))
            parts = {
                template: session.scalars(
                    select(part)
                    .where(part.tenant_id == TENANT, getattr(part, column) == party)
                    .order_by(part.id)
                    .limit(1001)
                ).all()
                for template, column in _PARTS
                for part in (self._mapping[template],)
            }
            other = self._mapping[m.Relationship]
            session.scalars(select(other).where(other.tenant_id == TENANT, other.other_id == party)).all()
            latest = session.scalars(
                select(interaction)
                .where(interaction.tenant_id == TENANT, interaction.party_id == party)
                .order_by(interaction.occurred_at.desc(), interaction.id.desc())
                .limit(11)
            ).all()
            session.scalars(
                select(activity)
                .where(
                    activity.tenant_id == TENANT,
                    activity.assignee_id == ACTOR,
                    activity.party_id == party,
                    activity.status == "open",
                )
                .order_by(activity.due_at, activity.id)
                .limit(21)
            ).all()
            deals = session.scalars(
                select(deal)
                .where(deal.tenant_id == TENANT, deal.owner_id == ACTOR, deal.party_id == party)
                .order_by(deal.updated_at.desc(), deal.id.desc())
                .limit(21)
            ).all()
            for said, order, most in ((decision, decision.decided_at, 11), (comment, comment.id, 4)):
                session.scalars(
                    select(said)
                    .where(said.tenant_id == TENANT, said.subject == "party", said.subject_id == party)
                    .order_by(order.desc(), said.id.desc())
                    .limit(most)
                ).all()
        return len(parts[m.Mechanism]), len(latest[:10]), len(deals[:20])

    def page(self) -> Sequence[UUID]:
        """See `Variant`."""
        deal = self._mapping[m.Deal]
        with self._session("deal.read", write=False) as session:
            found = session.scalars(
                select(deal)
                .where(deal.tenant_id == TENANT, deal.owner_id == ACTOR)
                .order_by(deal.updated_at.desc(), deal.id.desc())
                .limit(51)
            ).all()
            return [one.id for one in found[:50]]

    def funnel(self) -> dict[str, int]:
        """See `Variant`."""
        deal, entry, pipeline = self._mapping[m.Deal], self._mapping[m.StageEntry], self._mapping[m.Pipeline]
        of_pipeline = (entry.tenant_id == TENANT, entry.pipeline == "sales")
        with self._session("pipeline.read", write=False, actor=ADMIN) as session:
            session.scalars(select(pipeline).where(pipeline.tenant_id == TENANT, pipeline.key == "sales")).one()
            session.execute(
                select(entry.stage, entry.went_on, func.count())
                .where(*of_pipeline, entry.first.is_(True))
                .group_by(entry.stage, entry.went_on)
            ).all()
            session.execute(
                select(entry.stage, func.count(), func.sum(entry.seconds))
                .where(*of_pipeline, entry.seconds.is_not(None))
                .group_by(entry.stage)
            ).all()
            place = func.row_number().over(partition_by=entry.stage, order_by=entry.seconds).label("place")
            many = func.count().over(partition_by=entry.stage).label("many")
            ranked = (
                select(entry.stage, entry.seconds, place, many)
                .where(*of_pipeline, entry.seconds.is_not(None))
                .subquery()
            )
            session.execute(
                select(ranked.c.stage, func.sum(ranked.c.seconds), func.count())
                .where(2 * ranked.c.place >= ranked.c.many, 2 * ranked.c.place <= ranked.c.many + 2)
                .group_by(ranked.c.stage)
            ).all()
            present = session.execute(
                select(deal.stage, deal.amount_currency, func.count(), func.sum(deal.amount))
                .where(deal.tenant_id == TENANT, deal.pipeline == "sales")
                .group_by(deal.stage, deal.amount_currency)
            ).all()
        return {stage: count for stage, _, count, _ in present}

    def find(self, email: str) -> Sequence[UUID]:
        """See `Variant`."""
        mechanism = self._mapping[m.Mechanism]
        with self._session("party.read", write=False) as session:
            found = session.scalars(
                select(mechanism)
                .where(mechanism.tenant_id == TENANT, mechanism.search_key == email)
                .order_by(mechanism.id)
                .limit(1001)
            ).all()
            keys = dict.fromkeys(one.party_id for one in found)
            parties: list[Any] = [session.get(self._mapping[m.Party], (TENANT, key)) for key in keys]
            return [party.id for party in parties if _may_see(party)]

    def search(self, text: str) -> Sequence[UUID]:
        """See `Variant`."""
        party = self._mapping[m.Party]
        with self._session("party.read", write=False, actor=ADMIN) as session:
            found = session.scalars(
                select(party)
                .where(party.tenant_id == TENANT, party.kind == "person", func.lower(party.name).contains(text.lower()))
                .order_by(party.updated_at.desc(), party.id.desc())
                .limit(51)
            ).all()
            return [one.id for one in found[:50]]

    def close(self) -> None:
        """See `Variant`."""
        self._engine.dispose()

    # -- inside -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _session(
        self, permission: str, *, write: bool = True, actor: str = ACTOR, tenant: str = TENANT
    ) -> Iterator[Session]:
        with Session(self._engine if write else self._reading, expire_on_commit=False) as session:
            active = session.get(self._mapping[m.Tenant], tenant)
            assert active is not None
            assert active.active
            assert permission in RIGHTS[actor]
            yield session

    def _add_people(
        self, session: Session, people: Sequence[Contact], *, command: str, source: str | None, tenant: str
    ) -> None:
        now, unit = datetime.now(UTC), uuid7()
        stamp = instant_text(now)
        late: list[tuple[UUID, dict[str, Any], UUID]] = []
        for seq, one in enumerate(people, 1):
            names = {
                "name": one.name,
                "sort_name": one.sort_name,
                "given_name": one.given_name,
                "family_name": one.family_name,
            }
            party = self._made(m.Party, now, tenant, id=one.id, kind="person", owner_id=ACTOR, **names)
            session.add(party)
            own = _inserted({**names, "owner_id": ACTOR, "kind": "person", "created_at": stamp})
            session.add(self._change(unit, seq, "party", one.id, 1, "insert", own, (one.id, 1), tenant))
            for kind, text, country in (("email", one.email, None), ("phone", one.phone, "NO")):
                part = uuid7()
                said: dict[str, Any] = {
                    "kind": kind,
                    "raw": text,
                    "normalised": text,
                    "search_key": text,
                    "is_primary": True,
                }
                if country is not None:
                    said["country"] = country
                party.mechanisms.append(self._made(m.Mechanism, now, tenant, id=part, party_id=one.id, **said))
                late.append((part, {**said, "party_id": str(one.id), "created_at": stamp}, one.id))
        for seq, (part, said, root) in enumerate(late, len(people) + 1):
            row = (unit, seq, "mechanism", part, 1, "insert", _inserted(said), (root, 1), tenant)
            session.add(self._change(*row))
        self._end(session, unit, now, command, source=source, tenant=tenant)
        if tenant == TENANT:
            for one in people:
                self._job(session, unit, "PartyAdded", {"party": str(one.id), "kind": "person"}, now)

    def _made(self, template: type[Any], now: datetime, tenant: str = TENANT, /, **values: Any) -> Any:
        return _filled(self._mapping[template](), tenant_id=tenant, created_at=now, updated_at=now, custom={}, **values)

    def _change(  # noqa: PLR0917  # a change row's columns, in their order
        self,
        unit: UUID,
        seq: int,
        entity: str,
        record: UUID,
        version: int,
        op: str,
        diff: dict[str, Any],
        root: tuple[UUID, int],
        tenant: str = TENANT,
    ) -> Any:
        return _filled(
            self._mapping[m.Change](),
            tenant_id=tenant,
            unit_id=unit,
            seq=seq,
            entity=entity,
            record_id=record,
            version=version,
            op=op,
            diff=diff,
            root_id=root[0],
            root_version=root[1],
        )

    def _end(
        self,
        session: Session,
        unit: UUID,
        now: datetime,
        command: str,
        *targets: tuple[str, UUID],
        source: str | None = None,
        tenant: str = TENANT,
    ) -> None:
        commands = [{"command": command, "targets": [[entity, str(id_)] for entity, id_ in targets]}]
        row = {"tenant_id": tenant, "id": unit, "actor_id": ACTOR, "commands": commands, "source": source, "at": now}
        session.add(_filled(self._mapping[m.Unit](), **row, reversible=True))

    def _job(self, session: Session, unit: UUID, event: str, happened: dict[str, Any], now: datetime) -> None:
        session.add(
            _filled(
                self._mapping[m.Job](),
                tenant_id=TENANT,
                id=uuid7(),
                unit_id=unit,
                plugin="outbox",
                handler="benchmarks.plugins:forward",
                kind="event",
                name=event,
                record_id=UUID(next(iter(happened.values()))),
                record_version=1,
                seq=0,
                chain=0,
                payload=job_payload(unit, happened, instant_text(now)),
                actor_id=ACTOR,
                state="queued",
                due_at=now,
                attempts=0,
                fencing_token=0,
                created_at=now,
            )
        )


_PARTS = (
    (m.Mechanism, "party_id"),
    (m.Identifier, "party_id"),
    (m.PartyRole, "party_id"),
    (m.LifecycleEntry, "party_id"),
    (m.Relationship, "party_id"),
)


def _filled(record: Any, **values: Any) -> Any:
    for name, value in values.items():
        setattr(record, name, value)
    return record


def _inserted(said: dict[str, Any]) -> dict[str, Any]:
    return {name: [None, value] for name, value in said.items()}


def _check_party(found: Any) -> None:
    assert found is not None
    assert _may_see(found)


def _may_see(party: Any) -> bool:
    return bool(party.owner_id == ACTOR or party.team_id == TEAM_OF_ACTOR)
