"""The deployment that the reference describes: the core and every bundled plugin; nothing else that is installed."""

import functools
import sys
from collections.abc import Iterator
from pathlib import Path

from crmkit import CRM, Config
from crmkit.core.kernel.deployment.starting import Assembly
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.hooks.hook import Implementation
from crmkit.core.kernel.plugins.discovery import discover
from crmkit.core.kernel.plugins.plugin import Area, Plugin
from crmkit.core.wiring import AREAS, IMPLEMENTATIONS
from crmkit.testing.plugin import SECRET_KEY

EXAMPLE = Path(__file__).parents[1] / "examples" / "crmkit-membership" / "src"
ORDER = (
    "parties",
    "interactions",
    "pipelines",
    "permissions",
    "comments",
    "attachments",
    "decisions",
    "custom_fields",
    "saved_criteria",
    "search",
    "quality",
    "history",
    "erasure",
)


@functools.cache
def bundled() -> Assembly:
    """Everything that the distribution crmkit brings."""
    return _assembled(CRM(Config.of({"crmkit.plugins": _bundled(), "core.secret_keys": [SECRET_KEY]})))


@functools.cache
def example() -> Plugin:
    """What the example of a third-party plugin contributes."""
    sys.path.append(str(EXAMPLE))
    from crmkit_membership.plugin import MembershipPlugin

    return MembershipPlugin()


def _bundled() -> list[str]:
    return [manifest.id for manifest in discover().manifests if manifest.distribution == "crmkit"]


def _assembled(crm: CRM) -> Assembly:
    """What is put together.

    Raises:
        RuntimeError: if something is wrong; a reference with a part missing must not be written.
    """
    assembly = crm.assemble()
    wrong = [*assembly.problems, *assembly.notes, *assembly.runtime.faults]
    if wrong:
        message = "\n".join(map(str, wrong))
        raise RuntimeError(message)
    return assembly


def owners() -> Iterator[tuple[str, str, Plugin]]:
    """Id, title and contribution of the areas and then of the plugins."""
    areas = {area.id: area for area in AREAS}
    for id_ in ORDER:
        yield id_, id_.replace("_", " ").capitalize(), areas[id_]
    for id_, part in bundled().parts:
        if not isinstance(part, Area):
            yield id_, f"Plugin {id_}", part


def chapters() -> dict[str, str]:
    """Titles by id of areas and plugins; once each, while a plugin contributes once more by each of its bridges."""
    return {id_: title for id_, title, _ in owners()}


def owner_of(entity: EntityType) -> str:
    """Id of the area or plugin that registers an entity."""
    return next(id_ for id_, _, part in owners() if entity in part.entities)


def implementations() -> Iterator[tuple[str, Implementation]]:
    """Who implements hooks and subscribes to events: the composition root, areas, bundled plugins, the example."""
    for implementation in IMPLEMENTATIONS:
        yield "core", implementation
    for id_, part in [*((id_, part) for id_, _, part in owners()), ("membership", example())]:
        for implementation in part.hooks:
            yield id_, implementation
