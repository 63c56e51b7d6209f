"""Which values go, what stands in their place, and that history and table still agree then."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise

from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column

from crmkit.core.kernel.custom_fields.definitions import NONE
from crmkit.core.kernel.entities.codec import RowCodec
from crmkit.core.kernel.entities.erased import erased, is_erased
from crmkit.core.kernel.erasure.rules import Blanking, Repeated, leaves, scrubbed
from crmkit.sdk import (
    Day,
    EntityType,
    Exact,
    Field,
    Flag,
    Instant,
    Integer,
    Json,
    Record,
    Text,
    entity_table,
    new_metadata,
    party_ref,
)

UNIT = uuid.UUID(int=7)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@frozen(kw_only=True)
class Note(Record):
    """Has a field of every kind, each of which may be empty or must not."""

    party_id: uuid.UUID
    title: str
    body: str | None
    state: str
    author_id: str
    size: int
    rate: Decimal
    done: bool
    day: date
    at: datetime
    words: tuple[str, ...]


_PERSONAL = Field(data_class="personal")
NOTE = EntityType(
    name="scribble.note",
    model=Note,
    table=entity_table(
        "crm_scribble_note",
        new_metadata(),
        party_ref(on_merge="repoint", on_erase="keep", on_delete="delete"),
        Column("title", Text(), nullable=False),
        Column("body", Text()),
        Column("state", Text(), nullable=False),
        Column("author_id", Text(), nullable=False),
        Column("size", Integer(), nullable=False),
        Column("rate", Exact(4), nullable=False),
        Column("done", Flag(), nullable=False),
        Column("day", Day(), nullable=False),
        Column("at", Instant(), nullable=False),
        Column("words", Json(), nullable=False),
        unique=[("title",)],
    ),
    label="Note",
    display="title",
    orders=("id",),
    fields={"state": Field(personal=False), **dict.fromkeys(("size", "rate", "done", "day", "at"), _PERSONAL)},
)
BLANKING = Blanking(NOTE, NONE)

notes = st.builds(
    Note,
    party_id=st.uuids(),
    title=st.text(min_size=1, max_size=9),
    body=st.none() | st.text(max_size=9),
    state=st.sampled_from(["open", "closed"]),
    author_id=st.just("ada"),
    size=st.integers(-9, 9),
    rate=st.decimals(-9, 9, places=4),
    done=st.booleans(),
    day=st.dates(),
    at=st.datetimes(timezones=st.just(UTC)),
    words=st.lists(st.text(max_size=5), max_size=3).map(tuple),
)


_json = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_text_is_personal_unless_it_is_clear_that_it_is_not():
    assert BLANKING.fields == {"title", "body", "size", "rate", "done", "day", "at", "words"}


@given(st.lists(notes, min_size=1, max_size=5))
def test_replaying_marked_history_and_the_erasure_gives_what_the_table_has(versions):
    """A record that was changed several times, and then erased: history still says what is in the table."""
    codec = RowCodec(NOTE, "sqlite")
    images = [codec.image(one) for one in versions]
    id_, mark = versions[0].id, erased(UNIT)
    diffs = [{name: (None, value) for name, value in images[0].items()}]
    for before, after in pairwise(images):
        names = {**before, **after}
        diffs.append({n: (before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)})
    lost = BLANKING.lost(images[-1], id_)
    state = {}
    for diff in (BLANKING.marked(one, id_, mark) for one in diffs):
        assert all(state.get(name) == pair[0] for name, pair in diff.items())
        state |= {name: pair[1] for name, pair in diff.items()}
    assert all(state[name] == mark for name in lost)
    state |= lost
    table = {**images[-1], **lost}
    assert {n: v for n, v in state.items() if v is not None} == {n: v for n, v in table.items() if v is not None}


@given(notes)
def test_what_is_blank_stays_as_it_is_when_it_is_erased_again(note):
    image = RowCodec(NOTE, "sqlite").image(note)
    blank = {**image, **BLANKING.lost(image, note.id)}
    assert BLANKING.lost({n: v for n, v in blank.items() if v is not None}, note.id) == {}


@given(notes)
def test_a_blank_is_of_the_type_of_its_field_and_unique_where_it_must_be(note):
    codec = RowCodec(NOTE, "sqlite")
    note = codec.stamped(note, 1, NOW, NOW)
    lost = BLANKING.lost(codec.image(note), note.id)
    made = codec.replaced(note, {name: codec.field_from_json(name, value) for name, value in lost.items()})
    assert codec.load(codec.values(made)) == made
    assert made.title == f"(erased) {note.id}"
    assert (made.state, made.author_id) == (note.state, note.author_id)


@given(_json)
def test_scrubbing_keeps_the_form_and_takes_every_text_that_repeats_a_value(value):
    assert scrubbed(value, lambda _: False) == value
    assert set(leaves(scrubbed(value, lambda _: True))) <= {"(erased)"}


def test_a_telling_text_is_found_as_a_word_and_a_short_one_is_not_looked_for():
    repeated = Repeated()
    repeated.learn("Ida", own=True)
    repeated.learn("Bo", own=True)
    repeated.learn("a long remark", own=False)
    assert repeated.about("call ida back")
    assert not repeated.about("Idaho")
    assert not repeated.about("Bo")
    assert repeated.about("a long remark")
    assert not repeated.about("not a long remark")
    assert not repeated.anywhere("call Ida back")


def test_a_mark_is_nothing_else():
    assert is_erased({"$erased": "x"})
    assert not any(map(is_erased, ({"$erased": 1, "t": 2}, {"t": "$erased"}, "$erased", None, [])))
