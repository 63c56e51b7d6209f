"""crmkit as the benchmarks use it: its users, its plugins, its tenant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from benchmarks.contacts import ADMIN, SELLERS, TEAMS, TENANT
from benchmarks.plugins import OUTBOX
from crmkit import CRM, Actor, Config, Manifest

__all__ = ["prepare", "start"]

_actor: Any = Actor  # its converters take any iterables, which mypy takes for something else
_USERS: Final[dict[str, Actor]] = {
    ADMIN: _actor(id=ADMIN, name="Root", roles=("administrator",)),
    **{
        f"s{n:02d}": _actor(id=f"s{n:02d}", name=f"Seller {n}", roles=("seller",), teams=(f"t{n % TEAMS}",))
        for n in range(SELLERS)
    },
}


def _users(_tenant: str, ids: Sequence[str]) -> dict[str, Actor]:
    return {id_: _USERS[id_] for id_ in ids if id_ in _USERS}


def start(
    url: str,
    manifests: Sequence[Manifest] = (OUTBOX,),
    *,
    tenant: str = TENANT,
    files: str = "crmkit-files",
    search: bool = True,
) -> CRM:
    """A started crmkit over a database that `prepare` has set up, with search kept up to date or not."""
    return _crm(url, manifests, tenant, files, search=search).start()


def prepare(url: str, manifests: Sequence[Manifest] = (OUTBOX,), *, tenants: Sequence[str] = (TENANT,)) -> None:
    """Create the tables and the tenants."""
    crm = _crm(url, manifests, TENANT)
    crm.schema.upgrade()
    with crm:
        for tenant in tenants:
            crm.tenants.create(tenant)


def _crm(
    url: str, manifests: Sequence[Manifest], tenant: str, files: str = "crmkit-files", *, search: bool = True
) -> CRM:
    settings = {
        "database": {"url": url},
        "files": {"folder": files},
        "search": {"enabled": search},
        "core": {"secret_keys": ["signs in benchmarks, nowhere else"]},
        "crmkit": {"default_tenant": tenant, "plugins": [m.id for m in manifests]},
    }
    return CRM(Config.of(settings), manifests=manifests, actors=_users)
