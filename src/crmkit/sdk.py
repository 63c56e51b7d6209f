"""What plugin authors import, and all that they may import besides the package roots of plugins that they need.

By part of a plugin: the manifest (`Manifest`, `Permission`, `Bridge`), its tables and entities (`entity_table`,
`party_ref`, `EntityType`, the column types), services (`Service`, `command`, `query`, `Target`), hooks (`Guard`,
`Collect`, `on`, `Context` and the hooks of the core), events, and all errors.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from crmkit.core.interactions.activities.events import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityPlanned,
    ActivityReassigned,
    ActivityRescheduled,
)
from crmkit.core.interactions.activities.model import Activity, NextAction
from crmkit.core.interactions.activities.rules import without_next_action
from crmkit.core.interactions.activities.tables import ACTIVITY
from crmkit.core.interactions.events import (
    ChannelAdded,
    InteractionCorrected,
    InteractionRecorded,
    ThreadClosed,
    ThreadOpened,
)
from crmkit.core.interactions.model import (
    Channel,
    Interaction,
    LastState,
    Participant,
    Thread,
    ThreadState,
    TimelineEntry,
)
from crmkit.core.interactions.service import Interactions
from crmkit.core.interactions.tables import INTERACTION, THREAD
from crmkit.core.kernel.access.actors import Actor
from crmkit.core.kernel.access.rule import Rule
from crmkit.core.kernel.attachments.events import AttachmentAdded, AttachmentRemoved, AttachmentRenamed
from crmkit.core.kernel.attachments.model import Attachment
from crmkit.core.kernel.attachments.service import Attachments
from crmkit.core.kernel.comments.events import ActorMentioned, CommentAdded, CommentEdited, CommentRemoved
from crmkit.core.kernel.comments.model import Comment, Notification
from crmkit.core.kernel.comments.service import Comments, Notifications
from crmkit.core.kernel.config.secret import Secret
from crmkit.core.kernel.custom_fields.events import (
    CustomFieldChanged,
    CustomFieldDefined,
    CustomFieldPurged,
    CustomFieldRemoved,
)
from crmkit.core.kernel.custom_fields.model import CustomField, FieldKind
from crmkit.core.kernel.custom_fields.service import CustomFields
from crmkit.core.kernel.custom_fields.wording import custom_text
from crmkit.core.kernel.decisions.events import DecisionRecorded
from crmkit.core.kernel.decisions.model import Decision
from crmkit.core.kernel.decisions.service import Decisions
from crmkit.core.kernel.entities.columns import Day, Exact, Flag, Id, Instant, Integer, Json, Text
from crmkit.core.kernel.entities.entity import EntityType, Field, Record
from crmkit.core.kernel.entities.table import any_ref, entity_table, money, new_metadata, ref
from crmkit.core.kernel.erasure.events import RecordErased
from crmkit.core.kernel.erasure.hooks import RecordsErasing, records_erasing
from crmkit.core.kernel.erasure.model import Erased, ErasedRows, ErasurePlan, SubjectChange, SubjectRecord
from crmkit.core.kernel.erasure.service import Erasure
from crmkit.core.kernel.history.events import RecordRestored, UnitUndone
from crmkit.core.kernel.history.hooks import RecordChange, RecordsChange, records_changing
from crmkit.core.kernel.history.model import (
    Difference,
    PlannedChange,
    Provenance,
    Reversal,
    Snapshot,
    UnitEntry,
    Version,
)
from crmkit.core.kernel.history.service import History
from crmkit.core.kernel.hooks.context import Context
from crmkit.core.kernel.hooks.hook import Collect, Guard, Implementation, on
from crmkit.core.kernel.jobs.rules import backoff
from crmkit.core.kernel.jobs.schedule import Schedule
from crmkit.core.kernel.keys.keys import Keys
from crmkit.core.kernel.plugins.manifest import API_VERSION, Bridge, Manifest, Permission
from crmkit.core.kernel.plugins.plugin import Plugin
from crmkit.core.kernel.plugins.requiring import required_module
from crmkit.core.kernel.quality.model import QualityRule, QualityScore, RuleReport, Unfulfilled
from crmkit.core.kernel.quality.service import Quality
from crmkit.core.kernel.query.answers import Tally
from crmkit.core.kernel.saved_criteria.events import CriteriaChanged, CriteriaRemoved, CriteriaSaved
from crmkit.core.kernel.saved_criteria.model import SavedCriteria
from crmkit.core.kernel.saved_criteria.service import CriteriaStore
from crmkit.core.kernel.storage.migrations import render
from crmkit.core.kernel.units.gate import Target, command, query
from crmkit.core.kernel.units.projecting import Changed, Projecting, Projection
from crmkit.core.kernel.wire import from_json, to_json
from crmkit.core.parties.config import PartySettings
from crmkit.core.parties.events import PartyAdded, PartyArchived, PartyUpdated
from crmkit.core.parties.hooks import PartiesStoring, parties_storing
from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.identifiers.tables import IDENTIFIER
from crmkit.core.parties.lifecycle.model import LifecycleEntry, LifecycleStage
from crmkit.core.parties.mechanisms.model import Mechanism, MechanismKind
from crmkit.core.parties.mechanisms.rules import address, mechanism
from crmkit.core.parties.mechanisms.tables import MECHANISM
from crmkit.core.parties.merging.events import PartiesMerged
from crmkit.core.parties.merging.hooks import PartiesMerging, parties_merging
from crmkit.core.parties.model import Organisation, Party, PartyKind, Person
from crmkit.core.parties.reference import party_ref
from crmkit.core.parties.relationships.model import RelatedParty, Relationship, RelationshipType
from crmkit.core.parties.roles.model import PartyRole, PartyRoleType
from crmkit.core.parties.rules import altered
from crmkit.core.parties.service import Parties
from crmkit.core.parties.tables import PARTY
from crmkit.core.parties.text import fold
from crmkit.core.parties.view.hooks import PartyViewing, party_viewing
from crmkit.core.parties.view.model import PartyView, Section
from crmkit.core.permissions.roles.model import Role
from crmkit.core.permissions.service import Permissions
from crmkit.core.pipelines.definitions.model import Category, NewStage, Pipeline, Stage
from crmkit.core.pipelines.events import (
    DealChanged,
    DealLost,
    DealMoved,
    DealOpened,
    DealReopened,
    DealWon,
    RecordMoved,
)
from crmkit.core.pipelines.hooks import DealMove, deal_moving
from crmkit.core.pipelines.model import Deal, DealStageEntry
from crmkit.core.pipelines.reports.model import Forecast, Funnel, LostShare
from crmkit.core.pipelines.service import Pipelines
from crmkit.core.pipelines.staged.model import Staged, StageEntry
from crmkit.core.pipelines.staged.tables import stage_entry_table, stage_entry_type, staged_columns
from crmkit.core.pipelines.tables import DEAL
from crmkit.crm import CRM, Service, StagedService, UnitOfWork
from crmkit.errors import (
    AlreadyExistsError,
    ClosedUnitError,
    ConfigError,
    Conflict,
    ConflictError,
    CriteriaError,
    CrmkitError,
    ErasedError,
    FieldForbiddenError,
    FileMissingError,
    ForbiddenError,
    HookDefinitionError,
    HookError,
    HookFailedError,
    ImportFileError,
    InUseError,
    InvalidCursorError,
    InvalidKeyError,
    InvalidMechanismError,
    InvalidMoneyError,
    InvalidOperatorError,
    InvalidSettingError,
    InvalidTokenError,
    InvalidValueError,
    JobLostError,
    JoinError,
    LimitExceededError,
    MergeRefusedError,
    MigrationError,
    MissingKeysError,
    MoveNotAllowedError,
    NaiveDatetimeError,
    NotFoundError,
    OutsideCommandError,
    PluginDependencyError,
    PluginDisabledError,
    PluginError,
    PluginQuarantinedError,
    PoisonedUnitError,
    Problem,
    ReadOnlyUnitError,
    Refusal,
    RefusedError,
    RestoreRefusedError,
    RetryableStorageError,
    StaleVersionError,
    StartupError,
    StorageError,
    TransferForbiddenError,
    UndoRefusedError,
    UnitError,
    UnknownActorError,
    UnknownChannelError,
    UnknownCurrencyError,
    UnknownFieldError,
    UnknownLifecycleStageError,
    UnknownPartyRoleError,
    UnknownPipelineError,
    UnknownPluginError,
    UnknownRelationshipTypeError,
    UnknownRoleError,
    UnknownServiceError,
    UnknownSettingError,
    UnknownStageError,
    UnknownTeamError,
    UnknownTenantError,
    UnknownVersionError,
    UnusableCriteriaError,
)
from crmkit.values import checks
from crmkit.values.business_time import BusinessCalendar, Hours
from crmkit.values.change import Change
from crmkit.values.clock import Clock
from crmkit.values.criteria import (
    ALWAYS,
    Criteria,
    Relative,
    ago,
    ahead,
    criteria_from_json,
    criteria_to_json,
    f,
    now,
    start_of,
    today,
)
from crmkit.values.event import Event, Origin
from crmkit.values.ids import new_id
from crmkit.values.instants import as_instant, as_period, format_instant, parse_instant, time_zone
from crmkit.values.money import Money
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = [
    "ACTIVITY",
    "ALWAYS",
    "API_VERSION",
    "CRM",
    "DEAL",
    "IDENTIFIER",
    "INTERACTION",
    "MECHANISM",
    "PARTY",
    "THREAD",
    "Activity",
    "ActivityCancelled",
    "ActivityCompleted",
    "ActivityPlanned",
    "ActivityReassigned",
    "ActivityRescheduled",
    "Actor",
    "ActorMentioned",
    "AlreadyExistsError",
    "Attachment",
    "AttachmentAdded",
    "AttachmentRemoved",
    "AttachmentRenamed",
    "Attachments",
    "Bridge",
    "BusinessCalendar",
    "Category",
    "Change",
    "Changed",
    "Channel",
    "ChannelAdded",
    "Clock",
    "ClosedUnitError",
    "Collect",
    "CommandLine",
    "Comment",
    "CommentAdded",
    "CommentEdited",
    "CommentRemoved",
    "Comments",
    "ConfigError",
    "Conflict",
    "ConflictError",
    "Context",
    "Criteria",
    "CriteriaChanged",
    "CriteriaError",
    "CriteriaRemoved",
    "CriteriaSaved",
    "CriteriaStore",
    "CrmkitError",
    "Cursor",
    "CustomField",
    "CustomFieldChanged",
    "CustomFieldDefined",
    "CustomFieldPurged",
    "CustomFieldRemoved",
    "CustomFields",
    "Day",
    "Deal",
    "DealChanged",
    "DealLost",
    "DealMove",
    "DealMoved",
    "DealOpened",
    "DealReopened",
    "DealStageEntry",
    "DealWon",
    "Decision",
    "DecisionRecorded",
    "Decisions",
    "Difference",
    "EntityType",
    "Erased",
    "ErasedError",
    "ErasedRows",
    "Erasure",
    "ErasurePlan",
    "Errand",
    "Event",
    "Exact",
    "Field",
    "FieldForbiddenError",
    "FieldKind",
    "FileMissingError",
    "Flag",
    "ForbiddenError",
    "Forecast",
    "Funnel",
    "Guard",
    "History",
    "HookDefinitionError",
    "HookError",
    "HookFailedError",
    "Hours",
    "Id",
    "Identifier",
    "Implementation",
    "ImportFileError",
    "InUseError",
    "Instant",
    "Integer",
    "Interaction",
    "InteractionCorrected",
    "InteractionRecorded",
    "Interactions",
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
    "Json",
    "Keys",
    "LastState",
    "LifecycleEntry",
    "LifecycleStage",
    "LimitExceededError",
    "LostShare",
    "Manifest",
    "Mechanism",
    "MechanismKind",
    "MergeRefusedError",
    "MigrationError",
    "MissingKeysError",
    "Money",
    "MoveNotAllowedError",
    "NaiveDatetimeError",
    "NewStage",
    "NextAction",
    "NotFoundError",
    "Notification",
    "Notifications",
    "Organisation",
    "Origin",
    "OutsideCommandError",
    "Page",
    "Participant",
    "Parties",
    "PartiesMerged",
    "PartiesMerging",
    "PartiesStoring",
    "Party",
    "PartyAdded",
    "PartyArchived",
    "PartyKind",
    "PartyRole",
    "PartyRoleType",
    "PartySettings",
    "PartyUpdated",
    "PartyView",
    "PartyViewing",
    "Permission",
    "Permissions",
    "Person",
    "Pipeline",
    "Pipelines",
    "PlannedChange",
    "Plugin",
    "PluginDependencyError",
    "PluginDisabledError",
    "PluginError",
    "PluginQuarantinedError",
    "PoisonedUnitError",
    "Problem",
    "Projecting",
    "Projection",
    "Provenance",
    "Quality",
    "QualityRule",
    "QualityScore",
    "ReadOnlyUnitError",
    "Record",
    "RecordChange",
    "RecordErased",
    "RecordMoved",
    "RecordRestored",
    "RecordsChange",
    "RecordsErasing",
    "Ref",
    "Refusal",
    "RefusedError",
    "RelatedParty",
    "Relationship",
    "RelationshipType",
    "Relative",
    "RestoreRefusedError",
    "RetryableStorageError",
    "Reversal",
    "Role",
    "Rule",
    "RuleReport",
    "SavedCriteria",
    "Schedule",
    "Secret",
    "Section",
    "Service",
    "Snapshot",
    "Stage",
    "StageEntry",
    "Staged",
    "StagedService",
    "StaleVersionError",
    "StartupError",
    "StorageError",
    "SubjectChange",
    "SubjectRecord",
    "Tally",
    "Target",
    "Text",
    "Thread",
    "ThreadClosed",
    "ThreadOpened",
    "ThreadState",
    "TimelineEntry",
    "TransferForbiddenError",
    "UndoRefusedError",
    "Unfulfilled",
    "UnitEntry",
    "UnitError",
    "UnitOfWork",
    "UnitUndone",
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
    "Version",
    "address",
    "ago",
    "ahead",
    "altered",
    "any_ref",
    "as_instant",
    "as_period",
    "backoff",
    "checks",
    "command",
    "criteria_from_json",
    "criteria_to_json",
    "custom_text",
    "deal_moving",
    "entity_table",
    "f",
    "fold",
    "format_instant",
    "from_json",
    "mechanism",
    "money",
    "new_id",
    "new_metadata",
    "now",
    "on",
    "parse_instant",
    "parties_merging",
    "parties_storing",
    "party_ref",
    "party_viewing",
    "query",
    "records_changing",
    "records_erasing",
    "ref",
    "render",
    "required_module",
    "stage_entry_table",
    "stage_entry_type",
    "staged_columns",
    "start_of",
    "time_zone",
    "to_json",
    "today",
    "without_next_action",
]


class CommandLine(Protocol):
    """What the commands of a plugin get as click's ``obj``; it follows the options --config, --actor and --tenant."""

    @property
    def crm(self) -> CRM:
        """The started CRM."""
        ...

    @property
    def actor(self) -> str:
        """The id of who acts."""
        ...

    @property
    def tenant(self) -> str | None:
        """The tenant; None for the configured default."""
        ...

    def begin(self, *, read_only: bool = False) -> AbstractContextManager[UnitOfWork]:
        """A unit of work of that actor in that tenant."""
        ...


class Errand(Protocol):
    """What the function of a schedule with ``errand=True`` is handed instead of a unit: it begins its own.

    No transaction is open and no lock is held between them, so nobody waits while the function waits for somebody
    outside. In return its effect and its acknowledgement are not one transaction: when the worker is lost, or an
    exception ends the function, what was committed stays, and the job is run again. So each unit has to leave behind
    what the next run needs to know.
    """

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        ...

    @property
    def now(self) -> datetime:
        """The instant, UTC."""
        ...

    def begin(self, *, read_only: bool = False) -> AbstractContextManager[UnitOfWork]:
        """A unit of work with the rights of the schedule's role; committed when the block ends.

        A unit that writes also renews the lease on the job.

        Args:
            read_only: refuse commands; on SQLite, take no write lock.

        Raises:
            JobLostError: if the job is no longer this worker's; nothing of the unit is stored.
        """
        ...
