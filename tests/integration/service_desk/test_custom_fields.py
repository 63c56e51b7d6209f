"""Fields of a tenant's own on cases, assets and returns, by the public API alone: set, asked, kept, undone, refused."""

from datetime import date
from decimal import Decimal

import pytest
from attrs import evolve

from crmkit import Party, Rule, f
from crmkit.errors import CrmkitError, InvalidValueError, UnknownFieldError
from crmkit.plugins.service_desk import Asset, Assets, Case, CaseChanged, Promises, Return, Returns, ServiceDesk

pytestmark = pytest.mark.usefixtures("fields", "verified")


@pytest.fixture
def fields(crm):
    """What a roofer asks for: on cases, assets and returns."""
    with crm.begin("ada") as uow:
        define = uow.custom_fields.define
        define("service_desk.case", "roof", "choice", choices=["slate", "tile"], index=True)
        define("service_desk.case", "area", "decimal", unit="m2")
        define("service_desk.case", "insured", "boolean", required=True, default=False)
        define("service_desk.case", "word", "text", searchable=True)
        define("service_desk.asset", "boiler_room", "text", required=True)
        define("service_desk.return", "parcel", "text", unique=True)


def edit(crm, case, **custom):
    """Give a case other values; gives the unit."""
    with crm.begin("ada") as uow:
        stored = uow.get(Case, case.id)
        uow.use(ServiceDesk).edit_case(evolve(stored, custom={**stored.custom, **custom}))
    return uow.id


def custom_of(crm, case, actor="ada"):
    with crm.begin(actor, read_only=True) as uow:
        return dict(uow.get(Case, case.id).custom)


def test_values_are_set_when_a_case_is_opened_and_when_it_is_edited(crm, opened, told):
    case = opened("sam", custom={"roof": "tile", "area": Decimal("80.5")})
    assert dict(case.custom) == {"roof": "tile", "area": Decimal("80.5"), "insured": False}
    edit(crm, case, roof="slate", area=None)
    assert custom_of(crm, case) == {"roof": "slate", "insured": False}
    assert [event.fields for event in told(CaseChanged)] == [("custom",)]


def test_cases_are_asked_for_counted_ordered_and_searched_by_them(crm, opened, party):
    for roof, area in (("tile", 80), ("tile", 20), ("slate", 50)):
        opened(custom={"roof": roof, "area": Decimal(area), "word": f"{roof}maker"})
    plain = opened()
    with crm.begin("sam", read_only=True) as uow:
        assert [case.number for case in uow.find(Case, f.custom.roof == "tile", order="-custom.area")] == [1, 2]
        assert uow.count(Case, (f.custom.area > 30) & (f.custom.insured == False)) == 2  # noqa: E712  # a criteria
        assert [case.id for case in uow.each(Case, f.custom.roof.is_empty())] == [plain.id]
        assert [one.id for one in uow.each(Party, f.cases.exists(f.custom.roof == "slate"))] == [party]
        sums = {t.key[0]: t.sums["custom.area"] for t in uow.tally(Case, by=["custom.roof"], sums=["custom.area"])}
        assert sums == {"tile": 100, "slate": 50, None: 0}
        assert [hit.ref.entity for hit in uow.search.find("slatemaker")] == ["service_desk.case"]


def test_history_tells_each_value_and_undo_brings_it_back(crm, opened):
    case = opened(custom={"roof": "tile"})
    unit = edit(crm, case, roof="slate", area=Decimal(3))
    with crm.begin("ada") as uow:
        changed = uow.history.changes(uow.get(Case, case.id))[-1]
        assert dict(changed.diff) == {"custom.roof": ("tile", "slate"), "custom.area": (None, "3")}
        uow.history.undo(unit)
    assert custom_of(crm, case) == {"roof": "tile", "insured": False}


def test_an_opening_that_is_undone_takes_its_values_with_it(crm, party):
    with crm.begin("ada") as uow:
        case = uow.use(ServiceDesk).open_case(party=party, subject="Leak", custom={"roof": "tile"})
        unit = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
        redo = uow.id
        assert uow.count(Case, f.custom.roof == "tile") == 0
    with crm.begin("ada") as uow:
        uow.history.undo(redo)
    assert custom_of(crm, case) == {"roof": "tile", "insured": False}


STEPS = {
    "assign": lambda uow, case: uow.use(ServiceDesk).assign(case.id, "sam"),
    "move": lambda uow, case: uow.use(ServiceDesk).move_to_queue(case.id, "roofs"),
    "wait": lambda uow, case: uow.use(ServiceDesk).wait(case.id),
    "answer": lambda uow, case: uow.use(ServiceDesk).answer(case.id, "We come", channel="phone"),
    "resolve": lambda uow, case: uow.use(ServiceDesk).resolve(case.id, outcome="Done"),
    "edit without": lambda uow, case: uow.use(ServiceDesk).edit_case(evolve(case, subject="Roof")),
    "recount": lambda uow, _: uow.use(Promises).recount(),
    "another joins": lambda uow, case: uow.use(ServiceDesk).merge(uow.use(ServiceDesk).case(2).id, case.id),
}


@pytest.mark.parametrize("step", STEPS)
def test_what_is_done_with_a_case_leaves_its_values(crm, opened, step):
    case = opened(custom={"roof": "tile", "area": Decimal(80)})
    opened(custom={"roof": "slate"})
    with crm.begin("ada") as uow:
        uow.use(ServiceDesk).add_queue("roofs", label="Roofs")
        uow.use(Promises).add_policy("All", resolution=uow.now - uow.now.replace(hour=1))
    with crm.begin("ada") as uow:
        STEPS[step](uow, uow.get(Case, case.id))
    with crm.begin("ada", read_only=True) as uow:
        assert (uow.get(Case, case.id).version > case.version) == (step != "another joins")
    assert custom_of(crm, case) == {"roof": "tile", "area": Decimal(80), "insured": False}


def test_a_case_that_follows_another_one_has_the_defaults(crm, opened):
    case = opened(custom={"roof": "tile", "insured": True})
    with crm.begin("ada") as uow:
        assert dict(uow.use(ServiceDesk).follow_up(case.id).custom) == {"insured": False}


def test_who_may_not_read_a_field_neither_sees_it_nor_takes_it_away(crm, opened, actors):
    case = opened(custom={"roof": "tile", "area": Decimal(80)})
    with crm.begin("ada") as uow:
        hidden = [
            Rule(effect="forbid", permission=f"service_desk.case.{verb}", fields=("custom.area",))
            for verb in ("read", "update")
        ]
        uow.permissions.define_role("blind", [Rule(effect="permit", permission="*"), *hidden])
    actors.add("bo", roles=["blind"])
    assert custom_of(crm, case, "bo") == {"roof": "tile", "insured": False}
    with crm.begin("bo") as uow:
        stored = uow.get(Case, case.id)
        uow.use(ServiceDesk).edit_case(evolve(stored, custom={**stored.custom, "roof": "slate"}))
    assert custom_of(crm, case) == {"roof": "slate", "area": Decimal(80), "insured": False}


REFUSED = {
    "no such field": (UnknownFieldError, {"rof": "tile"}),
    "no such choice": (InvalidValueError, {"roof": "straw"}),
    "of another kind": (InvalidValueError, {"area": "80"}),
    "required and taken away": (InvalidValueError, {"insured": None}),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_stored(crm, opened, rows, why):
    case = opened(custom={"roof": "tile"})
    error, custom = REFUSED[why]
    before = rows()
    with pytest.raises(error):
        edit(crm, case, **custom)
    if why != "required and taken away":  # a new case has the default
        with pytest.raises(error):
            opened(custom=custom)
    with pytest.raises(CrmkitError):
        opened(custom="tile")
    assert rows() == before


def test_assets_and_returns_have_fields_of_their_own_too(crm, party, rows):
    with crm.begin("ada") as uow:
        boiler = uow.use(Assets).add_asset(party, name="Boiler", product="B-7", custom={"boiler_room": "cellar"})
        uow.use(Returns).record_return(party, asset=boiler.id, reason="defective", custom={"parcel": "P-1"})
    with crm.begin("ada") as uow:
        uow.use(Assets).edit_asset(evolve(boiler, custom={"boiler_room": "attic"}))
        uow.use(Assets).add_term(boiler.id, starts_on=date(2026, 1, 1), ends_on=date(2026, 2, 1))
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Asset, f.custom.boiler_room == "attic") == 1
        assert uow.count(Return, f.custom.parcel == "P-1") == 1
    before = rows()
    with pytest.raises(InvalidValueError, match="is required"), crm.begin("ada") as uow:
        uow.use(Assets).add_asset(party, name="Stove", product="S-1")
    with pytest.raises(CrmkitError, match="parcel"), crm.begin("ada") as uow:
        uow.use(Returns).record_return(party, product="S-1", reason="other", custom={"parcel": "P-1"})
    assert rows() == before
