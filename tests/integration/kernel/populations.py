"""Random worlds of toy entities, rights and criteria over them, and an oracle of the same promises, written apart."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from uuid import UUID

from attrs import evolve, field, frozen
from hypothesis import strategies as st
from sqlalchemy import Column

from crmkit.core.kernel.access.policy import Delegated, Rights
from crmkit.core.kernel.access.rule import Rule, SourcedRule
from crmkit.core.kernel.entities.columns import Day, Exact, Flag, Instant, Integer, Text
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.entities.registry import EntityRegistry
from crmkit.core.kernel.entities.table import any_ref, entity_table, money, new_metadata, ref
from crmkit.core.kernel.query.compiler import Compiler
from crmkit.values.criteria import (
    ALWAYS,
    Aggregate,
    And,
    Compare,
    Exists,
    Not,
    Or,
    Relative,
    Variable,
    ago,
    ahead,
    now,
    start_of,
    today,
)
from crmkit.values.money import Money

# -- toy entities -----------------------------------------------------------------------------------------------------

METADATA = new_metadata()


@frozen(kw_only=True)
class Account(Record):
    name: str
    owner_id: str | None = None
    team_id: str | None = None


@frozen(kw_only=True)
class Deal(Record):
    account_id: UUID
    kind: str = "sale"
    owner_id: str | None = None
    team_id: str | None = None
    stage: str | None = None
    amount: Money | None = None
    due: date | None = None
    score: int | None = None
    rate: Decimal | None = None
    won: bool | None = None
    seen_at: datetime | None = None


@frozen(kw_only=True)
class Rental(Deal):
    kind: str = field(default="rental")


@frozen(kw_only=True)
class Line(Record):
    deal_id: UUID
    account_id: UUID | None = None
    quantity: int


@frozen(kw_only=True)
class Log(Record):
    account_id: UUID | None = None
    about: str | None = None
    about_id: UUID | None = None
    owner_id: str | None = None
    line: str = ""


@frozen(kw_only=True)
class Remark(Record):
    subject: str
    subject_id: UUID


@frozen(kw_only=True)
class Grant(Record):
    subject: str
    subject_id: UUID
    permission: str
    grantee_kind: str
    grantee: str


ACCOUNT = EntityType(
    name="account",
    model=Account,
    table=entity_table(
        "crm_account", METADATA, Column("name", Text()), Column("owner_id", Text()), Column("team_id", Text())
    ),
    label="Account",
    display="name",
    owner="owner_id",
    team="team_id",
    orders=("name",),
)
DEAL = EntityType(
    name="deal",
    model=Deal,
    table=entity_table(
        "crm_deal",
        METADATA,
        ref("account", inverse="deals"),
        Column("kind", Text(), nullable=False),
        Column("owner_id", Text()),
        Column("team_id", Text()),
        Column("stage", Text()),
        money("amount", nullable=True),
        Column("due", Day()),
        Column("score", Integer()),
        Column("rate", Exact(2)),
        Column("won", Flag()),
        Column("seen_at", Instant()),
    ),
    label="Deal",
    display="stage",
    owner="owner_id",
    team="team_id",
    orders=("-updated_at", "due"),
    discriminator="kind",
    variants={"sale": Deal, "rental": Rental},
)
LINE = EntityType(
    name="line",
    model=Line,
    table=entity_table(
        "crm_line",
        METADATA,
        ref("deal", inverse="lines"),
        ref("account", nullable=True),
        Column("quantity", Integer(), nullable=False),
    ),
    label="Line",
    display="quantity",
    part_of="deal_id",
    visible_with="account_id",
)
LOG = EntityType(
    name="log",
    model=Log,
    table=entity_table(
        "crm_log",
        METADATA,
        ref("account", inverse="logs", nullable=True),
        any_ref("about_id", "about", inverse="entries", nullable=True),
        Column("owner_id", Text()),
        Column("line", Text(), nullable=False),
    ),
    label="Log",
    display="line",
    owner="owner_id",
    visible_with=("account_id", "about_id"),
)
REMARK = EntityType(
    name="remark",
    model=Remark,
    table=entity_table("crm_remark", METADATA, any_ref(inverse="remarks")),
    label="Remark",
    display="subject",
    visible_with="subject_id",
)
GRANT = EntityType(
    name="grant",
    model=Grant,
    table=entity_table(
        "crm_grant",
        METADATA,
        any_ref(),
        Column("permission", Text(), nullable=False),
        Column("grantee_kind", Text(), nullable=False),
        Column("grantee", Text(), nullable=False),
    ),
    label="Grant",
    display="grantee",
)
ENTITIES = (ACCOUNT, DEAL, LINE, LOG, REMARK)
REGISTRY = EntityRegistry({"core": [*ENTITIES, GRANT]})
COMPILER = Compiler(REGISTRY)
TENANT, CANARY = "acme", "other"
NOW = datetime(2025, 1, 1, tzinfo=UTC)

# What relative dates mean at NOW, worked out by hand.
MEANT = {
    today(): date(2025, 1, 1),
    ago(days=1): date(2024, 12, 31),
    ahead(months=1, days=28): date(2025, 3, 1),
    start_of("month", months=2, days=-1): date(2025, 2, 28),
    now(): NOW,
    today("Asia/Kolkata"): NOW - timedelta(hours=5, minutes=30),
    start_of("year"): NOW,
    ago(minutes=1): NOW - timedelta(minutes=1),
}
RELATIVE_DAYS, RELATIVE_INSTANTS = list(MEANT)[:4], list(MEANT)[4:]

# -- random worlds ----------------------------------------------------------------------------------------------------

ACTORS = ("ann", "bob")
TEAMS = ("north", "south", "oslo")
TEXTS = ("a", "A", "á", "Á", "ab", "%", "_", "!", "\\", "a%b", "", "B", "😀")
MONEYS = [Money(n, c) for n in ("0", "1.5", "-2", "99999999999999.9999") for c in ("EUR", "JPY")]
DAYS = [date(1, 1, 1), date(2025, 2, 28), date(2025, 3, 1), date(9999, 12, 31)]
SMALL = [-1, 0, 1, 7]
RATES = [Decimal("0.00"), Decimal("0.25"), Decimal("-1.50"), Decimal("12345678.99")]
INSTANTS = [NOW, NOW + timedelta(microseconds=1), NOW - timedelta(days=400 * 365)]


@frozen
class World:
    """Records of a tenant; what `Rights.check` looks things up in."""

    records: dict
    registry = REGISTRY
    now = NOW

    def load(self, entity, id):
        return next((r for r in self.records[entity.name] if r.id == id), None)

    def granted(self, entity, id, permission, kind, keys):
        return any(
            (g.subject, g.subject_id, g.permission, g.grantee_kind) == (entity, id, permission, kind)
            and g.grantee in keys
            for g in self.records["grant"]
        )


EVERYTHING = Rights.unlimited("ann", "test")


class Population:
    """A dense world from a seed: hypothesis by itself prefers empty tables, in which nothing can go wrong."""

    def __init__(self, seed):
        self.random = Random(seed)
        self.ids = (UUID(int=n) for n in range(1, 1000))
        accounts = self.some(self.account, 1, 5)
        deals = self.some(lambda: self.deal(accounts), 0, 9)
        lines = self.some(lambda: self.line(deals, accounts), 0, 6) if deals else []
        self.shared = [(e, r.id) for e, rs in (("account", accounts), ("deal", deals)) for r in rs]
        self.subjects = [*self.shared, *(("line", r.id) for r in lines), ("gone.card", UUID(int=1))]
        logs = self.some(lambda: self.log(accounts), 0, 6)
        self.shared += [("log", r.id) for r in logs]
        remarks, grants = self.some(self.remark, 0, 6), self.some(self.grant, 0, 6)
        named = {"account": accounts, "deal": deals, "line": lines, "log": logs, "remark": remarks, "grant": grants}
        self.world = World(named)

    def some(self, make, least, most):
        return [make() for _ in range(self.random.randint(least, most))]

    def one(self, values):
        return self.random.choice(values)

    def maybe(self, values):
        return self.random.choice([None, *values])

    def stamps(self):
        updated_at = NOW + timedelta(seconds=self.random.randint(0, 1))
        return {"id": next(self.ids), "version": 1, "created_at": NOW, "updated_at": updated_at}

    def account(self):
        owner, team = self.maybe(ACTORS), self.maybe(TEAMS)
        return Account(name=self.one(TEXTS), owner_id=owner, team_id=team, **self.stamps())

    def deal(self, accounts):
        return self.one([Deal, Rental])(
            account_id=self.one(accounts).id,
            owner_id=self.maybe(ACTORS),
            team_id=self.maybe(TEAMS),
            stage=self.maybe(TEXTS),
            amount=self.maybe(MONEYS),
            due=self.one([None, None, *DAYS]),
            score=self.maybe(SMALL),
            rate=self.maybe(RATES),
            won=self.maybe([True, False]),
            seen_at=self.maybe(INSTANTS),
            **self.stamps(),
        )

    def line(self, deals, accounts):
        account_id = self.maybe([a.id for a in accounts])
        return Line(deal_id=self.one(deals).id, account_id=account_id, quantity=self.one(SMALL), **self.stamps())

    def log(self, accounts):
        account_id = self.maybe([a.id for a in accounts])
        about, id_ = self.one([(None, None), ("deal", None), *self.subjects])
        owner, line = self.maybe(ACTORS), self.one(TEXTS)
        log = Log(account_id=account_id, about=about, about_id=id_, owner_id=owner, line=line, **self.stamps())
        self.subjects.append(("log", log.id))
        return log

    def remark(self):
        subject, id_ = self.one(self.subjects)
        remark = Remark(subject=subject, subject_id=id_, **self.stamps())
        self.subjects.append(("remark", remark.id))
        return remark

    def grant(self):
        kind = self.one(["actor", "team"])
        subject, id_ = self.one(self.shared)
        return Grant(
            subject=subject,
            subject_id=id_,
            permission=f"{subject}.{self.one(['read', 'update'])}",
            grantee_kind=kind,
            grantee=self.one(ACTORS if kind == "actor" else TEAMS),
            **self.stamps(),
        )


def worlds():
    return st.integers(0, 2**32).map(lambda seed: Population(seed).world)


texts, moneys, rates, small = map(st.sampled_from, (TEXTS, MONEYS, RATES, SMALL))
days, instants = st.sampled_from([*DAYS, *RELATIVE_DAYS]), st.sampled_from([*INSTANTS, *RELATIVE_INSTANTS])
scores = st.sampled_from([*SMALL, -(2**63), 2**63 - 1])
OWN_FIELDS = {
    "account": {"name": texts, "owner_id": st.sampled_from(ACTORS), "team_id": st.sampled_from(TEAMS)},
    "deal": {
        "stage": texts,
        "kind": st.sampled_from(["sale", "rental", "none"]),
        "owner_id": st.sampled_from(ACTORS),
        "team_id": st.sampled_from(TEAMS),
        "amount": moneys,
        "amount_currency": st.sampled_from(["EUR", "JPY"]),
        "due": days,
        "score": scores,
        "rate": rates,
        "won": st.booleans(),
        "seen_at": instants,
        "id": st.integers(1, 40).map(lambda n: UUID(int=n)),
    },
    "line": {"quantity": small},
    "log": {"line": texts, "owner_id": st.sampled_from(ACTORS)},
    "remark": {"subject": st.sampled_from(["account", "deal"])},
}
TEXT_FIELDS = {"name", "owner_id", "team_id", "stage", "kind", "amount_currency", "line", "subject"}
RELATIONS = {
    "account": {"deals": "deal", "logs": "log", "entries": "log", "remarks": "remark"},
    "deal": {"account": "account", "lines": "line", "entries": "log", "remarks": "remark"},
    "line": {"deal": "deal", "account": "account"},
    "log": {"account": "account", "remarks": "remark"},
    "remark": {},
}
ORDERED = ["eq", "ne", "lt", "le", "gt", "ge"]


@st.composite
def comparisons(draw, entity, *, in_rule=False):
    name = draw(st.sampled_from(sorted(OWN_FIELDS[entity])))
    values = OWN_FIELDS[entity][name]
    ops = ["eq", "ne", "in", "empty"] + ([] if name == "won" else ORDERED[2:])
    if name in TEXT_FIELDS and not in_rule:
        ops += ["contains", "starts_with"]
    if name in {"owner_id", "team_id"} and draw(st.booleans()):
        return variable_comparison(draw, name)
    op = draw(st.sampled_from(ops))
    if op == "in":
        return Compare(name, op, tuple(draw(st.lists(values, max_size=4))))
    return Compare(name, op, draw(st.booleans()) if op == "empty" else draw(values))


def variable_comparison(draw, name):
    if name == "owner_id":
        return Compare(name, draw(st.sampled_from(["eq", "ne"])), Variable("actor"))
    return Compare(name, "in", Variable(draw(st.sampled_from(["teams", "subtree"]))))


@st.composite
def aggregates(draw, entity, depth):
    relation = draw(st.sampled_from(sorted(RELATIONS[entity])))
    other = RELATIONS[entity][relation]
    where = draw(criteria(other, depth - 1))
    function = draw(st.sampled_from(["count", "sum", "min", "max"]))
    op = draw(st.sampled_from(ORDERED))
    summed = {"deal": ["amount", "score", "rate"], "line": ["quantity"]}.get(other, [])
    compared = {"deal": ["stage", "due", "seen_at", "amount"], "account": ["name"], "log": ["line"]}.get(other, summed)
    fields = summed if function == "sum" else compared
    if function == "count" or not fields:
        return Aggregate(relation, "count", None, op, draw(st.integers(0, 3)), where)
    of = draw(st.sampled_from(fields))
    return Aggregate(relation, function, of, op, draw(small if of == "score" else OWN_FIELDS[other][of]), where)


@st.composite
def criteria(draw, entity, depth=3):
    if depth <= 0:
        return draw(comparisons(entity))
    several = st.lists(criteria(entity, depth - 1), max_size=3).map(tuple)
    kinds = [comparisons(entity), comparisons(entity), several.map(And), several.map(Or)]
    kinds.append(criteria(entity, depth - 1).map(Not))
    if RELATIONS[entity]:
        relation = draw(st.sampled_from(sorted(RELATIONS[entity])))
        inner = criteria(RELATIONS[entity][relation], depth - 1)
        kinds += [inner.map(lambda where: Exists(relation, where)), aggregates(entity, depth)]
    return draw(st.one_of(kinds))


@st.composite
def rules(draw):
    effect = draw(st.sampled_from(["permit", "permit", "permit", "forbid"]))
    scope = draw(st.sampled_from(["own", "team", "subtree", "all"]))
    entity = draw(st.sampled_from(["account", "deal", "log", "remark"]))
    verb = draw(st.sampled_from(["read", "read", "update", "*"]))
    where = ALWAYS
    if draw(st.integers(0, 3)) == 0:
        where = draw(comparisons(entity, in_rule=True))
        where = Not(where) if draw(st.booleans()) else where
        return Rule(effect=effect, permission=f"{entity}.{verb}", scope=scope, where=where)
    return Rule(
        effect=effect, permission=draw(st.sampled_from([f"{entity}.{verb}", "*", "*.read"])), scope=scope, where=where
    )


@st.composite
def plain_rights(draw, actor, world):
    own = draw(st.frozensets(st.sampled_from(TEAMS), max_size=2))
    given_rules = draw(st.lists(rules(), max_size=5))
    if draw(st.booleans()):
        given_rules.append(
            Rule(effect="permit", permission="*", scope=draw(st.sampled_from(["team", "subtree", "all"])))
        )
    shared = frozenset(
        (g.subject, g.permission)
        for g in world.records["grant"]
        if g.grantee == actor or (g.grantee_kind == "team" and g.grantee in own)
    )
    return Rights(
        actor=actor,
        teams=own,
        subtree=own | draw(st.frozensets(st.sampled_from(TEAMS))),
        rules=tuple(SourcedRule(f"role {n}", r) for n, r in enumerate(given_rules)),
        shared=shared,
    )


@st.composite
def any_rights(draw, world):
    mine = draw(plain_rights("ann", world))
    match draw(st.sampled_from(["plain", "all", "lent", "restricted"])):
        case "all":
            mine = EVERYTHING
        case "lent":
            lent = draw(st.lists(st.sampled_from(["deal.*", "*", "*.read"]), min_size=1, max_size=2))
            theirs = draw(plain_rights("bob", world))
            forbids = tuple(r for r in mine.rules if r.rule.effect == "forbid")
            delegated = (Delegated("delegation by bob", tuple(lent), theirs),)
            mine = evolve(mine, rules=draw(st.sampled_from([mine.rules, forbids])), delegated=delegated)
        case "restricted":
            mine = mine.restricted_to(draw(plain_rights("bob", world)))
    return mine


# -- the oracle: the same promises, written as plainly as possible ----------------------------------------------------


class Oracle:
    def __init__(self, world):
        self.world = world.records

    def decide(self, rights, permission, entity, record, steps=2):
        """``steps``: how many references to any kind are followed, one from the other."""
        if entity.part_of:
            root = self.find("deal", record.deal_id)
            return self.decide(rights, permission, DEAL, root, steps) and self.company(rights, entity, record, steps)
        matching = [s.rule for s in rights.rules if self.covers(s.rule.permission, permission)]
        forbidden = any(r.effect == "forbid" and self.applies(r, rights, entity, record) for r in matching)
        permitted = any(r.effect == "permit" and self.applies(r, rights, entity, record) for r in matching)
        permitted = permitted or self.shared(rights, permission, entity, record)
        for lent in rights.delegated:
            if any(self.covers(p, permission) for p in lent.permissions):
                permitted = permitted or self.decide(lent.rights, permission, entity, record, steps)
        agreed = all(self.decide(r, permission, entity, record, steps) for r in rights.restrictions)
        return permitted and not forbidden and agreed and self.company(rights, entity, record, steps)

    def company(self, rights, entity, record, steps):
        if entity in {LOG, LINE} and record.account_id is not None:
            account = self.find("account", record.account_id)
            if not self.decide(rights, "account.read", ACCOUNT, account, steps):
                return False
        if entity is LOG:
            return record.about is None or self.seen(rights, record.about, record.about_id, steps, left=0)
        if entity is REMARK:
            return self.seen(rights, record.subject, record.subject_id, steps, left=steps - 1)
        return True

    def seen(self, rights, name, id_, steps, left):
        if self.reads_everything(rights):
            return True
        found = None if name == "line" else self.find(name, id_)  # parts are never named, so nobody sees by them
        return (
            steps > 0 and found is not None and self.decide(rights, f"{name}.read", REGISTRY.entity(name), found, left)
        )

    def reads_everything(self, rights):
        rules = [s.rule for s in rights.rules]
        total = any((r.effect, r.scope) == ("permit", "all") and r.permission in {"*", "*.read"} for r in rules)
        forbidden = any(r.effect == "forbid" and not r.permission.endswith(".update") for r in rules)
        return total and not forbidden and all(self.reads_everything(r) for r in rights.restrictions)

    def find(self, entity, id_):
        return next((r for r in self.world.get(entity, []) if r.id == id_), None)

    def covers(self, pattern, permission):
        entity, _, verb = permission.rpartition(".")
        return pattern in {"*", permission, f"{entity}.*", f"*.{verb}"}

    def applies(self, rule, rights, entity, record):
        try:
            fits = self.fits(rule.where, entity.name, record, rights, None)
        except AttributeError:
            return rule.effect == "forbid"
        owner = getattr(record, "owner_id", None)
        team = getattr(record, "team_id", None)
        mine = owner == rights.actor
        in_scope = {
            "own": mine,
            "team": mine or team in rights.teams,
            "subtree": mine or team in (rights.subtree | rights.teams),
            "all": True,
        }
        return fits and in_scope[rule.scope]

    def shared(self, rights, permission, entity, record):
        for g in self.world["grant"]:
            if (g.subject, g.subject_id, g.permission) != (entity.name, record.id, permission):
                continue
            if g.grantee in ({rights.actor} if g.grantee_kind == "actor" else rights.teams):
                return True
        return False

    def related(self, rights, entity, record, relation):
        other = REGISTRY.entity(RELATIONS[entity][relation])
        if relation in {"account", "deal"}:
            found = [r for r in self.world[relation] if r.id == getattr(record, f"{relation}_id")]
        elif relation == "entries":
            found = [r for r in self.world["log"] if (r.about, r.about_id) == (entity, record.id)]
        elif relation == "remarks":
            found = [r for r in self.world["remark"] if (r.subject, r.subject_id) == (entity, record.id)]
        else:
            found = [r for r in self.world[other.name] if getattr(r, f"{entity}_id") == record.id]
        permission = "deal.read" if other is LINE else f"{other.name}.read"
        return other, [r for r in found if self.decide(rights, permission, other, r)]

    def fits(self, where, entity, record, rights, reader):
        again = (rights, reader)
        match where:
            case And(terms):
                return all(self.fits(t, entity, record, *again) for t in terms)
            case Or(terms):
                return any(self.fits(t, entity, record, *again) for t in terms)
            case Not(term):
                return not self.fits(term, entity, record, *again)
            case Exists(relation, inner):
                other, found = self.related(reader, entity, record, relation)
                return any(self.fits(inner, other.name, r, *again) for r in found)
            case Aggregate():
                return self.aggregate(where, entity, record, rights, reader)
            case Compare(name, op, value):
                return self.compares(self.value(record, name), op, value, rights)

    def value(self, record, name):
        if name == "amount_currency":
            return record.amount.currency if record.amount else None
        return getattr(record, name)

    def aggregate(self, where, entity, record, rights, reader):
        other, found = self.related(reader, entity, record, where.relation)
        found = [r for r in found if self.fits(where.where, other.name, r, rights, reader)]
        if where.function == "count":
            return self.compares(len(found), where.op, where.value, rights)
        values, wanted = [getattr(r, where.field) for r in found if getattr(r, where.field) is not None], where.value
        if isinstance(wanted, Money):
            values, wanted = [v.amount for v in values if v.currency == wanted.currency], wanted.amount
        if where.function == "sum":
            return self.compares(sum(values), where.op, wanted, rights)
        extreme = (min if where.function == "min" else max)(values) if values else None
        return self.compares(extreme, where.op, wanted, rights)

    def compares(self, found, op, value, rights):
        if isinstance(value, Variable):
            value = {"actor": rights.actor, "teams": rights.teams, "subtree": rights.subtree | rights.teams}[value.name]
        if isinstance(value, Relative):
            value = MEANT[value]
        if op == "in":
            value = [MEANT.get(v, v) if isinstance(v, Relative) else v for v in value]
        if op == "empty":
            return (found is None) == value
        if found is None:
            return op == "ne"
        if isinstance(value, Money) and op not in {"eq", "ne"}:
            return found.currency == value.currency and self.relation(op, found.amount, value.amount)
        return self.relation(op, found, value)

    def relation(self, op, found, value):
        return {
            "eq": lambda: found == value,
            "ne": lambda: found != value,
            "lt": lambda: found < value,
            "le": lambda: found <= value,
            "gt": lambda: found > value,
            "ge": lambda: found >= value,
            "in": lambda: found in value,
            "contains": lambda: self.lowered(value) in self.lowered(found),
            "starts_with": lambda: self.lowered(found).startswith(self.lowered(value)),
        }[op]()

    def lowered(self, text):
        return "".join(c.lower() if c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" else c for c in text)
