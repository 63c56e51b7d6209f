"""``crmkit plugins new``: what it writes is a plugin that passes its own tests at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crmkit import testing

SOURCES = Path(__file__).resolve().parents[3] / "src"


@pytest.mark.slow
def test_the_plugin_that_is_written_passes_its_own_tests(guest_book, tmp_path):
    """As after an installation: its sources and its metadata are on the path."""
    information = tmp_path / "crmkit_guest_book-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: crmkit-guest-book\nVersion: 0.1.0\n", "utf-8")
    points = "[crmkit.plugins]\nguest_book = crmkit_guest_book.manifest:MANIFEST\n"
    (information / "entry_points.txt").write_text(points, "utf-8")
    path = os.pathsep.join(map(str, (tmp_path, guest_book / "src", SOURCES)))
    without = [] if hasattr(testing, "PluginConformance") else ["--ignore", "tests/test_conformance.py"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *without],
        cwd=guest_book,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout


def test_every_file_is_filled_in(guest_book):
    texts = {path: path.read_text("utf-8") for path in guest_book.rglob("*") if path.suffix in {".py", ".toml", ".md"}}
    assert len(texts) > 15
    for path, text in texts.items():
        for word in ("__plugin__", "__package__", "__Name__", "__label__", "__distribution__", "__api__", "__crmkit__"):
            assert word not in text, path
            assert word not in str(path)


def test_a_plugin_may_be_called_like_one_of_its_parts(deployment):
    deployment.done("plugins", "new", "entry", "--folder", "e")
    root = (deployment.folder / "e" / "src" / "crmkit_entry" / "__init__.py").read_text("utf-8")
    assert '__all__ = ["Entry", "EntryAdded", "EntryService", "Settings"]' in root


def test_its_name_may_have_hyphens_and_capitals(deployment):
    shown = deployment.done("plugins", "new", "Guest-Book")
    assert "Wrote the plugin guest_book to crmkit-guest-book." in shown
    assert (deployment.folder / "crmkit-guest-book" / "src" / "crmkit_guest_book" / "manifest.py").exists()


def test_a_folder_that_is_not_empty_is_left_alone(deployment):
    (deployment.folder / "mine").mkdir()
    (deployment.folder / "mine" / "note.txt").write_text("keep", "utf-8")
    assert "is there already" in deployment.refused("plugins", "new", "guest_book", "--folder", "mine")
    assert [p.name for p in (deployment.folder / "mine").iterdir()] == ["note.txt"]


@pytest.mark.parametrize("name", ["core", "9lives", "a b", "x" * 30])
def test_a_name_that_no_plugin_can_have_is_refused(deployment, name):
    deployment.refused("plugins", "new", name)
    assert list(deployment.folder.glob("crmkit-*")) == []
