"""Configuration: defaults, then ``crmkit.toml``, then ``CRMKIT_*`` variables, then code; the last one that speaks wins.

Every effective value can say where it came from, unknown keys are errors that name the nearest known one, and secrets
never print.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import attrs
from attrs import Attribute, field, frozen

from crmkit.core.kernel.config.file import Key, leaves, set_in_file
from crmkit.core.kernel.config.secret import MASK, Secret
from crmkit.core.kernel.config.sections import AREAS, Sections
from crmkit.core.kernel.config.settings import setting_errors, structure
from crmkit.core.kernel.config.sources import (
    Source,
    code_source,
    environment_source,
    file_source,
    merged,
    origin_of,
)
from crmkit.core.kernel.entities.entity import nearest
from crmkit.errors import ConfigError, UnknownSettingError

__all__ = ["Config", "Shown", "set_in_file"]

T = TypeVar("T")

FILE = "crmkit.toml"


class Shown(NamedTuple):
    """One effective value, fit to be shown.

    Attributes:
        key: the full dotted key.
        value: the value; ``***`` for a secret.
        origin: where it comes from.
    """

    key: str
    value: str
    origin: str


@frozen(kw_only=True, eq=False)
class Config(Sections):
    """The configuration of one deployment; made by `Config.load` or `Config.of`, never changed afterwards.

    Attributes:
        sources: where the values come from, the weakest first.
    """

    sources: tuple[Source, ...] = field(default=(), repr=False)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] = os.environ,
        overrides: Mapping[str, Any] = MappingProxyType({}),
    ) -> Config:
        """The configuration from a file, the environment and code.

        Args:
            path: the file; by default ``crmkit.toml`` in the working directory, if there is one.
            environ: environment variables; ``CRMKIT_DATABASE__URL`` sets ``database.url``.
            overrides: values from code, nested (``{"database": {"url": ...}}``) or dotted (``{"database.url": ...}``).

        Raises:
            ConfigError: if the file cannot be read or is no TOML, a key is unknown, or a value has the wrong type.
        """
        given = FILE if path is None and Path(FILE).exists() else path
        file = [file_source(given)] if given is not None else []
        return cls._from((*file, environment_source(environ), code_source(overrides)))

    @classmethod
    def of(cls, values: Mapping[str, Any] = MappingProxyType({})) -> Config:
        """The configuration from code alone, whatever files and environment say.

        Args:
            values: nested (``{"database": {"url": ...}}``) or dotted (``{"database.url": ...}``).

        Raises:
            ConfigError: if a key is unknown, or a value has the wrong type.
        """
        return cls._from((code_source(values),))

    def override(self, values: Mapping[str, Any]) -> Config:
        """The same configuration with further values from code, which win.

        Raises:
            ConfigError: if a key is unknown, or a value has the wrong type.
        """
        return self._from((*self.sources, code_source(values)))

    @classmethod
    def _from(cls, sources: tuple[Source, ...]) -> Config:
        sections = structure(Sections, merged(sources), origin=lambda key: origin_of(sources, key))
        return cls(sources=sources, **{a.name: getattr(sections, a.name) for a in attrs.fields(Sections)})

    # -- plugins ------------------------------------------------------------------------------------------------------

    def area_settings(self, area: str, settings: type[T]) -> T:
        """The settings of an area of the core.

        Args:
            area: its id; the section is called like it.
            settings: its settings class.

        Raises:
            ConfigError: if a key is unknown, or a value has the wrong type.
        """
        return structure(settings, getattr(self, area), at=area, origin=self._origin_or_none)

    def area_errors(self, area: str, settings: type[Any] | None) -> list[ConfigError]:
        """Everything that is wrong with the settings of an area; one that has no settings class takes none."""
        return self._errors(area, settings, getattr(self, area, {}))

    def plugin_settings(self, plugin: str, settings: type[T]) -> T:
        """The settings of a plugin.

        Args:
            plugin: its id.
            settings: its settings class.

        Raises:
            ConfigError: if a key is unknown, or a value has the wrong type.
        """
        return structure(settings, self.plugins.get(plugin, {}), at=f"plugins.{plugin}", origin=self._origin_or_none)

    def plugin_errors(self, plugin: str, settings: type[Any] | None) -> list[ConfigError]:
        """Everything that is wrong with the settings of a plugin; one that has no settings class takes none."""
        return self._errors(f"plugins.{plugin}", settings, self.plugins.get(plugin, {}))

    def unknown_plugins(self, installed: Collection[str]) -> list[UnknownSettingError]:
        """Sections ``[plugins.<id>]`` of plugins that are not installed."""
        return [
            UnknownSettingError(
                f"plugins.{plugin}",
                nearest=f"plugins.{close}" if (close := nearest(plugin, installed)) else None,
                origin=self._origin_or_none(f"plugins.{plugin}"),
            )
            for plugin in self.plugins
            if plugin not in installed
        ]

    def _errors(self, at: str, settings: type[Any] | None, values: Mapping[str, Any]) -> list[ConfigError]:
        if settings is not None:
            return setting_errors(settings, values, at=at, origin=self._origin_or_none)
        return [UnknownSettingError(f"{at}.{key}", origin=self._origin_or_none(f"{at}.{key}")) for key in values]

    # -- showing ------------------------------------------------------------------------------------------------------

    def origin(self, key: str) -> str:
        """Where the effective value of a key comes from.

        ``crmkit.toml line 3``, ``environment CRMKIT_DATABASE__URL``, ``code`` or ``default``; several if the values
        of a table come from several places.

        Args:
            key: a full dotted key, such as ``database.url``.

        Raises:
            UnknownSettingError: if there is no such key; those of areas and plugins are not known here and never raise.
        """
        found = self._origin_or_none(key)
        if found is not None:
            return found
        if key.partition(".")[0] not in {*AREAS, "plugins"} and key not in self._known:
            raise UnknownSettingError(key, nearest=nearest(key, self._known))
        return "default"

    def show(
        self,
        plugins: Mapping[str, type[Any] | None] = MappingProxyType({}),
        areas: Mapping[str, type[Any] | None] = MappingProxyType({}),
    ) -> list[Shown]:
        """Every effective value, secrets masked.

        Args:
            plugins: the settings class of each loaded plugin, None for those without. What other plugins are set to is
                masked, because nothing says what of it is secret.
            areas: the same for the areas of the core.

        Raises:
            ConfigError: if the settings of a plugin or an area are wrong.
        """
        own = [shown for name, value in self._sections() for shown in _effective(value, (name,))]
        for area in AREAS:
            own += self._structured((area,), areas.get(area), getattr(self, area))
        for plugin in sorted({*plugins, *self.plugins}):
            values: Mapping[str, Any] = self.plugins.get(plugin, {})
            own += self._structured(("plugins", plugin), plugins.get(plugin), values)
        return [Shown(".".join(key), shown, self.origin(".".join(key))) for key, shown in own]

    def _structured(self, at: Key, settings: type[Any] | None, values: Mapping[str, Any]) -> Iterable[tuple[Key, str]]:
        if settings is None:
            return [((*at, *key), MASK) for key, _ in leaves(values)]
        return _effective(structure(settings, values, at=".".join(at), origin=self._origin_or_none), at)

    def _sections(self) -> Iterator[tuple[str, Any]]:
        return ((a.name, getattr(self, a.name)) for a in attrs.fields(Sections) if a.name not in {*AREAS, "plugins"})

    @property
    def _known(self) -> list[str]:
        return [".".join(key) for name, value in self._sections() for key, _ in _effective(value, (name,))]

    def _origin_or_none(self, key: str) -> str | None:
        return origin_of(self.sources, key)


def _effective(settings: Any, at: Key) -> Iterator[tuple[Key, str]]:
    for attribute in attrs.fields(type(settings)):
        key, value = (*at, attribute.name), getattr(settings, attribute.name)
        if attrs.has(type(value)):
            yield from _effective(value, key)
        else:
            yield key, _shown(attribute, value)


def _shown(attribute: Attribute[Any], value: Any) -> str:
    if value is None:
        return ""
    if callable(attribute.repr):  # as the settings class wants it shown
        return attribute.repr(value)
    if not attribute.repr or isinstance(value, Secret):
        return MASK
    if isinstance(value, (bool, list, tuple, set, frozenset, Mapping)):
        return json.dumps(value, ensure_ascii=False, default=_jsonable)
    return str(value.value if isinstance(value, Enum) else value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return dict(value) if isinstance(value, Mapping) else str(value)
