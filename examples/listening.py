"""React to what happens in the CRM: after the commit, one by one, and without disturbing each other."""

from crmkit import CRM, Actor, Config, DealMoved, DealWon, Event, InteractionRecorded, Money, Organisation
from crmkit.errors import UnknownStageError

ada = Actor(id="ada", name="Ada", roles={"administrator"})
config = Config.of({"database.url": "sqlite://", "crmkit.default_tenant": "acme"})
crm = CRM(config, actors=lambda tenant, ids: {"ada": ada})
crm.schema.upgrade()
crm.start()
crm.tenants.create("acme")


def watch(event: Event) -> None:
    """Hear everything: subclasses are included."""
    print(f"  {type(event).__name__} by {event.origin.actor}")


def break_down(event: DealMoved) -> None:
    """Fail: the deal is moved all the same, and the others hear of it.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("no paper")


def congratulate(event: DealWon) -> None:
    """Write to the CRM, in a unit of work of one's own: that of the event is over."""
    with crm.begin("ada", source="congratulations") as uow:
        uow.interactions.record(party=event.party_id, channel="letter", direction="out", summary="congratulated")


stop_watching = crm.on(Event, watch)
crm.on(DealMoved, break_down)
crm.on(DealWon, congratulate)

print("won:")
with crm.begin("ada") as uow:
    berg = uow.parties.add(Organisation(name="Berg Tak"))
    deal = uow.pipelines.open(
        pipeline="sales", party=berg.id, title="Roof", stage="proposal", amount=Money("12000", "EUR")
    )
    uow.pipelines.win(deal.id)
    print("  (nobody has heard of it yet)")
print("rolled back:")
try:
    with crm.begin("ada") as uow:
        uow.pipelines.reopen(deal.id)
        uow.pipelines.move(deal.id, to="nowhere")
except UnknownStageError:
    print("  (nobody ever hears of it)")

stop_watching()
crm.on(InteractionRecorded, lambda event: print("one more:", event.channel))
with crm.begin("ada") as uow:
    uow.interactions.record(party=berg.id, channel="phone", direction="in", summary="says thank you")

for entry in crm.health:
    print(f"{entry.plugin} failed {entry.faults} time in {entry.hook}: {entry.error}")
