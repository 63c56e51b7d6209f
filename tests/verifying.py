"""What every test ends with that writes at random, kills or races: what is stored agrees with itself."""

from __future__ import annotations

from crmkit import CRM


def assert_verifies(crm: CRM, tenant: str | None = None) -> None:
    """Nothing is wrong with what the tenant stores, and nothing with the tables."""
    found = [str(finding) for finding in crm.verify(tenant=tenant or crm.config.crmkit.default_tenant)]
    assert found == [], "; ".join(found)
