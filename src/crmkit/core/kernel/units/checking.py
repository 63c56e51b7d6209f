"""What is checked of buffered writes before they are stored: rights, references, and what guards say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.core.kernel.custom_fields.references import check_references
from crmkit.core.kernel.entities.custom import PREFIX, key_of, tagged
from crmkit.core.kernel.units.ended import check_new_ids
from crmkit.core.kernel.units.leaving import Leaving
from crmkit.core.kernel.units.write import Key, Write, logged_of, root_of
from crmkit.errors import FieldForbiddenError, ForbiddenError, InvalidValueError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.kernel.entities.entity import Record
    from crmkit.core.kernel.units.work import Work

__all__ = ["Checking"]


class Checking:
    """Checks the writes of one flush.

    Args:
        work: the unit's state.
        born: the records that the unit has made.
    """

    __slots__ = ("_born", "_leaving", "_roots", "_work")

    def __init__(self, work: Work, born: set[Key]) -> None:
        self._work, self._born = work, born
        self._leaving = Leaving(work)
        self._roots: dict[tuple[str, Key], bool] = {}  # what may be done to a root, asked for each of its parts

    def check(self, writes: Sequence[Write]) -> None:
        """Check the rights to each write, and what each newly refers to.

        Raises:
            ForbiddenError: if the actor may not do it.
            NotFoundError: if a root or what is referred to is not there, or hidden.
            RemovedIdError: if a new record has the id of one that was removed.
        """  # raised by what this calls
        self._leaving.records = {(w.entity.name, w.before.id): w.before for w in writes if w.op == "delete"}
        for write in writes:
            if not write.carried:
                self._check_row(write)
        check_new_ids(self._work, writes)
        for write in writes:
            self._check_references(write)

    def ask(self, asks: list[tuple[Any, Any]]) -> None:
        """Let the guards speak.

        Raises:
            RefusedError: if any refuses.
        """
        work = self._work
        refusals, work.refusals = work.refusals, []
        for hook, payload in asks:
            refusals.extend(hook.refusals(work.context, payload))
        if refusals:
            raise RefusedError(work.command.name if work.command else "unit", refusals)

    # -- how ----------------------------------------------------------------------------------------------------------

    def _check_row(self, write: Write) -> None:
        work, entity = self._work, write.entity
        if write.root in self._born and write.op != "delete" and entity.part_of is not None:
            permission = work.permission(entity, "create")  # whoever makes a record makes its parts
        else:
            permission = work.permission(entity, _VERBS[write.op])
            for image in (write.before, write.after):
                if image is not None and not self._may(permission, write, image):
                    raise ForbiddenError(permission, work.actor.id, entity=entity.name, id=image.id)
        self._check_fields(permission, write)

    def _may(self, permission: str, write: Write, image: Record) -> bool:
        if write.entity.part_of is None:
            return self._work.rights.check(permission, write.entity, image, self._leaving)
        key = root_of(self._work, write.entity, image)  # a part may move from one root to another
        may = self._roots.get((permission, key))
        if may is None:
            may = self._roots[permission, key] = self._may_root(permission, key)
        return may

    def _may_root(self, permission: str, key: Key) -> bool:
        entity = self._work.registry.entity(key[0])
        root, rights = self._leaving.load(entity, key[1]), self._work.rights
        read = self._work.permission(entity, "read")
        if root is None or not rights.check(read, entity, root, self._leaving):
            raise NotFoundError(*key)
        return rights.check(permission, entity, root, self._leaving)

    def _check_fields(self, permission: str, write: Write) -> None:
        work = self._work
        hidden = work.rights.hidden_fields(permission, write.entity)
        if hidden and write.op != "delete":
            for field in logged_of(work, write):
                if field in hidden and not self._is_default(write, field):
                    name, id_ = write.entity.name, write.record.id
                    raise FieldForbiddenError(permission, work.actor.id, entity=name, field=field, id=id_)

    def _is_default(self, write: Write, name: str) -> bool:
        """Whether a new record has a value that nobody has given: the default of a custom field."""
        if write.op != "insert" or not name.startswith(PREFIX):
            return False
        field = self._work.definitions.find(write.entity.name, key_of(name))
        return field is not None and field.default == tagged(write.after.custom[field.key])

    def _check_references(self, write: Write) -> None:
        """What a row newly refers to must be there, seen by the actor, and not merged away.

        Raises:
            NotFoundError: if it is not.
            InvalidValueError: if a reference to any record names a part.
        """
        if write.after is None:
            return
        work = self._work
        check_references(work, write)
        final = work.identity.get((write.entity.name, write.after.id))
        for reference in write.entity.shape.references:
            if write.op == "update" and reference.column not in write.diff:
                continue
            id_ = getattr(write.after, reference.column)
            if id_ is None or final is None or getattr(final, reference.column) != id_:
                continue  # it names nothing, or a later write of the flush has the last word
            other = work.referred(write.entity, reference.column, write.after)
            if reference.entity is None and other.part_of is not None:
                whole = work.registry.root_of(other).name
                raise InvalidValueError(reference.name, other.name, f"is part of a record; name the {whole} itself")
            if (other.name, id_) in self._born:
                continue
            record = work.get(other, id_, share="merged_into" in other.shape.fields)
            if getattr(record, "merged_into", None) is not None and reference.column != "merged_into":
                raise NotFoundError(other.name, id_)


_VERBS = {"insert": "create", "update": "update", "delete": "delete"}
