"""A word about a person is planted in every table that may have one: all of it is told, and all of it is erased."""

from __future__ import annotations

import base64
import io
import json
import uuid
from datetime import UTC, datetime
from typing import get_origin, get_type_hints

import attrs
import pytest

from crmkit import Organisation, Participant, Person, Ref
from crmkit.plugins.privacy import Privacy
from crmkit.plugins.service_desk import Position
from crmkit.testing.conformance.specimens import Specimens
from crmkit.testing.conformance.writing import WRITING, Writing

PLUGINS = ("privacy", "email", "feedback", "service_desk", "exchange", "dedupe")
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)

GIVEN = {
    "party": {"language": "nb", "time_zone": "Europe/Oslo", "birthday": "--03-02", "gender": "F"},
    "mechanism": {"kind": "postal", "country": "NO"},
    "identifier": {},
    "relationship": {"type": "works_for"},
    "party_role": {"role": "customer"},
    "lifecycle_entry": {"stage": "lead", "left_at": AT},
    "thread": {},
    "interaction": {"channel": "phone", "kind": "interaction"},
    "participant": {},
    "activity": {"kind": "call"},
    "deal": {"pipeline": "sales", "stage": "lead", "category": "open", "closed_at": None},
    "deal_stage_entry": {"pipeline": "sales", "stage": "lead", "left_at": AT},
    "comment": {},
    "attachment": {},
    "decision": {},
    "grant": {"permission": "party.read", "grantee": "sam"},
    "claim": {"actor_id": "sam"},
    "privacy.consent": {"purpose": "marketing", "channel": "email", "text_version": None},
    "privacy.preference": {"channel": "email", "quiet_from": "22:00", "quiet_until": "07:00"},
    "privacy.hold": {"released_at": AT, "released_by": "ada"},
    "privacy.erasure": {},
    "email.message": {"state": "received", "direction": "in"},
    "feedback.survey": {"score": 3, "answered_at": AT, "answered_month": AT.date().replace(day=1)},
    "feedback.mood": {},
    "feedback.drop": {},
    "feedback.silence": {},
    "service_desk.asset": {},
    "service_desk.term": {},
    "service_desk.case": {},
    "service_desk.stay": {},
    "service_desk.watcher": {"actor_id": "sam"},
    "service_desk.link": {},
    "service_desk.position": {},
    "service_desk.return": {},
    "dedupe.pair": {},
}
"""Every entity that may be about a person, each after those that it names; with the values that no word can be."""


def leading_to_people(registry):
    """The entities that name a party, or something that leads to one: all that may be about a person."""
    found = {"party"}
    while True:
        more = {e.name for e in registry if any(r.entity is None or r.entity in found for r in e.shape.references)}
        if more <= found:
            return found
        found |= more


def personal_texts(entity, model, word):
    """Values for the fields of a model that can say something and go when the person is erased."""
    hints, found = get_type_hints(model), {}
    for name, shape in entity.shape.fields.items():
        if shape.personal and name in hints and attrs.fields_dict(model)[name].init:
            text, kind = f"{word} {name}", get_origin(hints[name])
            if shape.type == "text":
                found[name] = text
            elif shape.type == "json":
                found[name] = (text,) if kind is tuple else {"said": text}
    return found


class Planting:
    """Plants a word about one person.

    Attributes:
        word: which.
        ids: of what was planted, by entity.
        told: of each of these, the values that have the word, by field.
    """

    def __init__(self, crm, word):
        self._crm, self.word = crm, word
        self.ids, self.told = {}, {}

    def everywhere(self):
        with self._crm.begin("ada") as uow:
            self._firm = uow.parties.add(Organisation(name="Roof AS")).id
            for name in GIVEN:
                record = self._attached(uow) if name == "attachment" else self._made(uow, name)
                self.ids[name] = record.id
        return self

    @property
    def content(self):
        return f"{self.word} itself".encode()

    def _attached(self, uow):
        self.told["attachment"] = {"name": f"{self.word}.txt"}
        return uow.attachments.attach(Ref("party", self.ids["party"]), name=f"{self.word}.txt", content=self.content)

    def _made(self, uow, name):
        entity = self._crm.runtime.registry.entity(name)
        model = Person if name == "party" else entity.model
        given = {**self._named(uow, entity), **GIVEN[name]}
        if name == "service_desk.case":
            given["number"] = 1 + uow.count(entity)
        texts = {n: v for n, v in personal_texts(entity, model, self.word).items() if n not in given}
        if entity.kind == "entity":
            given["custom"] = {"told": f"{self.word} custom"}
        record = model(**needed(model, {**given, **texts}), **given, **texts)
        uow.use(Writing).write([record])
        self.told[name] = {**texts, **{f"custom.{key}": value for key, value in given.get("custom", {}).items()}}
        return record

    def _named(self, uow, entity):
        """What a record names: of each other entity the one of this person; another party where two are wanted."""
        found = {"other_id": self._firm} if entity.name == "relationship" else {}
        for one in entity.shape.references:
            target = one.entity or "party"
            if target in self.ids and one.column not in {*found, "merged_into"}:
                found[one.column] = self.ids[target]
                if one.entity_column:
                    found[one.entity_column] = target
        return found


def needed(model, given):
    """Values of the fields that a model demands and that are not given."""
    hints, make = get_type_hints(model, include_extras=True), Specimens({}).value
    wanted = (a for a in attrs.fields(model) if a.init and a.default is attrs.NOTHING and a.name not in given)
    return {a.name: make(hints[a.name]) for a in wanted}


@pytest.fixture
def crm(crm_with, clock, tmp_path):
    """Every bundled plugin, and a custom field of each entity."""
    made = crm_with(*PLUGINS, WRITING, clock=clock, config={"files": {"folder": str(tmp_path / "files")}})
    with made.begin("ada") as uow:
        for name in GIVEN:
            if made.runtime.registry.entity(name).kind == "entity":
                uow.custom_fields.define(name, "told", "text")
    return made


@pytest.fixture
def planted(crm):
    return Planting(crm, f"zanari{uuid.uuid4().hex[:12]}").everywhere()


def exported(crm, party):
    document = io.BytesIO()
    with crm.begin("ada", read_only=True) as uow:
        uow.use(Privacy).export_subject(party, document)
    return json.loads(document.getvalue())


def test_every_entity_that_may_be_about_a_person_is_planted(crm):
    """Derived rows follow from those, and say nothing else."""
    registry = crm.runtime.registry
    assert set(GIVEN) == {name for name in leading_to_people(registry) if registry.entity(name).kind != "derived"}


def test_what_is_planted_anywhere_is_told(crm, planted):
    told = {(one["entity"], one["id"]): one["fields"] for one in exported(crm, planted.ids["party"])["records"]}
    wanted = {(name, str(id_)): json.loads(json.dumps(planted.told[name])) for name, id_ in planted.ids.items()}
    assert {key: {n: told.get(key, {}).get(n) for n in fields} for key, fields in wanted.items()} == wanted
    assert set(wanted) <= set(told)


def test_nothing_is_told_of_somebody_else(crm, planted):
    """Not even of one who works for the same organisation, or took part in the same conversation."""
    other = Planting(crm, f"zanari{uuid.uuid4().hex[:12]}").everywhere()
    theirs = other.ids["party"]
    with crm.begin("ada") as uow:
        uow.use(Writing).write([
            Participant(interaction_id=other.ids["interaction"], role="cc", party_id=planted.ids["party"]),
            Participant(interaction_id=planted.ids["interaction"], role="cc", party_id=theirs, name=other.word),
            Position(case_id=planted.ids["service_desk.case"], party_id=theirs, stance=other.word),
        ])
    for one, another in ((planted, other), (other, planted)):
        document = exported(crm, one.ids["party"])
        said = json.dumps(document)
        assert one.word in said
        assert another.word not in said
        assert [base64.b64decode(file["content"]) for file in document["files"]] == [one.content]


def test_what_is_planted_anywhere_is_erased(crm, planted, rows):
    """And nothing but that: somebody else keeps every word."""
    other = Planting(crm, f"zanari{uuid.uuid4().hex[:12]}").everywhere()
    kept = exported(crm, other.ids["party"])["records"]
    assert any(planted.word in line for lines in rows().values() for line in lines)
    with crm.begin("ada") as uow:
        uow.use(Privacy).erase(planted.ids["party"], reason="asked for it")
    assert [name for name, lines in rows().items() if any(planted.word in line for line in lines)] == []
    assert exported(crm, other.ids["party"])["records"] == kept
