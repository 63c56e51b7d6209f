"""The story, chapter by chapter: everything that an application would do with crmkit in its first days."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import attrs

from crmkit.api import CRM, Deal, Funnel, Money, Party, Ref, UnitOfWork, f
from crmkit.demo.asking_first import ask_first
from crmkit.demo.material import contacts, write_config
from crmkit.demo.membership import membership_at_work, plug_in, switch_off_and_on
from crmkit.demo.service_desk import help_a_customer
from crmkit.demo.stage import Stage
from crmkit.demo.walking_back import find_and_walk_back

__all__ = ["tell"]

RIGHTS = "deal.update"
SOME_FAILED = 3
"""The status of an import in which rows failed."""


@attrs.define
class Cast:
    """Whom and what the later chapters come back to.

    Attributes:
        ida: the customer.
        roof: a deal of Sam, the seller, that is qualified.
        gutters: one that has just begun.
        alliance: the deal of Ada, the administrator.
    """

    ida: UUID
    roof: UUID
    gutters: UUID
    alliance: UUID


def tell(stage: Stage) -> None:
    """Play all chapters, and say how to go on."""
    stage.chapters = 12
    stage.say(f"crmkit at work, in the folder {stage.folder}. Lines that begin with $ are what you would type.")
    _set_up(stage)
    _import(stage)
    with stage.crm() as crm:
        cast = _work(stage, crm)
        _refusals(stage, crm, cast)
        _reports(stage, crm)
    _rights(stage, cast)
    find_and_walk_back(stage, cast.ida)
    ask_first(stage, cast.ida)
    help_a_customer(stage, cast.ida)
    plug_in(stage)
    membership_at_work(stage, cast.ida, cast.roof)
    switch_off_and_on(stage, cast.ida)
    _farewell(stage, cast)


# -- the beginning ----------------------------------------------------------------------------------------------------


def _set_up(stage: Stage) -> None:
    stage.chapter("A database, a tenant, an administrator")
    write_config(stage.config_file)
    stage.say("The demo has written a crmkit.toml of thirty lines. Migrations make the tables, plugin by plugin:")
    stage.crmkit("db", "upgrade")
    stage.crmkit("tenants", "create", "acme", "--name", "Acme Roofing", "--administrator", "ada")
    stage.crmkit("plugins", "list")


def _import(stage: Stage) -> None:
    stage.chapter("People from files that you can open")
    contacts(stage.folder)
    stage.say("A spreadsheet, contacts.csv. One row has an e-mail address that is none; it is set aside, to be mended:")
    stage.crmkit("--actor", "ada", "import", "contacts.csv", status=SOME_FAILED)
    stage.say("And address cards, contacts.vcf:")
    stage.crmkit("--actor", "ada", "import", "contacts.vcf")


# -- the work ---------------------------------------------------------------------------------------------------------


def _work(stage: Stage, crm: CRM) -> Cast:
    stage.chapter("Two people at work: Ada, who may do everything, and Sam, who sells")
    with crm.begin("ada", reason="setting up the demo") as uow:
        uow.permissions.add_team("sales")
        uow.permissions.assign("sam", role="seller")
        uow.permissions.assign("sam", team="sales")
        ida, marcus = _named(uow, "Ida Berg"), _named(uow, "Marcus Reid")
        uow.parties.assign(ida.id, owner="sam", team="sales")
        uow.parties.relate(ida.id, "referred_by", marcus.id)
        alliance = uow.pipelines.open(pipeline="partnership", party=marcus.id, title="Surveys for us, roofs for them")
        uow.pipelines.move(alliance.id, to="discussion")
    stage.say("Ada has given Ida Berg to the sales team, and talks with Marcus Reid about a partnership.")
    with crm.begin("sam") as uow:
        uow.interactions.record(party=ida.id, channel="phone", direction="in", summary="the east wing leaks again")
        roof = uow.pipelines.open(
            pipeline="sales", party=ida.id, title="New roof, east wing", amount=Money("48000", "GBP"), source="fair"
        )
        uow.pipelines.move(roof.id, to="qualified")
        about = Ref("deal", roof.id)
        uow.interactions.record(party=ida.id, channel="email", direction="out", summary="sent pictures", about=about)
        gutters = uow.pipelines.open(pipeline="sales", party=ida.id, title="Gutters", amount=Money("1900", "GBP"))
        due = uow.now + timedelta(days=2)
        uow.interactions.plan(kind="visit", subject="measure the east wing", due_at=due, about=about)
    stage.say("Sam has taken her call, sent an e-mail, opened two deals and moved one. All that is known of her now:")
    stage.crmkit("--actor", "sam", "show", "ida.berg@harbour-hotel.example")
    return Cast(ida.id, roof.id, gutters.id, alliance.id)


def _named(uow: UnitOfWork, name: str) -> Party:
    return uow.find(Party, f.name == name, limit=1)[0]


def _refusals(stage: Stage, crm: CRM, cast: Cast) -> None:
    stage.chapter("Two writes that are refused")
    stage.say("Sam wants to skip stages with the gutters, which the pipeline does not allow:")
    stage.refused(_in_unit(crm, "sam", lambda uow: uow.pipelines.move(cast.gutters, to="negotiation")))
    stage.say("Sam reaches for Ada's deal. What is hidden cannot be told from what is not there:")
    stage.refused(_in_unit(crm, "sam", lambda uow: uow.pipelines.move(cast.alliance, to="signing")))
    stage.say("Neither has changed anything; that Sam was denied is on record.")


def _in_unit(crm: CRM, actor: str, do: Callable[[UnitOfWork], object]) -> Callable[[], None]:
    def run() -> None:
        with crm.begin(actor) as uow:
            do(uow)

    return run


# -- reports and rights -----------------------------------------------------------------------------------------------


def _reports(stage: Stage, crm: CRM) -> None:
    stage.chapter("The funnel, and who is being forgotten")
    with crm.begin("ada", read_only=True) as uow:
        for pipeline in ("sales", "partnership"):
            stage.show(_funnel(uow.pipelines.funnel(pipeline)))
        forgotten = uow.pipelines.without_next_action()
        stage.say("Open deals for which nothing is planned, so that nobody works on them:")
        stage.show("\n".join(f"{d.title} ({d.pipeline}, {d.stage}, owner {d.owner_id})" for d in forgotten))
        everything = uow.count(Party), uow.count(Deal)
    with crm.begin("sam", read_only=True) as uow:
        own = uow.count(Party), uow.count(Deal)
    seen = f"Ada sees {everything[0]} parties and {everything[1]} deals, Sam {own[0]} and {own[1]}"
    stage.say(f"{seen}: every report counts what its reader may see.")


def _funnel(funnel: Funnel) -> str:
    lines = [f"{funnel.pipeline:<14}{'now':>4}{'entered':>9}{'went on':>9}  amounts"]
    for stage in funnel.stages:
        amounts = ", ".join(str(Money(amount, currency)) for currency, amount in stage.amounts.items())
        lines.append(f"  {stage.label:<12}{stage.now:>4}{stage.entered:>9}{stage.went_on:>9}  {amounts}".rstrip())
    return "\n".join(lines)


def _rights(stage: Stage, cast: Cast) -> None:
    stage.chapter("What each may do, and why")
    deal = str(cast.alliance)
    stage.crmkit("--actor", "ada", "explain", RIGHTS, "deal", deal)
    stage.crmkit("--actor", "ada", "explain", RIGHTS, "deal", deal, "--of", "sam")


# -- the end ----------------------------------------------------------------------------------------------------------


def _farewell(stage: Stage, cast: Cast) -> None:
    stage.say("\nLast, every row is compared with what the change log makes of it, also those of plugins:")
    stage.crmkit("verify")
    print(f"\nThat was all, in {stage.seconds:.0f} seconds. Go on by hand:\n")
    for line in (
        f"cd {shlex.quote(str(stage.folder.resolve()))}",
        'crmkit --actor ada show "Ida Berg"',
        "crmkit --actor ada search find roof",
        "crmkit --actor ada history",
        f"crmkit --actor sam explain deal.update deal {cast.roof}",
        f"crmkit --actor ada membership cards {cast.ida}",
        f"crmkit --actor ada privacy consents {cast.ida}",
        "crmkit --actor sue service_desk page --status resolved",
        f"crmkit --actor ada feedback trend --party {cast.ida}",
        "crmkit --actor ada export --output parties.csv",
        "crmkit plugins info membership",
        "crmkit config show",
        "crmkit plugins new guest_book",
    ):
        print(f"    {line}")
