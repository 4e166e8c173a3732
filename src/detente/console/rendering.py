"""Templates and the files beside them. Everything is escaped; nothing is written inline."""

import gettext
import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from detente.console.inert import inert, plain
from detente.signing import format_time

_GRADES = {"critical", "high", "medium", "low", "informational"}
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load.

    Attributes:
        data: its bytes.
        media_type: what it is.
        integrity: as a page names it, so that no other bytes run.
        name: with a part of its hash, so that a browser may keep it for ever.
    """

    data: bytes
    media_type: str
    integrity: str
    name: str


class Renderer:
    """Makes pages."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("detente.console", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        words = gettext.translation("detente", fallback=True)
        self._environment.install_gettext_translations(  # type: ignore[attr-defined] # by the extension
            words, newstyle=True
        )
        self._environment.filters["inert"] = inert
        self._environment.filters["plain"] = plain
        self._environment.filters["grade"] = lambda level: level if level in _GRADES else "none"
        self._environment.filters["moment"] = show_moment
        self._by_name = {each.name: each for each in map(_asset, _asset_files())}
        by_plain_name = {each.name.split(".", 1)[1]: each for each in self._by_name.values()}
        self._environment.globals["asset"] = lambda name: _tag(name, by_plain_name)

    def asset(self, name: str) -> Asset | None:
        """Return the file of a name that a page wrote, None where there is none."""
        return self._by_name.get(name)

    def render(self, template: str, values: Mapping[str, object]) -> str:
        """Return a page as text."""
        return self._environment.get_template(template).render(values)


def show_moment(moment: datetime | int | float | None) -> Markup:
    """Return a time in UTC, which a script shows in the reader's zone beside it."""
    if moment is None:
        return Markup("never")
    if not isinstance(moment, datetime):
        from datetime import UTC

        moment = datetime.fromtimestamp(moment, UTC)
    text = format_time(moment.replace(microsecond=0))
    shown = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return Markup('<time datetime="{}">{}</time>').format(text, shown)


def _asset_files() -> list[Traversable]:
    here = files("detente.console")
    folders = [here / "static", here / "vendor"]
    return [
        file
        for folder in folders
        for file in folder.iterdir()
        if any(file.name.endswith(kind) for kind in _TYPES)
    ]


def _asset(file: Traversable) -> Asset:
    data = file.read_bytes()
    digest = hashlib.sha384(data).digest()
    kind = next(kind for kind in _TYPES if file.name.endswith(kind))
    return Asset(
        data=data,
        media_type=_TYPES[kind],
        integrity=f"sha384-{b64encode(digest).decode()}",
        name=f"{digest[:6].hex()}.{file.name}",
    )


def _tag(name: str, assets: Mapping[str, Asset]) -> Markup:
    """Return the tag that loads a file; nothing where it is not installed."""
    asset = assets.get(name)
    if asset is None:
        return Markup("")
    path = f"/assets/{asset.name}"
    if name.endswith(".css"):
        tag = Markup('<link rel="stylesheet" href="{}" integrity="{}">')
        return tag.format(path, asset.integrity)
    # Ours are modules; those of others say themselves that they are minified.
    kind = "text/javascript" if ".min." in name else "module"
    tag = Markup('<script type="{}" src="{}" integrity="{}" defer></script>')
    return tag.format(kind, path, asset.integrity)
