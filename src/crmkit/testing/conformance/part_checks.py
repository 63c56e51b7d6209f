"""Checks on models, events, services, hooks, public names and commands for the command line."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_type_hints

import attrs
import pytest

from crmkit.api import Event
from crmkit.errors import CrmkitError
from crmkit.sdk import Implementation, Plugin, Service, from_json, to_json
from crmkit.testing.conformance import sources
from crmkit.testing.conformance.case import Case, expect

__all__ = ["PartChecks", "changed_by_json", "unfit"]


def changed_by_json(cls: type[Any], instance: Any) -> Iterator[str]:
    """What happens to an instance on its way to JSON and back that should not."""
    try:
        there = to_json(instance)
        back = from_json(there, cls)
    except Exception as error:  # noqa: BLE001  # whatever a class raises is its own fault
        yield f"{cls.__name__} does not survive the way to JSON and back: {type(error).__name__}: {_first(error)}"
        return
    if back != instance or to_json(back) != there:
        yield f"{cls.__name__} comes back from JSON as {back!r}, and was {instance!r}"


def unfit(implementation: Implementation) -> Iterator[str]:
    """Why a function does not take what its hook hands it."""
    hook = implementation.hook
    payload: type[Any] = hook if isinstance(hook, type) else hook.payload
    where = f"{implementation.key}, for {implementation.name},"
    parameters = list(inspect.signature(implementation.fn).parameters.values())
    try:
        hints = get_type_hints(implementation.fn)
    except NameError as error:
        yield f"{where} has an annotation that cannot be resolved: {error}"
        return
    wanted = hints.get(parameters[1].name) if len(parameters) > 1 else None
    if wanted is None:
        yield f"{where} does not say the type of what it takes: {payload.__name__}"
    elif isinstance(wanted, type) and not issubclass(payload, wanted):
        yield f"{where} takes a {wanted.__name__} and is handed a {payload.__name__}"


class PartChecks(Case):
    """Can everybody else rely on what the plugin's parts look like?"""

    def test_its_models_survive_the_way_to_json_and_back(self) -> None:
        """Exports, interfaces and answers that are kept go that way."""
        models = [model for entity in self.loaded.entities for model in entity.models]
        expect(self._broken(models), self._way_out("model"))

    def test_its_events_survive_the_way_to_json_and_back(self) -> None:
        """A job for a durable subscriber holds its event as JSON."""
        events: list[type[Any]] = [event for part in self.loaded.parts for event in part.events]
        faults = [f"{event.__name__} is no subclass of Event" for event in events if not issubclass(event, Event)]
        expect([*faults, *self._broken(events)], self._way_out("event"))

    def _broken(self, classes: list[type[Any]]) -> Iterator[str]:
        for cls in classes:
            if not _is_frozen(cls):
                yield f"{cls.__name__} is not frozen"
            try:
                instance = self.bench.specimens.instance(cls)
            except (CrmkitError, TypeError, ValueError, NameError) as error:
                yield f"no {cls.__name__} can be made: {error}"
            else:
                yield from changed_by_json(cls, instance)

    def _way_out(self, kind: str) -> str:
        return (
            f"Make the {kind} a frozen attrs class whose fields are crmkit's values, plain data or such classes. "
            f"If it needs more than values of the right types, say how to make one in `examples` of "
            f"{type(self).__name__}."
        )

    def test_every_operation_names_a_registered_permission(self) -> None:
        """A permission that nobody registers can be given to nobody."""
        expect(
            self._problems("unknown_permission"),
            "List the permission in the manifest, or name one that an entity brings: '<entity>.update'.",
        )

    def test_every_operation_can_be_called_by_its_signature(self) -> None:
        """Routes, forms and agent tools are generated from it."""
        faults = self._problems("bad_operation")
        for operation in self.loaded.crm.runtime.operations.values():
            if operation.service in self.bench.services and operation.signature is not None:
                parameters = operation.signature.parameters.values()
                faults += [
                    f"{operation.name}: the parameter {p.name!r} has no type"
                    for p in parameters
                    if p.annotation is inspect.Parameter.empty
                ]
        expect(faults, "Write a plain def with named, annotated parameters, whose types are imported at run time.")

    def test_every_operation_is_named_and_described(self) -> None:
        """People meet operations by name and docstring, in interfaces and in documentation."""
        plugin, faults = self.manifest.id, list[str]()
        for operation in self.loaded.crm.runtime.operations.values():
            if operation.service in self.bench.services:
                faults += [] if operation.doc.strip() else [f"the {operation.kind} {operation.name!r} has no docstring"]
                if not operation.name.startswith(f"{plugin}."):
                    faults.append(f"the {operation.kind} {operation.name!r} does not begin with '{plugin}.'")
        expect(faults, f"Call operations '{plugin}.<noun>.<verb>', and say in a docstring what each does.")

    def test_every_public_method_of_a_service_is_an_operation(self) -> None:
        """Another method would go past the gate: no permission asked, nothing refused after a failure."""
        faults = [
            f"{service.__name__}.{name} is neither a command nor a query"
            for service in self.loaded.services
            for name, method in inspect.getmembers(service, inspect.isfunction)
            if not name.startswith("_") and not hasattr(method, "operation") and not hasattr(Service, name)
            if sources.root_of(method.__module__) == sources.root_of(service.__module__)
        ]
        expect(faults, "Mark it @command or @query; begin its name with an underscore if it is for the service itself.")

    def test_every_hook_implementation_fits_its_hook(self) -> None:
        """A function that takes something else than it is handed fails when it is asked, in production."""
        faults = self._problems("unknown_hook", "unknown_event", "foreign_hook", "not_a_hook", "not_an_implementation")
        for part in self.loaded.parts:
            for implementation in part.hooks:
                if isinstance(implementation, Implementation):
                    faults += unfit(implementation)
        expect(faults, "Annotate (context: Context, payload: <the hook's payload>), or (uow: UnitOfWork, event: ...).")

    def test_its_plugin_classes_are_equal_by_identity(self) -> None:
        """Two plugins that look alike must not be taken for the same one."""
        faults = [
            f"{type(part).__name__} defines __eq__ or __hash__"
            for part in self.loaded.parts
            if type(part).__eq__ is not Plugin.__eq__ or type(part).__hash__ is not Plugin.__hash__
        ]
        expect(faults, "Write a plain class without state; an attrs class or dataclass would need eq=False.")

    def test_its_public_names_are_there(self) -> None:
        """The package root is what other plugins and applications import."""
        root = import_module(sources.root_of(sources.named_modules(self.manifest)[0]))
        names: list[str] = list(getattr(root, "__all__", ()))
        faults = [f"{root.__name__}.__all__ lists {n!r}, which is not there" for n in names if not hasattr(root, n)]
        faults += [f"{root.__name__}.__all__ is not sorted"] if names != _sorted(names) else []
        expect(faults, "List in __all__ of the package root, sorted, what is public, and nothing else.")

    def test_its_commands_for_the_command_line_have_help(self) -> None:
        """They are all that an operator sees of it in a terminal."""
        import click

        if self.manifest.cli is None:
            return
        try:
            group = self.loaded.crm.commands(self.manifest.id)
        except CrmkitError as error:
            pytest.fail(f"{error}\nMend the import string `cli` in the manifest, or the module.", pytrace=False)
        expect(
            [] if isinstance(group, click.Group) else [f"{self.manifest.cli} is no click group"],
            "Make it with @click.group().",
        )
        expect(_helpless(group, self.manifest.id), "Give the function of each command a docstring, with an example.")

    def _problems(self, *codes: str) -> list[str]:
        return [f"{p.message}. {p.fix}" for p in self.bench.problems if p.code in codes and p.subject == self.bench.id]


def _helpless(command: Any, path: str) -> Iterator[str]:
    if not (command.help or "").strip():
        yield f"'crmkit {path}' has no help"
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        yield from _helpless(inner, f"{path} {name}")


def _is_frozen(cls: type[Any]) -> bool:
    try:
        setattr(object.__new__(cls), "id", None)  # noqa: B010  # no checker knows this attribute
    except attrs.exceptions.FrozenError:
        return True
    except AttributeError:  # slotted, but not frozen
        return False
    return False


def _first(error: BaseException) -> str:
    inner = getattr(error, "exceptions", None)
    return _first(inner[0]) if inner else str(error)


def _sorted(names: list[str]) -> list[str]:
    """Constants, then classes, then the rest, as isort and ruff sort them; plain order passes too."""
    if names == sorted(names):
        return names
    return sorted(names, key=lambda name: (not name.isupper(), not name[:1].isupper(), name))
