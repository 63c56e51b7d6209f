"""Let work survive: a durable subscriber is a job, which a worker does once, by the rights of whoever caused it."""

from time import sleep

from crmkit import CRM, Actor, Config, Manifest, Money, Organisation
from crmkit.sdk import DealWon, Plugin, UnitOfWork, on


def thank(uow: UnitOfWork, won: DealWon) -> None:
    """Write that the customer was thanked."""
    uow.interactions.record(party=won.party_id, channel="letter", direction="out", summary="Thank you for the order")


class Thanking(Plugin):
    """Thanks for every deal that is won."""

    hooks = (on(DealWon, thank, durable=True),)


users = {"ada": Actor(id="ada", name="Ada", roles={"administrator"})}
manifest = Manifest(id="thanking", distribution="acme", api=">=1,<2", implementation=f"{__name__}:Thanking")
config = Config.of({"database.url": "sqlite://", "crmkit.default_tenant": "acme", "crmkit.plugins": ["thanking"]})
crm = CRM(config, manifests=[manifest], actors=lambda tenant, ids: {id_: users[id_] for id_ in ids if id_ in users})
crm.schema.upgrade()
crm.start()
crm.tenants.create("acme")


def win(title: str) -> None:
    """Win a deal; the job is written in the same transaction."""
    with crm.begin("ada") as uow:
        bakery = uow.parties.add(Organisation(name="Bakery"))
        deal = uow.pipelines.open(
            pipeline="sales", party=bakery.id, title=title, amount=Money("900", "EUR"), stage="negotiation"
        )
        uow.pipelines.win(deal.id)


def show() -> None:
    """Print the latest job."""
    for job in crm.jobs.list(limit=1):
        print(f"{job.plugin}, {job.name} by {job.actor}: {job.state}", job.last_error or "")


win("Oven")
show()
assert crm.jobs.run_once() == 1  # everything that is due, in this thread
show()
win("Counter")
ada = users["ada"]
users["ada"] = Actor(id="ada", name="Ada", roles={"viewer"})
crm.jobs.run_once()
show()  # by the rights that she has then
users["ada"] = ada
crm.jobs.retry_all()
crm.jobs.start()  # a thread of this process does them from now on
while crm.jobs.list(state="queued") or crm.jobs.list(state="running"):
    sleep(0.05)
show()
crm.close()  # stops it
