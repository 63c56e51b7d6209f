"""Money is exact, in a known currency, and never converted or rounded in silence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import Money
from crmkit.core.kernel.wire import from_json, to_json
from crmkit.errors import InvalidMoneyError, UnknownCurrencyError
from crmkit.values.currencies import CURRENCIES

moneys = st.builds(
    Money,
    st.integers(-(10**18) + 1, 10**18 - 1).map(lambda n: Decimal(n).scaleb(-4)),
    st.sampled_from(sorted(CURRENCIES)),
)


@pytest.mark.parametrize("amount", [Decimal("12.50"), "12.50", "12.5000", 12])
def test_an_exact_amount_is_taken(amount):
    assert Money(amount, "EUR").amount == Decimal(str(amount))


@pytest.mark.parametrize("amount", [12.5, True, None, b"1", [1]])
def test_an_amount_that_is_not_exact_is_refused(amount):
    with pytest.raises(InvalidMoneyError, match="is not exact; pass a Decimal"):
        Money(amount, "EUR")


@pytest.mark.parametrize("amount", ["", "12,50", "NaN", "sNaN", "Infinity", "1e14", "-100000000000000", "0.00001"])
def test_an_amount_that_no_database_could_keep_is_refused(amount):
    with pytest.raises(InvalidMoneyError):
        Money(amount, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XYZ", None, 978, ["EUR"]])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(UnknownCurrencyError):
        Money("1", currency)


@given(moneys)
def test_money_is_the_same_after_a_way_through_json(money):
    assert from_json(to_json(money), Money) == money


@given(moneys, moneys)
def test_money_is_added_exactly_and_in_one_currency_only(one, other):
    if one.currency != other.currency:
        with pytest.raises(InvalidMoneyError, match="cannot be added"):
            one + other
    elif abs(one.amount + other.amount) < Decimal(10) ** 14:
        assert (one + other).amount == one.amount + other.amount


@given(moneys, st.decimals(-1000, 1000, places=6))
def test_money_is_multiplied_to_four_places_or_refused(money, factor):
    exact = money.amount * factor
    try:
        product = money * factor
    except InvalidMoneyError:
        assert abs(exact) >= Decimal(10) ** 14 - 1
    else:
        assert abs(product.amount - exact) <= Decimal("0.0001")


def test_a_product_beyond_measure_is_refused():
    with pytest.raises(InvalidMoneyError):
        Money("99999999999999", "EUR") * 10**30


def test_money_reads_as_people_write_it():
    assert [str(Money(a, "EUR")) for a in ("12000", "12.5", "0.1234")] == ["12,000.00 EUR", "12.50 EUR", "0.1234 EUR"]
