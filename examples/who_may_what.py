"""Let two teams work side by side, share one deal between them, and ask why somebody may do something."""

from datetime import timedelta

from crmkit import CRM, Actor, Config, Deal, Organisation, Rule, f
from crmkit.errors import ForbiddenError, NotFoundError

USERS = {
    "ada": Actor(id="ada", name="Ada", roles={"administrator"}),
    "sam": Actor(id="sam", name="Sam", roles={"seller"}, teams={"north"}),
    "sue": Actor(id="sue", name="Sue", roles={"seller", "careful"}, teams={"south"}),
}


def users(tenant, ids):
    """The application's own users."""
    return {id_: USERS[id_] for id_ in ids if id_ in USERS}


crm = CRM(Config.of({"database.url": "sqlite://", "crmkit.default_tenant": "acme"}), actors=users)
crm.schema.upgrade()
crm.start()
crm.tenants.create("acme")

with crm.begin("ada") as uow:
    uow.permissions.add_team("north")
    uow.permissions.add_team("south")
    # A role may also take: whoever is careful changes no deal that is closed.
    closed = Rule(effect="forbid", permission="deal.update", where=f.category.in_(["won", "lost"]))
    uow.permissions.define_role("careful", [closed])

with crm.begin("sam") as uow:
    berg = uow.parties.add(Organisation(name="Berg Tak", team_id="north"))
    roof = uow.pipelines.open(pipeline="sales", party=berg.id, title="Roof", stage="proposal")

with crm.begin("sue", read_only=True) as uow:
    try:
        uow.get(Deal, roof.id)
    except NotFoundError as error:
        print("Sue:", error)  # the same as for an id that does not exist

with crm.begin("sam") as uow:
    uow.permissions.share("deal", roof.id, actor="sue", verbs=("read", "update"))
    uow.pipelines.win(roof.id)

with crm.begin("sue", read_only=True) as uow:
    print(uow.permissions.explain("deal.read", "deal", roof.id))
    print(uow.permissions.explain("deal.update", "deal", roof.id))

with crm.begin("sam") as uow:
    uow.permissions.delegate("sue", ["*"], until=uow.now + timedelta(days=14), reason="holiday")

try:
    with crm.begin("sue", on_behalf_of="sam") as uow:
        uow.pipelines.reopen(roof.id)
except ForbiddenError as error:
    print("Sue for Sam:", error)  # what is forbidden to the borrower stays so
