"""Every error that crmkit raises, in one tree.

All carry what they speak of as attributes, a stable ``code`` for programs and translations, and ``retryable``: whether
the same call may succeed when the whole unit of work is run again (``crm.run`` does that by itself)::

    CrmkitError
    ├── ConfigError
    │   ├── MissingKeysError              nothing can be signed: the deployment has no secret key; says how to make one
    │   ├── UnknownSettingError           a key that nothing declares; names the nearest one
    │   └── InvalidSettingError           a value that does not fit its declared type
    ├── StartupError                      everything that keeps this deployment from starting, all at once
    ├── PluginError
    │   ├── UnknownPluginError            this deployment has not loaded it
    │   ├── PluginDisabledError           installed, but not enabled for this tenant
    │   ├── PluginQuarantinedError        it failed to load; the rest goes on without it
    │   ├── PluginDependencyError         enabling or disabling would leave a profile incomplete
    │   └── PurgeRefusedError             something stands in the way of removing it; lists all of it
    ├── UnknownTenantError
    ├── UnknownActorError                 the host's directory does not know it, or says that it is not active
    ├── UnknownServiceError               no loaded plugin registers this service
    ├── NotFoundError                     not there, or hidden from this actor: the same answer
    ├── ForbiddenError
    │   ├── FieldForbiddenError           the record, but not this field
    │   └── TransferForbiddenError        some of what somebody owns may be seen, but not handed over; lists it all
    ├── RefusedError                      plugins or policies said no; lists every refusal
    ├── InvalidTokenError                 a signed token that is forged, foreign or has expired; the same answer
    ├── InvalidValueError                 also a ValueError
    │   ├── NaiveDatetimeError
    │   ├── InvalidMoneyError
    │   ├── UnknownCurrencyError
    │   ├── InvalidMechanismError         an e-mail, phone number or URL that is none
    │   ├── InvalidKeyError               a name that may not be used as a key
    │   ├── InvalidCursorError
    │   ├── UnknownStageError
    │   ├── UnknownPipelineError
    │   ├── UnknownChannelError
    │   ├── UnknownRelationshipTypeError
    │   ├── UnknownPartyRoleError
    │   ├── UnknownLifecycleStageError
    │   ├── UnknownRoleError              no such set of permissions
    │   ├── UnknownTeamError
    │   ├── UnknownVersionError           a record never was at this version, or it is that of its deletion
    │   └── ImportFileError               a file that cannot be read as what it claims to be
    ├── CriteriaError
    │   ├── UnknownFieldError             names the nearest field
    │   ├── InvalidOperatorError
    │   └── UnusableCriteriaError         a saved criteria that is damaged, or speaks of what is gone; it is kept
    ├── LimitExceededError
    ├── AlreadyExistsError                an exclusive identifier or another unique key is taken
    │   └── RemovedIdError                the id of a record that was removed; says how to bring it back
    ├── ConflictError                     what was read or assumed no longer holds
    │   ├── StaleVersionError             the record has moved on since it was read
    │   ├── InUseError                    something still refers to what should be deleted
    │   ├── DuplicateValuesError          values that are to be unique are not; lists them
    │   ├── ErasedError                   the answer under a key was erased with the person that it was about
    │   ├── UndoRefusedError              what a unit changed has moved on; lists every conflict
    │   ├── MergeRefusedError             merging would break references or unique keys; lists every conflict
    │   └── RestoreRefusedError           what a version refers to has moved on; lists every conflict
    ├── MoveNotAllowedError               the pipeline does not allow this move; lists those it allows
    ├── UnitError
    │   ├── PoisonedUnitError             a command failed; only rollback is left
    │   ├── ReadOnlyUnitError
    │   ├── ClosedUnitError
    │   ├── OutsideCommandError           a write outside a command
    │   ├── JobLostError                  somebody else has taken this job over; what it was about to do is theirs
    │   └── JoinError                     this connection cannot be joined; says what to change
    ├── StorageError                      the database failed: disk, connection, constraint; or the store of files
    │   ├── FileMissingError              the store does not have the content of an attachment
    │   ├── MigrationError                a revision failed, or the revisions are not one line; names plugin and cause
    │   └── RetryableStorageError         deadlock, serialization failure, lock time-out, lost connection
    └── HookError
        ├── HookDefinitionError           an implementation that does not fit its hook
        └── HookFailedError               a guard that crashed; names the plugin
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

__all__ = [
    "AlreadyExistsError",
    "ClosedUnitError",
    "ConfigError",
    "Conflict",
    "ConflictError",
    "CriteriaError",
    "CrmkitError",
    "DuplicateValuesError",
    "ErasedError",
    "FieldForbiddenError",
    "FileMissingError",
    "ForbiddenError",
    "HookDefinitionError",
    "HookError",
    "HookFailedError",
    "ImportFileError",
    "InUseError",
    "InvalidCursorError",
    "InvalidKeyError",
    "InvalidMechanismError",
    "InvalidMoneyError",
    "InvalidOperatorError",
    "InvalidSettingError",
    "InvalidTokenError",
    "InvalidValueError",
    "JobLostError",
    "JoinError",
    "LimitExceededError",
    "MergeRefusedError",
    "MigrationError",
    "MissingKeysError",
    "MoveNotAllowedError",
    "NaiveDatetimeError",
    "NotFoundError",
    "OutsideCommandError",
    "PluginDependencyError",
    "PluginDisabledError",
    "PluginError",
    "PluginQuarantinedError",
    "PoisonedUnitError",
    "Problem",
    "PurgeRefusedError",
    "ReadOnlyUnitError",
    "Refusal",
    "RefusedError",
    "RemovedIdError",
    "RestoreRefusedError",
    "RetryableStorageError",
    "StaleVersionError",
    "StartupError",
    "StorageError",
    "TransferForbiddenError",
    "UnitError",
    "UnknownActorError",
    "UnknownChannelError",
    "UnknownCurrencyError",
    "UnknownFieldError",
    "UnknownLifecycleStageError",
    "UnknownPartyRoleError",
    "UnknownPipelineError",
    "UnknownPluginError",
    "UnknownRelationshipTypeError",
    "UnknownRoleError",
    "UnknownServiceError",
    "UnknownSettingError",
    "UnknownStageError",
    "UnknownTeamError",
    "UnknownTenantError",
    "UnknownVersionError",
    "UnusableCriteriaError",
]


class CrmkitError(Exception):
    """The root of all errors that crmkit raises."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle without calling ``__init__``, whose arguments differ from class to class."""
        return (_rebuild, (type(self), self.args, self.__dict__))


def _rebuild(cls: type[CrmkitError], args: tuple[object, ...], state: dict[str, object]) -> CrmkitError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _nearest(nearest: str | None) -> str:
    return f"; did you mean {nearest!r}?" if nearest else ""


# -- configuration, start and plugins ---------------------------------------------------------------------------------


class ConfigError(CrmkitError):
    """The configuration cannot be used."""

    code = "config"


class UnknownSettingError(ConfigError):
    """A configuration key that nothing declares."""

    code = "unknown_setting"

    def __init__(self, key: str, *, nearest: str | None = None, origin: str | None = None) -> None:
        self.key, self.nearest, self.origin = key, nearest, origin
        where = f" (from {origin})" if origin else ""
        super().__init__(f"unknown setting {key!r}{where}{_nearest(nearest)}")


class InvalidSettingError(ConfigError):
    """A configuration value that does not fit its declared type."""

    code = "invalid_setting"

    def __init__(self, key: str, reason: str, *, origin: str | None = None) -> None:
        self.key, self.reason, self.origin = key, reason, origin
        where = f" (from {origin})" if origin else ""
        super().__init__(f"setting {key!r}{where}: {reason}")


class MissingKeysError(ConfigError):
    """Something is to be signed or hashed with a key, and the deployment has none."""

    code = "missing_keys"

    WAY_OUT: ClassVar[str] = (
        "Make one with python -c 'import secrets; print(secrets.token_urlsafe(32))' and name it in crmkit.toml: "
        '[core] secret_keys = ["..."], or CRMKIT_CORE__SECRET_KEYS=\'["..."]\''
    )

    def __init__(self) -> None:
        super().__init__(f"this deployment has no secret key, so that nothing can be signed. {self.WAY_OUT}")


class Problem:
    """One reason why a deployment cannot start, and its fix.

    Attributes:
        code: stable name of the kind of problem, such as ``missing_dependency``.
        subject: the plugin, key or table that it is about.
        message: what is wrong, in one sentence.
        fix: what to do about it, in one sentence.
    """

    __slots__ = ("code", "fix", "message", "subject")

    def __init__(self, code: str, subject: str, message: str, fix: str) -> None:
        self.code, self.subject, self.message, self.fix = code, subject, message, fix

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}{'' if self.message.endswith('?') else '.'} {self.fix}"

    def __repr__(self) -> str:
        return f"Problem({self.code!r}, {self.subject!r}, {self.message!r}, {self.fix!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class StartupError(CrmkitError):
    """Everything that keeps this deployment from starting; ``problems`` lists each with its fix."""

    code = "startup"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n".join([f"crmkit cannot start, {count}:", *(f"  - {p}" for p in self.problems)]))


class PluginError(CrmkitError):
    """Something about one plugin."""

    code = "plugin"

    def __init__(self, plugin: str, message: str) -> None:
        self.plugin = plugin
        super().__init__(message)


class UnknownPluginError(PluginError):
    """The deployment has not loaded this plugin."""

    code = "unknown_plugin"

    def __init__(self, plugin: str, *, loaded: Sequence[str] = ()) -> None:
        self.loaded = tuple(loaded)
        known = ", ".join(loaded) or "none"
        way = "install it and add it to plugins in crmkit.toml, then start anew"
        super().__init__(plugin, f"no plugin {plugin!r} is loaded here (loaded: {known}); {way}")


class PluginDisabledError(PluginError):
    """The plugin is installed but not enabled for this tenant."""

    code = "plugin_disabled"

    def __init__(self, plugin: str, *, tenant: str | None = None) -> None:
        self.tenant = tenant
        where = f" for tenant {tenant!r}" if tenant else ""
        super().__init__(plugin, f"plugin {plugin!r} is not enabled{where}; enable it: crmkit plugins enable {plugin}")


class PluginQuarantinedError(PluginError):
    """The plugin failed to load and was set aside; everything else goes on."""

    code = "plugin_quarantined"

    def __init__(self, plugin: str, reason: str) -> None:
        self.reason = reason
        super().__init__(plugin, f"plugin {plugin!r} failed to load: {reason}; see: crmkit plugins doctor")


class PluginDependencyError(PluginError):
    """Enabling or disabling this plugin would leave a profile incomplete."""

    code = "plugin_dependency"

    def __init__(self, plugin: str, others: Sequence[str], message: str) -> None:
        self.others = tuple(others)
        super().__init__(plugin, message)


class PurgeRefusedError(PluginError):
    """Something stands in the way of removing what a plugin has stored; ``hindrances`` lists all of it."""

    code = "purge_refused"

    def __init__(self, plugin: str, hindrances: Sequence[str]) -> None:
        self.hindrances = tuple(hindrances)
        super().__init__(plugin, f"plugin {plugin!r} cannot be purged: {'; '.join(self.hindrances)}")


class UnknownTenantError(CrmkitError):
    """No such tenant."""

    code = "unknown_tenant"

    def __init__(self, tenant: str | None) -> None:
        self.tenant = tenant
        if tenant is None:
            message = "no tenant was named: pass tenant=..., or configure crmkit.default_tenant"
        else:
            message = f"no tenant {tenant!r}; create it: crm.tenants.create({tenant!r})"
        super().__init__(message)


class UnknownActorError(CrmkitError):
    """The host's directory does not know this actor, or says that it is not active."""

    code = "unknown_actor"

    def __init__(self, actor: str, tenant: str) -> None:
        self.actor, self.tenant = actor, tenant
        super().__init__(f"no active actor {actor!r} in tenant {tenant!r}; the actors= directory decides who there is")


class UnknownServiceError(CrmkitError):
    """No loaded plugin registers this service."""

    code = "unknown_service"

    def __init__(self, service: str) -> None:
        self.service = service
        super().__init__(f"no loaded plugin registers the service {service}; name its plugin in the configuration")


# -- reading and permissions ------------------------------------------------------------------------------------------


class NotFoundError(CrmkitError):
    """The record does not exist, or this actor may not see it; the two cannot be told apart."""

    code = "not_found"

    def __init__(self, entity: str, id: object) -> None:
        self.entity, self.id = entity, id
        super().__init__(f"{entity} {id} was not found")


class ForbiddenError(CrmkitError):
    """The actor may not do this."""

    code = "forbidden"

    def __init__(self, permission: str, actor: str, *, entity: str | None = None, id: object = None) -> None:
        self.permission, self.actor, self.entity, self.id = permission, actor, entity, id
        on = f" on {entity} {id}" if entity else ""
        super().__init__(f"{actor} lacks the permission {permission!r}{on}; see why: crmkit explain {permission}")


class FieldForbiddenError(ForbiddenError):
    """The actor may see or change the record, but not this field."""

    code = "field_forbidden"

    def __init__(self, permission: str, actor: str, *, entity: str, field: str, id: object = None) -> None:
        super().__init__(permission, actor, entity=entity, id=id)
        self.field = field
        self.message = f"{actor} lacks the permission {permission!r} for the field {field!r} of {entity}"
        self.args = (self.message,)


class TransferForbiddenError(ForbiddenError):
    """Some of what an actor owns may be seen, but not handed over; then nothing is.

    Attributes:
        from_actor: whose records they are.
        in_the_way: the ids of the records that may not be given, by entity.
    """

    code = "transfer_forbidden"

    def __init__(self, actor: str, from_actor: str, in_the_way: Mapping[str, Sequence[UUID]]) -> None:
        super().__init__("ownership.transfer", actor)
        self.from_actor, self.in_the_way = from_actor, in_the_way
        listed = "; ".join(f"{entity} {_first(ids)}" for entity, ids in in_the_way.items())
        self.message = (
            f"{actor} may not change all that {from_actor} owns, so nothing is handed over; in the way: {listed}; "
            "let somebody do it who may change these, or leave them out with entities=[...]"
        )
        self.args = (self.message,)


def _first(ids: Sequence[UUID], most: int = 5) -> str:
    more = f" and {len(ids) - most} more" if len(ids) > most else ""
    return ", ".join(str(id_) for id_ in ids[:most]) + more


class Refusal:
    """One no, with its reason, by a guard.

    Attributes:
        code: stable name of the reason, such as ``over_budget``.
        message: the reason in one sentence, for the person who asked.
        field: the field it is about, if it is about one.
        plugin: who refused; filled in by the gate (``core`` for crmkit's own policies).
    """

    __slots__ = ("code", "field", "message", "plugin")

    def __init__(self, code: str, message: str, *, field: str | None = None, plugin: str = "core") -> None:
        self.code, self.message, self.field, self.plugin = code, message, field, plugin

    def by(self, plugin: str) -> Refusal:
        """The same refusal, said by ``plugin``."""
        return Refusal(self.code, self.message, field=self.field, plugin=plugin)

    def __str__(self) -> str:
        return f"{self.plugin}: {self.message} ({self.code})"

    def __repr__(self) -> str:
        return f"Refusal({self.code!r}, {self.message!r}, field={self.field!r}, plugin={self.plugin!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refusal) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


class RefusedError(CrmkitError):
    """Guards refused; ``refusals`` lists every one of them, not only the first."""

    code = "refused"

    def __init__(self, command: str, refusals: Sequence[Refusal]) -> None:
        self.command, self.refusals = command, tuple(refusals)
        super().__init__(f"{command} was refused: " + "; ".join(str(r) for r in self.refusals))


# -- values -----------------------------------------------------------------------------------------------------------


class InvalidTokenError(CrmkitError):
    """A token that was not signed here for this tenant and purpose, or that has expired: the same answer to all.

    Attributes:
        reason: ``expired`` or ``invalid``, for logs and for a page that offers a new link.
    """

    code = "invalid_token"

    def __init__(self, reason: Literal["expired", "invalid"] = "invalid") -> None:
        self.reason = reason
        super().__init__("this link or token is not valid, or no longer; ask for a new one")


class InvalidValueError(CrmkitError, ValueError):
    """A value that cannot be what it claims to be."""

    code = "invalid_value"

    def __init__(self, field: str, value: object, reason: str) -> None:
        self.field, self.value, self.reason = field, value, reason
        super().__init__(f"{field}: {value!r} {reason}")


class NaiveDatetimeError(InvalidValueError):
    """A datetime without a time zone."""

    code = "naive_datetime"

    def __init__(self, value: object, *, field: str = "instant") -> None:
        super().__init__(field, value, "has no time zone; pass an aware datetime, such as datetime.now(timezone.utc)")


class InvalidMoneyError(InvalidValueError):
    """An amount that is not an exact decimal number."""

    code = "invalid_money"


class UnknownCurrencyError(InvalidValueError):
    """Not a currency code of ISO 4217."""

    code = "unknown_currency"

    def __init__(self, value: object) -> None:
        super().__init__("currency", value, "is not a currency code of ISO 4217, such as 'EUR'")


class InvalidMechanismError(InvalidValueError):
    """An e-mail address, phone number or URL that cannot be normalised."""

    code = "invalid_mechanism"

    def __init__(self, kind: str, value: object, reason: str) -> None:
        self.kind = kind
        super().__init__(kind, value, f"{reason}; pass allow_invalid=True to keep it as unverified raw text")


class InvalidKeyError(InvalidValueError):
    """A name that may not be used as a key."""

    code = "invalid_key"


class InvalidCursorError(InvalidValueError):
    """A cursor that this query did not hand out."""

    code = "invalid_cursor"

    def __init__(self, value: object, reason: str = "was not handed out by this query") -> None:
        super().__init__("cursor", value, reason)


class UnknownPipelineError(InvalidValueError):
    """No such pipeline for this kind of work."""

    code = "unknown_pipeline"

    def __init__(self, pipeline: object, *, known: Sequence[str] = ()) -> None:
        self.known = tuple(known)
        super().__init__("pipeline", pipeline, f"is not a pipeline here; known: {', '.join(known) or 'none'}")


class UnknownStageError(InvalidValueError):
    """No such stage in this pipeline."""

    code = "unknown_stage"

    def __init__(self, stage: object, *, pipeline: str, known: Sequence[str] = ()) -> None:
        self.pipeline, self.known = pipeline, tuple(known)
        super().__init__("stage", stage, f"is not a stage of pipeline {pipeline!r}; known: {', '.join(known)}")


class UnknownChannelError(InvalidValueError):
    """No such channel."""

    code = "unknown_channel"

    def __init__(self, channel: object, *, known: Sequence[str] = ()) -> None:
        self.known = tuple(known)
        super().__init__("channel", channel, f"is not a registered channel; known: {', '.join(known)}")


class UnknownRelationshipTypeError(InvalidValueError):
    """No such type of relationship between parties."""

    code = "unknown_relationship_type"

    def __init__(self, type: object, *, known: Sequence[str] = ()) -> None:  # noqa: A002  # the field's word
        self.known = tuple(known)
        super().__init__("type", type, f"is not a type of relationship; known: {', '.join(known) or 'none'}")


class UnknownPartyRoleError(InvalidValueError):
    """No such role that a party can have."""

    code = "unknown_party_role"

    def __init__(self, role: object, *, known: Sequence[str] = ()) -> None:
        self.known = tuple(known)
        super().__init__("role", role, f"is not a role of parties; known: {', '.join(known) or 'none'}")


class UnknownLifecycleStageError(InvalidValueError):
    """No such stage of the lifecycle."""

    code = "unknown_lifecycle_stage"

    def __init__(self, stage: object, *, known: Sequence[str] = ()) -> None:
        self.known = tuple(known)
        super().__init__("lifecycle", stage, f"is not a stage of the lifecycle; known: {', '.join(known) or 'none'}")


class UnknownRoleError(InvalidValueError):
    """No such role that gives actors permissions."""

    code = "unknown_role"

    def __init__(self, role: object, *, known: Sequence[str] = ()) -> None:
        self.known = tuple(known)
        super().__init__("role", role, f"is not a role of actors; known: {', '.join(known) or 'none'}")


class UnknownTeamError(InvalidValueError):
    """No such team."""

    code = "unknown_team"

    def __init__(self, team: object, *, known: Sequence[str] = ()) -> None:
        self.known = tuple(known)
        super().__init__("team", team, f"is not a team here; known: {', '.join(known) or 'none'}")


class UnknownVersionError(InvalidValueError):
    """The record never was at this version, or it is the version of its deletion."""

    code = "unknown_version"

    def __init__(self, entity: str, id: object, version: object, *, known: Sequence[int] = ()) -> None:
        self.entity, self.id, self.version, self.known = entity, id, version, tuple(known)
        span = f"{self.known[0]} to {self.known[-1]}" if len(self.known) > 1 else ", ".join(map(str, self.known))
        super().__init__("version", version, f"is none at which {entity} {id} was; it has: {span or 'none'}")


class ImportFileError(InvalidValueError):
    """A file that cannot be read as what it claims to be."""

    code = "import_file"

    def __init__(self, file: str, reason: str) -> None:
        super().__init__("file", file, reason)


class CriteriaError(CrmkitError):
    """A criteria that cannot be used."""

    code = "criteria"


class UnknownFieldError(CriteriaError):
    """A field, relation or attribute that the entity does not have."""

    code = "unknown_field"

    def __init__(self, entity: str, field: str, *, nearest: str | None = None) -> None:
        self.entity, self.field, self.nearest = entity, field, nearest
        super().__init__(f"{entity} has no field {field!r}{_nearest(nearest)}")


class InvalidOperatorError(CriteriaError):
    """An operator that does not exist or does not fit the field's type."""

    code = "invalid_operator"

    def __init__(self, operator: str, field: str, reason: str) -> None:
        self.operator, self.field, self.reason = operator, field, reason
        super().__init__(f"operator {operator!r} on field {field!r}: {reason}")


class UnusableCriteriaError(CriteriaError):
    """A saved criteria that is damaged, or speaks of what is not there any more, such as a field of a plugin."""

    code = "unusable_criteria"

    def __init__(self, name: str, id: UUID, reason: str) -> None:
        self.name, self.id, self.reason = name, id, reason
        super().__init__(
            f"the saved criteria {name!r} ({id}) cannot be used: {reason}; it is kept until it is changed or removed"
        )


class LimitExceededError(CrmkitError):
    """More rows, bytes, nodes or depth than is allowed."""

    code = "limit_exceeded"

    def __init__(self, what: str, limit: int, *, got: int | None = None) -> None:
        self.what, self.limit, self.got = what, limit, got
        super().__init__(f"{what}: at most {limit} allowed" + (f", got {got}" if got is not None else ""))


# -- writing ----------------------------------------------------------------------------------------------------------


class AlreadyExistsError(CrmkitError):
    """A unique key is taken. Names neither the record that holds it nor its id, which may be hidden."""

    code = "already_exists"

    def __init__(self, entity: str, fields: Sequence[str]) -> None:
        self.entity, self.fields = entity, tuple(fields)
        super().__init__(f"a {entity} with the same {' and '.join(fields)} already exists")


class RemovedIdError(AlreadyExistsError):
    """A new record has the id of one that was removed, whose history is kept under it.

    Attributes:
        id: the id.
        version: the last version that the removed record had.
    """

    code = "removed_id"

    def __init__(self, entity: str, id: UUID, version: int) -> None:
        super().__init__(entity, ("id",))
        self.id, self.version = id, version
        back = f"bring it back by uow.history.restore(Ref({entity!r}, id), {version})"
        self.args = (f"{entity} {id} was removed, and its id stays with its history; {back}, or add it under a new id",)


class ConflictError(CrmkitError):
    """What was read or assumed no longer holds."""

    code = "conflict"


class StaleVersionError(ConflictError):
    """The record has moved on since it was read."""

    code = "stale_version"
    retryable = True

    def __init__(self, entity: str, id: object, *, expected: int, actual: int | None = None) -> None:
        self.entity, self.id, self.expected, self.actual = entity, id, expected, actual
        now = f"is now at version {actual}" if actual is not None else "has moved on or is gone"
        super().__init__(f"{entity} {id} was read at version {expected} and {now}; read it again and repeat the change")


class InUseError(ConflictError):
    """Something still refers to what should be deleted."""

    code = "in_use"

    def __init__(self, entity: str, id: object, *, by: str) -> None:
        self.entity, self.id, self.by = entity, id, by
        super().__init__(f"{entity} {id} cannot be deleted: records of {by} still refer to it")


class DuplicateValuesError(ConflictError):
    """A field is to be unique, and records have the same value in it.

    Attributes:
        entity: of the records.
        field: the field.
        duplicates: the first of these values, each with the ids of the records that have it, as far as the actor may
            see them.
        count: how many such values there are.
    """

    code = "duplicate_values"

    def __init__(
        self, entity: str, field: str, duplicates: Sequence[tuple[object, Sequence[object]]], count: int
    ) -> None:
        self.entity, self.field, self.duplicates, self.count = entity, field, tuple(duplicates), count
        listed = "; ".join(f"{value!r}: {', '.join(map(str, ids))}" for value, ids in self.duplicates)
        values = "1 value" if count == 1 else f"{count} values"
        way = "give the records different ones, or merge them, first"
        super().__init__(f"{entity}.{field} cannot be unique: {values} of several records; {way}. {listed}".rstrip())


class ErasedError(ConflictError):
    """What was done under an idempotency key was about a person who has been erased; its answer is gone.

    Attributes:
        key: the name of the key.
    """

    code = "erased"

    def __init__(self, key: str) -> None:
        self.key = key
        way = "nothing was done again; use a new key for a new request"
        super().__init__(f"the answer kept under the key {key!r} was erased with the person that it was about; {way}")


class Conflict:
    """One thing that keeps a record from being brought back to what it was.

    Attributes:
        entity: of the record.
        id: of the record.
        field: the field that it is about, or several of one unique key; None if it is about the whole record.
        reason: stable name of the kind of conflict, one of `REASONS`.
        blocked_by: the unit of work that has to be undone first; None where there is none, or it may not be told.
    """

    __slots__ = ("blocked_by", "entity", "field", "id", "reason")

    REASONS: ClassVar = {
        "changed": "has been changed since",
        "erased": "has been erased, and nobody can bring it back",
        "exists": "is there again",
        "gone": "has been deleted since",
        "in_use": "is referred to by what came since",
        "invalid": "is no longer valid as it was",
        "irreversible": "did what cannot be undone",
        "merged": "has been merged into another record",
        "moved": "is part of another record now",
        "purged": "did more, to records of a plugin that was purged since",
        "taken": "has been taken by another record",
        "target_gone": "refers to a record that is gone",
        "target_merged": "refers to a record that has been merged",
        "unknown_entity": "is of a kind that no plugin knows any more",
    }
    """What each reason says."""

    def __init__(
        self, entity: str, id: object, field: str | None, reason: str, *, blocked_by: object | None = None
    ) -> None:
        self.entity, self.id, self.field, self.reason, self.blocked_by = entity, id, field, reason, blocked_by

    def __str__(self) -> str:
        what = f"{self.entity} {self.id}" + (f", {self.field}," if self.field else "")
        by = f" (by unit {self.blocked_by})" if self.blocked_by else ""
        return f"{what} {self.REASONS[self.reason]}{by}"

    def __repr__(self) -> str:
        said = (self.entity, str(self.id), self.field, self.reason)
        return f"Conflict({', '.join(map(repr, said))}, blocked_by={self.blocked_by!s})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Conflict) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))


_SHOWN = 10


def _listed(conflicts: Sequence[Conflict]) -> str:
    more = len(conflicts) - _SHOWN
    return "; ".join([*map(str, conflicts[:_SHOWN]), *([f"and {more} more"] if more > 0 else [])])


class UndoRefusedError(ConflictError):
    """What a unit of work changed has moved on; ``conflicts`` lists everything that is in the way."""

    code = "undo_refused"

    def __init__(self, units: Sequence[object], conflicts: Sequence[Conflict]) -> None:
        self.units, self.conflicts = tuple(units), tuple(conflicts)
        what = f"unit {self.units[0]}" if len(self.units) == 1 else f"{len(self.units)} units"
        way = "undo what came since first, or undo the rest with partial=True"
        super().__init__(f"{what} cannot be undone: {_listed(self.conflicts)}; {way}")


class RestoreRefusedError(ConflictError):
    """What a version of a record refers to, or needs for itself, has moved on; ``conflicts`` lists all of it."""

    code = "restore_refused"

    def __init__(self, entity: str, id: object, version: int, conflicts: Sequence[Conflict]) -> None:
        self.entity, self.id, self.version, self.conflicts = entity, id, version, tuple(conflicts)
        super().__init__(f"{entity} {id} cannot be restored to version {version}: {_listed(self.conflicts)}")


class MergeRefusedError(ConflictError):
    """Merging two records would leave a reference to nothing, or a unique key twice; ``conflicts`` lists all of it."""

    code = "merge_refused"

    def __init__(self, loser: object, winner: object, conflicts: Sequence[Conflict]) -> None:
        self.loser, self.winner, self.conflicts = loser, winner, tuple(conflicts)
        super().__init__(f"{loser} cannot be merged into {winner}: {_listed(self.conflicts)}")


class MoveNotAllowedError(CrmkitError):
    """The pipeline does not allow this move; ``allowed`` lists the stages that it does."""

    code = "move_not_allowed"

    def __init__(self, entity: str, id: object, *, at: str, to: str, allowed: Sequence[str]) -> None:
        self.entity, self.id, self.at, self.to, self.allowed = entity, id, at, to, tuple(allowed)
        ways = ", ".join(allowed) or "nothing"
        super().__init__(f"{entity} {id} cannot move from {at!r} to {to!r}; from {at!r} the pipeline allows: {ways}")


# -- units of work ----------------------------------------------------------------------------------------------------


class UnitError(CrmkitError):
    """The unit of work cannot do this."""

    code = "unit"


class PoisonedUnitError(UnitError):
    """A command failed in this unit; only rollback is left."""

    code = "poisoned_unit"

    def __init__(self) -> None:
        super().__init__(
            "a command failed in this unit, so only rollback is left; wrap what may fail in uow.attempt() to go on"
        )


class ReadOnlyUnitError(UnitError):
    """A command in a read-only unit."""

    code = "read_only_unit"

    def __init__(self, command: str) -> None:
        self.command = command
        super().__init__(f"{command} writes, and this unit was begun with read_only=True")


class ClosedUnitError(UnitError):
    """The unit has ended."""

    code = "closed_unit"

    def __init__(self) -> None:
        super().__init__("this unit of work has ended; begin another with crm.begin(...)")


class OutsideCommandError(UnitError):
    """A write that no command surrounds, so that no permission would be asked and no history kept."""

    code = "outside_command"

    def __init__(self) -> None:
        super().__init__("records are written by commands only: decorate the service method with @command(...)")


class JobLostError(UnitError):
    """A job is no longer this worker's: its lease has ended and another one has it, or an operator has taken it away.

    Attributes:
        job: the job's id.
    """

    code = "job_lost"

    def __init__(self, job: UUID) -> None:
        self.job = job
        super().__init__(f"job {job} is no longer this worker's; leave it alone, whoever has it goes on with it")


class JoinError(UnitError):
    """This connection or session cannot be joined; the message says what to change."""

    code = "join"


# -- the database -----------------------------------------------------------------------------------------------------


class StorageError(CrmkitError):
    """The database failed, or the store of files; nothing of the unit was stored."""

    code = "storage"


class FileMissingError(StorageError):
    """The store of files does not have the content of an attachment; ``id`` is the attachment's."""

    code = "file_missing"

    def __init__(self, id: object, sha256: str) -> None:
        self.id, self.sha256 = id, sha256
        way = "bring it back from a backup of the store; crmkit files check lists all that is missing"
        super().__init__(f"the content of attachment {id} is not in the file store: {way}")


class MigrationError(StorageError):
    """A migration failed, or cannot be run; ``unit`` is the plugin's id, or ``core``."""

    code = "migration"

    def __init__(self, unit: str, reason: str) -> None:
        self.unit, self.reason = unit, reason
        super().__init__(f"migrations of {unit!r}: {reason}")


class RetryableStorageError(StorageError):
    """A deadlock, serialization failure, lock time-out or lost connection: the whole unit may be run again."""

    code = "storage_retry"
    retryable = True


# -- hooks ------------------------------------------------------------------------------------------------------------


class HookError(CrmkitError):
    """Something about a hook or one of its implementations."""

    code = "hook"

    def __init__(self, hook: str, plugin: str, message: str) -> None:
        self.hook, self.plugin = hook, plugin
        super().__init__(message)


class HookDefinitionError(HookError):
    """An implementation that does not fit its hook."""

    code = "hook_definition"


class HookFailedError(HookError):
    """A guard that crashed, so that nobody knows whether it would have refused."""

    code = "hook_failed"

    def __init__(self, hook: str, plugin: str, cause: str) -> None:
        self.cause = cause
        super().__init__(hook, plugin, f"plugin {plugin!r} failed in hook {hook!r}: {cause}; nothing was written")
