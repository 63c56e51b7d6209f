"""One-click unsubscription (RFC 8058) for whatever web framework the application has."""

from __future__ import annotations

from urllib.parse import parse_qs

from attrs import frozen

from crmkit.plugins.email.service import Email
from crmkit.sdk import CRM, InvalidTokenError

__all__ = ["Reply", "one_click"]


@frozen
class Reply:
    """What the application's route answers.

    Attributes:
        status: of HTTP.
        text: plain text for people.
    """

    status: int
    text: str


def one_click(crm: CRM, *, method: str, query: str, body: bytes, actor: str, tenant: str | None = None) -> Reply:
    """Answer a request to the address in ``plugins.email.unsubscribe_url``.

    Only a POST with the one field that RFC 8058 (3.2) asks for changes anything: scanners and previews follow links by
    GET. Nothing is redirected, and a forged token is answered as an expired one.

    Args:
        crm: the started CRM.
        method: of the request.
        query: its query string, with the token.
        body: its body.
        actor: by whose rights it is done; the role ``mail_route`` has those that it takes.
        tenant: whose message it was; the configured default by default.
    """
    if method.upper() != "POST":
        return Reply(405, "To unsubscribe, use the button of your mail program; opening this link changes nothing.")
    said = parse_qs(body[:10_000].decode("ascii", "replace"))
    token = next(iter(parse_qs(query[:20_000]).get("token", [])), "")
    if said.get("List-Unsubscribe") != ["One-Click"]:
        return Reply(400, "This address takes one-click unsubscriptions (RFC 8058).")
    try:
        with crm.begin(actor, tenant, source="one-click") as uow:
            uow.use(Email).unsubscribe(token)
    except InvalidTokenError:
        return Reply(400, "This link is not valid, or no longer.")
    return Reply(200, "You will get no more of these messages.")
