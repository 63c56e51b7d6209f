"""The journal tells what the server has taken, even if its last line was cut, and only of senders that are gone."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.email.sending.journal import Journal, dead_journals, living, read

ONE, TWO = uuid4(), uuid4()


def test_it_tells_what_was_ending_and_what_was_taken(tmp_path):
    journal = Journal(tmp_path, "t", "c")
    journal.ending(ONE)
    journal.taken(ONE, '250 OK it\'s "in"\n')
    journal.ending(TWO)
    found = read("c", journal.path.read_bytes())
    assert found.ending == {ONE, TWO}
    assert set(found.taken) == {ONE}
    assert found.taken[ONE].startswith("250 OK")


@given(st.integers(min_value=0))
def test_a_cut_at_any_byte_tells_no_more_than_what_was_whole(cut):
    content = f"E {ONE}\nT {ONE} '250 OK'\nE {TWO}\nT {TWO} '250 OK'\n".encode()
    cut %= len(content) + 1
    found = read("c", content[:cut])
    lines = content[:cut].decode().count("\n")
    assert found.ending == {one for one, line in ((ONE, 1), (TWO, 3)) if lines >= line}
    assert set(found.taken) == {one for one, line in ((ONE, 2), (TWO, 4)) if lines >= line}


def test_the_journal_of_a_living_sender_is_not_touched(tmp_path):
    journal = Journal(tmp_path, "t", "c")
    journal.ending(ONE)
    assert list(dead_journals(tmp_path, "t")) == []
    assert living(tmp_path, "t") == {"c"}
    journal.close(keep=True)
    ((found, remove),) = dead_journals(tmp_path, "t")
    assert found.ending == {ONE}
    remove()
    assert living(tmp_path, "t") == frozenset()


def test_what_a_unit_has_noted_is_cleared_and_a_finished_sender_leaves_nothing(tmp_path):
    journal = Journal(tmp_path, "t", "c")
    journal.ending(ONE)
    journal.clear()
    assert journal.path.read_bytes() == b""
    journal.ending(TWO)
    assert read("c", journal.path.read_bytes()).ending == {TWO}
    journal.close()
    assert living(tmp_path, "t") == frozenset()


@pytest.mark.parametrize("tenant", ["../../etc", "a/b", "..", "."])
def test_a_tenant_cannot_lead_out_of_the_folder(tmp_path, tenant):
    Journal(tmp_path / "in", tenant, "c").close(keep=True)
    assert [p.relative_to(tmp_path).parts[0] for p in tmp_path.rglob("*.journal")] == ["in"]
