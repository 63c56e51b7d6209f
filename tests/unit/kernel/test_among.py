"""Ids are asked for in lists that leave none out and ask for none twice over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import column

from crmkit.core.kernel.storage.among import LENGTHS, among, id_lists


@given(st.lists(st.uuids(), max_size=1200))
def test_sqlite_is_given_lists_of_few_lengths_that_hold_every_id(ids):
    found = list(id_lists(ids, "sqlite"))
    assert {id_ for _, params in found for id_ in params.values()} == set(ids)
    assert all(length in LENGTHS and len(params) == length for length, params in found)
    assert len(found) <= len(set(ids)) // LENGTHS[-1] + 1


@given(st.lists(st.uuids(), max_size=50))
def test_postgresql_is_given_one_array_whatever_the_number(ids):
    found = list(id_lists(ids, "postgresql"))
    assert [(length, sorted(params["ids"])) for length, params in found] == ([(0, sorted(set(ids)))] if ids else [])


def test_a_condition_has_a_place_for_each_id_of_its_list():
    assert str(among(column("id"), 10)).count(":id_") == 10
    assert "ANY" in str(among(column("id"), 0))
