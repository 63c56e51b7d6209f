"""Settings: the section ``[plugins.dedupe]`` of ``crmkit.toml``."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen
from attrs.validators import and_, deep_iterable, ge, gt, in_, instance_of, le, lt, matches_re, optional

from crmkit.plugins.dedupe.survivorship import WINNERS, WinnerRule, check_rules

__all__ = ["Settings"]


@frozen(kw_only=True)
class Settings:
    """How duplicates are found and merged here.

    Attributes:
        threshold: the probability from which on a pair is proposed, above 0 and below 1.
        identifiers: schemes of identifiers that tell parties apart, such as a customer number of another system. Only
            these are compared; none by default.
        batch_size: parties that are compared, and pairs that are stored, in one unit of work, 1 to 1000.
        most_alike: parties that may have a key in common. What more of them share, such as the address of a block of
            flats, tells nothing and is not compared by.
        learn_m: whether comparing all parties also learns how often records of one party agree, by expectation
            maximisation. Only for data of which a good part are duplicates, as when two systems are brought together;
            else it takes living in one place for being one person.
        memory: what DuckDB may use while many parties are compared, such as ``1GB``; what does not fit goes to disk.
        threads: how many of them DuckDB uses; one for each processor by default.
        winner: which party stays when a pair is approved and nobody says: most_complete, oldest or newest.
        survivorship: by field of a party, by which rule its value is chosen when a pair is approved; see
            `crmkit.plugins.dedupe.survivorship`. ``"*"`` stands for all others, which are filled by default.
        trusted_sources: sources of values, the most trusted first, for the rule ``trusted``; ``*`` at the end of one
            stands for anything, as in ``import:*``.
    """

    threshold: float = field(default=0.5, validator=[instance_of(float), gt(0.0), lt(1.0)])
    identifiers: tuple[str, ...] = field(default=(), validator=deep_iterable(instance_of(str)))
    batch_size: int = field(default=500, validator=and_(ge(1), le(1_000)))
    most_alike: int = field(default=100, validator=ge(2))
    learn_m: bool = field(default=False, validator=instance_of(bool))
    memory: str = field(default="1GB", validator=matches_re(r"[1-9]\d*(?:\.\d+)? ?[KMGT]i?B"))
    threads: int | None = field(default=None, validator=optional(ge(1)))
    winner: WinnerRule = field(default="most_complete", validator=in_(WINNERS))
    survivorship: Mapping[str, str] = field(factory=dict, validator=check_rules)
    trusted_sources: tuple[str, ...] = ()
