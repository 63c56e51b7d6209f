"""What goes wrong with mail."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.sdk import ConflictError, CrmkitError, InvalidValueError

__all__ = ["MailFormatError", "NotContactableError", "TemplateError"]


class TemplateError(InvalidValueError):
    """A template says what it may not, or names a field that is unknown or not to be read.

    Attributes:
        template: the template's key.
        part: subject, text or html.
        line: the line in it, from 1.
        said: what stands there.
    """

    code = "template"

    def __init__(self, template: str, part: str, line: int, said: str, reason: str) -> None:
        self.template, self.part, self.line, self.said = template, part, line, said
        super().__init__("template", said[:80], f"in the {part} of {template!r}, line {line}, {reason}")


class NotContactableError(ConflictError):
    """Nothing may be sent to this recipient.

    Attributes:
        reasons: the codes of the reasons, such as ``withdrawn`` or ``suppressed``.
    """

    code = "not_contactable"

    def __init__(self, purpose: str, reasons: Sequence[str], said: Sequence[str] = ()) -> None:
        self.purpose, self.reasons = purpose, tuple(reasons)
        why = "; ".join(said) or ", ".join(reasons)
        super().__init__(
            f"nothing may be sent for the purpose {purpose!r} by e-mail: {why}; see crmkit privacy may-contact"
        )


class MailFormatError(CrmkitError):
    """Bytes that are no message, or one that is not to be taken apart.

    Attributes:
        reason: why.
    """

    code = "mail_format"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the message was not taken in: {reason}; nothing was stored, so keep the file and look at it")
