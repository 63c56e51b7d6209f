"""Money: an exact amount in a currency."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from attrs import field, frozen

from crmkit.errors import InvalidMoneyError, UnknownCurrencyError
from crmkit.values.currencies import CURRENCIES

__all__ = ["AMOUNT_LIMIT", "Money"]

AMOUNT_LIMIT = Decimal(10) ** 14
"""Amounts lie below this, so that ten-thousandths of them fit a signed 64-bit integer."""
_EXACT = Decimal("0.0001")


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise InvalidMoneyError("amount", value, "is not exact; pass a Decimal, an int or a text such as '12.50'")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise InvalidMoneyError("amount", value, "is not a decimal number such as '12.50'") from None
    if not amount.is_finite():
        raise InvalidMoneyError("amount", value, "is not a finite number")
    if abs(amount) >= AMOUNT_LIMIT:
        raise InvalidMoneyError("amount", value, f"is too large; amounts lie below {AMOUNT_LIMIT:,}")
    exact = amount.quantize(_EXACT)
    if exact != amount:
        raise InvalidMoneyError("amount", value, "has more than four decimal places; round it first")
    return exact


def _currency(value: object) -> str:
    if not isinstance(value, str) or value not in CURRENCIES:
        raise UnknownCurrencyError(value)
    return value


@frozen(order=False)
class Money:
    """An exact amount in a currency.

    Attributes:
        amount: exact to four decimal places, given as Decimal, int or text, never as float.
        currency: a code of ISO 4217, such as ``EUR``.

    Raises:
        InvalidMoneyError: if the amount is inexact, too large or has more than four decimal places.
        UnknownCurrencyError: if the currency is not in ISO 4217.
    """

    amount: Decimal = field(converter=_amount)
    currency: str = field(converter=_currency)

    def __str__(self) -> str:
        whole = self.amount.quantize(Decimal("0.01"))
        return f"{whole if whole == self.amount else self.amount:,} {self.currency}"

    def __add__(self, other: Money) -> Money:
        """The sum, which exists in one currency only.

        Raises:
            InvalidMoneyError: if the currencies differ; crmkit never converts by itself.
        """
        if other.currency != self.currency:
            raise InvalidMoneyError("currency", other.currency, f"cannot be added to {self.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        """``factor`` times this amount, rounded half even to four decimal places.

        Raises:
            InvalidMoneyError: if the product is too large.
        """
        product = self.amount * factor
        return Money(product.quantize(_EXACT) if abs(product) < AMOUNT_LIMIT else product, self.currency)
