"""Ids are asked for in lists that leave none out and ask for none twice over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column

from crmkit.core.kernel.storage.among import ARRAY_OF, BOUNDED, FEW, LENGTHS, among, id_lists


@given(st.lists(st.uuids(), max_size=1200))
def test_sqlite_is_given_lists_of_few_lengths_that_hold_every_id(ids):
    found = list(id_lists(ids, "sqlite"))
    assert {id_ for _, params in found for id_ in params.values()} == set(ids)
    assert all(length in LENGTHS and len(params) == length for length, params in found)
    assert len(found) <= len(set(ids)) // LENGTHS[-1] + 1


@given(st.lists(st.uuids(), max_size=3 * FEW))
def test_postgresql_is_given_one_array_whatever_the_number_and_of_many_the_first_and_the_last(ids):
    found = list(id_lists(ids, "postgresql"))
    assert [params["ids"] for _, params in found] == ([sorted(set(ids))] if ids else [])
    for length, params in found:
        assert length == (BOUNDED if len(set(ids)) > FEW else ARRAY_OF)
        bounds = {"first_id": min(ids), "last_id": max(ids)} if length == BOUNDED else {}
        assert {name: id_ for name, id_ in params.items() if name != "ids"} == bounds


def test_a_condition_has_a_place_for_each_id_of_its_list():
    assert str(among(column("id"), 10)).count(":id_") == 10
    assert "ANY" in str(among(column("id"), ARRAY_OF))
    assert str(among(column("id"), BOUNDED)).startswith("id >= :first_id AND id <= :last_id AND id = ANY")
