"""Which form of an answer a client takes, and which form of a body it sends (TAXII 2.1, 1.6.8)."""

from http import HTTPStatus

from detente.exchange.taxii.errors import TaxiiError

MEDIA_TYPE = "application/taxii+json;version=2.1"
STIX_MEDIA_TYPE = "application/stix+json;version=2.1"
_TYPES = frozenset(("application/taxii+json", "application/*", "*/*"))


def check_accept(header: str | None) -> None:
    """Refuse a client that takes no TAXII 2.1.

    Raises:
        TaxiiError: 406.
    """
    if header is None or any(_is_taken(part) for part in header.split(",")):
        return
    raise TaxiiError(
        HTTPStatus.NOT_ACCEPTABLE,
        f"this server answers in {MEDIA_TYPE}; asked for was {header[:100]!r}",
        remedy=f"Send Accept: {MEDIA_TYPE}",
    )


def check_content_type(header: str | None) -> None:
    """Refuse a body that is no TAXII 2.1.

    Raises:
        TaxiiError: 415.
    """
    name, parameters = _read(header or "")
    if name == "application/taxii+json" and parameters.get("version", "2.1") == "2.1":
        return
    raise TaxiiError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"a body in {MEDIA_TYPE} was expected, {(header or 'nothing')[:100]!r} came",
        remedy=f"Send Content-Type: {MEDIA_TYPE}",
    )


def _is_taken(part: str) -> bool:
    name, parameters = _read(part)
    # Of a range that fits, only another version or a weight of zero refuses.
    version = parameters.get("version", "2.1")
    return name in _TYPES and version == "2.1" and not _is_zero(parameters.get("q", "1"))


def _is_zero(weight: str) -> bool:
    return weight.replace(".", "").strip("0") == "" and weight != ""


def _read(text: str) -> tuple[str, dict[str, str]]:
    name, *rest = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=") for part in rest)
    return name.lower(), {key.strip().lower(): value.strip(' "') for key, _, value in pairs}
