"""Bugs that undo, restore and merge could have, to be planted with pytest's monkeypatch: tests must notice each."""

from __future__ import annotations

from itertools import groupby

from crmkit import new_id
from crmkit.core.kernel.history import folding, planning, restoring, rules, seeing, telling, undoing
from crmkit.core.kernel.history.log import Log
from crmkit.core.kernel.units import storing
from crmkit.core.kernel.units.work import Work


def only_loaded_plugins(patch):
    patch.setattr(seeing, "whole_registry", lambda _db, loaded, _known: loaded)


def merged_parties_left_alone(patch):
    real = folding.Folding._repoint

    def repoint(self, other, reference, loser, winner):
        if reference.column != "merged_into":
            real(self, other, reference, loser, winner)

    patch.setattr(folding.Folding, "_repoint", repoint)


def clashes_dropped(patch):
    patch.setattr(folding.Folding, "_fold_child", lambda self, _other, _rule, loser, _winner: self.set(loser, None))


def nothing_filled_in(patch):
    patch.setattr(folding, "folded", lambda _rule, mine, _theirs, **_: dict(mine))


def children_forgotten(patch):
    patch.setattr(folding.Folding, "fold_away", lambda self, _other, loser, _winner: self.set(loser, None))


def links_to_oneself_kept(patch):
    patch.setattr(folding.Folding, "_joins_itself", staticmethod(lambda *_: False))


def writes_sorted(patch):
    """As if statements were grouped by table and kind, whatever lies between."""

    def grouped(writes, key):
        def place(write):
            op, entity, columns = key(write)
            return entity.name, ["update", "insert", "delete"].index(op), columns

        return groupby(sorted(writes, key=place), key)

    patch.setattr(storing, "groupby", grouped)


def everything_moved_back(patch):
    """As if un-merging gave the loser whatever the winner has."""
    real = Log.of_unit

    def of_unit(self, unit):
        rows = real(self, unit)
        merged = next((c for c in rows if "merged_into" in c.diff), None)
        if merged is not None:
            winner = merged.diff["merged_into"][1]
            later = [c for one in self.recent(new_id(), 50) if one.id > unit for c in real(self, one.id)]
            moved = {"party_id": [str(merged.id), winner]}
            rows += [
                c._replace(unit=unit, op="update", stored=moved)
                for c in later
                if c.op == "insert" and c.entity == "interaction" and c.diff["party_id"][1] == winner
            ]
        return rows

    patch.setattr(Log, "of_unit", of_unit)


def nothing_listed_as_attached(patch):
    patch.setattr(telling, "_come_to", lambda *_: iter(()))


def values_not_compared(patch):
    patch.setattr(rules, "_same", lambda *_: True)


def first_change_undone_first(patch):
    patch.setattr(undoing, "reversed", iter, raising=False)


def references_not_looked_at(patch):
    patch.setattr(planning.Planner, "_check_dying", lambda *_: None)


def targets_not_looked_at(patch):
    patch.setattr(planning.Planner, "_check_targets", lambda *_: None)


def uniques_not_looked_at(patch):
    patch.setattr(planning.Planner, "_check_uniques", lambda *_: None)


def restored_in_any_order(patch):
    patch.setattr(restoring, "ordered", lambda updates, _uniques: list(updates))


def merges_not_followed(patch):
    patch.setattr(restoring, "_following", lambda _planner, target: target)


def merges_restored_over(patch):
    patch.setattr(restoring, "_check_whole", lambda *_: None)


def nothing_shared(patch):
    """As if what something is attached to were not held."""
    real = Work.load
    patch.setattr(Work, "load", lambda self, entity, id_, **_: real(self, entity, id_))


def nothing_locked(patch):
    """As if parties that are merged were not held."""
    real = seeing.Sight.__init__
    patch.setattr(seeing.Sight, "__init__", lambda self, work, **_: real(self, work, lock=False))
