"""What the demo brings along: the contacts files, its configuration, and the example plugin."""

from __future__ import annotations

import secrets
import shutil
import tomllib
from pathlib import Path

from crmkit.errors import ConfigError

__all__ = ["contacts", "unpack_plugin", "write_config"]

PLUGIN = "crmkit-membership"
CONFIG = """\
# The configuration of the demo. What is in force, and where it comes from: crmkit config show

[crmkit]
default_tenant = "acme"
plugins = ["exchange", "privacy", "feedback", "service_desk"] # what is loaded; a later chapter adds one

[core]
secret_keys = ["<key>"]               # signs links, and hashes addresses that are not to be kept

[database]
url = "sqlite:///crm.db"

[access]
membership = "database"               # crmkit keeps who has which role

[parties]
default_region = "GB"                 # phone numbers without a country code are dialled there

[plugins.exchange]
region = "GB"                         # those in files too

[plugins.feedback]
link = "https://acme.example/feedback/{token}" # where customers answer: a page of your application
"""


def _brought() -> Path:
    """Where the material lies: in the package, or beside the sources.

    Raises:
        ConfigError: if it is neither here nor there.
    """
    here = Path(__file__).resolve().parent
    for place in (here / "material", here.parents[2] / "examples"):
        if (place / "data").is_dir():
            return place
    raise ConfigError("the demo's files are not in this installation; reinstall crmkit")


def contacts(folder: Path) -> None:
    """Put ``contacts.csv`` and ``contacts.vcf`` where the user can open them."""
    for name in ("contacts.csv", "contacts.vcf"):
        shutil.copy(_brought() / "data" / name, folder)


def write_config(path: Path) -> None:
    """Write the demo's configuration, with a secret key of its own."""
    path.write_text(CONFIG.replace("<key>", secrets.token_urlsafe(32)), "utf-8")


def unpack_plugin(folder: Path) -> None:
    """Lay the example plugin into ``folder`` as installing its wheel would: its package and its metadata.

    Nothing is fetched, and the environment that crmkit is installed in is left alone.
    """
    source = _brought() / PLUGIN
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    package = PLUGIN.replace("-", "_")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "src" / package, folder / package, ignore=ignored)
    metadata = folder / f"{package}-{project['version']}.dist-info"
    metadata.mkdir()
    about = f"Metadata-Version: 2.1\nName: {PLUGIN}\nVersion: {project['version']}\n"
    (metadata / "METADATA").write_text(about, "utf-8")
    points = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in own.items())
        for group, own in project["entry-points"].items()
    )
    (metadata / "entry_points.txt").write_text(points, "utf-8")
