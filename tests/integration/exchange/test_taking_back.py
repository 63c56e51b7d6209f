"""An import is taken back as a whole, updates included, days later; and the export is what it was, byte for byte."""

from __future__ import annotations

from io import BytesIO

import pytest
from attrs import evolve

from crmkit import Identifier, Mechanism, Organisation, Party, Person, Relationship
from crmkit.errors import ConflictError, ForbiddenError, NotFoundError, UndoRefusedError
from crmkit.plugins.exchange import Batch, Exchange, Import, Importer, ImportTakenBack

pytestmark = pytest.mark.usefixtures("verified")

HEADS = "external id,given name,family name,email,phone,organisation\n"
ROWS = HEADS + "".join(
    f"c{n},Given{n},Family{n},p{n}@people.example,+47 22 12 34 {n:02},Firm {n % 3}\n" for n in range(17)
)
CHANGED = HEADS + "".join(
    f"c{n},Given{n},{'Changed' if n % 2 else 'Family'}{n},p{n}@other.example,,\n" for n in range(5, 23)
)


@pytest.fixture
def before(crm, importer, csv):
    """Parties of other sources, and those of an earlier import."""
    with crm.begin("ada") as uow:
        uow.parties.add(Organisation(name="Berg Tak"), emails=["post@berg.example"])
    return importer.run(csv(ROWS, name="first.csv"))


@pytest.fixture
def files(exporter):
    """A function: what is exported in every format."""

    def export():
        found = []
        for format_ in ("csv", "vcard"):
            out = BytesIO()
            exporter.run(out, format=format_)
            found.append(out.getvalue())
        return found

    return export


def take_back(crm, report, actor="ada", **more):
    with crm.begin(actor) as uow:
        done = uow.use(Exchange).take_back(report.import_id, **more)
    return done, uow.id


def test_what_was_exported_before_is_exported_after(crm, importer, csv, before, files):
    """The second import adds parties and changes some of the first, in several batches."""
    exported = files()
    report = importer.run(csv(CHANGED, name="second.csv"))
    assert report.updated > 5
    assert report.added > 5
    assert len(report.units) > 2
    assert files() != exported
    done, _ = take_back(crm, report)
    assert files() == exported
    assert done.units == tuple(sorted(report.units, reverse=True))
    assert before.import_id != report.import_id
    assert list(crm.verify(tenant=crm.config.crmkit.default_tenant)) == []
    with crm.begin("ada") as uow:
        assert uow.get(Import, report.import_id).state == "taken_back"


def test_nothing_is_left_of_an_import_into_an_empty_tenant(crm, importer, csv):
    told: list[ImportTakenBack] = []
    crm.on(ImportTakenBack, told.append)
    report = importer.run(csv(ROWS))
    take_back(crm, report)
    with crm.begin("ada") as uow:
        assert [uow.count(m) for m in (Party, Mechanism, Identifier, Relationship, Batch)] == [0] * 5
    (event,) = told
    assert (event.import_id, event.whole) == (report.import_id, True)


def test_taking_back_can_be_undone(crm, importer, csv, before, files):
    report = importer.run(csv(CHANGED, name="second.csv"))
    exported = files()
    _, unit = take_back(crm, report)
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert files() == exported
    with crm.begin("ada") as uow:
        assert uow.get(Import, report.import_id).state == "finished"
        assert uow.count(Batch) == len(before.units) + len(report.units)


def test_what_has_moved_on_since_is_reported_and_left_if_wanted(crm, importer, csv, rows):
    report = importer.run(csv(ROWS))
    with crm.begin("ada") as uow:
        someone = next(p for p in uow.each(Person) if p.given_name == "Given3")
        uow.parties.update(evolve(someone, nickname="Three"))
    changed = uow.id
    stored = rows()
    with pytest.raises(UndoRefusedError) as refused:
        take_back(crm, report)
    assert rows() == stored
    named = {(c.entity, c.id, c.field, c.reason, c.blocked_by) for c in refused.value.conflicts}
    assert ("party", someone.id, "nickname", "changed", changed) in named
    with crm.begin("ada", read_only=True) as uow:
        plan = uow.use(Exchange).plan_take_back(report.import_id, partial=True)
    done, _ = take_back(crm, report, partial=True)
    assert evolve(plan, applied=True) == done
    with crm.begin("ada") as uow:
        assert [p.nickname for p in uow.each(Person)] == ["Three"]


def test_the_file_can_be_imported_again_afterwards(crm, importer, csv, files):
    report = importer.run(csv(ROWS))
    exported = len(files()[0])
    take_back(crm, report)
    again = importer.run(csv(ROWS))
    assert again.import_id != report.import_id
    assert (again.added, again.resumed_after) == (17, 0)
    assert len(files()[0]) == exported


def test_an_import_that_was_taken_back_has_nothing_more_to_take_back(crm, importer, csv):
    report = importer.run(csv(ROWS))
    take_back(crm, report)
    with pytest.raises(ConflictError, match="no rows that could be taken back"):
        take_back(crm, report)
    with pytest.raises(ConflictError, match="was taken back"), crm.begin("ada") as uow:
        uow.use(Exchange).finish(report.import_id, rows=0)


def test_one_takes_back_what_one_imported_oneself(crm, csv, rows):
    """Sam's import is not Ned's; and what Sam does not see any more, Sam cannot take back."""
    report = Importer(crm, actor="sam").run(csv(HEADS + "c1,A,B,a@b.example,,\n"))
    stored = rows()
    with pytest.raises((ForbiddenError, NotFoundError)):
        take_back(crm, report, "ned")
    assert rows() == stored
