"""What can be configured: the sections of ``crmkit.toml``, each an attrs class whose docstring is its documentation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from attrs import Attribute, Factory, field, frozen
from attrs.validators import ge, matches_re, min_len, optional

from crmkit.core.kernel.config.secret import MASK, Secret
from crmkit.core.kernel.config.strict import Raw
from crmkit.errors import InvalidValueError, MissingKeysError

__all__ = [
    "AREAS",
    "Access",
    "Core",
    "Database",
    "Deployment",
    "Files",
    "HookLimits",
    "JobLimits",
    "Limits",
    "Sections",
]

_PASSWORD = re.compile(r"(://[^:/?#@]*:).*(?=@)|((?:password|pwd|sslpassword)=)[^&]*", re.IGNORECASE)


SHORTEST_KEY = 32
"""How many characters a secret key has at least: those of 24 random bytes in base64, rounded up."""

AREAS = ("search", "parties", "interactions", "pipelines", "permissions")
"""The sections of the core's areas; structured by each area's own settings class."""


def mask_password(url: str) -> str:
    """A database URL fit to be shown."""
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}{MASK}", url)


def _no_repetition(_: object, attribute: Attribute[Any], value: tuple[object, ...]) -> None:
    twice = next((element for element in value if value.count(element) > 1), None)
    if twice is not None:
        raise InvalidValueError(attribute.name, value, f"names {twice!r} twice; remove one")


@frozen(kw_only=True)
class Deployment:
    """The deployment as a whole: section ``[crmkit]``.

    Attributes:
        default_tenant: the tenant that is meant where none is named; none by default, then one must be named.
        plugins: ids of the plugins that are loaded at the start; which of them a tenant uses is decided later.
        actors: where the application's directory of actors is, as ``myapp.crm:directory``, where code does not hand it
            over, such as on the command line; without one, every id is an active user.
        path: folders that the command line imports the directory and further plugins from, beside what is installed;
            relative to the configuration file.
    """

    default_tenant: str | None = None
    plugins: tuple[str, ...] = field(default=(), validator=_no_repetition)
    actors: str | None = field(default=None, validator=optional(matches_re(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z")))
    path: tuple[str, ...] = ()


def _long_enough(_: object, attribute: Attribute[Any], value: tuple[Secret, ...]) -> None:
    for place, secret in enumerate(value):
        if len(secret.reveal()) < SHORTEST_KEY:
            reason = f"is too short at place {place}: a key has at least {SHORTEST_KEY} characters."
            raise InvalidValueError(attribute.name, value, f"{reason} {MissingKeysError.WAY_OUT}")


@frozen(kw_only=True)
class Core:
    """What the core has to keep to itself: section ``[core]``.

    Attributes:
        secret_keys: by which what leaves the deployment is known when it comes back, such as links to unsubscribe, and
            by which addresses that nothing may be sent to are kept without keeping them. Each at least 32 characters,
            the newest first: it signs, and all of them recognise. An older one may go only when the links that it
            signed no longer matter, and nothing that was hashed with it; of a hash, no other can be made.
    """

    secret_keys: tuple[Secret, ...] = field(default=(), validator=[_no_repetition, _long_enough])


@frozen(kw_only=True)
class Database:
    """Where the data is: section ``[database]``. Not used if the application hands over its own engine.

    Attributes:
        url: database URL as SQLAlchemy writes it. Its password is never shown.
        schema: PostgreSQL schema of crmkit's tables; the connection's default one if not set.
    """

    url: str = field(default="sqlite:///crmkit.db", repr=mask_password)
    schema: str | None = field(default=None, validator=optional(matches_re(r"[A-Za-z_][A-Za-z0-9_]{0,62}\Z")))


@frozen(kw_only=True)
class Access:
    """Who has which rights: section ``[access]``.

    Attributes:
        membership: where an actor's roles and teams are read: in the application's ``directory`` of actors, or in
            crmkit's own ``database``.
    """

    membership: Literal["directory", "database"] = "directory"


@frozen(kw_only=True)
class HookLimits:
    """What is demanded of the hooks of plugins: section ``[hooks]``.

    Attributes:
        slow_ms: a hook that takes longer is named in the plugin's health; milliseconds.
        max_faults: a hook that failed so often is skipped until the next start.
    """

    slow_ms: int = field(default=1000, validator=ge(1))
    max_faults: int = field(default=5, validator=ge(1))


@frozen(kw_only=True)
class Limits:
    """How much may be asked for at once: section ``[limits]``.

    Attributes:
        page: the largest page that a query may ask for; records.
    """

    page: int = field(default=1000, validator=ge(1))


@frozen(kw_only=True)
class JobLimits:
    """How jobs are run: section ``[jobs]``.

    Attributes:
        max_attempts: how often a job is tried before it becomes a dead letter.
        first_wait: how long a job waits after its first failure; seconds, doubled with every further one.
        longest_wait: the longest that it waits between two tries; seconds.
        lease: for how long a worker that has claimed jobs may go unheard before others take them; seconds. A job that
            is running on PostgreSQL or SQLite is not taken, however long it takes.
        batch: how many jobs of one tenant are run before it is the next one's turn.
        keep_days: for how many days jobs that are over stay visible; dead and refused ones stay until they are dropped.
        poll: how often an idle worker looks for jobs that nothing has announced; seconds. By default 5 on SQLite and 30
            on PostgreSQL, where jobs are announced.
    """

    max_attempts: int = field(default=10, validator=ge(1))
    first_wait: float = field(default=5.0, validator=ge(0))
    longest_wait: float = field(default=3600.0, validator=ge(0))
    lease: float = field(default=60.0, validator=ge(0.05))
    batch: int = field(default=20, validator=ge(1))
    keep_days: int = field(default=7, validator=ge(0))
    poll: float | None = field(default=None, validator=optional(ge(0.01)))


@frozen(kw_only=True)
class Files:
    """Where attachments are kept: section ``[files]``. The folder is not used if the application hands over a store.

    Attributes:
        folder: the folder, made when the first file arrives; relative to the working directory.
        max_size: how large a file may be; bytes, 25 MiB by default.
    """

    folder: str = field(default="crmkit-files", validator=min_len(1))
    max_size: int = field(default=25 * 1024 * 1024, validator=ge(0))


@frozen(kw_only=True)
class Sections:
    """All sections of the configuration.

    Attributes:
        crmkit: the deployment as a whole.
        core: what the core has to keep to itself.
        database: where the data is.
        access: who has which rights.
        hooks: what is demanded of hooks.
        limits: how much may be asked for at once.
        jobs: how jobs are run.
        files: where attachments are kept.
        search: the settings of search, as they were written; see `Config.area_settings`.
        parties: those of the parties area.
        interactions: those of the interactions area.
        pipelines: those of the pipelines area.
        permissions: those of the permissions area.
        plugins: the settings of each plugin by its id, as they were written; see `Config.plugin_settings`.
    """

    crmkit: Deployment = Factory(Deployment)
    core: Core = Factory(Core)
    database: Database = Factory(Database)
    access: Access = Factory(Access)
    hooks: HookLimits = Factory(HookLimits)
    limits: Limits = Factory(Limits)
    jobs: JobLimits = Factory(JobLimits)
    files: Files = Factory(Files)
    search: Raw = field(factory=Raw, repr=False)
    parties: Raw = field(factory=Raw, repr=False)
    interactions: Raw = field(factory=Raw, repr=False)
    pipelines: Raw = field(factory=Raw, repr=False)
    permissions: Raw = field(factory=Raw, repr=False)
    plugins: Mapping[str, Raw] = field(factory=dict, repr=lambda plugins: repr(sorted(plugins)))
