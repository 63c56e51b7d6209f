"""What the chapters of checks share: the plugin under test, and a deployment that has loaded it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from crmkit.api import Manifest
from crmkit.testing.conformance.bench import Bench, NotReadyError

__all__ = ["Case", "expect"]

NOTHING: Mapping[Any, Any] = MappingProxyType({})


def expect(faults: Iterable[str], way_out: str) -> None:
    """Fail with all ``faults`` and the way out; pass if there are none."""
    found = list(faults)
    if found:
        pytest.fail("\n".join([*found, way_out]), pytrace=False)


class Case:
    """One plugin under test; see `PluginConformance` for what a subclass says."""

    manifest: ClassVar[Manifest]
    settings: ClassVar[Mapping[str, Any]] = NOTHING
    others: ClassVar[Sequence[Manifest]] = ()
    examples: ClassVar[Mapping[type[Any], Callable[..., Any]]] = NOTHING

    _bench: ClassVar[Bench | None] = None

    @pytest.fixture(autouse=True)
    def _ready(self, request: pytest.FixtureRequest) -> None:
        """Make the deployment once for all checks of the class; it is taken down with the class."""
        cls = type(self)
        if cls._bench is None:
            server = None
            if request.config.getoption("--crmkit-postgres", default=False):
                server = request.getfixturevalue("postgres_server")
            cls._bench = Bench(
                cls.manifest, others=cls.others, settings=cls.settings, examples=cls.examples, server=server
            )

    @classmethod
    def teardown_class(cls) -> None:
        """Take the deployment down."""
        if cls._bench is not None:
            cls._bench.close()
            cls._bench = None

    @property
    def bench(self) -> Bench:
        """The deployment, assembled but perhaps not able to start."""
        assert self._bench is not None, "pytest makes it before each check"
        return self._bench

    @property
    def loaded(self) -> Bench:
        """The deployment, if the plugin's parts could be imported; skips the check otherwise: another one fails."""
        if self.bench.faults or self.manifest.id not in self.bench.crm.runtime.manifests:
            pytest.skip("the plugin cannot be loaded; see the checks on its manifest")
        return self.bench

    @property
    def started(self) -> Bench:
        """The deployment, started on a migrated database; skips the check if that fails: another one does."""
        try:
            self.bench.start()
        except NotReadyError as error:
            pytest.skip(f"no deployment with the plugin is ready ({error}); see the checks that fail")
        return self.bench
