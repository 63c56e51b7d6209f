"""What applications import, as ``crmkit``; plugins import `crmkit.sdk`."""

from __future__ import annotations

from crmkit import errors
from crmkit.core.interactions.activities.events import (
    ActivityCancelled,
    ActivityCompleted,
    ActivityPlanned,
    ActivityReassigned,
    ActivityRescheduled,
)
from crmkit.core.interactions.activities.model import Activity, NextAction
from crmkit.core.interactions.activities.rules import without_next_action
from crmkit.core.interactions.config import InteractionsSettings
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
from crmkit.core.kernel.access.actors import Actor, ActorDirectory
from crmkit.core.kernel.access.rule import Rule
from crmkit.core.kernel.attachments.administration import Files, UnusedFile
from crmkit.core.kernel.attachments.events import AttachmentAdded, AttachmentRemoved, AttachmentRenamed
from crmkit.core.kernel.attachments.folder import FolderStore
from crmkit.core.kernel.attachments.model import Attachment
from crmkit.core.kernel.attachments.store import FileStore, Incoming, StoredFile
from crmkit.core.kernel.belongings.model import Copied, Impact, ReferenceCount, TableCount
from crmkit.core.kernel.comments.events import ActorMentioned, CommentAdded, CommentEdited, CommentRemoved
from crmkit.core.kernel.comments.model import Comment, Notification
from crmkit.core.kernel.config.config import Config, set_in_file
from crmkit.core.kernel.custom_fields.events import (
    CustomFieldChanged,
    CustomFieldDefined,
    CustomFieldPurged,
    CustomFieldRemoved,
)
from crmkit.core.kernel.custom_fields.indexes import FieldIndex
from crmkit.core.kernel.custom_fields.model import CustomField, FieldKind, FieldStatus, KindChange
from crmkit.core.kernel.custom_fields.service import CustomFields
from crmkit.core.kernel.decisions.events import DecisionRecorded
from crmkit.core.kernel.decisions.model import Decision
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.erasure.events import RecordErased
from crmkit.core.kernel.erasure.model import Erased, ErasedRows, ErasurePlan, SubjectChange, SubjectRecord
from crmkit.core.kernel.erasure.service import Erasure
from crmkit.core.kernel.history.events import RecordRestored, UnitUndone
from crmkit.core.kernel.history.model import Difference, PlannedChange, Reversal, Snapshot, UnitEntry, Version
from crmkit.core.kernel.history.service import History
from crmkit.core.kernel.jobs.model import JobStats, JobStatus
from crmkit.core.kernel.jobs.rules import JobState
from crmkit.core.kernel.plugins.manifest import Manifest
from crmkit.core.kernel.quality.model import QualityRule, QualityScore, RuleReport, Unfulfilled
from crmkit.core.kernel.quality.service import Quality
from crmkit.core.kernel.saved_criteria.events import CriteriaChanged, CriteriaRemoved, CriteriaSaved
from crmkit.core.kernel.saved_criteria.model import SavedCriteria
from crmkit.core.kernel.saved_criteria.service import CriteriaStore
from crmkit.core.kernel.storage.engines import make_engine
from crmkit.core.kernel.units.once import Key
from crmkit.core.kernel.verification.model import Finding
from crmkit.core.parties.config import PartySettings
from crmkit.core.parties.events import PartyAdded, PartyArchived, PartyUpdated
from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.lifecycle.model import LifecycleEntry, LifecycleStage
from crmkit.core.parties.mechanisms.model import Mechanism
from crmkit.core.parties.merging.events import PartiesMerged
from crmkit.core.parties.model import Organisation, Party, Person
from crmkit.core.parties.relationships.model import RelatedParty, Relationship, RelationshipType
from crmkit.core.parties.roles.model import PartyRole, PartyRoleType
from crmkit.core.parties.view.model import PartyView, Section
from crmkit.core.pipelines.definitions.model import Definition, NewStage, Pipeline, Stage
from crmkit.core.pipelines.events import (
    DealChanged,
    DealLost,
    DealMoved,
    DealOpened,
    DealReopened,
    DealWon,
    RecordMoved,
)
from crmkit.core.pipelines.model import Deal
from crmkit.core.pipelines.reports.model import Forecast, Funnel, FunnelStage, LostShare
from crmkit.crm import CRM, UnitOfWork
from crmkit.values.business_time import BusinessCalendar, Hours
from crmkit.values.clock import Clock, FixedClock, SystemClock
from crmkit.values.criteria import (
    Criteria,
    Relative,
    Variable,
    ago,
    ahead,
    criteria_from_json,
    criteria_to_json,
    f,
    now,
    start_of,
    today,
)
from crmkit.values.event import Event
from crmkit.values.ids import new_id
from crmkit.values.money import Money
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = [
    "CRM",
    "Activity",
    "ActivityCancelled",
    "ActivityCompleted",
    "ActivityPlanned",
    "ActivityReassigned",
    "ActivityRescheduled",
    "Actor",
    "ActorDirectory",
    "ActorMentioned",
    "Attachment",
    "AttachmentAdded",
    "AttachmentRemoved",
    "AttachmentRenamed",
    "BusinessCalendar",
    "Channel",
    "ChannelAdded",
    "Clock",
    "Comment",
    "CommentAdded",
    "CommentEdited",
    "CommentRemoved",
    "Config",
    "Copied",
    "Criteria",
    "CriteriaChanged",
    "CriteriaRemoved",
    "CriteriaSaved",
    "CriteriaStore",
    "Cursor",
    "CustomField",
    "CustomFieldChanged",
    "CustomFieldDefined",
    "CustomFieldPurged",
    "CustomFieldRemoved",
    "CustomFields",
    "Deal",
    "DealChanged",
    "DealLost",
    "DealMoved",
    "DealOpened",
    "DealReopened",
    "DealWon",
    "Decision",
    "DecisionRecorded",
    "Definition",
    "Difference",
    "EntityType",
    "Erased",
    "ErasedRows",
    "Erasure",
    "ErasurePlan",
    "Event",
    "FieldIndex",
    "FieldKind",
    "FieldStatus",
    "FileStore",
    "Files",
    "Finding",
    "FixedClock",
    "FolderStore",
    "Forecast",
    "Funnel",
    "FunnelStage",
    "History",
    "Hours",
    "Identifier",
    "Impact",
    "Incoming",
    "Interaction",
    "InteractionCorrected",
    "InteractionRecorded",
    "InteractionsSettings",
    "JobState",
    "JobStats",
    "JobStatus",
    "Key",
    "KindChange",
    "LastState",
    "LifecycleEntry",
    "LifecycleStage",
    "LostShare",
    "Manifest",
    "Mechanism",
    "Money",
    "NewStage",
    "NextAction",
    "Notification",
    "Organisation",
    "Page",
    "Participant",
    "PartiesMerged",
    "Party",
    "PartyAdded",
    "PartyArchived",
    "PartyRole",
    "PartyRoleType",
    "PartySettings",
    "PartyUpdated",
    "PartyView",
    "Person",
    "Pipeline",
    "PlannedChange",
    "Quality",
    "QualityRule",
    "QualityScore",
    "Record",
    "RecordErased",
    "RecordMoved",
    "RecordRestored",
    "Ref",
    "ReferenceCount",
    "RelatedParty",
    "Relationship",
    "RelationshipType",
    "Relative",
    "Reversal",
    "Rule",
    "RuleReport",
    "SavedCriteria",
    "Section",
    "Snapshot",
    "Stage",
    "StoredFile",
    "SubjectChange",
    "SubjectRecord",
    "SystemClock",
    "TableCount",
    "Thread",
    "ThreadClosed",
    "ThreadOpened",
    "ThreadState",
    "TimelineEntry",
    "Unfulfilled",
    "UnitEntry",
    "UnitOfWork",
    "UnitUndone",
    "UnusedFile",
    "Variable",
    "Version",
    "ago",
    "ahead",
    "criteria_from_json",
    "criteria_to_json",
    "errors",
    "f",
    "make_engine",
    "new_id",
    "now",
    "set_in_file",
    "start_of",
    "today",
    "without_next_action",
]
