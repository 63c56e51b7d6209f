"""Signed tokens and keyed hashes: nobody else can make one, and what is good for one purpose is good for no other."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.config.config import Config
from crmkit.core.kernel.config.secret import Secret
from crmkit.core.kernel.keys.keys import LONGEST_PAYLOAD, LONGEST_TOKEN, Keys
from crmkit.errors import (
    ConfigError,
    InvalidKeyError,
    InvalidTokenError,
    InvalidValueError,
    MissingKeysError,
    NaiveDatetimeError,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
OLD, NEW = Secret("o" * 32), Secret("n" * 32)
texts = st.text(max_size=60)


def keys(*secrets: Secret, tenant: str = "acme") -> Keys:
    return Keys(secrets or (NEW,), tenant)


@given(payload=texts)
def test_a_token_gives_back_what_was_signed(payload):
    assert keys().read("email.unsubscribe", keys().sign("email.unsubscribe", payload), now=NOW) == payload


@given(payload=texts)
def test_a_token_travels_in_a_link_as_it_is(payload):
    token = keys().sign("email.unsubscribe", payload)
    assert set(token) <= set(string.ascii_letters + string.digits + "-_.")


@given(payload=texts, data=st.data())
def test_a_token_with_any_character_changed_is_refused(payload, data):
    token = keys().sign("p", payload)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_. é"))
    forged = token[:place] + other + token[place + 1 :]
    if forged != token:
        with pytest.raises(InvalidTokenError):
            keys().read("p", forged, now=NOW)


@given(token=st.text(max_size=200))
def test_what_was_never_signed_is_refused(token):
    with pytest.raises(InvalidTokenError):
        keys().read("p", token, now=NOW)


@pytest.mark.parametrize(
    "reader",
    [keys(tenant="other"), keys(OLD)],
    ids=["of another tenant", "of another deployment"],
)
def test_a_token_means_nothing_to_a_reader(reader):
    with pytest.raises(InvalidTokenError):
        reader.read("p", keys().sign("p", "x"), now=NOW)


def test_a_token_for_one_purpose_is_good_for_no_other():
    with pytest.raises(InvalidTokenError):
        keys().read("feedback.answer", keys().sign("email.unsubscribe", "x"), now=NOW)


def test_a_token_is_accepted_until_the_instant_that_it_expires():
    token = keys().sign("p", "x", expires_at=NOW)
    assert keys().read("p", token, now=NOW - timedelta(microseconds=1)) == "x"
    with pytest.raises(InvalidTokenError) as refused:
        keys().read("p", token, now=NOW)
    assert refused.value.reason == "expired"


def test_all_refusals_say_the_same():
    """Whoever tries tokens learns nothing from the answer."""
    expired = keys().sign("p", "x", expires_at=NOW)
    foreign = keys(OLD).sign("p", "x")
    messages = set()
    for token in (expired, foreign, "x", "", "a.b", "x" * (LONGEST_TOKEN + 1)):
        with pytest.raises(InvalidTokenError) as refused:
            keys().read("p", token, now=NOW)
        messages.add(str(refused.value))
    assert len(messages) == 1


def test_a_new_key_in_front_signs_and_the_older_one_is_still_recognised():
    before, both = keys(OLD), keys(NEW, OLD)
    assert both.read("p", before.sign("p", "x"), now=NOW) == "x"
    assert keys(NEW).read("p", both.sign("p", "x"), now=NOW) == "x"


def test_a_key_that_was_taken_away_is_no_longer_recognised():
    with pytest.raises(InvalidTokenError):
        keys(NEW).read("p", keys(OLD).sign("p", "x"), now=NOW)


@given(value=texts)
def test_digests_are_one_per_key_the_newest_first(value):
    new, old = keys(NEW, OLD).digests("p", value)
    assert (new,) == keys(NEW).digests("p", value)
    assert (old,) == keys(OLD).digests("p", value)
    assert len(new) == len(old) == 32


@given(one=texts, other=texts)
def test_digests_agree_exactly_if_the_values_do(one, other):
    assert (keys().digests("p", one) == keys().digests("p", other)) is (one == other)


def test_digests_differ_by_tenant_and_by_purpose():
    found = {
        keys().digests("a", "x"),
        keys().digests("b", "x"),
        keys(tenant="b").digests("a", "x"),
        keys(tenant="a").digests("b", "x"),
    }
    assert len(found) == 4


@pytest.mark.parametrize(
    "use",
    [
        lambda keys: keys.sign("p", "x"),
        lambda keys: keys.read("p", "x", now=NOW),
        lambda keys: keys.digests("p", "x"),
    ],
    ids=["sign", "read", "digests"],
)
def test_without_a_key_the_error_says_how_to_make_one(use):
    with pytest.raises(MissingKeysError, match=r"secrets\.token_urlsafe\(32\)"):
        use(Keys((), "acme"))


@pytest.mark.parametrize("purpose", ["", "Email", "a b", "a\0b", "1", "x" * 64, None])
def test_a_purpose_is_a_name(purpose):
    with pytest.raises(InvalidKeyError):
        keys().sign(purpose, "x")


def test_a_payload_that_fits_no_link_is_refused():
    with pytest.raises(InvalidValueError, match="carries 2048"):
        keys().sign("p", "x" * (LONGEST_PAYLOAD + 1))


def test_a_naive_instant_is_refused():
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(NaiveDatetimeError):
        keys().sign("p", "x", expires_at=naive)
    with pytest.raises(NaiveDatetimeError):
        keys().read("p", "x", now=naive)


def test_keys_print_no_secret():
    assert "n" * 32 not in repr(keys())


# -- the setting ------------------------------------------------------------------------------------------------------


def test_keys_are_read_from_the_environment(tmp_path):
    config = Config.load(environ={"CRMKIT_CORE__SECRET_KEYS": f'["{"n" * 32}", "{"o" * 32}"]'})
    assert config.core.secret_keys == (NEW, OLD)


@pytest.mark.parametrize(
    "value", [["short-key"], ["k" * 32, "k" * 32], "k" * 32, [7]], ids=["short", "twice", "no list", "no text"]
)
def test_a_key_that_is_none_is_refused_and_not_shown(value):
    with pytest.raises(ConfigError, match=r"core\.secret_keys") as refused:
        Config.of({"core.secret_keys": value})
    assert "short-key" not in str(refused.value)
    assert "k" * 32 not in str(refused.value)


def test_keys_are_masked_where_the_configuration_is_shown():
    config = Config.of({"core.secret_keys": ["k" * 32]})
    assert "k" * 32 not in repr(config)
    assert "k" * 32 not in " ".join(shown.value for shown in config.show())
