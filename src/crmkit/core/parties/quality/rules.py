"""The rules of quality that a new tenant finds, and the section of the 360 view that shows what they say."""

from __future__ import annotations

from attrs import asdict

from crmkit.core.kernel.quality.model import QualityRule, QualityScore
from crmkit.core.parties.tables import PARTY
from crmkit.core.parties.view.model import Section
from crmkit.values.criteria import f

__all__ = ["default_rules", "section_of"]

_REACHED = ("email", "phone", "postal")


def default_rules() -> list[QualityRule]:
    """The rules that a new tenant begins with; none is active, so they cost nothing until somebody wants them."""
    return [
        QualityRule(
            entity=PARTY.name,
            key="reachable",
            label="Has a way to be reached",
            message="add an e-mail address, a phone number or a postal address",
            condition=f.mechanisms.exists(f.kind.in_(_REACHED)),
            weight=3,
            active=False,
        ),
        QualityRule(
            entity=PARTY.name,
            key="family_name",
            label="A person has a family name",
            message="add the family name",
            condition=~f.family_name.is_empty(),
            applies=f.kind == "person",
            weight=2,
            active=False,
        ),
        QualityRule(
            entity=PARTY.name,
            key="understood_mechanisms",
            label="E-mail addresses and phone numbers can be right",
            message="mend the e-mail address or phone number that was kept as unverified text",
            condition=~f.mechanisms.exists(f.kind.in_(("email", "phone")) & f.normalised.is_empty()),
            dimension="validity",
            weight=3,
            active=False,
        ),
        QualityRule(
            entity=PARTY.name,
            key="language",
            label="The language is known",
            message="say in which language to write",
            condition=~f.language.is_empty(),
            active=False,
        ),
    ]


def section_of(score: QualityScore) -> Section | None:
    """What the 360 view says of the quality of a party; nothing if no rule is about it."""
    if score.score is None:
        return None
    items = [("Score", f"{score.score} of 100")]
    items += [(reason.label, reason.message) for reason in score.unfulfilled]
    return Section(
        key="quality",
        title="Data quality",
        items=items,
        data={
            "score": score.score,
            "completeness": score.completeness,
            "validity": score.validity,
            "unfulfilled": [asdict(reason) for reason in score.unfulfilled],
        },
        order=90,
        plugin="core",
    )
