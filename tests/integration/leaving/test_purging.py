"""Purging: nothing of the plugin is left, and nothing of anybody else's is touched."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
import toytags
from attrs import evolve
from crmkit_membership import Card, Membership
from crmkit_membership.manifest import MANIFEST
from leaving_place import SECRET, live
from sqlalchemy import Column, ForeignKeyConstraint, MetaData, Table, delete

from crmkit import Interaction, Manifest, Person, Ref
from crmkit.core.kernel.storage.tables import change_table
from crmkit.errors import ConfigError, PurgeRefusedError, StorageError, UndoRefusedError, UnknownPluginError
from crmkit.sdk import Id, Text

pytestmark = pytest.mark.slow

STAMPS = {"version", "updated_at", "plugin_generation", "policy_generation", "seq", "docid"}
SNAPSHOTS = {"crm_interaction", "crm_activity"}
FACTS = {"crm_unit", "crm_change"}
UUIDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def plain(value):
    """A value such that two databases in which the same was done have the same ones: no ids."""
    if isinstance(value, UUID) or (isinstance(value, bytes) and len(value) == 16):
        return "id"
    if isinstance(value, (dict, list)):
        value = json.dumps(value, sort_keys=True)
    if isinstance(value, str) and value[:1] in {"{", "["}:
        value = json.dumps(json.loads(UUIDS.sub("id", value)), sort_keys=True)
    return value


def forms(place, *tables, where=lambda row: True):
    """How often there is which row, but for ids, versions and whom it was that touched it last."""
    return {
        name: Counter(
            str({c: plain(v) for c, v in sorted(row.items()) if c not in STAMPS}) for row in rows if where(row)
        )
        for name, rows in place.tables().items()
        # What lies behind SQLite's full-text index depends on the order of writing.
        if (not tables or name in tables) and not name.startswith("crm_search_index")
    }


@pytest.fixture
def purged(place, lived):
    """The plugin is purged; it was off the list before."""
    crm = place.crm()
    crm.plugins.purge("membership", actor="olga")
    return crm


def test_the_tables_are_those_of_a_database_that_never_had_the_plugin(place, purged, never):
    assert purged.schema.tables() == never.crm(start=False).schema.tables()
    with purged.engine.connect() as connection:
        assert not purged.engine.dialect.has_table(connection, "crm_version_membership")


def test_the_rows_are_those_of_a_database_that_never_had_the_plugin(place, purged, never):
    """But for facts and snapshots, which the next tests look at."""
    found, wanted = forms(place), forms(never)
    assert found.keys() == wanted.keys()
    differing = {name for name in found if found[name] != wanted[name]}
    assert differing <= FACTS | SNAPSHOTS, {n: (found[n] - wanted[n], wanted[n] - found[n]) for n in differing}


def test_history_of_all_else_is_as_if_the_plugin_had_never_been_there(place, purged, never):
    """Roles are the core's: that one had a rule about cards, or came with them, is its history."""

    def about(row):
        return row["entity"] not in {"role", "role_rule", "interaction", "activity"}

    assert forms(place, "crm_change", where=about) == forms(never, "crm_change", where=about)


def test_the_core_keeps_what_it_took_of_the_records(purged, lived):
    did = lived["acme"]
    with purged.begin("ada", "acme", read_only=True) as uow:
        (entry,) = uow.find(Interaction)
        assert (entry.summary, entry.about, entry.about_label) == ("lost it", "membership.card", did["card"].number)
        assert uow.get(Person, did["party"]).given_name == "Ida"
        assert [c.op for c in uow.history.changes(uow.get(Person, did["party"]))] == ["insert"]


def test_nothing_but_snapshots_tells_of_the_records(place, purged, lived):
    numbers = {did["card"].number for did in lived.values()}
    telling = {name for name, rows in place.rows().items() if any(n in row for row in rows for n in numbers)}
    assert telling <= SNAPSHOTS | {"crm_change"}
    assert [name for name, rows in place.rows().items() if any(SECRET in row for row in rows)] == []
    kept = forms(place, "crm_change", where=lambda row: row["entity"] not in {"interaction", "activity"})
    assert not [row for row in kept["crm_change"] if any(n in row for n in numbers)]


def test_what_is_stored_agrees_afterwards(purged):
    assert list(purged.verify()) == []


def test_who_had_asked_is_in_history(purged):
    with purged.begin("ada", "acme", read_only=True) as uow:
        unit = next(u for u in uow.history.units(limit=100) if u.source == "purge:membership")
    assert unit.reason == "plugin membership purged by olga"


def test_it_works_for_a_plugin_whose_package_is_gone(place, lived, never):
    crm = place.crm(manifests=())
    assert crm.plugins.impact("membership").state == "gone"
    crm.plugins.purge("membership")
    assert crm.schema.tables() == never.crm(start=False).schema.tables()
    with pytest.raises(UnknownPluginError):
        crm.plugins.purge("membership")


def test_a_tenant_that_is_switched_off_is_purged_too(place, lived):
    crm = place.crm()
    with crm.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE crm_tenant SET active = FALSE WHERE tenant_id = 'bolt'")
    crm.plugins.purge("membership")
    assert not [row for row in place.rows()["crm_role_rule"] if "membership" in row]
    with crm.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT tenant_id, active FROM crm_tenant ORDER BY tenant_id")
        assert [(tenant, bool(active)) for tenant, active in rows] == [("acme", True), ("bolt", False)]


def test_installed_again_it_starts_from_empty(place, purged, lived):
    again = place.made("membership")
    with again.begin("ada", "acme") as uow:
        assert uow.count(Card) == 0
        card = uow.use(Membership).issue(lived["acme"]["party"])
    assert [c.version for c in _changes(again, card)] == [1]
    assert {job.kind for job in again.jobs.list(tenant="acme")} == {"schedule"}
    place.clock.advance(timedelta(days=340))
    assert again.jobs.run_once(tenant="acme") == 1  # its role is there again, with all of its rights
    assert {job.state for job in again.jobs.list(tenant="acme", state="refused")} == set()
    assert list(again.verify()) == []


def _changes(crm, record):
    with crm.begin("ada", read_only=True) as uow:
        return uow.history.changes(record)


# -- undo -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["mixed", "renewed", "shared"])
def test_undo_of_a_unit_says_that_some_of_it_was_purged(place, purged, lived, unit):
    before = place.rows("crm_denial")
    words = "records of a plugin that was purged"
    with pytest.raises(UndoRefusedError, match=words) as refused, purged.begin("ada", "acme") as uow:
        uow.history.undo(lived["acme"][unit])
    assert ("unit", "purged") in {(c.entity, c.reason) for c in refused.value.conflicts}
    assert place.rows("crm_denial") == before


def test_the_rest_of_it_can_be_undone(purged, lived):
    did = lived["bolt"]
    with purged.begin("ada", "bolt") as uow:
        uow.history.undo(did["won"])
    with purged.begin("ada", "bolt", read_only=True) as uow:
        plan = uow.history.plan([did["mixed"]], partial=True)
    assert [c.reason for c in plan.conflicts] == ["purged"]
    assert {c.entity for c in plan.changes} == {"deal", "deal_stage_entry"}


def test_units_that_did_nothing_with_the_plugin_can_be_undone_as_before(purged, lived):
    with purged.begin("ada", "acme") as uow:
        party = uow.parties.add(Person(given_name="New"))
        unit = uow.id
    with purged.begin("ada", "acme") as uow:
        assert uow.history.undo(unit).conflicts == ()
        assert not uow.sees(Person, [party.id])


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def refused(place):
    """Sees a purge refused, with nothing changed; gives the hindrances."""

    def refused(crm, plugin="membership"):
        before = place.rows(), crm.schema.tables()
        with pytest.raises(PurgeRefusedError) as caught:
            crm.plugins.purge(plugin)
        assert (place.rows(), crm.schema.tables()) == before
        assert caught.value.hindrances == crm.plugins.impact(plugin).hindrances
        return caught.value.hindrances

    return refused


def test_a_plugin_that_is_loaded_is_not_purged(place, lived, refused):
    (hindrance,) = refused(place.crm("membership"))
    assert hindrance == "it is loaded; take it off the list: crmkit plugins disable membership --unload"


def test_a_plugin_is_not_purged_while_another_table_refers_to_its_own(place, lived, refused):
    crm = place.crm()
    metadata = MetaData()
    table = Table(
        "stamps",
        metadata,
        Column("id", Text(), primary_key=True),
        Column("tenant_id", Text()),
        Column("card_id", Id()),
        ForeignKeyConstraint(["tenant_id", "card_id"], ["crm_membership_card.tenant_id", "crm_membership_card.id"]),
    )
    with crm.engine.begin() as connection:
        Table("crm_membership_card", metadata, autoload_with=connection, resolve_fks=False)
        table.create(connection)
    (hindrance,) = refused(crm)
    assert hindrance.startswith("the table stamps refers to its table crm_membership_card; ")


def test_a_plugin_is_not_purged_while_one_that_is_loaded_needs_it(place, lived):
    needing = Manifest(id="club", distribution="crm-club", api=">=1,<2", needs={"membership": ""})
    crm = place.crm("club", manifests=[MANIFEST, needing], start=False)
    assert crm.plugins.impact("membership").dependants == {"club": True}
    assert crm.plugins.impact("membership").hindrances[0].startswith("'club' needs it")
    with pytest.raises(ConfigError):
        crm.plugins.purge("membership")


def test_an_unknown_plugin_is_not_purged(place, lived):
    crm = place.crm()
    before = place.rows()
    with pytest.raises(UnknownPluginError):
        crm.plugins.purge("membershp")
    with pytest.raises(UnknownPluginError):
        crm.plugins.purge("core")
    assert place.rows() == before


@pytest.mark.parametrize("at", ["DELETE FROM crm_change", "DELETE FROM crm_plugin_state", "DROP TABLE"])
def test_a_purge_that_fails_leaves_everything_as_it_was(place, lived, at):
    from sqlalchemy import event

    crm = place.crm()
    before = place.rows(), crm.schema.tables()

    def fail(connection, cursor, statement, *_):
        if statement.strip().startswith(at):
            raise StorageError("the disk is full")

    event.listen(crm.engine, "before_cursor_execute", fail)
    with pytest.raises(StorageError):
        crm.plugins.purge("membership")
    event.remove(crm.engine, "before_cursor_execute", fail)
    assert (place.rows(), crm.schema.tables()) == before


def test_a_process_that_has_it_loaded_still_sees_it_as_disabled(place, lived):
    late = place.crm("membership")
    with late.begin("ada", "acme", read_only=True) as uow:
        assert uow.count(Card) == 2
    place.crm().plugins.purge("membership")
    assert late.plugins.enabled(tenant="acme") == frozenset()
    with late.begin("ada", "acme") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=lived["acme"]["party"], title="Wall", stage="negotiation")
        uow.pipelines.win(deal.id)  # its guard is not asked, its subscriber gets no job
        with pytest.raises(Exception, match="membership"):
            uow.use(Membership)
    assert late.jobs.list(tenant="acme", plugin="membership") == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_it_works_in_a_schema_of_its_own(place_of):
    place = place_of("never")
    place.schema = "crm"
    crm = place.made("membership")
    live(crm, "acme")
    crm.close()
    crm = place.crm()
    assert [one.rows for one in crm.plugins.impact("membership").tables] == [2]
    crm.plugins.purge("membership")
    assert "crm_membership_card" not in crm.schema.tables()
    assert list(crm.verify()) == []


def test_records_that_lose_parts_keep_their_versions(place_of):
    """A plugin's records may be part of the core's, and each change of them is a version of those."""
    place = place_of("never")
    crm = place.made("toytags", manifests=[toytags.MANIFEST])
    with crm.begin("ada", "acme") as uow:
        party = uow.parties.add(Person(given_name="Ida"))
        uow.use(toytags.Tags).tag(party.id, "vip")
    with crm.begin("ada", "acme") as uow:
        uow.use(toytags.Tags).tag(party.id, "rich")
        uow.parties.update(evolve(uow.get(Person, party.id), given_name="Ina"))
        unit = uow.id
    with crm.begin("ada", "acme", read_only=True) as uow:
        before = [(v.version, v.unit, v.actor) for v in uow.history.versions(Ref("party", party.id))]
    after = place.crm(manifests=())
    after.plugins.purge("toytags")
    with after.begin("ada", "acme", read_only=True) as uow:
        versions = uow.history.versions(Ref("party", party.id))
        assert [(v.version, v.unit, v.actor) for v in versions] == before
        assert uow.get(Person, party.id).version == before[-1][0]
        assert ["given_name" in v.fields for v in versions] == [True, False, False, True]
        plan = uow.history.plan([unit], partial=True)
    assert [c.reason for c in plan.conflicts] == ["purged"]
    assert [c.diff["given_name"] for c in plan.changes] == [("Ina", "Ida")]
    assert list(after.verify()) == []


@pytest.fixture
def parted(place_of):
    """A place whose parties had parts of the plugin that came, moved by a merge and back, and went; it is purged."""
    place = place_of("never")
    crm = place.made("toytags", manifests=[toytags.MANIFEST])
    with crm.begin("ada", "acme") as uow:
        ida, twin, mia = (uow.parties.add(Person(given_name=name)).id for name in ("Ida", "Twin", "Mia"))
    for party in (ida, twin, mia):
        with crm.begin("ada", "acme") as uow:
            uow.use(toytags.Tags).tag(party, "vip")
    for undone in (True, False):
        with crm.begin("ada", "acme") as uow:
            uow.parties.merge(twin, ida)
            unit = uow.id
        if undone:
            with crm.begin("ada", "acme") as uow:
                uow.history.undo(unit)
    with crm.begin("ada", "acme") as uow:
        uow.parties.remove(mia)
    with crm.begin("ada", "acme") as uow:
        uow.parties.update(evolve(uow.get(Person, ida), given_name="Ina"))
    crm.close()
    after = place.crm(manifests=())
    assert {one.check for one in after.verify()} == {"table_unknown"}  # the toy's table without an entity
    after.plugins.purge("toytags")
    return after, ida


def test_versions_that_parts_made_before_they_moved_or_went_are_no_damage(parted):
    after, _ = parted
    assert list(after.verify()) == []


def test_a_real_gap_in_a_record_that_has_lost_parts_is_still_found(parted):
    after, ida = parted
    with after.begin("ada", "acme", read_only=True) as uow:
        versions = [one.version for one in uow.history.versions(Ref("party", ida))]
    changes = change_table.c
    gone = (changes.record_id == ida) & (changes.version == versions[-2]) & (changes.entity == "party")
    with after.engine.begin() as connection:
        assert connection.execute(delete(change_table).where(gone)).rowcount == 1
    found = [(one.check, one.record, one.message) for one in after.verify()]
    told = f"its history tells of {len(versions) - 1} versions, and the last one is {versions[-1]}"
    assert ("history", ida, told) in found


def test_custom_fields_that_it_owns_go_with_their_values(place, lived):
    did = lived["acme"]
    crm = place.crm("membership")
    with crm.begin("ada", "acme") as uow:
        uow.custom_fields.define("party", "tier", kind="text", label="Tier", plugin="membership")
        uow.custom_fields.define("party", "hobby", kind="text", label="Hobby")
        uow.custom_fields.define("membership.card", "colour", kind="text", label="Colour")
    with crm.begin("ada", "acme") as uow:
        party = uow.get(Person, did["party"])
        uow.parties.update(evolve(party, custom={"tier": "one", "hobby": "roofs"}))
    after = place.crm()
    assert after.plugins.impact("membership").held["custom fields that it owns, with their values"] == 1
    after.plugins.purge("membership")
    with after.begin("ada", "acme", read_only=True) as uow:
        assert [(one.entity, one.key) for one in uow.custom_fields.list()] == [("party", "hobby")]
        assert uow.custom_fields.list(removed=True) == ()
        assert dict(uow.get(Person, did["party"]).custom) == {"hobby": "roofs"}
    assert list(after.verify()) == []


def test_tables_that_refer_to_each_other_in_a_ring_and_tables_without_an_entity_go(place_of, tmp_path):
    place = place_of("never")
    crm = place.made("toytags", manifests=[toytags.MANIFEST])
    with crm.begin("ada", "acme") as uow:
        party = uow.parties.add(Person(given_name="Ida"))
        uow.use(toytags.Tags).tag(party.id, "vip")
    impact = place.crm(manifests=()).plugins.impact("toytags")
    assert {one.table: one.rows for one in impact.tables} == {
        "crm_toytags_note": 1,
        "crm_toytags_seen": 1,
        "crm_toytags_tag": 1,
    }
    place.crm(manifests=()).plugins.export("toytags", tmp_path / "copy")
    bare = json.loads((tmp_path / "copy" / "table.crm_toytags_seen.jsonl").read_text("utf-8"))
    assert bare == {"tenant_id": "acme", "word": "vip", "at": None, "by": None}
    place.crm(manifests=()).plugins.purge("toytags")
    assert not [name for name in crm.schema.tables() if "toytags" in name]
