"""The chapter about asking before one writes."""

from __future__ import annotations

from uuid import UUID

from crmkit.demo.stage import Stage

__all__ = ["ask_first"]


def ask_first(stage: Stage, ida: UUID) -> None:
    """A newsletter, somebody who wants it, and who changes her mind."""
    stage.chapter("A newsletter, and whether it may be sent")
    stage.say("Acme wants to write to its customers once a month. What for has a name, and needs their consent:")
    as_ada, party = ("--actor", "ada", "privacy"), str(ida)
    stage.crmkit(*as_ada, "purpose", "newsletter", "--label", "Newsletter")
    stage.crmkit(*as_ada, "may-contact", party, "newsletter")
    stage.crmkit(*as_ada, "consent", party, "newsletter", "--channel", "email", "--source", "fair")
    stage.crmkit(*as_ada, "may-contact", party, "newsletter")
    stage.say("Whoever takes it back is heard, whatever was said before; and neither can be undone:")
    stage.crmkit(*as_ada, "consent", party, "newsletter", "--withdrawn", "--source", "phone call")
    stage.crmkit(*as_ada, "may-contact", party, "newsletter")
