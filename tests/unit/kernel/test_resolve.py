"""Which plugins are loaded and in which order, and that every problem is named at once."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.plugins.manifest import API_VERSION, Bridge, Manifest, Permission
from crmkit.core.kernel.plugins.resolve import resolve
from crmkit.errors import Problem


def plugin(name, needs=(), *, after=(), version="1.0", **given):
    needed = needs if isinstance(needs, dict) else dict.fromkeys(needs, "")
    said = {"distribution": f"crmkit-{name}", "api": ">=1,<2", "version": version, **given}
    return Manifest(id=name, needs=needed, after=tuple(after), **said)


def resolved(*manifests, wanted=None, **given):
    return resolve(manifests, [m.id for m in manifests] if wanted is None else wanted, **given)


def order(*manifests, **given):
    result = resolved(*manifests, **given)
    assert result.problems == ()
    return [m.id for m in result.order]


def problems(*manifests, **given):
    return {(p.code, p.subject) for p in resolved(*manifests, **given).problems}


# -- order ------------------------------------------------------------------------------------------------------------


def test_what_is_needed_comes_first():
    assert order(plugin("a", ["c"]), plugin("b", ["a"]), plugin("c")) == ["c", "a", "b"]


def test_then_comes_what_is_declared_after():
    assert order(plugin("a", after=["b"]), plugin("b"), plugin("c")) == ["b", "a", "c"]


def test_then_the_id_decides():
    assert order(plugin("c"), plugin("a"), plugin("b")) == ["a", "b", "c"]


def test_after_a_plugin_that_is_not_loaded_means_nothing():
    assert order(plugin("a", after=["absent"])) == ["a"]


def test_only_what_is_wanted_is_loaded():
    assert order(plugin("a"), plugin("b"), wanted=["b"]) == ["b"]


def test_a_wish_that_contradicts_a_need_is_dropped_and_noted():
    result = resolved(plugin("a", after=["b"]), plugin("b", ["a"]))
    assert [m.id for m in result.order] == ["a", "b"]
    assert [(note.code, note.subject) for note in result.notes] == [("after_cycle", "a")]


def test_wishes_that_contradict_each_other_do_not_keep_anything_from_starting():
    result = resolved(plugin("a", after=["b"]), plugin("b", after=["a"]), plugin("c", after=["b"]))
    assert ([m.id for m in result.order], result.problems) == (["a", "b", "c"], ())


# -- problems ---------------------------------------------------------------------------------------------------------


def test_an_unknown_plugin_is_named_with_the_nearest_installed_one():
    [problem] = resolved(plugin("membership"), wanted=["membrship"]).problems
    assert problem.code == "unknown_plugin"
    assert "did you mean 'membership'?" in problem.message


def test_a_dependency_that_is_not_installed_is_missing():
    [problem] = resolved(plugin("a", {"b": ">=1"})).problems
    assert (problem.code, problem.subject) == ("missing_dependency", "a")
    assert problem.message == "needs 'b' >=1, which is not installed"


def test_a_dependency_that_is_installed_but_not_loaded_can_be_enabled():
    [problem] = resolved(plugin("a", ["b"]), plugin("b"), wanted=["a"]).problems
    assert problem.code == "missing_dependency"
    assert problem.fix == "Enable it: crmkit plugins enable b"


@pytest.mark.parametrize(
    ("versions", "version", "fits"),
    [
        (">=1,<2", "1.0", True),
        (">=1,<2", "2.0", False),
        (">=1,<2", "2.0rc1", False),
        (">=1", "1.1.dev0", True),
        ("~=1.4", "1.10", True),
        ("==1.*", "1.9", True),
        ("", "0.1", True),
        (">=5", None, True),
        (">=1", "no version", False),
    ],
)
def test_a_dependency_must_lie_in_its_range_by_pep_440(versions, version, fits):
    found = problems(plugin("a", {"b": versions}), plugin("b", version=version))
    assert found == (set() if fits else {("dependency_out_of_range", "a")})


def test_a_range_that_only_looks_like_one_fits_nothing():
    assert problems(plugin("a", {"b": ">=1.*"}), plugin("b")) == {("dependency_out_of_range", "a")}


@pytest.mark.parametrize(("api", "fits"), [(">=1,<2", True), (f"=={API_VERSION}", True), (">=2", False), ("<1", False)])
def test_a_plugin_must_be_written_for_this_version_of_the_api(api, fits):
    assert problems(plugin("a", api=api)) == (set() if fits else {("api_out_of_range", "a")})


def test_a_cycle_names_the_whole_ring():
    [problem] = resolved(plugin("a", ["b"]), plugin("b", ["c"]), plugin("c", ["a"]), plugin("d")).problems
    assert problem.code == "cycle"
    assert problem.message == "is part of a ring: 'a' needs 'b' needs 'c' needs 'a'"


def test_two_rings_are_two_problems():
    rings = [plugin("a", ["b"]), plugin("b", ["a"]), plugin("x", ["y"]), plugin("y", ["x"])]
    assert problems(*rings) == {("cycle", "a"), ("cycle", "x")}


def test_two_distributions_with_one_id_are_a_problem_if_that_id_is_wanted():
    twice = [plugin("a", distribution="one"), plugin("a", distribution="two"), plugin("b")]
    assert problems(*twice) == {("duplicate_id", "a")}
    assert problems(*twice, wanted=["b"]) == set()


def test_a_permission_that_the_core_has_already_is_a_clash():
    shared = plugin("party", permissions=(Permission("party.read", "Read parties"),))
    assert problems(shared, core_permissions=["party.read"]) == {("permission_clash", "party")}


def test_tables_that_could_belong_to_either_of_two_plugins_are_a_clash():
    sales, plan = plugin("sales", tables="a.tables"), plugin("sales_plan", tables="b.tables")
    assert problems(sales, plan) == {("table_clash", "sales_plan")}


def test_two_plugins_of_which_one_has_no_tables_do_not_clash():
    assert problems(plugin("sales", tables="a.tables"), plugin("sales_plan")) == set()


@pytest.mark.parametrize("table", ["crm_party", "crm_party_role"])
def test_tables_that_would_look_like_the_core_s_are_a_clash(table):
    assert problems(plugin("party", tables="a.tables"), core_tables=[table]) == {("table_clash", "party")}


def test_every_problem_is_reported_at_once():
    given = [
        plugin("a", ["gone"], api=">=9"),
        plugin("b", ["c"]),
        plugin("c", ["b"]),
        plugin("d", {"e": ">=9"}),
        plugin("e"),
    ]
    assert problems(*given, wanted=["a", "b", "c", "d", "e", "typo"]) == {
        ("unknown_plugin", "typo"),
        ("api_out_of_range", "a"),
        ("missing_dependency", "a"),
        ("cycle", "b"),
        ("dependency_out_of_range", "d"),
    }


def test_every_problem_has_a_fix():
    found = resolved(plugin("a", ["gone"], api=">=9"), wanted=["a", "typo"]).problems
    assert all(isinstance(p, Problem) and p.fix for p in found)


def test_a_plugin_whose_manifest_is_broken_is_set_aside_with_all_that_need_it_and_the_rest_starts():
    given = [plugin("a", ["broken"]), plugin("b", ["a"]), plugin("c")]
    result = resolve(given, ["a", "b", "broken", "c"], broken={"broken"})
    assert ([m.id for m in result.order], result.problems) == (["c"], ())
    assert [(note.code, note.subject) for note in result.notes] == [
        ("dependency_failed", "a"),
        ("dependency_failed", "b"),
    ]


# -- properties -------------------------------------------------------------------------------------------------------

ids = st.sampled_from("abcdefg")


@st.composite
def manifests(draw, *, acyclic):
    names = sorted(draw(st.sets(ids, min_size=1)))
    chosen = []
    for index, name in enumerate(names):
        may_need = names[:index] if acyclic else [n for n in names if n != name]
        needs = draw(st.sets(st.sampled_from(may_need))) if may_need else set()
        after = draw(st.sets(ids)) - {name}
        bridges = tuple(Bridge(when=(other,), implementation="a.b:C") for other in draw(st.sets(ids, max_size=1)))
        chosen.append(plugin(name, sorted(needs), after=sorted(after), bridges=bridges))
    return chosen


def has_ring(chosen):
    left = {m.id: set(m.needs) for m in chosen}
    while free := [name for name, needs in left.items() if not needs & set(left)]:
        for name in free:
            del left[name]
    return bool(left)


@given(manifests(acyclic=True))
def test_the_order_holds_every_plugin_after_all_that_it_needs(chosen):
    names = order(*chosen)
    assert sorted(names) == sorted(m.id for m in chosen)
    assert all(names.index(need) < names.index(m.id) for m in chosen for need in m.needs)


@given(manifests(acyclic=True))
def test_every_wish_about_the_order_is_heeded_unless_some_are_noted_as_contradictory(chosen):
    result = resolved(*chosen)
    names = [m.id for m in result.order]
    heeded = all(names.index(a) < names.index(m.id) for m in chosen for a in m.after if a in names)
    assert heeded or result.notes


@given(manifests(acyclic=False))
def test_a_cycle_is_reported_exactly_if_there_is_one(chosen):
    assert any(code == "cycle" for code, _ in problems(*chosen)) == has_ring(chosen)


@given(manifests(acyclic=False))
def test_a_reported_ring_is_a_ring(chosen):
    needs = {m.id: set(m.needs) for m in chosen}
    for problem in resolved(*chosen).problems:
        ring = problem.message.partition(": ")[2].replace("'", "").split(" needs ")
        assert all(other in needs[one] for one, other in pairwise(ring))
        assert ring[0] == ring[-1]


@given(st.data(), manifests(acyclic=False))
def test_the_outcome_does_not_depend_on_the_order_of_the_input(data, chosen):
    shuffled = data.draw(st.permutations(chosen))
    wanted = data.draw(st.permutations([*[m.id for m in chosen], "typo"]))
    assert resolve(shuffled, wanted) == resolve(chosen, sorted(wanted))


@given(manifests(acyclic=False), st.sets(ids))
def test_what_is_ordered_can_always_be_loaded(chosen, wanted):
    names = [m.id for m in resolve(chosen, wanted).order]
    assert set(names) <= wanted
    assert all(need in names[: names.index(m.id)] for m in chosen if m.id in names for need in m.needs)
