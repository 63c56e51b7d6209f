"""The chapter about the service desk: from a call that it drips to what the customer says of the help."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from crmkit.api import CRM
from crmkit.demo.stage import Stage
from crmkit.plugins.feedback import Feedback
from crmkit.plugins.privacy import Privacy
from crmkit.plugins.service_desk import Promises

__all__ = ["help_a_customer"]

ROLES: Final = {"sue": ("service_agent", "feedback_asker"), "website": ("respondent",)}
"""Which roles of the plugins those get who appear in this chapter."""


def help_a_customer(stage: Stage, ida: UUID) -> None:
    """Promise times, take a case, answer and resolve it, and ask the customer how that was."""
    stage.chapter("A customer needs help, and is asked how that was")
    as_sue = ("--actor", "sue", "service_desk")
    with stage.crm() as crm:
        _prepare(crm, ida)
    stage.say("""Acme promises to answer incidents within 4 hours and to resolve them within 48. Ida calls: it drips.
        Sue, who helps, makes it a case with a number, and sees at once until when she has to answer:""")
    said = ("--kind", "incident", "--detail", "severity=major", "--channel", "phone", "--assignee", "sue")
    stage.crmkit(*as_sue, "open", str(ida), "It drips in the kitchen", *said)
    stage.say("After the answer the next promise is the resolution. Where the case has been stays with it:")
    stage.crmkit(*as_sue, "answer", "1", "We come on Monday", "--channel", "phone")
    stage.crmkit(*as_sue, "resolve", "1", "--outcome", "A tile replaced")
    stage.crmkit(*as_sue, "show", "1")
    stage.say("""Ida has agreed to be asked. The question is a job of the worker. Its link leads to a page of your
        application, which shows the form, and takes her answer:""")
    stage.crmkit("worker", "--once")
    with stage.crm() as crm:
        _answer(stage, crm, ida)
    stage.say("Whoever talks with her next sees all of it:")
    stage.crmkit("--actor", "ada", "show", "ida.berg@harbour-hotel.example")


def _prepare(crm: CRM, ida: UUID) -> None:
    hour = timedelta(hours=1)
    with crm.begin("ada", reason="a service desk") as uow:
        for actor, roles in ROLES.items():
            for role in roles:
                uow.permissions.assign(actor, role=role)
        uow.use(Promises).add_policy("Incidents", kind="incident", first_response=4 * hour, resolution=48 * hour)
        uow.use(Privacy).record_consent(party=ida, purpose="feedback", channel="email", given=True)


def _answer(stage: Stage, crm: CRM, ida: UUID) -> None:
    """Follow the link as the page behind it would."""
    with crm.begin("ada", read_only=True) as uow:
        (survey,) = uow.use(Feedback).surveys(ida)
        asked = uow.use(Feedback).link(survey.id)
    stage.show(asked.link or asked.token)
    with crm.begin("website") as uow:
        form = uow.use(Feedback).form(asked.token)
        stage.show(f"{form.question} {form.lowest} to {form.highest}: 5, dry at last")
        uow.use(Feedback).answer(asked.token, 5, "dry at last")
