"""Events and models survive the way to JSON, and every operation names a permission that somebody registers."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Activity, Attachment, Money, Organisation, Participant, Party, Person, new_id
from crmkit.core.kernel.units.gate import EVERYBODY
from crmkit.errors import CrmkitError
from crmkit.plugins.feedback import Drop
from crmkit.plugins.service_desk import Calendar, Policy
from crmkit.testing.conformance.part_checks import changed_by_json
from crmkit.testing.conformance.specimens import Specimens

EXAMPLES = {
    Activity: lambda: Activity(kind="call", subject="Call back", due_at=datetime(2026, 3, 2, 9, tzinfo=UTC)),
    Attachment: lambda: Attachment(
        subject="deal",
        subject_id=new_id(),
        name="plan.pdf",
        media_type="application/pdf",
        size=3,
        sha256="ab" * 32,
        uploaded_by="ada",
    ),
    Calendar: lambda: Calendar(key="office", label="Office", week=[["08:00-16:00"]] * 7),
    Drop: lambda: Drop(
        agent_id="ada", before=Decimal("0.9"), after=Decimal("0.4"), since=datetime(2026, 3, 2, 9, tzinfo=UTC)
    ),
    Participant: lambda: Participant(interaction_id=new_id(), name="Ida"),
    Policy: lambda: Policy(label="All", first_response=60),
}
"""How to make an instance of a class that demands more than values of the right types."""


def broken(classes):
    specimens, faults = Specimens(EXAMPLES), []
    for cls in classes:
        try:
            instance = specimens.instance(cls)
        except TypeError as error:
            faults.append(f"no {cls.__name__} can be made: {error}; say in EXAMPLES how")
        else:
            faults += changed_by_json(cls, instance)
    return faults


def test_every_event_survives_the_way_to_json_and_back(assembly):
    assert broken(event for _, part in assembly.parts for event in part.events) == []


def test_every_model_survives_the_way_to_json_and_back(assembly):
    models = {model for entity in assembly.runtime.registry for model in entity.models}
    assert broken(models - {Party}) == []  # which is a person or an organisation


# -- with values that nobody thought of -------------------------------------------------------------------------------

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.from_regex(
    r"[a-z][a-z0-9_]{0,9}", fullmatch=True
)
VALUES = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(-(2**31), 2**31) | st.integers(0, 5),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=0, max_value=1),
    UUID: st.uuids(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    date: st.dates(),
    Money: st.builds(Money, st.integers(-(10**9), 10**9), st.sampled_from(["EUR", "NOK", "JPY"])),
    Any: st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda of: st.lists(of, max_size=2)),
}


def values(hint):
    """Values of a type; nothing where the kit's own specimen has to do."""
    origin, args = get_origin(hint), get_args(hint)
    if hint in VALUES:
        found = VALUES[hint]
    elif origin is Literal:
        found = st.sampled_from(args)
    elif origin in {Union, types.UnionType}:
        found = st.one_of([st.none() if a is type(None) else values(a) for a in args])
    elif origin is tuple:
        found = st.lists(values(args[0]), max_size=3).map(tuple)
    elif origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        found = st.dictionaries(values(args[0]), values(args[1]), max_size=3)
    else:
        found = st.nothing()
    return found


@st.composite
def instances(draw, cls):
    """An instance of ``cls`` with whatever its validators let pass, field by field."""
    made, hints = Specimens(EXAMPLES).instance(cls), get_type_hints(cls)
    for attribute in (a for a in attrs.fields(cls) if a.init):
        wanted = values(hints[attribute.name])
        if not wanted.is_empty and draw(st.booleans()):
            try:
                made = attrs.evolve(made, **{attribute.alias: draw(wanted)})
            except (CrmkitError, TypeError, ValueError):
                continue
    return made


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(data=st.data())
@pytest.mark.parametrize("kind", ["events", "models"])
def test_any_values_survive_the_way_to_json_and_back(assembly, kind, data):
    if kind == "events":
        classes = {event for _, part in assembly.parts for event in part.events}
    else:
        classes = {model for entity in assembly.runtime.registry for model in entity.models} - {Party}
    for cls in sorted(classes, key=lambda c: c.__qualname__):
        assert list(changed_by_json(cls, data.draw(instances(cls)))) == []


def test_both_kinds_of_party_are_among_them(assembly):
    models = {model for entity in assembly.runtime.registry for model in entity.models}
    assert {Person, Organisation} <= models


def test_every_operation_names_a_registered_permission(assembly):
    runtime = assembly.runtime
    allowed = {EVERYBODY, *runtime.permissions}
    assert [o.name for o in runtime.operations.values() if o.permission not in allowed] == []


def test_every_operation_is_described(assembly):
    assert [o.name for o in assembly.runtime.operations.values() if not o.doc.strip()] == []


def test_nothing_keeps_crmkit_with_all_its_plugins_from_starting(assembly):
    assert [str(problem) for problem in assembly.problems] == []
