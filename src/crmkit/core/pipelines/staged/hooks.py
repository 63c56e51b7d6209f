"""What this area has against undo and restore: stages are named by keys, so no reference keeps them in place."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.core.kernel.history.hooks import RecordChange, RecordsChange
from crmkit.core.kernel.hooks.context import Context
from crmkit.core.pipelines.definitions.model import Pipeline, Stage
from crmkit.core.pipelines.staged.model import Staged
from crmkit.errors import Refusal
from crmkit.values.criteria import f

__all__ = ["check_stages"]


def check_stages(context: Context, payload: RecordsChange) -> Refusal | None:
    """Refuse to bring records back into stages that are gone, and to take back stages that records are in."""
    moved = {change.id for change in payload.changes if isinstance(change.before or change.after, Staged)}
    for change in payload.changes:
        if isinstance(change.after, Staged) and not _is_there(context, payload, change):
            place = f"{change.after.pipeline} / {change.after.stage}"
            return Refusal("stage_gone", f"{change.entity} {change.id} would be in {place}, which is no stage any more")
    for pipeline, stage in _going(context, payload):
        staged = context.entity(pipeline.entity)
        where = (f.pipeline == pipeline.key) & (f.stage == stage.key)
        if any(record.id not in moved for record in context.each(staged, where)):
            return Refusal("stage_in_use", f"there are records in {pipeline.key} / {stage.key}, which would go")
    return None


def _is_there(context: Context, payload: RecordsChange, change: RecordChange) -> bool:
    after, before = change.after, change.before
    if not isinstance(after, Staged):
        return True
    if isinstance(before, Staged) and (before.pipeline, before.stage) == (after.pipeline, after.stage):
        return True
    final = {one.id: one.after for one in payload.changes}
    back = [one for one in final.values() if isinstance(one, Pipeline) and one.key == after.pipeline]
    ids = {one.id for one in (*back, *context.find(Pipeline, f.key == after.pipeline, limit=1))}
    stages = {one.id: one for id_ in ids for one in context.find(Stage, f.pipeline_id == id_, limit=1000)}
    made = {id_: one for id_, one in final.items() if one is None or isinstance(one, Stage)}
    there = [one for one in {**stages, **made}.values() if one is not None and one.pipeline_id in ids]
    return any(one.key == after.stage for one in there)


def _going(context: Context, payload: RecordsChange) -> Iterator[tuple[Pipeline, Stage]]:
    final = {one.id: one.after for one in payload.changes}
    for change in payload.changes:
        before = change.before
        if isinstance(before, Stage) and final[change.id] is None:
            found = context.find(Pipeline, f.id == before.pipeline_id, limit=1)
            for pipeline in found:
                yield pipeline, before
