"""The raw driver: hand-written SQL, tuples in and out, no more Python than the rows need."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from benchmarks.contacts import ACTOR, ADMIN, TENANT, Contact, batches
from benchmarks.drivers import Driver, instant_text
from benchmarks.variants import BATCH

__all__ = [
    "IMPORT_TENANT",
    "PARTY_COLUMNS",
    "POSITIONS",
    "RIGHTS",
    "TEAM_OF_ACTOR",
    "Raw",
    "diff",
    "job_payload",
    "told",
]

IMPORT_TENANT: Final = "import"
TEAM_OF_ACTOR: Final = "t7"
RIGHTS: Final = {
    ACTOR: frozenset({"party.create", "party.read", "interaction.create", "deal.read", "deal.update", "pipeline.read"}),
    ADMIN: frozenset({"party.read", "deal.read", "pipeline.read"}),
}
POSITIONS: Final = {"lead": 1, "qualified": 2, "proposal": 3, "negotiation": 4}

_PARTY = (
    "id, kind, name, sort_name, owner_id, team_id, language, time_zone, lifecycle, source, source_detail, sourced_at, "
    "archived_at, merged_into, given_name, additional_names, family_name, prefix, suffix, nickname, display_name, "
    "birth_date, birthday, gender, legal_name, legal_form, version, created_at, updated_at, custom"
)
PARTY_COLUMNS: Final = _PARTY
_MECHANISM = (
    "id, party_id, kind, raw, normalised, search_key, label, is_primary, verified_at, valid_from, valid_until, "
    "country, service, street, locality, region, postal_code, version, created_at, updated_at, custom"
)
_INTERACTION = (
    "id, party_id, kind, channel, direction, occurred_at, duration_seconds, summary, body, thread_id, about, about_id, "
    "about_label, author_id, correction_reason, version, created_at, updated_at, custom"
)
_DEAL = (
    "id, pipeline, stage, category, stage_entered_at, closed_at, lost_reason, title, party_id, amount, "
    "amount_currency, probability, owner_id, team_id, source, expected_close, version, created_at, updated_at, custom"
)
_ENTRY = (
    "id, record_id, pipeline, stage, entered_at, entered_by, reason, note, first, went_on, left_at, left_to, seconds, "
    "version, created_at, updated_at, custom"
)
_ACTIVITY = (
    "id, kind, subject, note, due_at, priority, party_id, about, about_id, about_label, assignee_id, team_id, status, "
    "closed_at, interaction_id, cancel_reason, version, created_at, updated_at, custom"
)
_PARTS = {
    "crm_identifier": "id, party_id, scheme, value, exclusive, exclusive_value, version, created_at, updated_at, "
    "custom",
    "crm_party_role": "id, party_id, role, valid_from, valid_until, version, created_at, updated_at, custom",
    "crm_lifecycle_entry": "id, party_id, stage, entered_at, left_at, reason, version, created_at, updated_at, custom",
}
_RELATIONSHIP = (
    "id, party_id, other_id, type, position, valid_from, valid_until, version, created_at, updated_at, custom"
)
_CHANGE = "unit_id, seq, entity, record_id, version, op, diff, root_id, root_version"
_UNIT = "id, actor_id, on_behalf_of, commands, reason, source, at, undoes, caused_by, reversible"
_JOB = (
    "id, kind, name, plugin, handler, payload, unit_id, actor_id, on_behalf_of, record_id, record_version, seq, chain, "
    "state, due_at, attempts, fencing_token, last_error, created_at, finished_at"
)


def _insert(table: str, columns: str) -> str:
    places = ", ".join("?" * (columns.count(",") + 2))
    return f"INSERT INTO {table} (tenant_id, {columns}) VALUES ({places})"


_SQL: Final = {
    "tenant": "SELECT active, policy_generation, plugin_generation FROM crm_tenant WHERE tenant_id = ?",
    "add_party": _insert("crm_party", _PARTY),
    "add_mechanism": _insert("crm_mechanism", _MECHANISM),
    "add_interaction": _insert("crm_interaction", _INTERACTION),
    "add_entry": _insert("crm_deal_stage_entry", _ENTRY),
    "add_change": _insert("crm_change", _CHANGE),
    "add_unit": _insert("crm_unit", _UNIT),
    "add_job": _insert("crm_job", _JOB),
    "party": f"SELECT {_PARTY} FROM crm_party WHERE tenant_id = ? AND id = ?",
    "deal": f"SELECT {_DEAL} FROM crm_deal WHERE tenant_id = ? AND id = ?",
    "pipeline": "SELECT id, version FROM crm_pipeline WHERE tenant_id = ? AND key = ?",
    "entries": f"SELECT {_ENTRY} FROM crm_deal_stage_entry WHERE tenant_id = ? AND record_id = ?",
    "leave": "UPDATE crm_deal_stage_entry SET went_on = ?, left_at = ?, left_to = ?, seconds = ?, version = ?, "
    "updated_at = ? WHERE tenant_id = ? AND id = ? AND version = ?",
    "move": "UPDATE crm_deal SET stage = ?, stage_entered_at = ?, version = ?, updated_at = ? "
    "WHERE tenant_id = ? AND id = ? AND version = ?",
    "mechanisms": f"SELECT {_MECHANISM} FROM crm_mechanism WHERE tenant_id = ? AND party_id = ? ORDER BY id",
    "from": f"SELECT {_RELATIONSHIP} FROM crm_relationship WHERE tenant_id = ? AND party_id = ? ORDER BY id",
    "to": f"SELECT {_RELATIONSHIP} FROM crm_relationship WHERE tenant_id = ? AND other_id = ? ORDER BY id",
    **{table: f"SELECT {columns} FROM {table} WHERE tenant_id = ? AND party_id = ? ORDER BY id"
       for table, columns in _PARTS.items()},
    "latest": f"SELECT {_INTERACTION} FROM crm_interaction WHERE tenant_id = ? AND party_id = ? "
    "ORDER BY occurred_at DESC, id DESC LIMIT 11",
    "open": f"SELECT {_ACTIVITY} FROM crm_activity WHERE tenant_id = ? AND assignee_id = ? AND party_id = ? "
    "AND status = 'open' ORDER BY due_at, id LIMIT 21",
    "deals": f"SELECT {_DEAL} FROM crm_deal WHERE tenant_id = ? AND owner_id = ? AND party_id = ? "
    "ORDER BY updated_at DESC, id DESC LIMIT 21",
    "decisions": "SELECT id, version, created_at, updated_at, custom, subject, subject_id, text, basis, author_id, "
    "decided_at, valid_until, supersedes_id FROM crm_decision WHERE tenant_id = ? AND subject = 'party' "
    "AND subject_id = ? ORDER BY decided_at DESC, id DESC LIMIT 11",
    "comments": "SELECT id, version, created_at, updated_at, custom, subject, subject_id, body, author_id, edited_at "
    "FROM crm_comment WHERE tenant_id = ? AND subject = 'party' AND subject_id = ? ORDER BY id DESC LIMIT 4",
    "page": f"SELECT {_DEAL} FROM crm_deal WHERE tenant_id = ? AND owner_id = ? "
    "ORDER BY updated_at DESC, id DESC LIMIT 51",
    "arrivals": "SELECT stage, went_on, count(*) FROM crm_deal_stage_entry "
    "WHERE tenant_id = ? AND pipeline = ? AND first = ? GROUP BY stage, went_on",
    "times": "SELECT stage, count(*), sum(seconds) FROM crm_deal_stage_entry "
    "WHERE tenant_id = ? AND pipeline = ? AND seconds IS NOT NULL GROUP BY stage",
    "medians": "SELECT stage, sum(seconds), count(*) FROM (SELECT stage, seconds, "
    "row_number() OVER (PARTITION BY stage ORDER BY seconds) AS place, count(*) OVER (PARTITION BY stage) AS many "
    "FROM crm_deal_stage_entry WHERE tenant_id = ? AND pipeline = ? AND seconds IS NOT NULL) AS ranked "
    "WHERE 2 * place >= many AND 2 * place <= many + 2 GROUP BY stage",
    "present": "SELECT stage, amount_currency, count(*), sum(amount) FROM crm_deal "
    "WHERE tenant_id = ? AND pipeline = ? GROUP BY stage, amount_currency",
    "by_key": f"SELECT {_MECHANISM} FROM crm_mechanism WHERE tenant_id = ? AND search_key = ? ORDER BY id LIMIT 1001",
    "search": f"SELECT {_PARTY} FROM crm_party WHERE tenant_id = ? AND kind = 'person' AND lower(name) LIKE ? "
    "ORDER BY updated_at DESC, id DESC LIMIT 51",
}  # fmt: skip


class Raw:
    """The operations as somebody writes them who knows the tables by heart.

    It reads one row of the tenant per transaction, from which another process's change of rights is seen, keeps the
    rights themselves in memory, and looks at owner and team of what it reads before it shows or changes it.
    """

    def __init__(self, url: str) -> None:
        self._driver = Driver(url)
        self._sql = {name: self._driver.sql(text) for name, text in _SQL.items()}
        if self._driver.dialect == "postgresql":
            self._sql["lock"] = self._sql["party"] + " FOR KEY SHARE"
        else:
            self._sql["lock"] = self._sql["party"]

    # -- commands -----------------------------------------------------------------------------------------------------

    def create(self, one: Contact) -> None:
        """See `Variant`."""
        self._begin("party.create")
        self._add_people([one], command="party.add", source=None, tenant=TENANT)
        self._driver.commit()

    def record(self, party: UUID, summary: str) -> None:
        """See `Variant`."""
        driver, sql = self._driver, self._sql
        self._begin("interaction.create")
        found = driver.rows(sql["lock"], (TENANT, driver.id(party)))
        _check_party(found)
        assert found[0][13] is None  # merged into no other
        now, unit, id_ = datetime.now(UTC), uuid7(), uuid7()
        at, stamp, key = driver.at(now), instant_text(now), driver.id(id_)
        kept = (None, summary, "", None, None, None, None, ACTOR, None, 1, at, at, "{}")
        driver.cursor.execute(
            sql["add_interaction"], (TENANT, key, driver.id(party), "interaction", "phone", "in", at, *kept)
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
        unit_key = driver.id(unit)
        driver.cursor.execute(
            sql["add_change"], (TENANT, unit_key, 1, "interaction", key, 1, "insert", diff(said), key, 1)
        )
        self._add_unit(unit, told("interaction.record", ("party", party)), at)
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
        self._add_job(unit, "InteractionRecorded", happened, at, stamp)
        driver.commit()

    def move(self, deal: UUID, to: str) -> None:
        """See `Variant`."""
        driver, sql = self._driver, self._sql
        self._begin("deal.update")
        deal_key = driver.id(deal)
        before = driver.rows(sql["deal"], (TENANT, deal_key))[0]
        assert before[12] == ACTOR  # its owner
        driver.rows(sql["pipeline"], (TENANT, before[1]))
        stage, version, party = before[2], before[16], before[8]
        assert POSITIONS[to] > POSITIONS[stage]
        stays = driver.rows(sql["entries"], (TENANT, deal_key))
        (stay,) = [s for s in stays if s[10] is None]
        now, unit, entry = datetime.now(UTC), uuid7(), uuid7()
        at, stamp = driver.at(now), instant_text(now)
        seconds = int((now - _read_instant(stay[4])).total_seconds())
        entry_key, unit_key = driver.id(entry), driver.id(unit)
        driver.cursor.execute(sql["leave"], (True, at, to, seconds, stay[13] + 1, at, TENANT, stay[0], stay[13]))
        driver.cursor.execute(sql["move"], (to, at, version + 1, at, TENANT, deal_key, version))
        assert driver.cursor.rowcount == 1
        arrival = (
            entry_key,
            deal_key,
            "sales",
            to,
            at,
            ACTOR,
            None,
            None,
            True,
            False,
            None,
            None,
            None,
            1,
            at,
            at,
            "{}",
        )
        driver.cursor.execute(sql["add_entry"], (TENANT, *arrival))
        left = {"went_on": [False, True], "left_at": [None, stamp], "left_to": [None, to], "seconds": [None, seconds]}
        moved = {"stage": [stage, to], "stage_entered_at": [instant_text(_read_instant(before[4])), stamp]}
        arrived = {
            "record_id": str(deal),
            "pipeline": "sales",
            "stage": to,
            "entered_at": stamp,
            "entered_by": ACTOR,
            "first": True,
            "went_on": False,
            "created_at": stamp,
        }
        root = (deal_key, version + 1)
        stay_name = "deal_stage_entry"
        driver.cursor.executemany(
            sql["add_change"],
            [
                (TENANT, unit_key, 1, stay_name, stay[0], stay[13] + 1, "update", json.dumps(left), *root),
                (TENANT, unit_key, 2, "deal", deal_key, version + 1, "update", json.dumps(moved), *root),
                (TENANT, unit_key, 3, stay_name, entry_key, 1, "insert", diff(arrived), *root),
            ],
        )
        self._add_unit(unit, told("deal.move", ("deal", deal)), at)
        happened = {
            "deal_id": str(deal),
            "party_id": str(party if isinstance(party, UUID) else UUID(bytes=party)),
            "pipeline": "sales",
            "from_stage": stage,
            "to_stage": to,
            "reason": None,
        }
        self._add_job(unit, "DealMoved", happened, at, stamp)
        driver.commit()

    def import_people(self, people: Iterable[Contact]) -> None:
        """See `Variant`."""
        for batch in batches(people, BATCH):
            self._begin("party.create", tenant=IMPORT_TENANT)
            self._add_people(batch, command="party.add_many", source="import:people.csv", tenant=IMPORT_TENANT)
            self._driver.commit()

    # -- queries ------------------------------------------------------------------------------------------------------

    def view(self, party: UUID) -> tuple[int, int, int]:
        """See `Variant`."""
        driver, sql = self._driver, self._sql
        self._begin("party.read", write=False)
        key = (TENANT, driver.id(party))
        _check_party(driver.rows(sql["party"], key))
        parts = {name: driver.rows(sql[name], key) for name in ("from", "to", "mechanisms", *_PARTS)}
        latest = driver.rows(sql["latest"], key)
        driver.rows(sql["open"], (TENANT, ACTOR, key[1]))
        deals = driver.rows(sql["deals"], (TENANT, ACTOR, key[1]))
        driver.rows(sql["decisions"], key)
        driver.rows(sql["comments"], key)
        driver.commit()
        return len(parts["mechanisms"]), len(latest[:10]), len(deals[:20])

    def page(self) -> Sequence[UUID]:
        """See `Variant`."""
        self._begin("deal.read", write=False)
        found = self._driver.rows(self._sql["page"], (TENANT, ACTOR))
        self._driver.commit()
        return [_read_id(row[0]) for row in found[:50]]

    def funnel(self) -> dict[str, int]:
        """See `Variant`."""
        driver, sql = self._driver, self._sql
        self._begin("pipeline.read", write=False, actor=ADMIN)
        driver.rows(sql["pipeline"], (TENANT, "sales"))
        driver.rows(sql["arrivals"], (TENANT, "sales", True))
        driver.rows(sql["times"], (TENANT, "sales"))
        driver.rows(sql["medians"], (TENANT, "sales"))
        found = driver.rows(sql["present"], (TENANT, "sales"))
        driver.commit()
        return {stage: count for stage, _, count, _ in found}

    def find(self, email: str) -> Sequence[UUID]:
        """See `Variant`."""
        driver, sql = self._driver, self._sql
        self._begin("party.read", write=False)
        keys = dict.fromkeys(row[1] for row in driver.rows(sql["by_key"], (TENANT, email)))
        found = [row for key in keys for row in driver.rows(sql["party"], (TENANT, key)) if _may_see(row)]
        driver.commit()
        return [_read_id(row[0]) for row in found]

    def search(self, text: str) -> Sequence[UUID]:
        """See `Variant`."""
        self._begin("party.read", write=False, actor=ADMIN)
        found = self._driver.rows(self._sql["search"], (TENANT, f"%{text.lower()}%"))
        self._driver.commit()
        return [_read_id(row[0]) for row in found[:50]]

    def close(self) -> None:
        """See `Variant`."""
        self._driver.close()

    # -- inside -------------------------------------------------------------------------------------------------------

    def _begin(self, permission: str, *, write: bool = True, actor: str = ACTOR, tenant: str = TENANT) -> None:
        self._driver.begin(write=write)
        active, _, _ = self._driver.rows(self._sql["tenant"], (tenant,))[0]
        assert active
        assert permission in RIGHTS[actor]

    def _add_people(self, people: Sequence[Contact], *, command: str, source: str | None, tenant: str) -> None:
        driver, sql = self._driver, self._sql
        now, unit = datetime.now(UTC), uuid7()
        at, stamp, unit_key = driver.at(now), instant_text(now), driver.id(unit)
        end = (1, at, at, "{}")
        parties: list[tuple[Any, ...]] = []
        mechanisms: list[tuple[Any, ...]] = []
        changes: list[tuple[Any, ...]] = []
        late: list[tuple[Any, ...]] = []
        for one in people:
            key, name, sort_name = driver.id(one.id), one.name, one.sort_name
            given, family = one.given_name, one.family_name
            parties.append((tenant, key, "person", name, sort_name, ACTOR, *_NINE, given, None, family, *_NINE, *end))
            own = {
                "sort_name": sort_name,
                "owner_id": ACTOR,
                "kind": "person",
                "name": name,
                "given_name": given,
                "family_name": family,
                "created_at": stamp,
            }
            changes.append((key, 1, "insert", diff(own), key, 1))
            for kind, text, country in (("email", one.email, None), ("phone", one.phone, "NO")):
                part = driver.id(uuid7())
                row = (tenant, part, key, kind, text, text, text, None, True, None, None, None, country)
                mechanisms.append((*row, None, None, None, None, None, *end))
                said = {
                    "party_id": str(one.id),
                    "kind": kind,
                    "raw": text,
                    "normalised": text,
                    "search_key": text,
                    "is_primary": True,
                    "created_at": stamp,
                }
                if country is not None:
                    said["country"] = country
                late.append((part, 1, "insert", diff(said), key, 1))
        self._many(sql["add_party"], parties)
        self._many(sql["add_mechanism"], mechanisms)
        numbered = [
            *[(tenant, unit_key, seq, "party", *row) for seq, row in enumerate(changes, 1)],
            *[(tenant, unit_key, seq, "mechanism", *row) for seq, row in enumerate(late, 1 + len(changes))],
        ]
        driver.cursor.executemany(sql["add_change"], numbered)
        self._add_unit(unit, told(command), at, source=source, tenant=tenant)
        if tenant == TENANT:
            for one in people:
                self._add_job(unit, "PartyAdded", {"party": str(one.id), "kind": "person"}, at, stamp)

    def _many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        if len(rows) == 1:
            self._driver.cursor.execute(sql, rows[0])
        else:
            self._driver.cursor.executemany(sql, rows)

    def _add_unit(self, unit: UUID, commands: str, at: Any, *, source: str | None = None, tenant: str = TENANT) -> None:
        row = (tenant, self._driver.id(unit), ACTOR, None, commands, None, source, at, None, None, True)
        self._driver.cursor.execute(self._sql["add_unit"], row)

    def _add_job(self, unit: UUID, event: str, happened: dict[str, Any], at: Any, stamp: str) -> None:
        driver = self._driver
        payload = json.dumps(job_payload(unit, happened, stamp))
        who = ("event", event, "outbox", "benchmarks.plugins:forward", payload, driver.id(unit), ACTOR, None)
        record = driver.id(UUID(next(iter(happened.values()))))
        end = (record, 1, 0, 0, "queued", at, 0, 0, None, at, None)
        driver.cursor.execute(self._sql["add_job"], (TENANT, driver.id(uuid7()), *who, *end))


_NINE: Final = (None,) * 9


def diff(said: dict[str, Any]) -> str:
    """The change row's diff of an insert."""
    return json.dumps({name: [None, value] for name, value in said.items()})


def told(command: str, *targets: tuple[str, UUID]) -> str:
    """What a unit's row says of its one command."""
    return json.dumps([{"command": command, "targets": [[entity, str(id_)] for entity, id_ in targets]}])


def job_payload(unit: UUID, happened: dict[str, Any], stamp: str) -> dict[str, Any]:
    """What a durable subscriber's job is about."""
    origin = {
        "id": str(uuid7()),
        "tenant": TENANT,
        "unit": str(unit),
        "actor": ACTOR,
        "on_behalf_of": None,
        "at": stamp,
    }
    return {"origin": origin, **happened}


def _check_party(found: Sequence[tuple[Any, ...]]) -> None:
    assert found
    assert _may_see(found[0])


def _may_see(party: tuple[Any, ...]) -> bool:
    return bool(party[4] == ACTOR or party[5] == TEAM_OF_ACTOR)


def _read_id(raw: Any) -> UUID:
    return raw if isinstance(raw, UUID) else UUID(bytes=raw)


def _read_instant(raw: Any) -> datetime:
    return raw if isinstance(raw, datetime) else datetime.fromisoformat(raw)
