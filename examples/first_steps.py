"""Embed crmkit, work with it as a user of one's own application, and read back what was done."""

from crmkit import CRM, Actor, Config, Money, Person, f

USERS = {
    "ada": Actor(id="ada", name="Ada", roles={"administrator"}),
    "sam": Actor(id="sam", name="Sam", roles={"seller"}, teams={"sales"}),
}


def users(tenant, ids):
    """The application's own users; crmkit has no login."""
    return {id_: USERS[id_] for id_ in ids if id_ in USERS}


crm = CRM(Config.of({"database": {"url": "sqlite://"}, "crmkit": {"default_tenant": "acme"}}), actors=users)
crm.schema.upgrade()  # creates the tables; in production: crmkit db upgrade
crm.start()
crm.tenants.create("acme")

with crm.begin("sam") as uow:  # one actor, one tenant, one transaction
    ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    uow.interactions.record(party=ida.id, channel="phone", direction="in", summary="asked for a quote")
    deal = uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", amount=Money("12000", "EUR"))

with crm.begin("sam") as uow:
    uow.pipelines.move(deal.id, to="qualified")
    page = uow.find(type(deal), (f.stage == "qualified") & f.party.exists(f.family_name == "Berg"))
    print(f"{page[0].title}: {page[0].amount}, at {page[0].stage}")
    for change in uow.history.changes(page[0]):
        print(change.version, change.op, change.actor, sorted(change.diff))
