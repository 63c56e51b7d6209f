import pytest
from attrs.exceptions import FrozenInstanceError

from crmkit.core.kernel.wire import from_json, to_json
from crmkit.core.parties.view.hooks import party_viewing
from crmkit.core.parties.view.model import Section


def test_a_section_takes_values_and_shows_texts():
    section = Section(
        key="loyalty", title="Loyalty", items=[("Points", 120), ("", "Since spring")], data={"points": 120}
    )
    assert section.items == (("Points", "120"), ("", "Since spring"))
    assert section.data["points"] == 120


def test_a_section_cannot_be_changed():
    section = Section(key="loyalty", title="Loyalty", data={"points": 120})
    with pytest.raises(FrozenInstanceError):
        section.title = "x"
    with pytest.raises(TypeError):
        section.data["points"] = 0


def test_a_section_is_the_same_after_a_way_through_json():
    section = Section(key="loyalty", title="Loyalty", items=(("Points", "120"),), data={"points": 120}, order=5)
    assert from_json(to_json(section), Section) == section


def test_party_viewing_says_when_it_is_called_and_what_raising_means():
    contract = party_viewing.contract
    assert "360 view" in contract.when
    assert all((contract.transaction, contract.answers, contract.limits, contract.raising))
