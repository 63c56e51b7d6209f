"""What is told before a plugin leaves."""

from __future__ import annotations

import pytest

from crmkit import Impact
from crmkit.errors import UnknownPluginError


def counted(impact):
    return {
        "tables": {one.table: one.rows for one in impact.tables},
        "references": {(r.entity, r.field, r.to): (r.records, r.fate) for r in impact.references},
        "jobs": dict(impact.jobs),
        "held": dict(impact.held),
        "changes": impact.changes,
    }


def test_everything_that_belongs_to_it_is_counted(place, lived):
    before = place.rows()
    impact = place.crm("membership").plugins.impact("membership")
    assert place.rows() == before
    assert counted(impact) == {
        "tables": {"crm_membership_card": 4},
        "references": {
            ("membership.card", "party_id", "party"): (4, "gone"),
            ("grant", "subject_id", "membership"): (4, "gone"),
            ("comment", "subject_id", "membership"): (4, "gone"),
            ("saved_criteria", "entity", "membership"): (2, "gone"),
            ("interaction", "about_id", "membership"): (2, "kept"),
            ("activity", "about_id", "membership"): (2, "kept"),
        },
        "jobs": {"queued": 4},
        "held": {
            "rows of crm_search": 4,
            "role 'membership', which it has brought": 2,
            "rules of roles that name its permissions": 10,
        },
        "changes": 6,
    }
    assert impact.schedules == ("plan_renewals: daily at 05:00",)
    assert impact.handlers == ("DealWon: crmkit_membership.hooks:credit_points",)
    assert "membership.card.issue" in impact.permissions
    assert impact.state == "enabled"


def test_what_tenants_have_said_is_told(place, lived):
    crm = place.crm("membership")
    crm.plugins.disable("membership", tenant="bolt")
    crm.plugins.disable("membership")
    crm.plugins.enable("membership", tenant="acme")
    impact = crm.plugins.impact("membership")
    assert (impact.state, impact.tenants) == ("disabled", {"acme": True, "bolt": False})


def test_it_is_the_same_whether_the_plugin_is_loaded_disabled_or_gone(place, lived):
    loaded = counted(place.crm("membership").plugins.impact("membership"))
    disabled = place.crm("membership")
    disabled.plugins.disable("membership")
    assert counted(disabled.plugins.impact("membership")) == loaded
    assert counted(place.crm().plugins.impact("membership")) == loaded
    assert counted(place.crm(manifests=()).plugins.impact("membership")) == loaded


def test_a_plugin_that_has_stored_nothing_has_nothing_to_lose(never):
    impact = never.crm().plugins.impact("membership")
    assert impact == Impact(plugin="membership", state="installed")


def test_an_unknown_plugin_is_named_with_those_there_are(place, lived):
    with pytest.raises(UnknownPluginError, match="membership"):
        place.crm().plugins.impact("membershp")
