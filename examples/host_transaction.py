"""Store an order of the application and win a deal in one transaction: both happen, or neither."""

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column  # noqa: TID251  # the application's own ORM

from crmkit import CRM, Actor, Config, DealWon, Money, Organisation, make_engine


class Base(DeclarativeBase):
    """The application's tables."""


class Order(Base):
    """An order."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    party_id: Mapped[str]


engine = make_engine("sqlite://")  # the application's engine; one made by create_engine() is attached by CRM()
Base.metadata.create_all(engine)

sam = Actor(id="sam", name="Sam", roles={"administrator"})
crm = CRM(Config.of({"crmkit.default_tenant": "acme"}), engine=engine, actors=lambda tenant, ids: {"sam": sam})
crm.schema.upgrade()
crm.start()
crm.tenants.create("acme")
crm.on(DealWon, lambda event: print("after the commit: won", event.amount))

with crm.begin("sam") as uow:
    berg = uow.parties.add(Organisation(name="Berg Tak"))
    deal = uow.pipelines.open(
        pipeline="sales", party=berg.id, title="Roof", stage="proposal", amount=Money("12000", "EUR")
    )


def order(session: Session, *, card_is_good: bool) -> None:
    """Take an order; the application decides whether it stands.

    Raises:
        ValueError: if it does not.
    """
    session.add(Order(text="a roof", party_id=str(berg.id)))
    with crm.join(session, actor="sam", reason="ordered in the shop") as uow:
        uow.pipelines.win(deal.id)
    if not card_is_good:
        raise ValueError("the card was refused")


for card_is_good in (False, True):
    try:
        with Session(engine) as session, session.begin():
            order(session, card_is_good=card_is_good)
    except ValueError as error:
        print("rolled back:", error)
    with Session(engine) as session, crm.begin("sam", read_only=True) as uow:
        print("orders:", len(session.scalars(select(Order)).all()), "- the deal is", uow.get(type(deal), deal.id).stage)
