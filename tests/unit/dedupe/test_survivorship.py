"""Which party stays when two are merged, and whose values."""

from datetime import UTC, datetime

import pytest

from crmkit import Person, new_id
from crmkit.plugins.dedupe.config import Settings
from crmkit.plugins.dedupe.survivorship import choices, winner_of
from crmkit.sdk import Provenance

OLD, NEW = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)


def told(at, source=None):
    return Provenance(value="x", actor="ada", at=at, source=source, unit=new_id(), version=1)


IDA = Person(given_name="Ida", family_name="Berg", language="nb", created_at=OLD)
MARIE = Person(given_name="Ida Marie", family_name="Berg", nickname="Idun", language="en", created_at=NEW)


@pytest.mark.parametrize(("rule", "winner"), [("oldest", IDA), ("newest", MARIE), ("most_complete", MARIE)])
def test_who_stays_follows_the_rule(rule, winner):
    assert winner_of((IDA, 0), (MARIE, 0), rule) is winner
    assert winner_of((MARIE, 0), (IDA, 0), rule) is winner


def test_parts_make_a_party_more_complete_and_of_two_that_are_equally_so_the_older_stays():
    assert winner_of((IDA, 1), (MARIE, 0), "most_complete") is IDA
    assert winner_of((IDA, 5), (MARIE, 0), "most_complete") is IDA


@pytest.mark.parametrize(
    ("rules", "loser"),
    [
        ({}, set()),
        ({"given_name": "fill"}, set()),
        ({"given_name": "loser"}, {"given_name"}),
        ({"given_name": "longest"}, {"given_name"}),
        ({"*": "longest"}, {"given_name", "name"}),
        ({"*": "newest"}, {"language"}),
        ({"*": "oldest"}, {"given_name"}),
        ({"*": "trusted"}, {"language"}),
        ({"*": "loser", "language": "fill"}, {"given_name", "name"}),
    ],
)
def test_a_rule_chooses_among_values_that_differ(rules, loser):
    mine = {"given_name": told(NEW, "import:fair.csv"), "language": told(OLD, "website")}
    theirs = {"given_name": told(OLD, "website"), "language": told(NEW, "import:erp.csv")}
    made = choices(IDA, MARIE, rules=rules, told=(mine, theirs), trusted=("import:*",))
    assert made == dict.fromkeys(loser, "loser")


@pytest.mark.parametrize(
    "settings",
    [
        {"threshold": 0.0},
        {"threshold": 1.0},
        {"batch_size": 0},
        {"batch_size": 1001},
        {"most_alike": 1},
        {"memory": "much"},
        {"threads": 0},
        {"winner": "richest"},
        {"survivorship": {"colour": "newest"}},
        {"survivorship": {"version": "newest"}},
        {"survivorship": {"given_name": "prettiest"}},
    ],
    ids=str,
)
def test_settings_of_wrong_values_are_refused(settings):
    with pytest.raises((ValueError, TypeError)) as refused:
        Settings(**settings)
    assert next(iter(settings)) in str(refused.value)
