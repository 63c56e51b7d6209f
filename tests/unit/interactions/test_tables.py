"""What the entities of the area promise to the kernel."""

import pytest

from crmkit.core.interactions.activities.tables import ACTIVITY
from crmkit.core.interactions.plugin import AREA
from crmkit.core.interactions.tables import INTERACTION, PARTICIPANT, THREAD

KEYS = {"kind", "channel", "direction", "about", "author_id", "status", "priority", "assignee_id", "team_id", "role",
        "actor_id", "opened_by", "key", "label"}  # fmt: skip  # one set


@pytest.mark.parametrize("entity", AREA.entities, ids=lambda e: e.name)
def test_every_text_that_people_write_about_parties_is_personal(entity):
    plain = {n for n, s in entity.shape.fields.items() if s.type == "text" and s.data_class != "personal"}
    assert plain <= KEYS


@pytest.mark.parametrize("entity", [THREAD, INTERACTION, PARTICIPANT, ACTIVITY], ids=lambda e: e.name)
def test_merging_parties_moves_what_belongs_to_them(entity):
    references = [r for r in entity.shape.references if r.entity == "party"]
    assert [(r.on_merge, r.on_erase, r.on_delete) for r in references] in ([("repoint", "keep", "refuse")], [])
    assert references


@pytest.mark.parametrize("entity", [INTERACTION, ACTIVITY], ids=lambda e: e.name)
def test_what_was_about_a_deleted_record_stays_with_its_label(entity):
    (about,) = [r for r in entity.shape.references if r.entity is None]
    assert about.on_delete == "clear"
    assert entity.shape.fields["about_label"].reference is None


def test_a_page_of_a_partys_timeline_is_a_range_of_an_index():
    columns = [[c.name for c in i.columns] for i in INTERACTION.table.indexes]
    assert ["tenant_id", "party_id", "occurred_at", "id"] in columns


@pytest.mark.parametrize("of", [[], ["assignee_id"], ["party_id"], ["about_id"]])
def test_what_is_open_is_a_range_of_an_index_the_first_due_first(of):
    columns = [[c.name for c in i.columns] for i in ACTIVITY.table.indexes]
    assert ["tenant_id", *of, "status", "due_at", "id"] in columns


def test_interactions_have_no_owner_because_their_author_is_history():
    """A transfer of all that an actor owns would rewrite it."""
    assert INTERACTION.owner is None
    assert THREAD.owner is None
    assert (INTERACTION.visible_with, THREAD.visible_with) == (("party_id", "about_id"), ("party_id",))


def test_any_record_can_be_asked_for_its_activities_and_interactions():
    inverses = {(e.name, r.inverse) for e in AREA.entities for r in e.shape.references if r.entity is None}
    assert inverses == {("interaction", "interactions"), ("activity", "activities")}
