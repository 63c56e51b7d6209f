"""Events and models survive the way to JSON, and every operation names a permission that somebody registers."""

from __future__ import annotations

from datetime import UTC, datetime

from crmkit import Activity, Organisation, Participant, Party, Person, new_id
from crmkit.testing.conformance.part_checks import changed_by_json
from crmkit.testing.conformance.specimens import Specimens

EXAMPLES = {
    Activity: lambda: Activity(kind="call", subject="Call back", due_at=datetime(2026, 3, 2, 9, tzinfo=UTC)),
    Participant: lambda: Participant(interaction_id=new_id(), name="Ida"),
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


def test_both_kinds_of_party_are_among_them(assembly):
    models = {model for entity in assembly.runtime.registry for model in entity.models}
    assert {Person, Organisation} <= models


def test_every_operation_names_a_registered_permission(assembly):
    runtime = assembly.runtime
    assert [o.name for o in runtime.operations.values() if o.permission not in runtime.permissions] == []


def test_every_operation_is_described(assembly):
    assert [o.name for o in assembly.runtime.operations.values() if not o.doc.strip()] == []


def test_nothing_keeps_crmkit_with_all_its_plugins_from_starting(assembly):
    assert [str(problem) for problem in assembly.problems] == []
