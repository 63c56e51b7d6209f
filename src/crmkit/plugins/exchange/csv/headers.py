"""Proposing what columns are from what their headers say, in several languages and as other programs write them.

Headers are compared folded: ``E-Mail-Adresse`` is ``e mail adresse``. The words were gathered from exports of Outlook,
Google Contacts, Thunderbird and of spreadsheets kept by hand.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

__all__ = ["folded", "proposed_targets"]

_FIELDS: Final = {
    "kind": "kind|type|art|record type|contact type|typ|tipo",
    "id": "id|crmkit id",
    "full_name": "full name|name|display name|anzeigename|nom complet|nombre completo|contact|contact name|kontakt",
    "given_name": "given name|first name|firstname|forename|christian name|vorname|prenom|nombre|primer nombre",
    "additional_names": "additional names|additional name|middle name|middle names|zweiter vorname|weitere vornamen"
    "|deuxieme prenom|autres prenoms|segundo nombre",
    "family_name": "family name|last name|lastname|surname|nachname|familienname|zuname|nom|nom de famille"
    "|apellido|apellidos",
    "prefix": "prefix|name prefix|honorific prefix|anrede|titel|salutation|civilite|tratamiento",
    "suffix": "suffix|name suffix|honorific suffix|namenszusatz|suffixe|sufijo",
    "nickname": "nickname|spitzname|rufname|surnom|apodo",
    "display_name": "called",
    "birth_date": "birth date|date of birth|birthday|birthdate|dob|geburtsdatum|geburtstag"
    "|date de naissance|anniversaire"
    "|fecha de nacimiento|cumpleanos|bday",
    "birthday": "birthday without year",
    "gender": "gender|sex|geschlecht|sexe|sexo|genero",
    "organisation": "organisation|organization|company|company name|firm|employer|organization name|organization 1 name"
    "|firma|unternehmen|organisation name|societe|entreprise|empresa|organizacion|compania|account name",
    "position": "position|job title|jobtitle|organization title|organization 1 title|role|funktion|beruf|stelle"
    "|fonction|poste|puesto|cargo",
    "legal_name": "legal name|registered name|firmenname laut register|raison sociale|razon social",
    "legal_form": "legal form|rechtsform|forme juridique|forma juridica",
    "language": "language|sprache|langue|idioma",
    "time_zone": "time zone|timezone|zeitzone|fuseau horaire|zona horaria",
    "source": "source|lead source|quelle|herkunft|origine|origen",
    "source_detail": "source detail",
    "notes": "notes|note|comment|comments|remarks|notizen|notiz|bemerkung|bemerkungen|kommentar|remarque|remarques"
    "|commentaire|notas|observaciones",
    "identifier.customer_number": "customer number|customer no|customer id|client number|kundennummer"
    "|kundennr|kunden nr"
    "|numero client|numero de cliente",
    "identifier.vat": "vat|vat number|vat id|ust id|ust idnr|umsatzsteuer id|tva|numero de tva|nif|cif",
    "identifier.external_id": "external id|externe id|rec id|record id|contact id|id externe|id externo",
}
_MECHANISMS: Final = {
    "email": "email|e mail|mail|email address|e mail address|mail address|email adresse|e mail adresse|mailadresse"
    "|courriel|adresse email|adresse e mail|adresse mail|adresse de messagerie|correo|correo electronico",
    "phone": "phone|telephone|tel|phone number|telephone number|telefon|telefonnummer|rufnummer|tel nr"
    "|numero de telephone|telefono|numero de telefono|primary phone|company main phone",
    "url": "url|website|web|web page|webpage|web site|homepage|webseite|internet|internetseite|site web|site internet"
    "|sitio web|pagina web",
    "handle.service": "handle service",
    "handle": "handle|im",
    "address": "address formatted",
    "address.street": "street|address street|street address|address|strasse|anschrift|adresse|rue|calle|direccion"
    "|domicilio|strasse und hausnummer|strasse hausnummer",
    "address.street_number": "street number|street no|address street number",
    "address.house_number": "house number|hausnummer|hausnr|haus nr|hnr|address house number",
    "address.locality": "city|town|locality|suburb|address city|address locality|ort|stadt|wohnort|ville"
    "|localite|ciudad"
    "|localidad|poblacion",
    "address.region": "region|state|province|county|state province|address region|address state|bundesland|kanton"
    "|departement|etat|provincia|estado",
    "address.postal_code": "postal code|postcode|post code|zip|zip code|address postal code|address zip"
    "|plz|postleitzahl"
    "|code postal|codigo postal|cp",
    "address.country": "country|country region|country code|address country|staat|laenderkennzeichen|pays|pais"
    "|land|land region",
}
_MERE_LABELS: Final = frozenset({"mobile", "fax", "pager"})
"""Labels of phones that are headers by themselves."""
_LABELS: Final = {
    "work": "work|business|office|company main|geschaftlich|dienstlich|arbeit|buro|professionnel|bureau|travail|trabajo"
    "|oficina",
    "home": "home|private|privat|personal|domicile|personnel|casa|particular",
    "mobile": "mobile|cell|cellphone|handy|mobil|mobiltelefon|portable|movil|gsm|mobilnummer|handynummer",
    "fax": "fax|faxnummer|telefax",
    "pager": "pager",
    "other": "other|weitere|weiteres|andere|autre|otro|otra",
}
_ENDINGS: Final = {
    "raw": "value|formatted",
    "label": "label|type",
    "primary": "primary|preferred",
}
_IDENTIFIER: Final = re.compile(r"identifier ([a-z][a-z0-9_.]*)(?: \d+)?")
_CUSTOM: Final = re.compile(r"custom\.[a-z][a-z0-9_]*")
_NOTES: Final = re.compile(r"notes \d+")


def _turned(words: dict[str, str]) -> dict[str, str]:
    return {word: meaning for meaning, alternatives in words.items() for word in alternatives.split("|")}


_FIELD_WORDS: Final = _turned(_FIELDS)
_MECHANISM_WORDS: Final = _turned(_MECHANISMS)
_LABEL_WORDS: Final = _turned(_LABELS)
_ENDING_WORDS: Final = _turned(_ENDINGS)


def folded(header: str) -> str:
    """``header`` without case, accents and punctuation."""
    apart = unicodedata.normalize("NFKD", header.casefold())
    bare = "".join(c for c in apart if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", bare))


def proposed_targets(headers: Sequence[str]) -> tuple[str | None, ...]:
    """What each column probably is; None where nothing is known, or another column was it before."""
    found = [_proposed(header) for header in headers]
    if "position" in found:  # Outlook: where there is a job title, the title is that of the name
        found = ["prefix" if folded(h) == "title" else t for h, t in zip(headers, found, strict=True)]
    else:
        found = ["position" if folded(h) == "title" else t for h, t in zip(headers, found, strict=True)]
    return tuple(_each_once(found))


def _proposed(header: str) -> str | None:
    words = folded(header)
    own = _IDENTIFIER.fullmatch(header.strip().lower())
    if own:
        return f"identifier.{own[1]}"
    if _CUSTOM.fullmatch(header.strip()):
        return header.strip()
    if _NOTES.fullmatch(words):
        return "notes"
    return _FIELD_WORDS.get(words) or _mechanism(words.split())


def _mechanism(words: list[str]) -> str | None:
    """The target of a header such as ``business phone 2``, ``e mail 1 value`` or ``address 1 street``."""
    labels = [label for word in words if (label := _LABEL_WORDS.get(word))]
    rest = [word for word in words if word not in _LABEL_WORDS]
    if labels and set(labels) & _MERE_LABELS and not [word for word in rest if not word.isdigit()]:
        rest = ["phone", *rest]
    ending = _ENDING_WORDS.get(rest[-1]) if len(rest) > 1 else None
    if ending:
        rest = rest[:-1]
    numbers = [word for word in rest if word.isdigit()]
    noun = _MECHANISM_WORDS.get(" ".join(word for word in rest if not word.isdigit()))
    if ending and noun == "address.street":
        noun = "address"
    if noun is None or len(numbers) > 1 or (ending and ("." in noun or not numbers)):
        return None
    # The second line of a street, not the street of a second address: "Business Street 2", "address_2".
    is_line = noun == "address.street" and rest[-1].isdigit()
    number = "" if is_line else "".join(f"#{int(n)}" for n in numbers if int(n))
    part = f".{ending}" if ending not in {None, "raw"} else ""
    return f"{noun}{part}{number}" + (f":{' '.join(dict.fromkeys(labels))}" if labels else "")


def _each_once(found: list[str | None]) -> list[str | None]:
    """Fields have one column each; mechanisms, lines of a street, identifiers and notes may have several."""
    seen: set[str] = set()
    kept: list[str | None] = []
    for one in found:
        repeatable = one is not None and one.split("#")[0].split(":")[0].startswith(_REPEATABLE)
        kept.append(None if one in seen and not repeatable else one)
        seen.add(one or "")
    return kept


_REPEATABLE: Final = ("email", "phone", "url", "handle", "address.street", "identifier.", "notes")
