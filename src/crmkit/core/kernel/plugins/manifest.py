"""The manifest: what a plugin says about itself before any of its code is imported.

A manifest module imports ``crmkit.sdk`` and nothing of its own package. Everything heavy is named by an import string,
``module:attribute``, and imported only when the plugin is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

from attrs import Attribute, field, frozen
from attrs.validators import in_, instance_of

from crmkit.core.kernel.jobs.schedule import Schedule
from crmkit.errors import InvalidValueError

__all__ = ["API_VERSION", "Bridge", "Manifest", "OnFault", "Permission", "Scope"]

API_VERSION = "1.0"
"""The version of what ``crmkit.sdk`` promises to plugins; a manifest's ``api`` is a range over it (PEP 440)."""

Scope = Literal["tenant", "deployment"]
OnFault = Literal["isolate", "abort"]

LONGEST_ID = 24  # leaves 34 of PostgreSQL's 63 characters to the noun in crm_<plugin>_<noun>
RESERVED = frozenset({"core", "crmkit", "interactions", "parties", "permissions", "pipelines"})

_NAME = r"[A-Za-z_]\w*"
_MODULE = rf"{_NAME}(?:\.{_NAME})*"
_ID = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_PERMISSION = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_MODULE_STRING = re.compile(_MODULE, re.ASCII)
_OBJECT_STRING = re.compile(rf"{_MODULE}:{_MODULE}", re.ASCII)
_FOLDER_STRING = re.compile(rf"{_MODULE}:[\w-]+(?:/[\w-]+)*", re.ASCII)
_EXTRA = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)
_CLAUSE = r"(?:~=|===?|!=|<=?|>=?)\s*[0-9A-Za-z][0-9A-Za-z.+!*_-]*"
_RANGE = re.compile(rf"\s*{_CLAUSE}\s*(?:,\s*{_CLAUSE}\s*)*", re.ASCII)


def _fits(pattern: re.Pattern[str], example: str) -> Any:
    """A validator: text that ``pattern`` matches whole, or None where that is the default."""

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value is None and attribute.default is None:
            return
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise InvalidValueError(attribute.name, value, f"is malformed; write it like {example!r}")

    return check


def _each(validator: Any) -> Any:
    """A validator: a tuple whose every element passes ``validator``."""

    def check(instance: object, attribute: Attribute[Any], value: tuple[object, ...]) -> None:
        for element in value:
            validator(instance, attribute, element)

    return check


def _as_tuple(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        raise InvalidValueError("manifest", value, f"is text where a tuple belongs; write ({value!r},)")
    return tuple(value)


def _plugin_id(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InvalidValueError(attribute.name, value, "is no plugin id; use lower case words, such as 'service_desk'")
    if len(value) > LONGEST_ID:
        raise InvalidValueError(attribute.name, value, f"is too long; a plugin id has at most {LONGEST_ID} characters")
    if value in RESERVED:
        raise InvalidValueError(attribute.name, value, "belongs to crmkit's core; choose another id")


def _as_needs(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise InvalidValueError("needs", value, "is no mapping; write {'service_desk': '>=1,<2'}")
    return MappingProxyType(dict(value))


def _needs(instance: Any, attribute: Attribute[Any], value: Mapping[object, object]) -> None:
    for plugin, versions in value.items():
        _plugin_id(instance, attribute, plugin)
        if not isinstance(versions, str) or (versions and not _RANGE.fullmatch(versions)):
            reason = f"is no version range for {plugin!r}; write it like '>=1,<2', or '' for any version"
            raise InvalidValueError(attribute.name, versions, reason)


@frozen
class Permission:
    """A right that roles can be given.

    Attributes:
        name: ``<plugin>.<noun>.<verb>``, or ``<noun>.<verb>`` in the core.
        label: what it allows, for people.
    """

    name: str = field(validator=_fits(_PERMISSION, "membership.card.issue"))
    label: str = field(validator=instance_of(str))


@frozen(kw_only=True)
class Bridge:
    """What a plugin contributes only while certain others are enabled with it.

    Attributes:
        when: ids of the other plugins; all of them must be enabled for the bridge to be active.
        implementation: import string of a `Plugin` subclass, whose hooks and entities join those of the plugin.
    """

    when: tuple[str, ...] = field(converter=_as_tuple, validator=_each(_plugin_id))
    implementation: str = field(validator=_fits(_OBJECT_STRING, "crmkit_membership.phone:PhoneBridge"))

    def __attrs_post_init__(self) -> None:
        if not self.when:
            raise InvalidValueError("when", self.when, "names no plugin; a bridge needs at least one to bridge to")


@frozen(kw_only=True)
class Manifest:
    """What a plugin is and where its parts are.

    Attributes:
        id: unique among all plugins; prefix of its tables (``crm_<id>_``), entities, permissions and settings.
        distribution: the distribution that installs it. Discovery replaces it by the one that really does.
        api: range of `API_VERSION` that it was written for (PEP 440), such as ``>=1,<2``.
        version: the plugin's own; by default that of its distribution.
        label: for people; made from the id by default.
        summary: what it is good for, in one sentence.
        needs: the plugins that it cannot do without, each with its version range (PEP 440; empty for any).
        after: plugins whose hooks run before its own where both are enabled; they need not be installed.
        scope: whether it is enabled tenant by tenant or for the whole deployment.
        on_fault: what happens when it fails to load: it is set aside, or the start is aborted.
        settings: import string of its settings, a frozen attrs class.
        tables: module that has its ``metadata``.
        migrations: package and folder of its migrations, ``package:folder``.
        hooks: module that has the hook objects that it offers to others.
        services: import strings of its services.
        cli: import string of its click group.
        permissions: the rights that it adds beside those that its entities bring.
        implementation: import string of its `Plugin` subclass; none if its other parts are all there is.
        bridges: what it contributes while certain others are enabled too.
        schedules: what it does again and again, in each tenant that uses it.
        extra: the extra of its distribution that brings what it works with; named where something of that is missing.
        needs_keys: whether it signs or hashes (`Keys`), so that it needs a secret key to start (``core.secret_keys``).
    """

    id: str = field(validator=_plugin_id)
    distribution: str = field(validator=instance_of(str))
    api: str = field(validator=_fits(_RANGE, ">=1,<2"))
    version: str | None = None
    label: str = ""
    summary: str = ""
    needs: Mapping[str, str] = field(factory=dict, converter=_as_needs, validator=_needs, hash=False)
    after: tuple[str, ...] = field(default=(), converter=_as_tuple, validator=_each(_plugin_id))
    scope: Scope = field(default="tenant", validator=in_(("tenant", "deployment")))
    on_fault: OnFault = field(default="isolate", validator=in_(("isolate", "abort")))
    settings: str | None = field(default=None, validator=_fits(_OBJECT_STRING, "crmkit_membership.config:Settings"))
    tables: str | None = field(default=None, validator=_fits(_MODULE_STRING, "crmkit_membership.tables"))
    migrations: str | None = field(default=None, validator=_fits(_FOLDER_STRING, "crmkit_membership:migrations"))
    hooks: str | None = field(default=None, validator=_fits(_MODULE_STRING, "crmkit_membership.hooks"))
    services: tuple[str, ...] = field(
        default=(),
        converter=_as_tuple,
        validator=_each(_fits(_OBJECT_STRING, "crmkit_membership.service:Membership")),
    )
    cli: str | None = field(default=None, validator=_fits(_OBJECT_STRING, "crmkit_membership.cli:group"))
    permissions: tuple[Permission, ...] = field(
        default=(), converter=_as_tuple, validator=_each(instance_of(Permission))
    )
    implementation: str | None = field(
        default=None, validator=_fits(_OBJECT_STRING, "crmkit_membership.plugin:MembershipPlugin")
    )
    bridges: tuple[Bridge, ...] = field(default=(), converter=_as_tuple, validator=_each(instance_of(Bridge)))
    schedules: tuple[Schedule, ...] = field(default=(), converter=_as_tuple, validator=_each(instance_of(Schedule)))
    extra: str | None = field(default=None, validator=_fits(_EXTRA, "service_desk"))
    needs_keys: bool = field(default=False, validator=instance_of(bool))

    def __attrs_post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.id.replace("_", " ").capitalize())
        if self.id in self.needs:
            raise InvalidValueError("needs", self.id, "is the plugin itself; remove it")
        self._check_permissions()
        names = [s.name for s in self.schedules]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InvalidValueError("schedules", twice, "is declared twice; rename one of the two")

    def _check_permissions(self) -> None:
        names = [p.name for p in self.permissions]
        for name in names:
            if not name.startswith(f"{self.id}."):
                raise InvalidValueError("permissions", name, f"must begin with {self.id + '.'!r}, the plugin's id")
            if names.count(name) > 1:
                raise InvalidValueError("permissions", name, "is declared twice; remove one")
