"""What a manifest may say."""

import ast
import inspect
import sys

import pytest

from crmkit.core.kernel.jobs import schedule
from crmkit.core.kernel.plugins import manifest as module
from crmkit.core.kernel.plugins.manifest import Bridge, Manifest, Permission
from crmkit.errors import InvalidValueError


def manifest(**given):
    return Manifest(**{"id": "membership", "distribution": "crmkit-membership", "api": ">=1,<2", **given})


def test_a_manifest_says_everything_about_a_plugin_in_import_strings():
    full = manifest(
        needs={},
        after=("marketing",),
        scope="tenant",
        on_fault="isolate",
        settings="crmkit_membership.config:Settings",
        tables="crmkit_membership.tables",
        migrations="crmkit_membership:migrations",
        hooks="crmkit_membership.hooks",
        services=("crmkit_membership.service:Membership",),
        cli="crmkit_membership.cli:group",
        permissions=(Permission("membership.card.issue", "Issue cards"),),
        implementation="crmkit_membership.plugin:MembershipPlugin",
        bridges=(Bridge(when=("telephony",), implementation="crmkit_membership.phone:PhoneBridge"),),
    )
    assert full.services == ("crmkit_membership.service:Membership",)


def test_a_manifest_with_only_an_id_a_distribution_and_a_range_is_enough():
    assert manifest().needs == {}


def test_two_manifests_that_say_the_same_are_equal_and_have_the_same_hash():
    assert hash(manifest(needs={"exchange": ""})) == hash(manifest(needs={"exchange": ""}))


def test_the_label_is_made_from_the_id_where_none_is_given():
    assert manifest(id="service_desk").label == "Service desk"


def test_what_a_plugin_needs_cannot_be_changed_afterwards():
    given = {"exchange": ">=1"}
    frozen = manifest(needs=given)
    given["other"] = ">=1"
    assert frozen.needs == {"exchange": ">=1"}


@pytest.mark.parametrize("bad", ["Membership", "1st", "two words", "a__b", "_a", "a_", "a.b", "", None, "x" * 25])
def test_an_id_that_could_not_be_part_of_a_table_name_is_refused(bad):
    with pytest.raises(InvalidValueError, match="id"):
        manifest(id=bad)


@pytest.mark.parametrize("bad", ["core", "crmkit", "parties", "permissions"])
def test_the_ids_of_the_core_are_taken(bad):
    with pytest.raises(InvalidValueError, match="choose another id"):
        manifest(id=bad)


@pytest.mark.parametrize(
    ("field", "bad", "way_out"),
    [
        ("settings", "crmkit_membership.config", "crmkit_membership.config:Settings"),
        ("settings", "a b:C", "crmkit_membership.config:Settings"),
        ("tables", "crmkit_membership.tables:metadata", "crmkit_membership.tables"),
        ("hooks", "crmkit-membership.hooks", "crmkit_membership.hooks"),
        ("migrations", "crmkit_membership.migrations", "crmkit_membership:migrations"),
        ("services", ("crmkit_membership.service",), "crmkit_membership.service:Membership"),
        ("services", (None,), "crmkit_membership.service:Membership"),
        ("cli", 5, "crmkit_membership.cli:group"),
        ("implementation", "", "crmkit_membership.plugin:MembershipPlugin"),
        ("api", "1", ">=1,<2"),
        ("api", "", ">=1,<2"),
        ("api", None, ">=1,<2"),
    ],
)
def test_a_malformed_text_is_refused_with_a_well_formed_one(field, bad, way_out):
    with pytest.raises(InvalidValueError) as refused:
        manifest(**{field: bad})
    assert (refused.value.field, repr(way_out) in str(refused.value)) == (field, True)


@pytest.mark.parametrize(
    "needs", [{"exchange": "1.0"}, {"exchange": "any"}, {"exchange": None}, {"Exchange": ""}, ("exchange",), "exchange"]
)
def test_needs_that_are_no_ids_with_ranges_are_refused(needs):
    with pytest.raises(InvalidValueError):
        manifest(needs=needs)


@pytest.mark.parametrize("versions", ["", ">=1", ">= 1.2, < 2", "~=1.4.2", "==1.*", "!=1.3,>=1rc1", "===1.0+local"])
def test_every_kind_of_range_of_pep_440_can_be_needed(versions):
    assert manifest(needs={"exchange": versions}).needs == {"exchange": versions}


def test_a_plugin_cannot_need_itself():
    with pytest.raises(InvalidValueError, match="itself"):
        manifest(needs={"membership": ""})


def test_a_forgotten_comma_in_a_tuple_of_one_is_named():
    with pytest.raises(InvalidValueError, match=r"write \('marketing',\)"):
        manifest(after=("marketing"))


@pytest.mark.parametrize("field", ["scope", "on_fault"])
def test_only_the_listed_choices_are_accepted(field):
    with pytest.raises(ValueError, match=field):
        manifest(**{field: "sometimes"})


def test_a_permission_must_begin_with_the_id_of_its_plugin():
    with pytest.raises(InvalidValueError, match=r"membership\."):
        manifest(permissions=(Permission("party.read", "Read parties"),))


def test_a_permission_cannot_be_declared_twice():
    with pytest.raises(InvalidValueError, match="twice"):
        manifest(permissions=(Permission("membership.card.issue", "a"), Permission("membership.card.issue", "b")))


@pytest.mark.parametrize("bad", ["issue", "membership.", "Membership.issue", "membership issue", ""])
def test_a_permission_that_names_no_noun_and_verb_is_refused(bad):
    with pytest.raises(InvalidValueError):
        Permission(bad, "Issue cards")


def test_a_bridge_to_nothing_is_refused():
    with pytest.raises(InvalidValueError, match="at least one"):
        Bridge(when=(), implementation="a.b:C")


def test_the_manifest_module_itself_needs_nothing_heavy():
    """Reading manifests must not be what loads a database library, so that the command line stays quick."""
    trees = [ast.parse(inspect.getsource(one)) for one in (module, schedule)]
    imported = {node.module for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} - {"attrs", "crmkit"} <= sys.stdlib_module_names
    assert {name for name in imported if name.startswith("crmkit")} == {
        "crmkit.core.kernel.jobs.schedule",
        "crmkit.errors",
        "crmkit.values.instants",
    }
