"""The commands that define purposes and texts; a chapter of `crmkit.plugins.privacy.service.Privacy`."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve

from crmkit.plugins.privacy.errors import UnknownPurposeError, UnknownTextError
from crmkit.plugins.privacy.purposes.model import ConsentText, Purpose
from crmkit.sdk import ConflictError, Service, command, f, query

__all__ = ["PurposeCommands"]


class PurposeCommands(Service):
    """What parties are written to for."""

    @command("privacy.purpose.define", permission="privacy.purpose.create")
    def define_purposes(self, purposes: Sequence[Purpose]) -> tuple[Purpose, ...]:
        """Add purposes, and change those whose keys are there already.

        Args:
            purposes: each with its key.

        Raises:
            ForbiddenError: if one is there, and the actor may not change purposes.
        """
        known = {one.key: one for one in self.uow.each(Purpose)}
        return tuple(self._defined(known.get(one.key), one) for one in purposes)

    def _defined(self, present: Purpose | None, purpose: Purpose) -> Purpose:
        if present is None:
            return self.records.add(purpose)
        return self.records.update(present, evolve(purpose, id=present.id, version=present.version))

    @query("privacy.purpose.list", permission="privacy.purpose.read")
    def purposes(self) -> tuple[Purpose, ...]:
        """The tenant's purposes, by their keys."""
        return tuple(self.uow.each(Purpose, order="key"))

    @command("privacy.consent_text.add", permission="privacy.consent_text.create")
    def add_text(self, *, purpose: str, version: str, body: str, language: str | None = None) -> ConsentText:
        """Keep the words in which parties are asked for their consent.

        Args:
            purpose: the key of the purpose.
            version: what these words are called; consents name it.
            body: the words.
            language: which language they are in (BCP 47).

        Returns:
            The text; if the same one is there already, that one.

        Raises:
            UnknownPurposeError: if there is no such purpose.
            ConflictError: if that version says something else; what people agreed to is not changed afterwards.
        """
        self._purpose(purpose)
        text = ConsentText(purpose=purpose, text_version=version, body=body, language=language)
        known = self.own_records(ConsentText, (f.purpose == purpose) & (f.text_version == version))
        if not known:
            return self.records.add(text)
        if (known[0].body, known[0].language) != (text.body, text.language):
            message = f"text {version!r} for {purpose!r} says something else; give other words a version of their own"
            raise ConflictError(message)
        return known[0]

    @query("privacy.consent_text.list", permission="privacy.consent_text.read")
    def texts(self, purpose: str) -> tuple[ConsentText, ...]:
        """The texts for a purpose, the latest first."""
        return tuple(self.uow.each(ConsentText, f.purpose == purpose, order="-created_at"))

    # -- for the other chapters ---------------------------------------------------------------------------------------

    def _purpose(self, key: str) -> Purpose:
        """The purpose of that key, whoever asks.

        Raises:
            UnknownPurposeError: if there is none.
        """
        found = self.own_records(Purpose, f.key == key)
        if not found:
            raise UnknownPurposeError(key, (one.key for one in self.own_records(Purpose)))
        return found[0]

    def _check_text(self, purpose: str, version: str | None) -> None:
        """See that a text is there to be shown.

        Raises:
            UnknownTextError: if it is not.
        """
        if version is None:
            return
        known = {one.text_version for one in self.own_records(ConsentText, f.purpose == purpose)}
        if version not in known:
            raise UnknownTextError(purpose, version, known)
