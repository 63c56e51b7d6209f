"""The commands and queries of templates; a chapter of `crmkit.plugins.email.service.Email`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import evolve, frozen

from crmkit.plugins.email.model import Template
from crmkit.plugins.email.tables import TEMPLATE
from crmkit.plugins.email.templates.fields import Sources, given_values, values_for
from crmkit.plugins.email.templates.html import as_text, finished
from crmkit.plugins.email.templates.rules import Part, filled, places
from crmkit.sdk import PARTY, InvalidValueError, NotFoundError, Ref, Service, command, f, query

__all__ = ["Content", "Templates"]


@frozen(kw_only=True)
class Content:
    """What a message says.

    Attributes:
        subject: of the message.
        text: the plain-text part.
        html: the HTML part; None for plain text alone.
    """

    subject: str
    text: str
    html: str | None = None


class Templates(Service):
    """What messages are made of."""

    @command("email.template.save", permission="email.template.update")
    def save_template(
        self, key: str, *, subject: str, text: str = "", html: str | None = None, label: str = ""
    ) -> Template:
        """Keep a template under a key; one of that key is replaced, and its versions stay in its history.

        Args:
            key: by which messages name it.
            subject: of messages, with places such as ``{{ party.given_name }}``.
            text: the plain-text part; made from the HTML by default.
            html: HTML or MJML; styles are put into its elements, nothing is fetched.
            label: for people.

        Raises:
            TemplateError: if something between braces is no name, or the HTML cannot be read.
            InvalidValueError: if it says nothing, or the key is none.
            ConfigError: if the extra is not installed, for HTML.
        """  # raised by what this calls; callers want to know
        made = None if html is None else finished(key, html)
        plain = text or as_text(made or "")
        if not subject.strip() or not plain.strip():
            raise InvalidValueError("template", key, "says nothing; give a subject, and a text or HTML")
        for part, source in _parts(Content(subject=subject, text=plain, html=made)):
            list(places(key, part, source))
        wanted = Template(
            key=key, label=label, subject=subject, text=plain, html=made, source=html, owner_id=self.uow.actor.id
        )
        before = self._template(key)
        if before is None:
            return self.records.add(wanted)
        given: dict[str, Any] = {"label": label, "subject": subject, "text": plain, "html": made, "source": html}
        return self.records.update(before, evolve(before, **given))

    @query("email.template.preview", permission="email.template.read")
    def preview(
        self,
        template: str,
        *,
        party: UUID | None = None,
        about: Ref | None = None,
        values: Mapping[str, object] | None = None,
    ) -> Content:
        """What a message by a template would say, as far as the actor may read what it names.

        Args:
            template: the template's key.
            party: to whom.
            about: the record that it is about; places name its fields as ``about.<field>``.
            values: further values; places name them as ``values.<name>``.

        Raises:
            NotFoundError: if template, party or record are not there or hidden.
            TemplateError: if a place names what is unknown, not for messages, or not the actor's to read.
        """  # raised by what this calls; callers want to know
        found = self._template(template)
        if found is None:
            raise NotFoundError(TEMPLATE.name, template)
        return self._rendered(
            template, Content(subject=found.subject, text=found.text, html=found.html),
            party=party, about=about, values=values,
        )  # fmt: skip

    @query("email.template.list", permission="email.template.read")
    def templates(self) -> tuple[Template, ...]:
        """The templates, by their keys."""
        return tuple(self.uow.each(TEMPLATE, order="key"))

    # -- for the other chapters ---------------------------------------------------------------------------------------

    def _rendered(
        self,
        template: str,
        content: Content,
        *,
        party: UUID | None,
        about: Ref | None,
        values: Mapping[str, object] | None,
    ) -> Content:
        """A content with its places filled in; see `preview`."""
        sources: dict[str, Any] = {"values": given_values(values or {})}
        if party is not None:
            sources["party"] = (PARTY, self.uow.get(PARTY, party))
        if about is not None:
            entity = self.uow.entity(about.entity)
            sources["about"] = (entity, self.uow.get(entity, about.id))
        parts = _parts(content)
        known: Sources = sources
        found = values_for(self.uow, template, parts, known)
        done = {part: filled(template, part, source, found) for part, source in parts}
        return Content(subject=done["subject"], text=done["text"], html=done.get("html"))

    def _template(self, key: str) -> Template | None:
        return next(iter(self.uow.find(TEMPLATE, f.key == key, limit=1)), None)


def _parts(content: Content) -> tuple[tuple[Part, str], ...]:
    parts: tuple[tuple[Part, str], ...] = (("subject", content.subject), ("text", content.text))
    return parts if content.html is None else (*parts, ("html", content.html))
