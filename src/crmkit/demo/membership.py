"""The chapters about the example plugin: added, at work, switched off, and on again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from uuid import UUID

from crmkit.api import CRM, set_in_file
from crmkit.demo.material import unpack_plugin
from crmkit.demo.stage import Stage

__all__ = ["membership_at_work", "plug_in", "switch_off_and_on"]


def plug_in(stage: Stage) -> None:
    """Add the plugin to the deployment."""
    stage.chapter("A plugin by somebody else")
    stage.say("""crmkit-membership is a distribution of its own. You would type python -m pip install crmkit-membership;
        the demo brings it along, lays it into the folder plugins, and names that in crmkit.toml, so that your
        environment stays as it is.""")
    unpack_plugin(stage.folder / "plugins")
    set_in_file(stage.config_file, "crmkit.path", ["plugins"])
    stage.crmkit("plugins", "enable", "membership")
    stage.crmkit("db", "upgrade")
    stage.say("One of its settings, in crmkit.toml: deals above 10,000 GBP are won only with holders of a card.")
    set_in_file(stage.config_file, "plugins.membership.card_above.amount", "10000")
    set_in_file(stage.config_file, "plugins.membership.card_above.currency", "GBP")


def membership_at_work(stage: Stage, party: UUID, deal: UUID) -> None:
    """Let the plugin refuse, issue a card, count points and show itself in the 360 view."""
    stage.chapter("The plugin at work")
    with stage.crm() as crm:
        with crm.begin("ada") as uow:
            uow.pipelines.move(deal, to="negotiation")
        stage.say("Ada wants to win the roof, and the plugin has a say in that:")
        stage.refused(lambda: _win(crm, deal))
        stage.crmkit("--actor", "ada", "membership", "issue", str(party), "--level", "gold")
        _win(crm, deal)
    stage.say("With a card it is won. The plugin's part in that is a job, which a worker does; here it runs once.")
    stage.crmkit("worker", "--once")
    stage.say("The card has points.")
    stage.crmkit("--actor", "ada", "show", "Ida Berg")


def _win(crm: CRM, deal: UUID) -> None:
    with crm.begin("ada") as uow:
        uow.pipelines.win(deal)


def switch_off_and_on(stage: Stage, party: UUID) -> None:
    """Disable the plugin, look for its data, and enable it again."""
    stage.chapter("Switched off, and on again")
    stage.crmkit("plugins", "disable", "membership")
    stage.crmkit("--actor", "ada", "membership", "cards", str(party), status=1)
    stage.say("Its commands, its section and its guard are gone. What it has stored is not:")
    stage.show("$ sqlite3 crm.db  (what is in the file)")
    with closing(sqlite3.connect(stage.folder / "crm.db")) as database:
        cards = database.execute("SELECT number, level, points FROM crm_membership_card").fetchall()
        changes = database.execute("SELECT op, version FROM crm_change WHERE entity = 'membership.card'").fetchall()
    stage.show("\n".join(f"card {number}, {level}, {points} points" for number, level, points in cards))
    stage.show("history: " + ", ".join(f"{op} to version {version}" for op, version in changes))
    stage.crmkit("plugins", "enable", "membership")
    stage.crmkit("--actor", "ada", "membership", "cards", str(party))
