"""What the generated pages of the reference say, read from the code.

A page calls one of these functions in a cog block. `nox -s docs -- write` writes the pages anew; `nox -s docs` fails
while a page differs from the code. Everything is listed in an order of its own, so that the same code gives the same
page.
"""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator

import attrs
import click
from _deployment import bundled, chapters, implementations, owner_of, owners
from _markdown import attributes, code, codes, entries, fenced, prose, returns, summary, table, types

import crmkit
from crmkit import UnitOfWork, errors, sdk
from crmkit.core.kernel.config.sections import AREAS, Sections
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.shape import FieldShape
from crmkit.core.kernel.hooks.hook import Collect, Hook
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.kernel.units.gate import Operation
from crmkit.core.permissions.roles.rules import DEFAULT_ROLES
from crmkit.testing import plugin as pytest_plugin
from crmkit.values.event import Event, Origin

SAME = ("id", "version", "created_at", "updated_at", "custom")
"""What every record has; said once, at the top of the page."""

WIDTH = 100
"""Characters of a call in one line."""

MACHINERY = {
    "crm_actor": "The names of actors once seen, so that history can be read when the application has forgotten them.",
    "crm_catalog": "What every entity looks like, written by migrations; of plugins that are disabled or gone, too.",
    "crm_change": "History: what each unit of work changed, field by field.",
    "crm_counter": "The last number that records of an entity were given, per tenant.",
    "crm_denial": "What was denied to whom.",
    "crm_job": "Work that durable subscribers and schedules have to do, or have done.",
    "crm_notification": "What actors are told: who was mentioned, in which comment, and whether they have read it.",
    "crm_once": "The answers of units that were run once for a key.",
    "crm_plugin_state": "Which plugins are enabled or disabled, for a tenant or (`*`) for all that say nothing else.",
    "crm_quality_score": "The scores of records, derived from the records and the rules of quality.",
    "crm_search": "The texts that are searched, derived from the records.",
    "crm_tenant": "The tenants.",
    "crm_unique": "The values of unique custom fields.",
    "crm_unit": "Every unit of work that changed something: who, when, why, and by which commands.",
}
"""What the tables are for that belong to no entity."""


# -- errors -----------------------------------------------------------------------------------------------------------


def error_tree(
    root: type[errors.CrmkitError] = errors.CrmkitError, depth: int = 0
) -> Iterator[tuple[int, type[errors.CrmkitError]]]:
    """Every error of the core with its depth, parents first and siblings by name."""
    yield depth, root
    for child in sorted(root.__subclasses__(), key=lambda error: error.__name__):
        if child.__module__ == errors.__name__:
            yield from error_tree(child, depth + 1)


def errors_page() -> str:
    """All errors, one row each, indented by their place in the tree."""
    rows = [
        (
            "&ensp;" * 2 * depth + code(error.__name__),
            code(error.code),
            "yes" if error.retryable else "",
            summary(error),
        )
        for depth, error in error_tree()
    ]
    return table(["error", "`code`", "retryable", "when"], rows)


# -- hooks and events -------------------------------------------------------------------------------------------------


def hooks_page() -> str:
    """Every hook: the five answers, the signature, the payload, and who uses it."""
    hooks = bundled().runtime.hooks.hooks
    return "\n\n".join(_hook(name, hook) for name, (_, hook) in sorted(hooks.items()))


def _hook(name: str, hook: Hook) -> str:
    contract, said = hook.contract, attributes(hook.payload)
    answer = hook.answer.__name__ if isinstance(hook, Collect) else "Refusal"
    questions = {
        "Called": contract.when[:1].lower() + contract.when[1:],
        "Transaction": contract.transaction,
        "Answers": contract.answers,
        "Limits": contract.limits,
        "Raising": contract.raising,
    }
    users = [(code(user), code(i.key), summary(i.fn)) for user, i in implementations() if i.hook is hook]
    return "\n\n".join([
        f"## {name}",
        fenced(
            f"{_imports(name, hook, answer)}\n\n\n"
            f"def answer(context: Context, payload: {hook.payload.__name__}) -> {answer} | None: ..."
        ),
        f"A {code(type(hook).__name__)}, implemented by {code(f'{name}.by(answer)')}.",
        "\n".join(f"- **{question}:** {text.rstrip('.')}." for question, text in questions.items()),
        f"`{hook.payload.__name__}`: {summary(hook.payload)[:1].lower()}{summary(hook.payload)[1:]}",
        table(["attribute", "type", "meaning"], _attributes(hook.payload, said)),
        table(["used by", "function", "for"], users),
    ])


def _imports(name: str, hook: Hook, answer: str) -> str:
    """Where an implementation gets what its signature names: from the kit, and from the package root of a plugin."""
    plugin, _ = bundled().runtime.hooks.hooks[name]
    kit = ["Context", *(["Refusal"] if answer == "Refusal" else [])]
    own = [hook.payload.__name__, name, *([] if answer == "Refusal" else [answer])]
    if plugin == "core":
        kit, own = [*kit, *own], []
    lines = [f"from crmkit.sdk import {', '.join(_sorted(kit))}"]
    lines += [f"from crmkit.plugins.{plugin} import {', '.join(_sorted(own))}"] if own else []
    return "\n".join(reversed(lines))


def _sorted(names: list[str]) -> list[str]:
    """As imports are sorted: classes first."""
    return sorted(names, key=lambda name: (name.islower(), name))


def subscribers_table() -> str:
    """Who of the bundled plugins and the example subscribes to which event."""
    rows = [
        (code(user), code(i.name), code(i.key), summary(i.fn))
        for user, i in implementations()
        if not isinstance(i.hook, Hook)
    ]
    return table(["used by", "event", "function", "for"], rows)


def origin_table() -> str:
    """What every event says of where it comes from."""
    return table(["attribute", "type", "meaning"], _attributes(Origin, attributes(Origin)))


def events_page() -> str:
    """Every event with its attributes, by area and plugin."""
    return "\n\n".join(
        f"## {title}\n\n" + "\n\n".join(map(_event, sorted(part.events, key=lambda event: event.__name__)))
        for _, title, part in owners()
        if part.events
    )


def _event(event: type[Event]) -> str:
    said = {name: text for name, text in attributes(event).items() if name != "origin"}
    listed = table(["attribute", "type", "meaning"], _attributes(event, said))
    return "\n\n".join([f"### {event.__name__}", prose(event), *([listed] if said else [])])


def _attributes(cls: type, said: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    kinds = types(cls)
    for each in attrs.fields(cls):
        if each.name in said:
            yield code(each.name), code(kinds[each.name]), said[each.name]


# -- permissions and roles --------------------------------------------------------------------------------------------


def permissions_page() -> str:
    """Every registered permission with what needs it, by area and plugin."""
    found: dict[str, list[tuple[str, str, str]]] = {id_: [] for id_ in chapters()}
    runtime = bundled().runtime
    for name, permission in sorted(runtime.permissions.items()):
        needed = sorted(o.name for o in runtime.operations.values() if o.permission == name)
        found[_permission_owner(name)].append((code(name), permission.label, codes(needed)))
    return "\n\n".join(
        f"## {title}\n\n" + table(["permission", "what it allows", "needed by"], found[id_])
        for id_, title in chapters().items()
        if found[id_]
    )


def _permission_owner(name: str) -> str:
    runtime = bundled().runtime
    entity = name.rpartition(".")[0]
    if entity in runtime.registry:
        return owner_of(runtime.registry.entity(entity))
    declared = {p.name: area.id for area in bundled().areas for p in area.permissions}
    declared |= {p.name: m.id for m in runtime.manifests.values() for p in m.permissions}
    return declared[name]


def roles_page() -> str:
    """The roles that a new tenant begins with, and their rules."""
    return "\n\n".join(
        f"## {role.key}\n\n{role.description}\n\n" + "\n".join(f"- {code(rule)}" for rule in role.rules)
        for role in DEFAULT_ROLES
    )


# -- commands and queries ---------------------------------------------------------------------------------------------


def operations_index() -> str:
    """Every command and query in one line, by area and plugin, with a link to the page that has it."""
    return "\n\n".join(
        f"## {title}\n\n" + table(["name", "kind", "what it does"], _lines(id_))
        for id_, title in chapters().items()
        if _services_of(id_)
    )


def _lines(owner: str) -> Iterator[tuple[str, str, str]]:
    for operation in (o for service in _services_of(owner) for o in _operations_of(service)):
        anchor = operation.name.replace(".", "")
        yield f"[`{operation.name}`]({owner}.md#{anchor})", operation.kind, summary(operation.doc)


def operations_page(owner: str) -> str:
    """Every command and query of an area or plugin."""
    return "\n\n".join(_service(service) for service in _services_of(owner))


def _services_of(owner: str) -> list[type]:
    """The services of an area or plugin."""
    areas = {service: area.id for area in bundled().areas for service in area.services}
    services = bundled().runtime.services.items()
    found = [s for s, plugin in services if owner == (areas[s] if plugin == "core" else plugin)]
    return sorted(found, key=lambda service: service.__name__)


def _operations_of(service: type) -> list[Operation]:
    return sorted(
        (o for o in bundled().runtime.operations.values() if o.service is service), key=lambda operation: operation.name
    )


def _service(service: type) -> str:
    way = _way_to(service)
    heading = f"## {service.__name__}: `{way}`\n\n{prose(service)}"
    return "\n\n".join([heading, *(_operation(o, way) for o in _operations_of(service))])


def _way_to(service: type) -> str:
    """How a unit of work gives the service."""
    for name, member in inspect.getmembers_static(UnitOfWork):
        if isinstance(member, property) and inspect.get_annotations(member.fget)["return"] == service.__name__:
            return f"uow.{name}"
    return f"uow.use({service.__name__})"


def _operation(operation: Operation, way: str) -> str:
    needed = code(operation.permission) if operation.permission else "none but those for each record"
    facts = [operation.kind, f"permission {needed}"]
    facts += [f"loads {code(t.name)} ({t.entity})" for t in operation.targets or ()]
    facts += [] if operation.reversible else ["cannot be undone"]
    said = [*entries(operation.doc, "Args").items()]
    raised = [*entries(operation.doc, "Raises").items()]
    parts = [
        f"### {operation.name}",
        fenced(_call(operation, way), "py"),  # no program: pages with `python` in them are run
        f"*{'; '.join(facts)}*",
        prose(operation.doc),
        "\n".join(f"- `{name}`: {text}" for name, text in said),
        f"Returns: {returns(operation.doc)}" if returns(operation.doc) else "",
        "Raises:\n\n" + "\n".join(f"- `{name}`: {text}" for name, text in raised) if raised else "",
    ]
    return "\n\n".join(part for part in parts if part)


def _call(operation: Operation, way: str) -> str:
    """The call with its types as they are written; targets are ids."""
    targets = {t.name for t in operation.targets or ()}
    signature = inspect.signature(getattr(operation.service, operation.method))
    given = []
    for p in list(signature.parameters.values())[1:]:
        kind = p.annotation
        if p.name in targets:
            kind = "UUID | None" if p.default is None else "UUID"
        if p.kind is p.KEYWORD_ONLY and "*" not in given:
            given.append("*")
        given.append(f"{p.name}: {kind}" + ("" if p.default is p.empty else f" = {p.default!r}"))
    answer = "" if signature.return_annotation == "None" else f" -> {signature.return_annotation}"
    line = f"{way}.{operation.method}({', '.join(given)}){answer}"
    if len(line) <= WIDTH:
        return line
    return f"{way}.{operation.method}(\n" + "".join(f"    {one},\n" for one in given) + f"){answer}"


# -- settings ---------------------------------------------------------------------------------------------------------


def settings_page() -> str:
    """Every setting with type, default and meaning, by section."""
    return "\n\n".join(
        f"## `[{name}]`\n\n{re.sub(': section `[^`]*`', '', prose(settings))}\n\n"
        + table(["key", "type", "default", "meaning"], _settings(settings))
        for name, settings in _sections()
    )


def _sections() -> Iterator[tuple[str, type]]:
    areas = {id_: part.settings for id_, _, part in owners() if id_ in AREAS}
    for section in attrs.fields(Sections):
        settings = areas.get(section.name) if section.name in AREAS else section.default.factory
        if section.name != "plugins" and settings:
            yield section.name, settings
    for manifest in bundled().runtime.manifests.values():
        if manifest.settings:
            yield f"plugins.{manifest.id}", pkgutil.resolve_name(manifest.settings)


def _settings(settings: type) -> Iterator[tuple[str, str, str, str]]:
    said, kinds, values = attributes(settings), types(settings), settings()
    for each in attrs.fields(settings):
        value = getattr(values, each.name)
        default = "" if value in (None, (), "") else code(list(value) if isinstance(value, tuple) else value)
        yield code(each.name), code(kinds[each.name]), default, said[each.name]


# -- schema -----------------------------------------------------------------------------------------------------------


def schema_page() -> str:
    """The tables of the core and of every bundled plugin."""
    parts = [
        f"## {title}\n\n" + "\n\n".join(_entity(entity) for entity in part.entities)
        for _, title, part in owners()
        if part.entities
    ]
    own = {entity.table.name for _, _, part in owners() for entity in part.entities}
    machinery = [_machinery(table_) for name, table_ in sorted(metadata.tables.items()) if name not in own]
    return "\n\n".join([*parts, "## Machinery", *machinery])


def _entity(entity: EntityType) -> str:
    shape, said = entity.shape, {}
    for model in reversed(entity.models):
        said |= attributes(model)
    facts = [
        f"Part of the record in `{shape.part_of}`." if shape.part_of else "",
        f"Hidden where the record in {codes(entity.visible_with)} is." if entity.visible_with else "",
        f"Owner: `{entity.owner}`." if entity.owner else "",
        f"Team: `{entity.team}`." if entity.team else "",
        f"Orders: {codes(entity.orders)}.",
        "Unique: " + "; ".join(codes(u[1:]) for u in shape.uniques) + "." if shape.uniques else "",
    ]
    rows = [
        (codes(f.columns), _type(f), "yes" if f.nullable else "", said[f.name] + _reference(f) + _class(f))
        for f in shape.fields.values()
        if f.name not in SAME
    ]
    return "\n\n".join([
        f"### {entity.name}: `{shape.table}`",
        f"{summary(entity.model)} {' '.join(fact for fact in facts if fact)}",
        table(["column", "type", "null", "meaning"], rows),
    ])


def _type(field: FieldShape) -> str:
    return f"decimal({field.scale})" if field.type == "decimal" else field.type


def _class(field: FieldShape) -> str:
    return f" Class: {field.data_class}." if field.data_class else ""


def _reference(field: FieldShape) -> str:
    reference = field.reference
    if reference is None:
        return ""
    to = reference.entity or f"whatever `{reference.entity_column}` names"
    inverse = f", where it is `{reference.inverse}`" if reference.inverse else ""
    return (
        f" Refers to {to}{inverse}; on delete {reference.on_delete}, on merge {reference.on_merge}, "
        f"on erase {reference.on_erase}."
    )


def _machinery(table_: object) -> str:
    keys = {c.name for c in table_.primary_key.columns}
    rows = [
        (code(c.name), c.type.logical, "yes" if c.nullable else "", "key" if c.name in keys else "")
        for c in table_.columns
    ]
    return f"### `{table_.name}`\n\n{MACHINERY[table_.name]}\n\n" + table(["column", "type", "null", ""], rows)


# -- the command line -------------------------------------------------------------------------------------------------


def cli_page() -> str:
    """The help of every command of crmkit's own, and of what bundled plugins bring."""
    from crmkit.cli.root import COMMANDS, OF_PLUGINS, root

    with _context(root, "crmkit", None) as context:
        pages = [fenced(_help(root, context), "text")]
        commands = {name: root.get_command(context, name) for name in COMMANDS}
        commands |= {name: _group_of(plugin).commands[name] for name, plugin in OF_PLUGINS.items()}
        for name in sorted(commands):
            pages += _command(commands[name], name, context)
    return "\n\n".join(pages)


def _group_of(plugin: str) -> click.Group:
    return pkgutil.resolve_name(bundled().runtime.manifests[plugin].cli)


def _command(command: click.Command, name: str, parent: click.Context) -> Iterator[str]:
    context = _context(command, name, parent)
    yield f"## {context.command_path}" if parent.parent is None else f"### {context.command_path}"
    yield fenced(_help(command, context), "text")
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            yield from _command(command.get_command(context, each), each, context)


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    said = command.context_settings
    return click.Context(command, info_name=name, parent=parent, terminal_width=90, max_content_width=90, **said)


def _help(command: click.Command, context: click.Context) -> str:
    return "\n".join(line.rstrip() for line in command.get_help(context).splitlines())


# -- tests ------------------------------------------------------------------------------------------------------------


def fixtures_page() -> str:
    """The fixtures that pytest finds wherever crmkit is installed."""
    tree = ast.parse(inspect.getsource(pytest_plugin))
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _is_fixture(node)]
    found.sort(key=lambda node: node.name)
    rows = [(code(node.name), _scope(node), summary(ast.get_docstring(node) or "")) for node in found]
    return table(["fixture", "lives for", "what it is"], rows)


def _is_fixture(node: ast.FunctionDef) -> bool:
    return any("pytest.fixture" in ast.unparse(decorator) for decorator in node.decorator_list)


def _scope(node: ast.FunctionDef) -> str:
    named = re.search(r"scope='(\w+)'", ast.unparse(node.decorator_list[0]))
    return f"the {named[1]}" if named else "the test"


# -- the public names -------------------------------------------------------------------------------------------------


def shared_names() -> str:
    """What `crmkit.sdk` exports too, and `crmkit` documents."""
    return codes(name for name in sdk.__all__ if name in crmkit.__all__)


def own_names() -> str:
    """A directive that documents what only `crmkit.sdk` exports; errors have a page of their own."""
    elsewhere = [name for name in sdk.__all__ if name in crmkit.__all__ or hasattr(errors, name)]
    inherited = ["cache_ok", "impl"]  # the column types' from SQLAlchemy, with its docstrings
    return "\n".join([
        "```{eval-rst}",
        ".. automodule:: crmkit.sdk",
        "   :members:",
        f"   :exclude-members: {', '.join([*elsewhere, *inherited])}",
        "```",
    ])
