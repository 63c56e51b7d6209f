"""What an import does to parties that are new, known, or wrong; and that its report adds up."""

from datetime import date

import pytest
from attrs import evolve
from sqlalchemy import event

from crmkit import CRM, Identifier, Interaction, Mechanism, Organisation, Person, Relationship, Rule, f
from crmkit.errors import ConflictError, ForbiddenError, NotFoundError
from crmkit.plugins.exchange import Exchange, Import, Importer, ImportFinished, ImportOptions, ImportStarted
from crmkit.plugins.exchange.manifest import MANIFEST

PEOPLE = """\
external id,given name,family name,email,phone,organisation,position,birth date,notes
1,Ida,Berg,ida@berg.example,+47 22 12 34 56,Berg Roofs,Manager,1978-02-14,Calls before ten
2,Tom,Reid,tom@reid.example,,Berg Roofs,,,
3,Åse,Lind,,,,,,
"""


@pytest.fixture
def sent(crm):
    """Every statement that is sent meanwhile."""
    found = []

    def note(connection, cursor, statement, *_):
        found.append(statement)

    event.listen(crm.engine, "before_cursor_execute", note)
    yield found
    event.remove(crm.engine, "before_cursor_execute", note)


def adds_up(report):
    return report.rows == report.added + report.updated + report.unchanged + report.failed


def test_a_row_becomes_a_person_with_all_that_it_says(importer, csv, crm, parties):
    report = importer.run(csv(PEOPLE))
    assert (report.rows, report.added, report.employers) == (3, 3, 1)
    assert adds_up(report)
    ida = parties()["Ida Berg"]
    assert (ida.given_name, ida.family_name, ida.birth_date, ida.owner_id) == ("Ida", "Berg", date(1978, 2, 14), "ada")
    with crm.begin("ada", read_only=True) as uow:
        mechanisms = uow.find(Mechanism, f.party_id == ida.id, order="id")
        assert [(m.kind, m.normalised, m.is_primary) for m in mechanisms] == [
            ("email", "ida@berg.example", True),
            ("phone", "+4722123456", True),
        ]
        assert [(i.scheme, i.value) for i in uow.find(Identifier, f.party_id == ida.id, order="id")] == [
            ("external_id", "1")
        ]
        (link,) = uow.find(Relationship, f.party_id == ida.id, order="id")
        assert (link.type, link.position) == ("works_for", "Manager")
        assert uow.get(Organisation, link.other_id).name == "Berg Roofs"
        (note,) = uow.find(Interaction, f.party_id == ida.id)
        assert (note.kind, note.summary) == ("exchange.note", "Calls before ten")


def test_a_person_that_is_added_is_at_its_first_version(importer, csv, parties):
    importer.run(csv(PEOPLE))
    assert {party.version for party in parties().values()} == {1}


def test_a_second_import_of_the_same_file_changes_nothing(importer, csv, rows):
    importer.run(csv(PEOPLE))
    kept = ("crm_party", "crm_mechanism", "crm_identifier", "crm_relationship", "crm_interaction")
    before = {name: stored for name, stored in rows().items() if name in kept}
    report = importer.run(csv(PEOPLE))
    assert (report.added, report.updated, report.unchanged, report.failed) == (0, 0, 3, 0)
    after = rows()
    assert {name: after[name] for name in before} == before


def test_a_known_party_is_updated_where_the_file_says_something_new(importer, csv, crm, parties):
    importer.run(csv(PEOPLE))
    report = importer.run(
        csv(
            "external id,given name,family name,email,mobile,city,notes\n"
            "1,Ida,Berg-Moe,ida@moe.example,+47 41234567,Oslo,New name\n"
        )
    )
    assert (report.added, report.updated) == (0, 1)
    ida = parties()["Ida Berg-Moe"]
    assert ida.birth_date == date(1978, 2, 14)
    with crm.begin("ada", read_only=True) as uow:
        known = {(m.kind, m.normalised) for m in uow.find(Mechanism, f.party_id == ida.id, order="id")}
        notes = {i.body for i in uow.find(Interaction, f.party_id == ida.id)}
    assert known == {
        ("email", "ida@berg.example"),
        ("email", "ida@moe.example"),
        ("phone", "+4722123456"),
        ("phone", "+4741234567"),
        ("postal", "oslo"),
    }
    assert notes == {"Calls before ten", "New name"}


def test_a_blank_cell_clears_nothing(importer, csv, parties):
    importer.run(csv(PEOPLE))
    report = importer.run(csv("external id,given name,family name,birth date\n1,,,\n"))
    assert report.unchanged == 1
    assert parties()["Ida Berg"].birth_date == date(1978, 2, 14)


def test_where_a_party_came_from_is_kept_whatever_a_later_file_says(importer, csv, parties):
    importer.run(csv("external id,given name,family name,source\n1,Ida,Berg,fair\n"))
    report = importer.run(csv("external id,given name,family name,source\n1,Ida,Berg,website\n"))
    assert report.unchanged == 1
    assert parties()["Ida Berg"].source == "fair"


def test_a_row_is_recognised_by_e_mail_and_name_together(importer, csv, parties):
    importer.run(csv("given name,family name,email\nIda,Berg,info@berg.example\n"))
    report = importer.run(
        csv("given name,family name,email,gender\nIda,Berg,INFO@Berg.example,F\nTom,Reid,info@berg.example,M\n")
    )
    assert (report.added, report.updated) == (1, 1)
    assert parties()["Ida Berg"].gender == "F"


def test_by_e_mail_alone_a_person_is_recognised_under_a_new_name(importer, csv, parties):
    importer.run(csv("given name,family name,email\nIda,Berg,ida@berg.example\n"))
    report = importer.run(
        csv("given name,family name,email\nIda,Moe,ida@berg.example\n"), ImportOptions(match=("email",))
    )
    assert report.updated == 1
    assert list(parties()) == ["Ida Moe"]


def test_a_row_that_several_parties_could_be_is_an_error(importer, csv, crm, rows):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"), emails=["info@berg.example"])
        uow.parties.add(Person(given_name="Tom"), emails=["info@berg.example"])
    before = rows()["crm_party"]
    report = importer.run(csv("given name,email\nEva,info@berg.example\n"), ImportOptions(match=("email",)))
    assert report.failed == 1
    assert "known of 2 parties" in report.errors[0].reason
    assert rows()["crm_party"] == before


def test_rows_about_one_party_within_a_file_are_applied_in_order(importer, csv, parties):
    text = "external id,given name,family name,email\n1,Ida,Berg,a@berg.example\n1,Ida,Moe,b@berg.example\n1,Ida,Lie,\n"
    report = importer.run(csv(text))
    assert (report.added, report.updated) == (1, 2)
    assert list(parties()) == ["Ida Lie"]


def test_rows_that_find_one_party_by_different_keys_do_not_step_on_each_other(importer, csv, crm, parties):
    with crm.begin("ada") as uow:
        ida = Person(given_name="Ida", family_name="Berg")
        number = Identifier(party_id=ida.id, scheme="external_id", value="1")
        uow.parties.add(ida, emails=["ida@berg.example"], identifiers=[number])
    text = "external id,given name,family name,email,gender,language\n1,Ida,Berg,,F,\n,Ida,Berg,ida@berg.example,,nb\n"
    report = importer.run(csv(text))
    assert (report.updated, report.failed) == (2, 0)
    assert (parties()["Ida Berg"].gender, parties()["Ida Berg"].language) == ("F", "nb")


def test_an_organisation_that_came_in_as_an_employer_is_completed_by_a_row_of_its_own(importer, csv, crm, parties):
    text = (
        "kind,given name,family name,organisation,email\n"
        "person,Ida,Berg,Berg Roofs,\norganisation,,,Berg Roofs,info@berg.example\n"
    )
    report = importer.run(csv(text), ImportOptions())
    assert adds_up(report)
    assert sorted(parties()) == ["Berg Roofs", "Ida Berg"]
    again = importer.run(csv("name,kind,website\nBerg Roofs,organisation,berg.example\n"))
    assert (again.added, again.updated) == (1, 0)


def test_an_employer_is_added_once_however_many_work_for_it(importer, csv, parties):
    text = "given name,organisation\n" + "".join(f"P{n},BERG  roofs\n" for n in range(12))
    report = importer.run(csv(text))
    assert (report.added, report.employers) == (12, 1)
    assert len(parties()) == 13


def test_a_row_that_fails_leaves_nothing_and_the_others_are_stored(importer, csv, parties, crm):
    text = PEOPLE + "4,Bad,Mail,no.mail,,,,,\n5,Bad,Phone,,12,,,,\n6,Bad,Day,,,,,31.02.1980,\n7,Eva,Lie,,,,,,\n"
    report = importer.run(csv(text))
    assert (report.rows, report.added, report.failed) == (7, 4, 3)
    assert adds_up(report)
    assert {"Ida Berg", "Tom Reid", "Åse Lind", "Eva Lie"} < set(parties())
    assert [(e.row, e.line, e.column, e.value) for e in report.errors] == [
        (4, 5, "email", "no.mail"),
        (5, 6, "phone", "12"),
        (6, 7, "birth date", "31.02.1980"),
    ]


def test_malformed_mechanisms_are_kept_on_request_as_unverified_text(importer, csv, crm):
    report = importer.run(csv("given name,email\nIda,no.mail\n"), ImportOptions(allow_invalid=True))
    assert (report.added, report.failed) == (1, 0)
    with crm.begin("ada", read_only=True) as uow:
        (kept,) = uow.find(Mechanism, order="id")
    assert (kept.raw, kept.normalised, kept.verified_at) == ("no.mail", None, None)


def test_a_row_that_only_the_database_can_refuse_fails_alone(crm, csv, parties):
    """Its batch is redone in halves until the row is by itself."""
    with crm.begin("ada") as uow:
        rules = [
            Rule(effect="permit", permission="exchange.import.*", scope="own"),
            Rule(effect="forbid", permission="party.create", where=f.language == "xx"),
        ]
        uow.permissions.change_role("importer", rules=rules)
    text = "given name,language\n" + "".join(f"P{n},{'xx' if n in {3, 11} else 'en'}\n" for n in range(14))
    report = Importer(crm, actor="sam").run(csv(text))
    assert (report.added, report.failed) == (12, 2)
    assert [(error.row, error.code, error.line) for error in report.errors] == [
        (4, "forbidden", 5),
        (12, "forbidden", 13),
    ]
    assert set(parties()) == {f"P{n}" for n in range(14)} - {"P3", "P11"}


def test_numbers_in_national_form_are_read_with_a_region(importer, csv, crm):
    importer.run(csv("given name,phone\nIda,22 12 34 56\n"), ImportOptions(region="NO"))
    with crm.begin("ada", read_only=True) as uow:
        assert [m.normalised for m in uow.find(Mechanism, order="id")] == ["+4722123456"]


REGIONS = {
    "of the file": ("NO", "SE", "DK", "+4722123456"),
    "of the plugin": (None, "NO", "DK", "+4722123456"),
    "of parties": (None, None, "NO", "+4722123456"),
}


@pytest.mark.parametrize("case", REGIONS)
def test_numbers_in_national_form_are_dialled_where_the_file_the_plugin_or_parties_say(case, crm, csv):
    """The first of the three that says anything decides."""
    said, of_plugin, of_parties, expected = REGIONS[case]
    configured = {"plugins.exchange.region": of_plugin, "parties.default_region": of_parties}
    config = crm.config.override({name: region for name, region in configured.items() if region})
    with CRM(config, engine=crm.engine, actors=crm.runtime.directory, manifests=[MANIFEST]).start() as here:
        options = ImportOptions(region=said)
        file = "given name,phone\nIda,22 12 34 56\n"
        assert Importer(here, actor="ada").preview(csv(file), options).added == 1
        assert Importer(here, actor="ada").run(csv(file), options).added == 1
        with here.begin("ada", read_only=True) as uow:
            assert [m.normalised for m in uow.find(Mechanism, order="id")] == [expected]


def test_without_any_region_a_number_in_national_form_is_an_error_that_says_where_to_name_one(importer, csv, rows):
    before = rows()["crm_party"]
    report = importer.run(csv("given name,phone\nIda,22 12 34 56\n"))
    assert (report.added, report.failed) == (0, 1)
    assert report.errors[0].value == "22 12 34 56"
    assert "region" in str(report.errors[0])
    assert rows()["crm_party"] == before


def test_every_value_knows_the_file_that_it_came_from(importer, csv, crm, parties):
    importer.run(csv(PEOPLE, name="fair.csv"))
    with crm.begin("ada", read_only=True) as uow:
        provenance = uow.history.provenance(parties()["Ida Berg"])
    assert {said.source for said in provenance.values()} == {"import:fair.csv"}


def test_each_batch_is_one_unit_and_the_import_names_them(importer, csv, crm):
    report = importer.run(csv("given name\n" + "".join(f"P{n}\n" for n in range(12))))
    with crm.begin("ada", read_only=True) as uow:
        batches = list(uow.use(Exchange).batches(report.import_id))
    assert [(b.number, b.first_row, b.last_row, b.added) for b in batches] == [
        (1, 1, 5, 5),
        (2, 6, 10, 5),
        (3, 11, 12, 2),
    ]
    assert tuple(b.unit_id for b in batches) == report.units
    assert len(set(report.units)) == 3


def test_an_import_tells_that_it_began_and_ended(importer, csv, crm):
    told = []
    for kind in (ImportStarted, ImportFinished):
        crm.on(kind, told.append)
    report = importer.run(csv(PEOPLE))
    started, finished = told
    assert started.import_id == finished.import_id == report.import_id
    assert (finished.rows, finished.added, finished.failed) == (3, 3, 0)


def test_progress_ends_with_the_whole_file(importer, csv):
    seen = []
    file = csv("given name\n" + "".join(f"P{n}\n" for n in range(12)))
    importer.run(file, progress=seen.append)
    assert [p.rows for p in seen] == [5, 10, 12]
    assert seen[-1].position == seen[-1].size == len(file.getvalue())


# -- rights -----------------------------------------------------------------------------------------------------------


def test_who_may_not_import_changes_nothing(crm, csv, rows):
    before = rows()
    with pytest.raises(ForbiddenError):
        Importer(crm, actor="vic").run(csv(PEOPLE))
    assert rows() == before


def test_a_party_that_the_actor_may_not_see_is_neither_found_nor_changed(crm, csv, parties):
    with crm.begin("ada") as uow:
        hidden = Person(given_name="Ida", family_name="Berg", owner_id="ned", team_id="north")
        uow.parties.add(hidden, emails=["ida@berg.example"])
    report = Importer(crm, actor="sam").run(
        csv("given name,family name,email,gender\nIda,Berg,ida@berg.example,F\n"), ImportOptions(match=("email",))
    )
    assert (report.added, report.updated) == (1, 0)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Person, hidden.id).gender is None


# -- mappings ---------------------------------------------------------------------------------------------------------

ODD = "Column A,Column B\nIda,22 12 34 56\n"


def test_columns_that_nobody_knows_are_mapped_by_hand(importer, csv, parties):
    options = ImportOptions(targets={"Column A": "given_name", "Column B": "phone:mobile"}, region="NO")
    assert importer.run(csv(ODD), options).added == 1
    assert list(parties()) == ["Ida"]


def test_a_kept_mapping_is_used_for_the_next_file_with_these_headers(importer, csv, crm, parties):
    preview = importer.preview(csv(ODD), ImportOptions(targets={"Column A": "given_name"}))
    with crm.begin("ada") as uow:
        uow.use(Exchange).save_mapping(
            "odd", signature=preview.signature, targets={"Column A": "given_name", "Column B": "-"}
        )
    again = importer.preview(csv("Column B,Column A\n1,Tom\n"))
    assert (again.mapping, again.targets) == ("odd", {"Column B": "-", "Column A": "given_name"})
    assert importer.run(csv("Column B,Column A\n1,Tom\n")).added == 1
    assert list(parties()) == ["Tom"]


def test_a_mapping_is_asked_for_by_name(importer, csv):
    with pytest.raises(NotFoundError):
        importer.run(csv(ODD), ImportOptions(mapping="odd"))


def test_a_mapping_is_replaced_by_one_of_the_same_name(crm):
    with crm.begin("ada") as uow:
        exchange = uow.use(Exchange)
        exchange.save_mapping("odd", signature="s", targets={"A": "email"})
        again = exchange.save_mapping("odd", signature="s", targets={"A": "phone"})
    assert (again.version, dict(again.targets)) == (2, {"A": "phone"})


# -- statistics -------------------------------------------------------------------------------------------------------


def test_postgresql_is_asked_what_has_grown_whenever_the_batches_have_doubled(importer, csv, crm, sent):
    """After 1, 2, 4 and 8 of ten batches: as often for a thousand times as many rows would be seven times more."""
    importer.run(csv("given name\n" + "".join(f"P{n}\n" for n in range(50))))
    asked = [sql for sql in sent if "pg_relation_size" in sql]
    assert len(asked) == (4 if crm.engine.dialect.name == "postgresql" else 0)


# -- the ledger -------------------------------------------------------------------------------------------------------


def test_rows_that_are_not_the_next_ones_are_refused(importer, csv, crm, rows):
    report = importer.run(csv(PEOPLE))
    before = rows()
    for first, last in ((5, 5), (4, 4)):
        with pytest.raises(ConflictError), crm.begin("ada") as uow:
            uow.use(Exchange).apply(report.import_id, first_row=first, last_row=last, drafts=[])
    assert rows() == before


def test_an_import_with_rows_missing_is_never_finished(crm, rows):
    with crm.begin("ada") as uow:
        import_ = uow.use(Exchange).start(name="a", digest="d", size=1, format="csv", options={})
    with pytest.raises(ConflictError, match="0 of 3 rows"), crm.begin("ada") as uow:
        uow.use(Exchange).finish(import_.id, rows=3)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Import, import_.id).state == "running"


def test_a_row_that_breaks_a_blocking_rule_is_an_error_of_that_row(importer, csv, crm, parties):
    with crm.begin("ada") as uow:
        (rule,) = [r for r in uow.quality.rules("party") if r.key == "reachable"]
        uow.quality.change_rule(evolve(rule, active=True, level="block"))
    file = "Given name,Family name,E-mail\nIda,Berg,ida@berg.example\nBo,Dahl,\nMia,Lie,mia@lie.example\n"
    report = importer.run(csv(file))
    assert adds_up(report)
    assert (report.added, [(error.row, error.code) for error in report.errors]) == (2, [(2, "refused")])
    assert "add an e-mail address" in report.errors[0].reason
    assert set(parties()) == {"Ida Berg", "Mia Lie"}
