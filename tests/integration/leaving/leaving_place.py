"""One database of a test's own, in whose two tenants people work with the example plugin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crmkit_membership import Membership
from crmkit_membership.manifest import MANIFEST
from sqlalchemy import column, inspect, select, table

from crmkit import CRM, Config, FixedClock, Key, Money, Person, Ref, Rule, f
from crmkit.testing import Actors

TENANTS = ("acme", "bolt")
SECRET = "zander"
"""A word that only comments on cards say."""
DAY = timedelta(days=1)


class Place:
    """One database, and the deployments that are started over it."""

    def __init__(self, url):
        self.url, self.clock, self.open, self.did, self.schema = (
            url,
            FixedClock(datetime(2026, 3, 2, 9, tzinfo=UTC)),
            [],
            {},
            None,
        )

    def crm(self, *plugins, manifests=(MANIFEST,), start=True, **more):
        """A deployment that has loaded ``plugins``; by default the example plugin is installed."""
        config = {
            "database": {"url": self.url, "schema": self.schema},
            "crmkit": {"plugins": list(plugins), "default_tenant": "acme"},
            **more,
        }
        crm = CRM(Config.of(config), manifests=manifests, actors=Actors(), clock=self.clock)
        self.open.append(crm)
        return crm.start() if start else crm

    def made(self, *plugins, **more):
        """The same, with its tables and tenants."""
        crm = self.crm(*plugins, start=False, **more)
        crm.schema.upgrade()
        crm.start()
        for tenant in TENANTS:
            if tenant not in dict(crm.tenants.list()):
                crm.tenants.create(tenant)
            crm.tenants.seed(tenant)
        return crm

    def tables(self):
        """Every table of crmkit's and its plugins', and their rows by column."""
        crm = self.crm(start=False)
        with crm.engine.connect() as connection:
            found = {}
            for name in crm.schema.tables():
                columns = [column(c["name"]) for c in inspect(connection).get_columns(name)]
                found[name] = [row._asdict() for row in connection.execute(select(table(name, *columns)))]
        crm.close()
        return found

    def rows(self, *but):
        """Every row of every table, as text."""
        return {name: sorted(map(repr, rows)) for name, rows in self.tables().items() if name not in but}

    def close(self):
        for crm in self.open:
            crm.close()


def live(crm, tenant, *, plugin=True):
    """Let people work for some days; what they did by name. Without the plugin, they do the rest of it."""
    did, about = {}, None
    with crm.begin("ada", tenant) as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg", owner_id="sam"), emails=["ida@berg.example"])
        tom = uow.parties.add(Person(given_name="Tom", family_name="Reid"))
        did["party"], did["added"] = ida.id, uow.id
    with crm.begin("ada", tenant, reason="a card and a deal") as uow:
        if plugin:
            did["card"] = uow.use(Membership).issue(ida.id, level="gold")
            about = Ref("membership.card", did["card"].id)
        did["deal"] = uow.pipelines.open(
            pipeline="sales", party=ida.id, title="Roof", stage="negotiation", amount=Money("900", "EUR")
        ).id
        did["mixed"] = uow.id
    with crm.begin("ada", tenant) as uow:
        of_cards = [Rule(effect="permit", permission=p) for p in ("membership.card.*", "elevate.membership.card.issue")]
        uow.permissions.define_role("clerk", of_cards if plugin else [])
        reading = Rule(effect="permit", permission="party.read")
        uow.permissions.define_role("desk", [reading, *of_cards] if plugin else [reading])
    with crm.begin("ada", tenant) as uow:
        uow.interactions.record(party=ida.id, channel="phone", direction="in", summary="lost it", about=about)
        uow.interactions.plan(kind="call", subject="send a new one", due_at=crm.runtime.clock.now() + DAY, about=about)
    if plugin:
        _only_cards(crm, tenant, did, tom.id)
    with crm.begin("ada", tenant) as uow:
        did["won"] = uow.id
        uow.pipelines.win(did["deal"])  # with the plugin a job to credit points, which waits
    return did


def _only_cards(crm, tenant, did, party):
    card = did["card"].id
    with crm.begin("ada", tenant) as uow:
        uow.use(Membership).renew(card)
        did["renewed"] = uow.id
    with crm.begin("ada", tenant) as uow:
        uow.permissions.share("membership.card", card, actor="sam", verbs=["read", "update"])
        uow.permissions.share("membership.card", card, actor="sue")
        did["shared"] = uow.id
    with crm.begin("ada", tenant) as uow:
        uow.permissions.unshare("membership.card", card, actor="sue")
        uow.saved_criteria.save("gold", "membership.card", f.level == "gold")

    with crm.begin("ada", tenant) as uow:
        about = Ref("membership.card", card)
        first = uow.comments.add(about, f"Send it to @sam, {SECRET}.")
        uow.comments.add(about, "Done.", reply_to=first.id)
        wrong = uow.comments.add(about, f"{SECRET}, @sam!")
    with crm.begin("ada", tenant) as uow:
        uow.comments.remove(wrong.id)

    def issue(uow) -> str:
        return str(uow.use(Membership).issue(party).id)

    crm.run(issue, "ada", tenant, once=Key("one-card", 1))
