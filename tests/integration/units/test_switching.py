"""Plugins enabled and disabled at run time, as the plugin itself gets to know of it."""

from datetime import UTC, datetime, timedelta

import pytest

from crmkit import CRM, Config, FixedClock, Manifest, errors
from crmkit.sdk import Plugin

MET = []


class Watchful(Plugin):
    """Notes when it is enabled."""

    def on_enable(self, uow, since):
        MET.append((uow.tenant, since))


MANIFEST = Manifest(
    id="watchful", distribution="crmkit-watchful", api=">=1,<2", version="1", implementation=f"{__name__}:Watchful"
)


@pytest.fixture
def watched(tmp_path):
    """A CRM with the plugin, two tenants and a clock that is moved by hand."""
    MET.clear()
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    config = Config.of({"database": {"url": f"sqlite:///{tmp_path / 'crm.db'}"}, "crmkit": {"plugins": ["watchful"]}})
    crm = CRM(config, manifests=[MANIFEST], clock=clock)
    crm.schema.upgrade()
    crm.start()
    crm.tenants.create("acme")
    crm.tenants.create("bolt")
    yield crm, clock
    crm.close()


def test_a_plugin_enabled_again_is_told_since_when_it_was_not(watched):
    crm, clock = watched
    crm.plugins.disable("watchful", tenant="acme")
    clock.advance(timedelta(days=3))
    crm.plugins.enable("watchful", tenant="acme")
    assert [("acme", datetime(2026, 1, 1, tzinfo=UTC))] == MET


def test_a_plugin_enabled_for_all_is_told_for_each_tenant(watched):
    crm, _ = watched
    crm.plugins.enable("watchful")
    assert MET == [("acme", None), ("bolt", None)]


def test_what_one_tenant_says_is_not_said_for_another(watched):
    crm, _ = watched
    crm.plugins.disable("watchful", tenant="acme")
    assert crm.plugins.enabled(tenant="acme") == frozenset()
    assert crm.plugins.enabled(tenant="bolt") == {"watchful"}


def test_a_plugin_that_is_not_loaded_cannot_be_switched(watched):
    crm, _ = watched
    with pytest.raises(errors.UnknownPluginError, match="loaded: watchful"):
        crm.plugins.disable("watchfull")
    assert crm.plugins.enabled() == {"watchful"}
