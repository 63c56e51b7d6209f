"""What history speaks of and is there no more, of plugins and columns: reported, never guessed.

Rows and changes are taken away behind crmkit's back here, so what is stored does not verify in the end.
"""

from __future__ import annotations

import pytest
from attrs import evolve
from sqlalchemy import bindparam, column, delete, select, table, type_coerce, update

from crmkit import CRM, Person, Ref
from crmkit.core.kernel.entities import absent
from crmkit.core.kernel.entities.catalog import read_catalogue
from crmkit.core.kernel.entities.columns import Id, Json
from crmkit.errors import NotFoundError, UndoRefusedError
from crmkit.testing.factories import a_person


def unit_of(crm, work):
    with crm.begin("ada") as uow:
        work(uow)
    return uow.id


@pytest.fixture
def ida(crm: CRM) -> Person:
    with crm.begin("ada") as uow:
        return a_person(uow, emails=["ida@berg.example"])


@pytest.fixture
def purge(crm, tenant, monkeypatch):
    """A function: as if the plugin of cards were purged; with its changes, or but for these."""

    def purged(*, changes):
        # The catalogue is only hidden, since other tests share the database.
        monkeypatch.setattr(
            absent,
            "read_catalogue",
            lambda db: {name: said for name, said in read_catalogue(db).items() if said[0] != "toycards"},
        )
        gone = [table(f"crm_toycards_{noun}", column("tenant_id")) for noun in ("line", "card")]
        log = table("crm_change", column("tenant_id"), column("entity"))
        with crm.engine.begin() as connection:
            for one in gone:
                connection.execute(delete(one).where(one.c.tenant_id == tenant))
            if changes:
                where = (log.c.tenant_id == tenant) & log.c.entity.startswith("toycards.")
                connection.execute(delete(log).where(where))

    return purged


@pytest.fixture
def put_and_renamed(with_cards, toy, ida):
    """A unit that made a card and changed the party, and the card."""

    def work(uow):
        made.append(uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=3), lines=("a",)))
        uow.parties.update(evolve(uow.parties.get(ida.id), language="nb"))

    made: list = []
    return unit_of(with_cards, work), made[0]


def test_what_a_purged_plugin_did_is_reported_and_the_rest_undone_with_partial(put_and_renamed, purge, crm, ida, rows):
    unit, card = put_and_renamed
    purge(changes=False)
    before = rows()
    with pytest.raises(UndoRefusedError) as refused, crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert rows() == before
    assert {(c.entity, c.reason) for c in refused.value.conflicts} == {
        ("toycards.card", "unknown_entity"),
        ("toycards.line", "unknown_entity"),
    }
    with crm.begin("ada") as uow:
        assert {change.entity for change in uow.history.unit(unit).changes} == {
            "party",
            "toycards.card",
            "toycards.line",
        }
        done = uow.history.undo(unit, partial=True)
    assert [change.entity for change in done.changes] == ["party"]
    for ask in ("versions", "at", "plan_restore", "restore"):
        with pytest.raises(NotFoundError), crm.begin("ada") as uow:
            getattr(uow.history, ask)(*([Ref("toycards.card", card.id)] + [1] * (ask != "versions")))


def test_what_was_purged_with_its_history_is_in_nobodys_way(put_and_renamed, purge, crm, ida):
    unit, card = put_and_renamed
    purge(changes=True)
    with crm.begin("ada") as uow:
        assert [change.entity for change in uow.history.undo(unit).changes] == ["party"]
    with pytest.raises(NotFoundError), crm.begin("ada") as uow:
        uow.history.versions(Ref("toycards.card", card.id))
    with crm.begin("ada") as uow:
        assert uow.parties.get(ida.id).language is None
        winner = a_person(uow)
        uow.parties.merge(ida.id, winner.id)
    unit_of(crm, lambda undoing: undoing.history.undo(uow.id))


def test_fields_that_there_are_no_more_are_reported_by_an_undo(crm, ida, tenant):
    """As when a column was dropped since; of an update, and of a deletion."""
    changed = unit_of(crm, lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), language="nb")))
    gone = unit_of(crm, lambda uow: uow.parties.remove(ida.id))
    log = table("crm_change", column("tenant_id"), column("unit_id"), column("diff"), column("entity"))
    with crm.engine.begin() as connection:
        for unit, was in ((changed, "update"), (gone, "delete")):
            where = (log.c.tenant_id == tenant) & (log.c.entity == "party")
            where &= log.c.unit_id == bindparam("unit", type_=Id())
            said = connection.scalar(select(type_coerce(log.c.diff, Json())).where(where), {"unit": unit})
            diff = {**said, "hat_size": [56, 57] if was == "update" else [57, None]}
            connection.execute(
                update(log).where(where).values(diff=bindparam("x", type_=Json())), {"unit": unit, "x": diff}
            )
    for unit in (gone, changed):
        with crm.begin("ada") as uow:
            plan, done = uow.history.plan([unit]), uow.history.undo(unit)
        assert plan.unknown == done.unknown == ("party.hat_size",)
        assert "! party.hat_size is a field that there is no more; it is not brought back" in list(done.lines())
    with crm.begin("ada") as uow:
        assert (uow.parties.get(ida.id).name, uow.parties.get(ida.id).language) == ("Ida Berg", None)
