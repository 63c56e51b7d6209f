"""Units of work in crmkit's own transaction."""

import attrs
import pytest
from sqlalchemy import text

from crmkit import Key, Money, PartyAdded, Person, errors, f, new_id


def ida(uow, **changes):
    """Ida, as a party that the actor has just added."""
    return uow.parties.add(Person(given_name="Ida", family_name="Berg", **changes), emails=["ida@berg.example"])


def denials(crm, tenant):
    """How many denials are on record."""
    with crm.engine.connect() as connection:
        query = text("SELECT count(*) FROM crm_denial WHERE tenant_id = :tenant")
        return connection.execute(query, {"tenant": tenant}).scalar_one()


def test_what_a_unit_wrote_is_there_for_the_next_one(crm):
    with crm.begin("sam") as uow:
        party = ida(uow)
    with crm.begin("sam", read_only=True) as uow:
        assert uow.get(Person, party.id) == party
        assert party.version == 1


def test_a_unit_whose_block_raises_leaves_nothing(crm, rows):
    before = rows()
    with pytest.raises(ZeroDivisionError), crm.begin("sam") as uow:
        ida(uow)
        raise ZeroDivisionError
    assert rows() == before


def test_a_unit_sees_what_it_has_written_itself(crm):
    with crm.begin("sam") as uow:
        party = ida(uow)
        assert uow.count(Person, f.family_name == "Berg") == 1
        assert uow.get(Person, party.id).given_name == "Ida"


def test_after_a_failed_command_only_rollback_is_left(crm, rows):
    before = rows()
    with pytest.raises(errors.PoisonedUnitError), crm.begin("sam") as uow:
        ida(uow)
        with pytest.raises(errors.InvalidMechanismError):
            uow.parties.add(Person(given_name="Bo"), emails=["no address"])
        ida(uow)
    assert rows() == before


def test_a_unit_that_swallows_the_error_of_a_command_is_not_committed(crm, rows):
    before = rows()
    with pytest.raises(errors.PoisonedUnitError), crm.begin("sam") as uow:
        ida(uow)
        with pytest.raises(errors.InvalidMechanismError):
            uow.parties.add(Person(given_name="Bo"), emails=["no address"])
    assert rows() == before


def test_an_attempt_that_fails_takes_back_its_writes_and_events_and_the_unit_goes_on(crm):
    told = []
    crm.on(PartyAdded, told.append)
    with crm.begin("sam") as uow:
        with pytest.raises(errors.InvalidMechanismError), uow.attempt():
            ida(uow)
            uow.parties.add(Person(given_name="Bo"), emails=["no address"])
        kept = ida(uow)
    with crm.begin("sam") as uow:
        assert [p.id for p in uow.find(Person)] == [kept.id]
    assert [event.party for event in told] == [kept.id]


def test_a_read_only_unit_refuses_commands(crm, rows):
    before = rows()
    with pytest.raises(errors.ReadOnlyUnitError), crm.begin("sam", read_only=True) as uow:
        ida(uow)
    assert rows() == before


def test_a_unit_that_has_ended_is_of_no_use(crm):
    with crm.begin("sam") as uow:
        party = ida(uow)
    with pytest.raises(errors.ClosedUnitError):
        uow.get(Person, party.id)
    with pytest.raises(errors.ClosedUnitError):
        uow.parties.archive(party.id)


def test_a_record_is_written_by_commands_only(crm, rows):
    before = rows()
    with crm.begin("sam") as uow, pytest.raises(errors.OutsideCommandError):
        uow.parties.records.add(Person(given_name="Bo"))
    assert rows() == before


@pytest.mark.parametrize(
    ("actor", "error"), [("stranger", errors.UnknownActorError), ("gone", errors.UnknownActorError)]
)
def test_only_active_actors_of_the_directory_may_act(crm, actor, error):
    with pytest.raises(error), crm.begin(actor):
        pass


@pytest.mark.parametrize("name", ["nowhere", "no tenant id", "", "x" * 64, "t'--"])
def test_only_tenants_that_were_created_have_units(crm, name):
    with pytest.raises((errors.UnknownTenantError, errors.InvalidKeyError)), crm.begin("ada", name):
        pass


def test_a_stale_version_names_both_versions_and_writes_nothing(crm, rows):
    with crm.begin("sam") as uow:
        read = ida(uow)
    with crm.begin("sam") as uow:
        uow.parties.update(attrs.evolve(read, given_name="Ina"))
    before = rows()
    with pytest.raises(errors.StaleVersionError) as caught, crm.begin("sam") as uow:
        uow.parties.update(attrs.evolve(read, given_name="Isa"))
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    assert rows() == before


def test_a_hidden_record_cannot_be_told_from_one_that_is_not_there(crm, rows, tenant):
    with crm.begin("ned") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida(uow).id, title="Roof", amount=Money("1", "EUR"))
    before, known = rows(), denials(crm, tenant)
    messages = []
    for id_ in (deal.id, new_id()):
        with pytest.raises(errors.NotFoundError) as caught, crm.begin("sam") as uow:
            uow.pipelines.move(id_, to="qualified")
        messages.append(str(caught.value).replace(str(id_), "ID"))
    assert messages[0] == messages[1]
    assert rows() == before
    assert denials(crm, tenant) == known + 2


def test_a_denied_command_leaves_one_denial_and_nothing_else(crm, rows, tenant):
    before, known = rows(), denials(crm, tenant)
    with pytest.raises(errors.ForbiddenError), crm.begin("nobody") as uow:
        ida(uow)
    assert rows() == before
    assert denials(crm, tenant) == known + 1


def test_a_change_is_on_record_field_by_field_with_who_when_and_from_where(crm):
    with crm.begin("sam", source="web", reason="moved") as uow:
        party = ida(uow)
    with crm.begin("ada", source="phone") as uow:
        party = uow.parties.update(attrs.evolve(uow.get(Person, party.id), family_name="Lie"))
        unit = uow.id
    with crm.begin("sam") as uow:
        last = uow.history.changes(party)[-1]
        assert (last.unit, last.actor, last.source, last.op, last.version) == (unit, "ada", "phone", "update", 2)
        assert last.diff["family_name"] == ("Berg", "Lie")
        provenance = uow.history.provenance(party)
        assert (provenance["family_name"].source, provenance["given_name"].source) == ("phone", "web")


def test_a_change_of_a_part_raises_the_version_of_its_root_once(crm):
    with crm.begin("sam") as uow:
        party = ida(uow)
    with crm.begin("sam") as uow:
        uow.parties.add_phone(party.id, "+47 22 12 34 56")
    with crm.begin("sam") as uow:
        assert uow.get(Person, party.id).version == 2
        part = uow.history.changes(party, parts=True)[-1]
        assert (part.entity, part.version, part.root, part.root_version) == ("mechanism", 1, party.id, 2)


def test_events_are_told_after_the_commit_and_never_without_it(crm):
    told = []

    def tell(event):
        with crm.begin("sam", read_only=True) as uow:
            told.append(uow.get(Person, event.party).given_name)

    crm.on(PartyAdded, tell)
    with pytest.raises(ZeroDivisionError), crm.begin("sam") as uow:
        ida(uow)
        raise ZeroDivisionError
    with crm.begin("sam") as uow:
        ida(uow)
        assert told == []
    assert told == ["Ida"]


def test_a_subscriber_that_raises_harms_nobody(crm):
    told = []
    crm.on(PartyAdded, lambda event: 1 / 0)
    crm.on(PartyAdded, told.append)
    with crm.begin("sam") as uow:
        ida(uow)
    assert len(told) == 1
    assert [entry.plugin for entry in crm.health] == ["host"]


# -- run --------------------------------------------------------------------------------------------------------------


def test_a_unit_is_run_again_when_what_it_read_has_moved_on(crm):
    with crm.begin("sam") as uow:
        party = ida(uow)
    tries = []

    def rename(uow):
        tries.append(uow.id)
        read = uow.get(Person, party.id)
        if len(tries) == 1:
            read = attrs.evolve(read, version=read.version - 1)  # as if somebody had been quicker
        return uow.parties.update(attrs.evolve(read, given_name="Ina")).version

    assert crm.run(rename, "sam") == 2
    assert len(set(tries)) == 2


def test_retries_are_bounded(crm, rows):
    before, tries = rows(), []

    def fail(uow):
        tries.append(1)
        raise errors.RetryableStorageError("deadlock")

    with pytest.raises(errors.RetryableStorageError):
        crm.run(fail, "sam", retries=2)
    assert (len(tries), rows()) == (3, before)


def test_a_refusal_is_not_retried(crm):
    tries = []

    def refuse(uow):
        tries.append(1)
        raise errors.ForbiddenError("party.create", "sam")

    with pytest.raises(errors.ForbiddenError):
        crm.run(refuse, "sam")
    assert len(tries) == 1


def test_the_same_key_is_done_once_and_answers_the_same(crm):
    def add(uow) -> Person:
        return ida(uow)

    answers = [crm.run(add, "sam", once=Key("import-7", {"row": 1})) for _ in range(3)]
    assert answers[0].given_name == "Ida"
    assert len({a.id for a in answers}) == 1
    with crm.begin("sam") as uow:
        assert uow.count(Person) == 1


def test_the_same_key_with_another_body_is_a_conflict(crm, rows):
    crm.run(lambda uow: ida(uow).version, "sam", once=Key("import-7", {"row": 1}))
    before = rows()
    with pytest.raises(errors.ConflictError, match="another body"):
        crm.run(lambda uow: ida(uow).version, "sam", once=Key("import-7", {"row": 2}))
    assert rows() == before


def test_a_key_whose_unit_failed_may_be_used_again(crm):
    def fail(uow):
        ida(uow)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crm.run(fail, "sam", once=Key("import-7"))
    assert crm.run(lambda uow: ida(uow).version, "sam", once=Key("import-7")) == 1
