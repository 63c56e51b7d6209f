"""Reads what an actor may: roles, teams, shares and delegations, in a few prepared statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import and_, bindparam, literal_column, or_, select

from crmkit.core.kernel.access.actors import Actor, ActorDirectory
from crmkit.core.kernel.access.gift import Gift
from crmkit.core.kernel.access.policy import ACTOR, TEAM, Delegated, Rights
from crmkit.core.kernel.access.rule import Rule, SourcedRule
from crmkit.core.kernel.entities.columns import Instant, Json, Text, codec_of
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.permissions.delegations.model import Delegation
from crmkit.core.permissions.delegations.tables import delegation_table
from crmkit.core.permissions.roles.tables import membership_table, role_rule_table, role_table
from crmkit.core.permissions.sharing.model import Grant
from crmkit.core.permissions.sharing.tables import grant_table
from crmkit.core.permissions.teams.rules import subtree
from crmkit.core.permissions.teams.tables import team_table
from crmkit.errors import ForbiddenError
from crmkit.values.criteria import ALWAYS, criteria_from_json

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import Record
    from crmkit.core.kernel.storage.database import Db

__all__ = ["PermissionTables"]

_RULES = Statement(
    select(
        role_table.c.key,
        role_rule_table.c.effect,
        role_rule_table.c.permission,
        role_rule_table.c.scope,
        role_rule_table.c.condition,
        role_rule_table.c.fields,
    )
    .select_from(
        role_rule_table.join(
            role_table,
            and_(role_table.c.tenant_id == role_rule_table.c.tenant_id, role_table.c.id == role_rule_table.c.role_id),
        )
    )
    .where(role_table.c.tenant_id == bindparam("tenant"), role_rule_table.c.tenant_id == bindparam("tenant"))
    .order_by(role_table.c.key, role_rule_table.c.id)
)
_TEAMS = Statement(select(team_table.c.key, team_table.c.parent).where(team_table.c.tenant_id == bindparam("tenant")))
_MEMBERSHIPS = Statement(
    select(membership_table.c.kind, membership_table.c.key).where(
        membership_table.c.tenant_id == bindparam("tenant"), membership_table.c.actor_id == bindparam("actor")
    )
)
_DELEGATIONS = Statement(
    select(delegation_table.c.permissions, delegation_table.c.starts_at, delegation_table.c.expires_at)
    .where(
        delegation_table.c.tenant_id == bindparam("tenant"),
        delegation_table.c.to_actor == bindparam("borrower"),
        delegation_table.c.from_actor == bindparam("lender"),
        delegation_table.c.expires_at > bindparam("now"),
    )
    .order_by(delegation_table.c.expires_at, delegation_table.c.id)
)


def _padded(keys: Iterable[str]) -> list[str]:
    """``keys`` repeated up to a power of two, so that few statements serve all numbers of teams."""
    known = sorted(keys) or [""]
    return known + [known[-1]] * ((1 << (len(known) - 1).bit_length()) - len(known))


class _ByCount:
    """Statements over a list of grantees, built once per length of the list."""

    def __init__(self, build: Callable[[list[Any]], Any]) -> None:
        self._build, self._built = build, dict[int, Statement]()

    def __call__(self, count: int) -> Statement:
        found = self._built.get(count)
        if found is None:
            named = [bindparam(f"grantee{n}", type_=Text()) for n in range(count)]
            found = self._built[count] = Statement(self._build(named))
        return found


def _shared_with(named: list[Any]) -> Any:
    mine = and_(grant_table.c.grantee_kind == bindparam("actors"), grant_table.c.grantee == bindparam("actor"))
    ours = and_(grant_table.c.grantee_kind == bindparam("teams"), grant_table.c.grantee.in_(named))
    kinds = select(grant_table.c.subject, grant_table.c.permission).distinct()
    return kinds.where(grant_table.c.tenant_id == bindparam("tenant"), or_(mine, ours))


def _granted_to(named: list[Any]) -> Any:
    return (
        select(grant_table.c.id)
        .where(
            grant_table.c.tenant_id == bindparam("tenant"),
            grant_table.c.grantee_kind == bindparam("kind"),
            grant_table.c.grantee.in_(named),
            grant_table.c.subject == bindparam("entity"),
            grant_table.c.permission == bindparam("permission"),
            grant_table.c.subject_id == bindparam("record"),
        )
        .limit(literal_column("1"))
        .offset(literal_column("0"))
    )


_SHARED: Final = _ByCount(_shared_with)
_GRANTED: Final = _ByCount(_granted_to)


class PermissionTables:
    """The kernel's source of rights: this area's tables, and the host's directory of actors.

    Args:
        directory: who has which roles and teams, unless ``in_database``; who is active.
        in_database: read roles and teams from memberships.
    """

    def __init__(self, directory: ActorDirectory, *, in_database: bool = False) -> None:
        self._directory, self._in_database = directory, in_database

    def load(self, db: Db, tenant: str, actor: Actor, on_behalf_of: str | None, now: datetime) -> Rights:
        """The rights of ``actor`` at ``now``; those lent by ``on_behalf_of``, if it acts on behalf of another.

        Raises:
            ForbiddenError: if ``on_behalf_of`` has lent nothing to the actor at this time.
        """  # raised by _borrowed
        own = self._own(db, tenant, actor)
        return own if on_behalf_of is None else self._borrowed(db, tenant, own, on_behalf_of, now)

    def granted(  # noqa: PLR0917  # what names a share, as the kernel's protocol has it
        self,
        db: Db,
        tenant: str,
        entity: str,
        id: UUID,
        permission: str,
        kind: str,
        keys: tuple[str, ...],
    ) -> bool:
        """Whether ``permission`` on the record is shared with one of the grantees ``keys`` of ``kind``."""
        grantees = _padded(keys)
        params = {"tenant": tenant, "entity": entity, "record": id, "permission": permission, "kind": kind}
        return bool(db.rows(_GRANTED(len(grantees)), {**params, **_named(grantees)}))

    def gift(self, record: Record) -> Gift | None:
        """What a share or a delegation gives; None for what gives nobody a right by itself."""
        if isinstance(record, Grant):
            return Gift(permission=record.permission, subject=(record.subject, record.subject_id))
        if isinstance(record, Delegation):
            return Gift(permission="delegation.create", giver=record.from_actor)
        return None

    def _own(self, db: Db, tenant: str, actor: Actor) -> Rights:
        roles, teams = self._membership(db, tenant, actor)
        parents = dict(db.rows(_TEAMS, {"tenant": tenant}))
        teams &= parents.keys()
        grantees = _padded(teams)
        params = {"tenant": tenant, "actors": ACTOR, "actor": actor.id, "teams": TEAM, **_named(grantees)}
        return Rights(
            actor=actor.id,
            teams=teams,
            subtree=subtree(parents, teams),
            rules=tuple(self._rules(db, tenant, roles)),
            shared=frozenset((entity, permission) for entity, permission in db.rows(_SHARED(len(grantees)), params)),
        )

    def _membership(self, db: Db, tenant: str, actor: Actor) -> tuple[frozenset[str], frozenset[str]]:
        if not self._in_database or actor.kind == "plugin":  # a schedule says itself which role it has
            return actor.roles, actor.teams
        rows = db.rows(_MEMBERSHIPS, {"tenant": tenant, "actor": actor.id})
        roles, teams = (frozenset(key for kind, key in rows if kind == wanted) for wanted in ("role", "team"))
        return roles, teams

    def _rules(self, db: Db, tenant: str, roles: frozenset[str]) -> Iterable[SourcedRule]:
        read = codec_of(Json(), db.dialect).from_driver or _as_it_is
        for role, effect, permission, scope, condition, fields in db.rows(_RULES, {"tenant": tenant}):
            if role in roles:
                where = ALWAYS if condition is None else criteria_from_json(read(condition))
                rule = Rule(effect=effect, permission=permission, scope=scope, where=where, fields=tuple(read(fields)))
                yield SourcedRule(f"role {role}", rule)

    def _borrowed(self, db: Db, tenant: str, own: Rights, lender: str, now: datetime) -> Rights:
        """What is lent and what the lender has, less what is forbidden to the borrower.

        Raises:
            ForbiddenError: if nothing is lent at this time.
        """
        read, at = codec_of(Json(), db.dialect).from_driver, codec_of(Instant(), db.dialect).from_driver
        params = {"tenant": tenant, "borrower": own.actor, "lender": lender, "now": now}
        found = [
            ((read or _as_it_is)(permissions), (at or _as_it_is)(starts), (at or _as_it_is)(expires))
            for permissions, starts, expires in db.rows(_DELEGATIONS, params)
        ]
        holding = [(permissions, expires) for permissions, starts, expires in found if starts <= now]
        actor = self._directory(tenant, (lender,)).get(lender)
        if not holding or actor is None or not actor.active:
            raise ForbiddenError("delegation.use", own.actor)
        theirs = self._own(db, tenant, actor)
        delegated = tuple(
            Delegated(f"delegation by {lender} until {expires:%Y-%m-%d %H:%M} UTC", tuple(permissions), theirs)
            for permissions, expires in holding
        )
        return Rights(
            actor=own.actor,
            teams=own.teams,
            subtree=own.subtree,
            rules=tuple(s for s in own.rules if s.rule.effect == "forbid"),
            delegated=delegated,
            valid_until=min([e for _, _, e in found] + [s for _, s, _ in found if s > now]),
        )


def _named(grantees: list[str]) -> dict[str, str]:
    return {f"grantee{n}": key for n, key in enumerate(grantees)}


def _as_it_is(value: Any) -> Any:
    return value
