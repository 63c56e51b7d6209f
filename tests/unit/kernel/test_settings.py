"""How plain values become settings, and what is refused on the way."""

import enum
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import Factory, field, frozen
from attrs.validators import ge, in_
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.config.secret import Secret
from crmkit.core.kernel.config.settings import setting_errors, structure, variable_of
from crmkit.core.kernel.config.strict import Spelled
from crmkit.errors import InvalidSettingError, UnknownSettingError


class Tier(enum.Enum):
    SILVER = "silver"
    GOLD = "gold"


@frozen(kw_only=True)
class Server:
    host: str
    port: int = 25


@frozen(kw_only=True)
class Settings:
    rate: Decimal = Decimal("0.5")
    days: int = field(default=30, validator=ge(1))
    factor: float = 1.0
    active: bool = True
    label: str = ""
    note: str | None = None
    token: Secret | None = None
    folder: Path = Path()
    tier: Tier = Tier.SILVER
    mode: Literal["fast", "safe"] = "safe"
    grade: str = field(default="a", validator=in_(["a", "b"]))
    begins: date | None = None
    at: time | None = None
    since: datetime | None = None
    names: tuple[str, ...] = ()
    sizes: Sequence[int] = ()
    weights: Mapping[str, Decimal] = Factory(dict)
    server: Server | None = None
    servers: tuple[Server, ...] = ()
    anything: Any = None


def made(**values):
    return structure(Settings, values, at="plugins.membership")


def refused(**values):
    [error] = setting_errors(Settings, values, at="plugins.membership")
    return error


def spelled(text, value=None):
    return Spelled(text, text if value is None else value)


def test_settings_are_their_defaults_where_nothing_is_given():
    assert made() == Settings()


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("rate", Decimal("0.25"), Decimal("0.25")),
        ("rate", "0.25", Decimal("0.25")),
        ("rate", 2, Decimal(2)),
        ("factor", Decimal("1.5"), 1.5),
        ("factor", 2, 2.0),
        ("token", "abc", Secret("abc")),
        ("token", Secret("abc"), Secret("abc")),
        ("folder", "files", Path("files")),
        ("tier", "gold", Tier.GOLD),
        ("tier", Tier.GOLD, Tier.GOLD),
        ("mode", "fast", "fast"),
        ("begins", "2026-01-31", date(2026, 1, 31)),
        ("at", time(8, 30), time(8, 30)),
        ("since", "2026-01-31T10:00:00+02:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("names", ["a", "b"], ("a", "b")),
        ("sizes", [1, 2], (1, 2)),
        ("weights", {"a": "0.1"}, {"a": Decimal("0.1")}),
        ("server", {"host": "h"}, Server(host="h")),
        ("servers", [{"host": "h", "port": 1}], (Server(host="h", port=1),)),
        ("anything", {"x": [1]}, {"x": [1]}),
        ("note", None, None),
    ],
)
def test_a_value_is_taken_as_its_field_declares(name, given, value):
    assert getattr(made(**{name: given}), name) == value


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("days", "30", "a whole number, not text ('30')"),
        ("days", True, "a whole number, not a truth value"),
        ("days", Decimal("1.5"), "a whole number, not a number (1.5)"),
        ("label", 5, "text, not a whole number"),
        ("active", 1, "true or false, not a whole number (1)"),
        ("active", "true", "true or false, not text ('true')"),
        ("rate", 0.25, "an exact number, not a float; write Decimal('0.25')"),
        ("rate", "much", "an exact number, not text ('much')"),
        ("rate", Decimal("NaN"), "an exact number, not a number (NaN)"),
        ("factor", float("inf"), "a number, not a float (inf)"),
        ("factor", "1.5", "a number, not text"),
        ("token", 5, "text, not a whole number"),
        ("names", "abc", "a list, not text"),
        ("names", {"a": 1}, "a list, not a table"),
        ("weights", [1], "a table"),
        ("server", "mail.example", "a table"),
        ("tier", "bronze", "'silver' or 'gold', not text ('bronze')"),
        ("mode", "quick", "'fast' or 'safe', not text ('quick')"),
        ("begins", "tomorrow", "a date, not text"),
        ("begins", datetime(2026, 1, 31, tzinfo=UTC), "a date, not a datetime"),
        ("at", 8, "a time of day, not a whole number"),
        ("since", 8, "a date and time with its offset, not a whole number"),
        ("label", None, "text, not nothing"),
    ],
)
def test_a_value_of_another_type_is_refused_and_never_converted(name, given, expected):
    error = refused(**{name: given})
    assert isinstance(error, InvalidSettingError)
    assert error.key == f"plugins.membership.{name}"
    assert f"expected {expected}" in error.reason


def test_a_time_without_an_offset_is_refused():
    assert "has no time zone" in refused(since=datetime(2026, 1, 31)).reason  # noqa: DTZ001  # that is the mistake


def test_an_unknown_key_names_the_nearest_one():
    error = refused(ratte="0.25")
    assert isinstance(error, UnknownSettingError)
    assert (error.key, error.nearest) == ("plugins.membership.ratte", "plugins.membership.rate")


def test_an_unknown_key_that_is_like_no_other_names_none():
    assert refused(zzz=1).nearest is None


def test_an_error_deep_inside_names_the_whole_way_to_it():
    assert refused(servers=[{"host": "a"}, {"host": "b", "prot": 1}]).key == "plugins.membership.servers[1].prot"


def test_a_required_setting_that_is_missing_says_how_to_set_it():
    error = refused(server={})
    assert error.key == "plugins.membership.server.host"
    assert "CRMKIT_PLUGINS__MEMBERSHIP__SERVER__HOST" in error.reason


@pytest.mark.parametrize(("name", "given"), [("days", 0), ("grade", "c")])
def test_what_a_validator_refuses_is_named_by_its_key(name, given):
    assert refused(**{name: given}).key == f"plugins.membership.{name}"


def test_all_errors_are_found_at_once():
    values = {"ratte": 1, "days": "x", "names": [1, "b", 2]}
    keys = {
        error.key.removeprefix("plugins.membership.")
        for error in setting_errors(Settings, values, at="plugins.membership")
    }
    assert keys == {"ratte", "days", "names[0]", "names[2]"}


def test_the_first_error_is_raised_and_notes_the_others():
    with pytest.raises(InvalidSettingError) as caught:
        made(days="x", active="y")
    assert [note.split(":")[0] for note in caught.value.__notes__] == ["setting 'plugins.membership.active'"]


def test_an_error_says_where_the_value_came_from():
    [error] = setting_errors(Settings, {"days": "x"}, origin=lambda key: f"line of {key}")
    assert "(from line of days)" in str(error)


def test_a_type_that_no_configuration_can_hold_is_named():
    @frozen
    class Odd:
        when: complex = 0j

    [error] = setting_errors(Odd, {"when": 1})
    assert "cannot be a setting" in error.reason


def test_values_that_are_no_table_are_refused():
    assert setting_errors(Server, "text")


def test_text_from_the_environment_is_read_as_its_field_wants_it():
    given = {
        "days": spelled("12", 12),
        "label": spelled("12", 12),
        "note": spelled('"quoted"', "quoted"),
        "token": spelled("007"),
        "active": spelled("true", True),
        "rate": spelled("0.1", Decimal("0.1")),
        "names": spelled('["a"]', ["a"]),
        "mode": spelled("fast"),
        "tier": spelled("gold"),
        "anything": spelled("12", 12),
    }
    assert made(**given) == Settings(
        days=12,
        label="12",
        note="quoted",
        token=Secret("007"),
        active=True,
        rate=Decimal("0.1"),
        names=("a",),
        mode="fast",
        tier=Tier.GOLD,
        anything=12,
    )


def test_a_secret_prints_neither_by_itself_nor_inside_of_settings():
    shown = made(token="hunter2")
    assert not any("hunter2" in text for text in (str(shown), repr(shown), f"{shown.token}", f"{shown.token!r}"))
    assert shown.token.reveal() == "hunter2"


def test_secrets_are_equal_if_their_texts_are():
    assert {Secret("a"), Secret("a"), Secret("b")} == {Secret("a"), Secret("b")}
    assert Secret("a") != "a"


@pytest.mark.parametrize("given", [{"token": 123456}, {"label": 123456}, {"token": ["hunter2"]}])
def test_an_error_about_text_does_not_repeat_what_may_be_a_secret(given):
    assert not {"123456", "hunter2"} & set(str(refused(**given)).replace("'", " ").split())


def test_the_variable_of_a_key_is_its_words_in_capitals():
    assert variable_of("plugins.membership.rate") == "CRMKIT_PLUGINS__MEMBERSHIP__RATE"


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("ab1.-", max_size=5) | st.decimals() | st.floats() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["rate", "days", "names", "weights", "server", "servers", "token", "since", "unknown"])


@given(st.dictionaries(names, plain, max_size=4))
def test_whatever_is_given_is_either_structured_or_refused_by_name(values):
    errors = setting_errors(Settings, values, at="plugins.membership")
    assert all(error.key.startswith("plugins.membership") for error in errors)
    if not errors:
        assert isinstance(made(**values), Settings)
