"""What goes wrong past crmkit is found by ``crmkit verify``: each kind is planted by raw SQL, and found alone."""

import json
import uuid
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from attrs import evolve
from sqlalchemy import delete, insert, inspect, select, update

from crmkit import Money, Person

ANEW = "; run: crmkit fields rebuild"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def merged(each):
    """Two parties of which one was merged into the other, a third one, and what they had: name to id as stored."""
    with each.crm() as crm:
        with crm.begin("ada") as uow:
            ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
            twin = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
            mia = uow.parties.add(Person(given_name="Mia", family_name="Dahl"))
            uow.pipelines.open(pipeline="sales", party=twin.id, title="Roof", amount=Money("12000", "EUR"))
            uow.interactions.record(party=twin.id, channel="phone", direction="in", summary="asked")
        with crm.begin("ada") as uow:
            uow.parties.merge(twin.id, ida.id)
    assert each.findings() == []
    return {"ida": ida.id, "twin": twin.id, "mia": mia.id}


class Raw:
    """Rows as they are stored, to be changed past crmkit."""

    def __init__(self, tables, connection):
        self.tables, self.connection = tables, connection
        self.sqlite = connection.dialect.name == "sqlite"

    def id(self, value):
        return value.bytes if self.sqlite else value

    def execute(self, statement):
        return self.connection.execute(statement)

    def sql(self, text):
        self.connection.exec_driver_sql(text)

    def name(self, table):
        return f"{self.tables[table].schema}.{table}" if self.tables[table].schema else table

    def changes(self, entity, op, *, last=True):
        """The last (or first) change of an entity, with its diff."""
        change = self.tables["crm_change"]
        rows = self.execute(select(change).where(change.c.entity == entity, change.c.op == op)).mappings().all()
        row = dict(sorted(rows, key=lambda row: (str(row["unit_id"]), row["seq"]))[-1 if last else 0])
        row["diff"] = json.loads(row["diff"]) if isinstance(row["diff"], str) else dict(row["diff"])
        return row

    def rewrite(self, row, **values):
        """Change a row of the change log."""
        change = self.tables["crm_change"]
        if "diff" in values and self.sqlite:
            values["diff"] = json.dumps(values["diff"])
        same = (change.c.unit_id == row["unit_id"]) & (change.c.seq == row["seq"])
        self.execute((update(change).where(same).values(**values)) if values else delete(change).where(same))


@pytest.fixture
def damage(each):
    """Plants a damage: given a function of `Raw`."""
    return lambda plant: each.write(lambda tables, connection: plant(Raw(tables, connection)))


# -- merges: invariant 6 ----------------------------------------------------------------------------------------------


def test_what_a_merge_forgot_is_found(each, merged, damage):
    def forget(raw):
        deal = raw.tables["crm_deal"]
        raw.rewrite(raw.changes("deal", "update"))
        raw.execute(update(deal).values(party_id=raw.id(merged["twin"]), version=1))

    damage(forget)
    assert each.findings() == [("merged", "deal", "its party_id names a party that has been merged into another")]


def test_what_a_merge_sent_astray_is_found(each, merged, damage):
    def misdirect(raw):
        row = raw.changes("deal", "update")
        raw.rewrite(row, diff={**row["diff"], "party_id": [str(merged["twin"]), str(merged["mia"])]})
        raw.execute(update(raw.tables["crm_deal"]).values(party_id=raw.id(merged["mia"])))

    damage(misdirect)
    message = "a merge took its party_id to another record than the winner"
    assert each.findings() == [("merge_astray", "deal", message)]


def test_what_a_merge_dropped_is_found(each, merged, damage):
    def drop(raw):
        image = raw.changes("interaction", "insert")["diff"]
        row = raw.changes("interaction", "update")
        raw.rewrite(row, op="delete", diff={name: [after, None] for name, (_, after) in image.items()})
        raw.execute(delete(raw.tables["crm_interaction"]))

    damage(drop)
    assert ("merge_lost", "interaction", "a merge dropped it for no reason") in each.findings()
    assert {check for check, _, _ in each.findings()} == {"merge_lost"}


def test_a_mechanism_that_a_merge_dropped_although_the_winner_had_no_such_one_is_found(each, merged, damage):
    def pretend(raw):
        dropped = raw.changes("mechanism", "delete")
        change = raw.tables["crm_change"]
        rows = raw.execute(select(change).where(change.c.record_id == dropped["record_id"])).mappings().all()
        for row in rows:
            written = row["diff"] if isinstance(row["diff"], str) else json.dumps(row["diff"])
            raw.rewrite(row, diff=json.loads(written.replace("ida@berg.example", "ida@other.example")))

    damage(pretend)
    assert each.findings() == [("merge_lost", "mechanism", "a merge dropped it for no reason")]


def test_a_chain_of_merges_that_does_not_end_at_one_root_is_found(each, merged, damage):
    """As if merging the winner on had not taken along who was merged into it before."""
    with each.crm() as crm, crm.begin("ada") as uow:
        uow.parties.merge(merged["ida"], merged["mia"])
        unit = uow.id
    assert each.findings() == []

    def forget(raw):
        change, party = raw.tables["crm_change"], raw.tables["crm_party"]
        twin = raw.id(merged["twin"])
        raw.execute(delete(change).where(change.c.unit_id == raw.id(unit), change.c.record_id == twin))
        version = party.c.version - 1
        raw.execute(update(party).where(party.c.id == twin).values(merged_into=raw.id(merged["ida"]), version=version))

    damage(forget)
    message = "its merged_into names a party that has been merged into another"
    assert each.findings() == [("merged", "party", message)]


# -- versions: invariants 2 and 8 -------------------------------------------------------------------------------------


def test_a_part_whose_history_is_gone_leaves_a_gap_in_its_record(each, damage):
    with each.crm() as crm:
        with crm.begin("ada") as uow:
            ida = uow.parties.add(Person(given_name="Ida"))
        with crm.begin("ada") as uow:
            phone = uow.parties.add_phone(ida.id, "+44 20 7946 0018")
        with crm.begin("ada") as uow:
            uow.parties.remove_mechanism(phone.id)
        with crm.begin("ada") as uow:
            uow.parties.add_email(ida.id, "ida@berg.example")
    assert each.findings() == []
    change = "crm_change"
    damage(lambda raw: raw.execute(
        delete(raw.tables[change]).where(raw.tables[change].c.record_id == raw.id(phone.id))
    ))  # fmt: skip
    assert each.findings() == [("history", "party", "its history tells of 2 versions, and the last one is 4")]


def test_a_part_that_is_logged_with_another_record_is_found(each, merged, damage):
    damage(lambda raw: raw.rewrite(raw.changes("mechanism", "insert", last=False), root_id=raw.id(merged["mia"])))
    assert ("history", "mechanism", "its version 1 is logged as part of another record") in each.findings()


def test_a_record_that_is_logged_as_a_part_is_found(each, merged, damage):
    damage(lambda raw: raw.rewrite(raw.changes("deal", "update"), root_version=7))
    message = "its version 2 is logged as that of a part of another record"
    assert each.findings() == [("history", "deal", message)]


def test_two_changes_of_one_version_are_found(each, merged, damage):
    def repeat(raw):
        row = raw.changes("deal", "update")
        row["diff"] = json.dumps(row["diff"]) if raw.sqlite else row["diff"]
        raw.execute(insert(raw.tables["crm_change"]).values(**{**row, "seq": 999}))

    damage(repeat)
    assert each.findings() == [("history", "deal", "two changes of it claim the version 2")]


def test_history_that_was_rewritten_is_found(each, merged, damage):
    def rewrite(raw):
        row = raw.changes("deal", "insert")
        raw.rewrite(row, diff={**row["diff"], "title": [None, "Stolen"]})

    damage(rewrite)
    assert each.findings() == [("history", "deal", "it differs from its history in: title")]


# -- unique values of custom fields ------------------------------------------------------------------------------------


@pytest.fixture
def badged(each):
    """Parties with a badge of which no two may have the same: name to id."""
    with each.crm() as crm:
        with crm.begin("ada") as uow:
            uow.custom_fields.define("party", "badge", "text", unique=True)
            uow.custom_fields.define("party", "worth", "decimal", unique=True)
        with crm.begin("ada") as uow:
            ida = uow.parties.add(Person(given_name="Ida", custom={"badge": "A-7", "worth": Decimal("1.5")}))
            mia = uow.parties.add(Person(given_name="Mia", custom={"badge": "B" * 300}))
            ola = uow.parties.add(Person(given_name="Ola"))
            twin = uow.parties.add(Person(given_name="Ola", custom={"badge": "C-7"}))
        with crm.begin("ada") as uow:
            uow.parties.merge(twin.id, ola.id)
        with crm.begin("ada") as uow:
            uow.custom_fields.remove("party", "worth")
    assert each.findings() == []
    return {"ida": ida.id, "mia": mia.id, "ola": ola.id, "twin": twin.id}


def taken(raw, value="A-7"):
    rows = raw.tables["crm_unique"]
    return rows, rows.c.value == value


def test_a_unique_value_that_is_not_noted_as_taken_is_found(each, badged, damage):
    def forget(raw):
        rows, same = taken(raw)
        raw.execute(delete(rows).where(same))

    damage(forget)
    message = "its custom.badge, which is unique, is not noted as taken" + ANEW
    assert each.findings() == [("unique_value", "party", message)]


def test_a_long_unique_value_and_one_of_a_removed_field_are_found_as_well(each, badged, damage):
    damage(lambda raw: raw.execute(delete(raw.tables["crm_unique"]).where(raw.tables["crm_unique"].c.value != "A-7")))
    assert sorted(each.findings()) == [
        (
            "unique_value",
            "party",
            "its custom.badge, which is unique, is not noted as taken" + ANEW,
        ),
        (
            "unique_value",
            "party",
            "its custom.badge, which is unique, is not noted as taken" + ANEW,
        ),
        (
            "unique_value",
            "party",
            "its custom.worth, which is unique, is not noted as taken" + ANEW,
        ),
    ]


def test_a_unique_value_that_is_noted_as_taken_by_another_is_found_from_both_sides(each, badged, damage):
    def give(raw):
        rows, same = taken(raw)
        raw.execute(update(rows).where(same).values(record_id=raw.id(badged["twin"])))

    damage(give)
    assert each.findings() == [
        (
            "unique_value",
            "party",
            "its custom.badge, which is unique, is noted as taken by another" + ANEW,
        ),
        (
            "unique_value",
            "party",
            "a value of custom.badge is noted as taken by this record, which does not have it" + ANEW,
        ),
    ]


@pytest.mark.parametrize(("who", "what"), [("mia", "which does not have it"), (None, "which is not there")])
def test_a_value_that_is_noted_as_taken_and_that_nobody_has_is_found(each, badged, damage, who, what):
    def note(raw):
        id_ = badged[who] if who else uuid.UUID(int=7)
        row = {"tenant_id": "acme", "entity": "party", "key": "badge", "value": "Z-9", "record_id": raw.id(id_)}
        raw.execute(insert(raw.tables["crm_unique"]).values(**row))

    damage(note)
    message = f"a value of custom.badge is noted as taken by this record, {what}" + ANEW
    assert each.findings() == [("unique_value", "party", message)]


def test_values_noted_as_taken_of_a_field_that_is_not_unique_are_found(each, badged, damage):
    def note(raw):
        row = {"tenant_id": "acme", "entity": "deal", "key": "badge", "value": "Z", "record_id": raw.id(badged["ida"])}
        raw.execute(insert(raw.tables["crm_unique"]).values(**row))

    damage(note)
    message = "1 values of custom.badge are taken, and no such field is unique" + ANEW
    assert each.findings() == [("unique_value", "deal", message)]


def test_making_the_field_unique_anew_mends_what_is_noted(each, badged, damage):
    damage(lambda raw: raw.execute(delete(raw.tables["crm_unique"])))
    assert len(each.findings()) == 4
    with each.crm() as crm:
        for unique in (False, True):
            with crm.begin("ada") as uow:
                badge = uow.custom_fields.get("party", "badge")
                uow.custom_fields.change(evolve(badge, unique=unique))
    assert [message for _, _, message in each.findings()] == [
        "its custom.worth, which is unique, is not noted as taken" + ANEW
    ]


# -- keys: invariants 7 and 16 ----------------------------------------------------------------------------------------


def test_a_unique_index_over_all_tenants_is_found(each, damage):
    damage(lambda raw: raw.sql(f"CREATE UNIQUE INDEX ux_stray ON {raw.name('crm_deal')} (title)"))
    message = "its unique key (title) does not begin with tenant_id"
    assert each.findings() == [("tenant_not_first", "crm_deal", message)]


def test_a_table_that_nothing_knows_is_found(each, damage):
    def stray(raw):
        name = raw.name("crm_deal").replace("crm_deal", "crm_stray")
        raw.sql(f"CREATE TABLE {name} (tenant_id TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (tenant_id, id))")

    damage(stray)
    message = "no entity in the catalogue has this table; a purge or a migration has left it behind"
    assert each.findings() == [("table_unknown", "crm_stray", message)]


def test_keys_of_any_table_that_the_tenant_does_not_lead_are_found(each, damage):
    def stray(raw):
        of, tenant = raw.name("crm_deal").replace("crm_deal", "crm_stray"), raw.name("crm_tenant")
        raw.sql(f"CREATE TABLE {of} (id TEXT PRIMARY KEY, owner TEXT REFERENCES {tenant} (tenant_id))")

    damage(stray)
    assert each.findings()[1:] == [
        ("tenant_not_first", "crm_stray", "its primary key (id) does not begin with tenant_id"),
        ("tenant_not_first", "crm_stray", "its foreign key (owner) to crm_tenant does not begin with tenant_id"),
    ]


def test_a_table_that_is_gone_is_found(each, damage):
    damage(lambda raw: raw.sql(f"DROP TABLE {raw.name('crm_delegation')}"))
    assert each.findings() == [("table_missing", "delegation", "the table crm_delegation is not there")]


def replaced(raw, table):
    """Let a table be without its keys, as after a repair that forgot them."""
    if not raw.sqlite:
        return False
    columns = ", ".join(c.name for c in raw.tables[table].columns)
    raw.sql(f"CREATE TABLE copied AS SELECT {columns} FROM {table}")
    raw.sql(f"DROP TABLE {table}")
    raw.sql(f"ALTER TABLE copied RENAME TO {table}")
    return True


def drop_constraints(raw, table, kind):
    """Drop a table's keys of a kind: u for unique, f for foreign."""
    if replaced(raw, table):
        return
    inspector, schema = inspect(raw.connection), raw.tables[table].schema
    found = (
        inspector.get_unique_constraints(table, schema) if kind == "u" else inspector.get_foreign_keys(table, schema)
    )
    for one in found:
        raw.sql(f'ALTER TABLE {raw.name(table)} DROP CONSTRAINT "{one["name"]}"')


def test_an_exclusive_identifier_of_two_parties_is_found(each, merged, damage):
    with each.crm() as crm, crm.begin("ada") as uow:
        uow.parties.add_identifier(merged["ida"], "customer", "C-1", exclusive=True)
        uow.parties.add_identifier(merged["mia"], "customer", "C-2", exclusive=True)

    def share(raw):
        drop_constraints(raw, "crm_identifier", "u")
        rows = raw.tables["crm_identifier"]
        raw.execute(update(rows).values(value="C-1", exclusive_value="C-1"))

    damage(share)
    found = each.findings()
    key = "(tenant_id, scheme, exclusive_value)"
    assert ("doubled", "identifier", f"2 records share one unique key {key}") in found
    assert ("unique_missing", "identifier", f"crm_identifier has no unique key {key}") in found


def test_a_reference_to_nothing_is_found_where_its_foreign_key_was_lost(each, merged, damage):
    def orphan(raw):
        drop_constraints(raw, "crm_deal", "f")
        raw.execute(update(raw.tables["crm_deal"]).values(party_id=raw.id(uuid.UUID(int=7))))

    damage(orphan)
    found = each.findings()
    assert ("dangling", "deal", "its party_id names a party that is not there") in found
    assert ("foreign_key_missing", "deal", "crm_deal.party_id has no foreign key to crm_party") in found


# -- what plugins leave behind ----------------------------------------------------------------------------------------


def test_jobs_of_a_plugin_that_nothing_knows_are_found(each, damage):
    def leave(raw):
        instant = NOW.isoformat() if raw.sqlite else NOW
        raw.execute(
            insert(raw.tables["crm_job"]).values(
                tenant_id="acme",
                id=raw.id(uuid.uuid4()),
                kind="event",
                name="Gone",
                plugin="gone",
                handler="gone:do",
                payload="{}" if raw.sqlite else {},
                seq=1,
                chain=0,
                state="queued",
                attempts=0,
                fencing_token=0,
                created_at=instant,
            )
        )

    damage(leave)
    message = "1 of its jobs are left, and it is neither installed nor has it tables"
    assert each.findings() == [("orphaned_jobs", "gone", message)]


def test_switches_of_a_plugin_that_nothing_knows_are_found(each, damage):
    def leave(raw):
        instant = NOW.isoformat() if raw.sqlite else NOW
        row = {"tenant_id": "*", "plugin": "gone", "enabled": True, "at": instant, "actor_id": "ada"}
        raw.execute(insert(raw.tables["crm_plugin_state"]).values(**row))

    damage(leave)
    message = "it was enabled or disabled here, and it is neither installed nor has it tables"
    assert each.findings() == [("orphaned_state", "gone", message)]


def test_history_of_an_entity_that_the_catalogue_does_not_know_is_found(each, merged, damage):
    def forget(raw):
        change = raw.tables["crm_change"]
        raw.execute(update(change).where(change.c.entity == "interaction").values(entity="chat.line"))
        raw.execute(delete(raw.tables["crm_interaction"]))

    damage(forget)
    message = "there is history of 1 of its records, and the catalogue does not know it"
    assert each.findings() == [("orphaned_history", "chat.line", message)]


def test_a_reference_to_any_record_that_is_gone_is_found(each, merged, damage):
    """Of such references no foreign key can see to it."""
    with each.crm() as crm, crm.begin("ada") as uow:
        uow.permissions.share("party", merged["mia"], actor="vic")

    def forget(raw):
        change, party = raw.tables["crm_change"], raw.tables["crm_party"]
        mia = raw.id(merged["mia"])
        raw.execute(delete(party).where(party.c.id == mia))
        raw.execute(delete(change).where(change.c.record_id == mia))

    damage(forget)
    ((check, _, message),) = each.findings()
    assert check == "dangling"
    assert message.endswith(" names a party that is not there")


def test_a_score_of_a_record_that_is_gone_is_found(each, damage):
    def leave(raw):
        row = {"tenant_id": "acme", "entity": "party", "record_id": raw.id(uuid.UUID(int=7)), "score": 50}
        raw.execute(insert(raw.tables["crm_quality_score"]).values(**row))

    damage(leave)
    message = "it has a score of quality and is not there; run: crmkit quality rebuild"
    assert each.findings() == [("orphaned_score", "party", message)]
