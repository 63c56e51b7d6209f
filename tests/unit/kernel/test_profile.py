"""Which plugins can be enabled together, and how they are drawn."""

import pytest
from attrs import evolve

from crmkit.core.kernel.plugins.manifest import Bridge, Manifest
from crmkit.core.kernel.plugins.profile import (
    active_bridges,
    check_closed,
    check_disable,
    check_enable,
    dependants,
    graph,
)
from crmkit.errors import PluginDependencyError

BRIDGE = Bridge(when=("telephony",), implementation="crmkit_membership.phone:PhoneBridge")
EXCHANGE = Manifest(id="exchange", distribution="crmkit", api=">=1", version="1.0")
MEMBERSHIP = Manifest(
    id="membership",
    distribution="crmkit-membership",
    api=">=1",
    needs={"exchange": ">=1,<2"},
    after=("marketing",),
    bridges=(BRIDGE,),
)
POINTS = Manifest(id="points", distribution="crmkit-points", api=">=1", needs={"membership": ""})
TELEPHONY = Manifest(id="telephony", distribution="crmkit", api=">=1")
ALL = (EXCHANGE, MEMBERSHIP, POINTS, TELEPHONY)


def test_dependants_are_all_that_need_a_plugin_directly_or_not():
    assert dependants(ALL, "exchange") == ("membership", "points")
    assert dependants(ALL, "points") == ()


@pytest.mark.parametrize("enabled", [set(), {"exchange"}, {"exchange", "membership"}, {"telephony"}])
def test_a_profile_with_all_that_is_needed_is_closed(enabled):
    check_closed(ALL, enabled)


def test_a_profile_without_what_is_needed_is_refused():
    with pytest.raises(PluginDependencyError) as refused:
        check_closed(ALL, {"points", "exchange"})
    assert (refused.value.plugin, refused.value.others) == ("points", ("membership",))


def test_enabling_names_what_must_be_enabled_first():
    with pytest.raises(PluginDependencyError, match="crmkit plugins enable exchange") as refused:
        check_enable(ALL, "membership", {"telephony"})
    assert refused.value.others == ("exchange",)
    check_enable(ALL, "membership", {"exchange"})


def test_disabling_names_every_enabled_dependant():
    with pytest.raises(PluginDependencyError, match="crmkit plugins disable points") as refused:
        check_disable(ALL, "exchange", {"exchange", "membership", "points"})
    assert refused.value.others == ("membership", "points")


def test_disabling_is_allowed_once_no_dependant_is_enabled():
    check_disable(ALL, "exchange", {"exchange", "telephony"})


@pytest.mark.parametrize(
    ("enabled", "active"),
    [
        ({"membership"}, ()),
        ({"telephony"}, ()),
        ({"membership", "telephony"}, (("membership", BRIDGE),)),
    ],
)
def test_a_bridge_is_active_where_both_ends_are_enabled(enabled, active):
    assert active_bridges(ALL, enabled) == active


def test_a_bridge_to_two_plugins_needs_both():
    both = evolve(MEMBERSHIP, bridges=(evolve(BRIDGE, when=("telephony", "exchange")),))
    assert active_bridges([both], {"membership", "telephony"}) == ()


def test_the_graph_is_drawn_as_text():
    assert graph(ALL).splitlines() == [
        "exchange 1.0",
        "membership",
        "  needs exchange >=1,<2",
        "  after marketing",
        "  bridge to telephony",
        "points",
        "  needs membership",
        "telephony",
    ]


def test_the_graph_is_drawn_for_mermaid():
    assert graph(ALL, "mermaid").splitlines() == [
        "flowchart TD",
        '    p_exchange["Exchange"]',
        '    p_membership["Membership"]',
        '    p_membership -->|">=1,<2"| p_exchange',
        "    p_membership -.->|after| p_marketing",
        "    p_membership <-.->|bridge| p_telephony",
        '    p_points["Points"]',
        "    p_points --> p_membership",
        '    p_telephony["Telephony"]',
    ]
