"""Ways to reach a party: added, changed, proved, ended; one of each kind is the one to use."""

from datetime import UTC, date, datetime

import pytest
from attrs import evolve

from crmkit.core.parties.mechanisms.events import (
    MechanismAdded,
    MechanismChanged,
    MechanismEnded,
    MechanismRemoved,
    MechanismVerified,
)
from crmkit.core.parties.mechanisms.model import Mechanism
from crmkit.core.parties.rules import altered
from crmkit.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidMechanismError,
    InvalidValueError,
    NaiveDatetimeError,
    NotFoundError,
    StaleVersionError,
)


def mechanisms(uow, party, kind=None):
    return [m for m in uow.parties.view(party.id).mechanisms if kind in {None, m.kind}]


def test_every_kind_is_added_and_the_first_of_each_is_primary(crm, firm, told):
    with crm.begin("ada") as uow:
        parties = uow.parties
        added = [
            parties.add_email(firm.id, "post@berg.example", label="office"),
            parties.add_phone(firm.id, "22 33 44 55", region="NO"),
            parties.add_address(firm.id, street="Storgata 12", locality="Oslo", postal_code="0155", country="NO"),
            parties.add_handle(firm.id, "telegram", "@BergTak"),
            parties.add_url(firm.id, "www.berg.example"),
        ]
        assert mechanisms(uow, firm) == added
    assert [m.normalised for m in added] == [
        "post@berg.example",
        "+4722334455",
        "storgata 12 0155 oslo no",
        "telegram:bergtak",
        "https://www.berg.example/",
    ]
    assert all(m.is_primary for m in added)
    assert [(type(e), e.kind) for e in told] == [(MechanismAdded, m.kind) for m in added]


def test_a_second_one_is_not_primary_unless_it_is_said(crm, ida):
    with crm.begin("ada") as uow:
        uow.parties.add_email(ida.id, "second@berg.example")
        assert [m.is_primary for m in mechanisms(uow, ida, "email")] == [True, False]
        uow.parties.add_email(ida.id, "third@berg.example", is_primary=True)
        assert [m.is_primary for m in mechanisms(uow, ida, "email")] == [False, False, True]


def test_a_mechanism_is_added_with_its_dates(crm, ida):
    with crm.begin("ada") as uow:
        past = uow.parties.add_mechanism(
            ida.id, "url", "old.example", valid_from=date(2010, 1, 1), valid_until=date(2020, 1, 1)
        )
        now = uow.parties.add_mechanism(ida.id, "url", "new.example", label="blog", valid_from=date(2020, 1, 2))
    assert [(m.valid_until, m.is_primary) for m in (past, now)] == [(date(2020, 1, 1), False), (None, True)]


def test_numbers_are_dialled_in_the_configured_region_unless_another_is_named(crm, ida):
    from crmkit import CRM, Config

    config = Config.of({"crmkit.default_tenant": crm.config.crmkit.default_tenant, "parties.default_region": "NO"})
    local = CRM(config, engine=crm.engine, actors=crm.runtime.directory).start()
    with local.begin("ada") as uow:
        assert uow.parties.add_phone(ida.id, "33 44 55 66").normalised == "+4733445566"
        assert uow.parties.add_phone(ida.id, "020 7946 0958", region="GB").normalised == "+442079460958"
        assert uow.parties.find_by("33 44 55 66")[0].id == ida.id


def test_another_primary_one_is_chosen(crm, ida, told):
    with crm.begin("ada") as uow:
        second = uow.parties.add_email(ida.id, "second@berg.example")
        uow.parties.set_primary(second.id)
        uow.parties.set_primary(second.id)
        assert [m.is_primary for m in mechanisms(uow, ida, "email")] == [False, True]
    assert [type(e) for e in told] == [MechanismAdded, MechanismChanged]


def test_a_mechanism_is_proved_once_and_unproved_by_a_change(crm, ida, told):
    proved = datetime(2026, 3, 1, tzinfo=UTC)
    with crm.begin("ada") as uow:
        mail = mechanisms(uow, ida, "email")[0]
        verified = uow.parties.verify_mechanism(mail.id, at=proved)
        assert verified.verified_at == proved
        changed = uow.parties.change_mechanism(evolve(verified, raw="ida@new.example"))
        assert (changed.normalised, changed.verified_at, changed.is_primary) == ("ida@new.example", None, True)
    assert [type(e) for e in told] == [MechanismVerified, MechanismChanged]


def test_a_mechanism_is_verified_now_if_nobody_says_when(timed, clock, ida):
    with timed.begin("ada") as uow:
        assert uow.parties.verify_mechanism(mechanisms(uow, ida)[0].id).verified_at == clock.now()


def test_an_ended_mechanism_is_no_longer_primary_but_still_found(timed, clock, ida, told):
    with timed.begin("ada") as uow:
        mail = mechanisms(uow, ida, "email")[0]
        ended = uow.parties.end_mechanism(mail.id)
        assert (ended.valid_until, ended.is_primary) == (clock.now().date(), False)
        assert [p.id for p in uow.parties.find_by("ida@berg.example")] == [ida.id]


def test_ending_and_removing_are_told(crm, ida, told):
    with crm.begin("ada") as uow:
        mail, phone = mechanisms(uow, ida)
        uow.parties.end_mechanism(mail.id, on=date(2030, 1, 1))
        uow.parties.remove_mechanism(phone.id)
        assert [m.id for m in mechanisms(uow, ida)] == [mail.id]
    assert [(type(e), e.mechanism) for e in told] == [(MechanismEnded, mail.id), (MechanismRemoved, phone.id)]


def test_a_mechanism_changed_to_be_primary_displaces_the_other(crm, ida):
    with crm.begin("ada") as uow:
        second = uow.parties.add_email(ida.id, "second@berg.example")
        uow.parties.change_mechanism(evolve(second, is_primary=True))
        assert [m.is_primary for m in mechanisms(uow, ida, "email")] == [False, True]


def test_every_change_of_a_mechanism_is_a_new_version_of_its_party(crm, ida):
    with crm.begin("ada") as uow:
        uow.parties.add_email(ida.id, "second@berg.example")
        assert uow.parties.get(ida.id).version == 2
    with crm.begin("ada") as uow:
        uow.parties.remove_mechanism(mechanisms(uow, ida, "email")[1].id)
        assert uow.parties.get(ida.id).version == 3


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("email", "ida at berg"), ("phone", "22"), ("phone", "22 33 44 55"), ("url", "x"), ("postal", "-")],
)
def test_a_malformed_mechanism_is_refused(refused, ida, kind, raw):
    error = refused(InvalidMechanismError, lambda uow: uow.parties.add_mechanism(ida.id, kind, raw))
    assert error.kind == kind


def test_a_malformed_mechanism_is_kept_if_asked_for_and_mended_later(crm, ida):
    with crm.begin("ada") as uow:
        kept = uow.parties.add_phone(ida.id, "22 33 44", allow_invalid=True)
        assert (kept.normalised, kept.is_primary) == (None, False)
        assert [p.id for p in uow.parties.find_by("22 33 44")] == [ida.id]
        mended = uow.parties.change_mechanism(evolve(kept, raw="22 33 44 56"), region="NO")
        assert mended.normalised == "+4722334456"


def test_nobody_relies_on_a_malformed_mechanism(crm, refused, ida):
    with crm.begin("ada") as uow:
        kept = uow.parties.add_email(ida.id, "ida", allow_invalid=True)
    refused(InvalidValueError, lambda uow: uow.parties.set_primary(kept.id))
    refused(InvalidValueError, lambda uow: uow.parties.verify_mechanism(kept.id))


def test_a_party_has_each_mechanism_once_in_whatever_spelling(refused, ida):
    refused(AlreadyExistsError, lambda uow: uow.parties.add_email(ida.id, "IDA@berg.example"))
    refused(AlreadyExistsError, lambda uow: uow.parties.add_phone(ida.id, "22334455", region="NO"))


def test_two_parties_may_have_the_same_mechanism_until_they_are_merged(crm, ida, firm):
    with crm.begin("ada") as uow:
        uow.parties.add_email(firm.id, "ida@berg.example")
        assert {p.id for p in uow.parties.find_by("ida@berg.example")} == {ida.id, firm.id}


def test_dates_the_wrong_way_round_are_refused(refused, crm, ida):
    wrong = {"valid_from": date(2026, 1, 2), "valid_until": date(2026, 1, 1)}
    refused(InvalidValueError, lambda uow: uow.parties.add_mechanism(ida.id, "url", "berg.example", **wrong))
    with crm.begin("ada") as uow:
        later = uow.parties.add_mechanism(ida.id, "url", "berg.example", valid_from=date(2027, 1, 1))
    refused(InvalidValueError, lambda uow: uow.parties.end_mechanism(later.id, on=date(2026, 1, 1)))


def test_a_naive_datetime_is_refused(refused, crm, ida):
    with crm.begin("ada") as uow:
        mail = mechanisms(uow, ida)[0]
    naive = datetime(2026, 3, 1)  # noqa: DTZ001  # naive is what is tested
    refused(NaiveDatetimeError, lambda uow: uow.parties.verify_mechanism(mail.id, at=naive))


def test_a_mechanism_that_has_moved_on_is_not_overwritten(refused, crm, ida):
    with crm.begin("ada") as uow:
        mail = mechanisms(uow, ida)[0]
        uow.parties.change_mechanism(evolve(mail, label="home"))
    refused(StaleVersionError, lambda uow: uow.parties.change_mechanism(evolve(mail, label="work")))


def test_a_mechanism_does_not_change_hands(refused, crm, ida, firm):
    with crm.begin("ada") as uow:
        mail = mechanisms(uow, ida)[0]
    refused(InvalidValueError, lambda uow: uow.parties.change_mechanism(altered(mail, party_id=firm.id)))


def test_an_unknown_region_is_refused(refused, ida):
    refused(InvalidValueError, lambda uow: uow.parties.add_phone(ida.id, "22334455", region="XX"))


def test_a_hidden_partys_mechanisms_are_hidden(refused, crm, hidden):
    with crm.begin("ada") as uow:
        mail = mechanisms(uow, hidden)[0]
    refused(NotFoundError, lambda uow: uow.parties.add_email(hidden.id, "x@y.example"), actor="sam")
    refused(NotFoundError, lambda uow: uow.parties.set_primary(mail.id), actor="sam")
    refused(NotFoundError, lambda uow: uow.parties.remove_mechanism(mail.id), actor="sam")
    refused(NotFoundError, lambda uow: uow.parties.change_mechanism(evolve(mail, label="x")), actor="sam")
    with crm.begin("sam") as uow:
        assert uow.count(Mechanism) == 0


def test_a_viewer_adds_no_mechanism(refused, ida):
    refused(ForbiddenError, lambda uow: uow.parties.add_email(ida.id, "x@y.example"), actor="vic")
