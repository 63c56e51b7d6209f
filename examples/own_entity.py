"""Keep an entity of one's own application in the CRM: with rights, history, and a place in every criteria."""

from shop.contracts import Contract, Contracts

from crmkit import CRM, Actor, Config, Manifest, Money, Organisation, Party, f

SHOP = Manifest(
    id="shop",
    distribution="my-shop",
    api=">=1,<2",
    implementation="shop.contracts:Shop",
    services=("shop.contracts:Contracts",),
    tables="shop.contracts",
    migrations="shop:migrations",
)
ada = Actor(id="ada", name="Ada", roles={"administrator"})

crm = CRM(
    Config.of({"database.url": "sqlite://", "crmkit.default_tenant": "acme"}),
    plugins=["shop"],
    manifests=[SHOP],
    actors=lambda tenant, ids: {"ada": ada},
)
crm.schema.upgrade()
crm.start()
crm.tenants.create("acme")

with crm.begin("ada") as uow:
    berg = uow.parties.add(Organisation(name="Berg Tak"))
    contract = uow.use(Contracts).draw_up(berg.id, number="2026-7", worth=Money("1200", "EUR"))
    uow.use(Contracts).sign(contract.id)

with crm.begin("ada", read_only=True) as uow:
    signed = f.contracts.exists(~f.signed_on.is_empty() & (f.worth >= Money("1000", "EUR")))
    print("parties with a contract:", *(party.name for party in uow.find(Party, signed)))
    for change in uow.history.changes(uow.get(Contract, contract.id)):
        print(change.version, change.op, sorted(change.diff))
    print(uow.permissions.explain("shop.contract.update", "shop.contract", contract.id))
