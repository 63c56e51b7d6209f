"""Files that cannot be what they claim to be: one clear error, and nothing is changed. Hostile ones cost no memory."""

import tracemalloc
from io import BytesIO

import pytest

from crmkit.errors import ConflictError, ImportFileError, InvalidValueError, LimitExceededError
from crmkit.plugins.exchange import ImportOptions

WIDE = ",".join(f"c{n}" for n in range(100_000)).encode()

BAD = {
    "empty": (b"", ImportFileError, "is empty"),
    "blank": (b" \n\r\n\t\n", ImportFileError, "is empty"),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", ImportFileError, "is binary"),
    "a workbook": (b"PK\x03\x04\x14\x00\x06\x00", ImportFileError, "save it as CSV"),
    "compressed": (b"\x1f\x8b\x08\x00abc", ImportFileError, "is compressed"),
    "too wide": (
        WIDE + b"\n",
        LimitExceededError,
        r"columns in file \(max_columns in \[plugins.exchange\]\): at most 1000",
    ),
    "wider still": (WIDE * 3 + b"\n", LimitExceededError, "characters in the header of a file"),
    "duplicate headers": (b"email,name,email\na@b.example,x,y\n", ImportFileError, "same header: email"),
    "nothing that is known": (b"foo,bar\n1,2\n", ImportFileError, "no column that says who"),
    "broken UTF-8 behind its mark": (b"\xef\xbb\xbfname\nJ\xf6rg\n", ImportFileError, "not written in utf-8"),
    "half a character of UTF-16": ("name\nIda\n".encode("utf-16") + b"\x00", ImportFileError, "not written in utf-16"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_and_changes_nothing(case, importer, rows):
    content, error, said = BAD[case]
    before = rows()
    for action in (importer.preview, importer.run):
        with pytest.raises(error, match=said):
            action(BytesIO(content))
    assert rows() == before


BAD_OPTIONS = {
    "an encoding that it is not in": (ImportOptions(encoding="ascii"), ImportFileError, "not written in ascii"),
    "an encoding that does not exist": (ImportOptions(encoding="utf-99"), ImportFileError, "does not know"),
    "a column that is not there": (ImportOptions(targets={"Nmae": "given_name"}), ImportFileError, "no column 'Nmae'"),
    "a target that does not exist": (ImportOptions(targets={"name": "nmae"}), InvalidValueError, "given_name"),
    "one field twice": (ImportOptions(targets={"name": "given_name", "first": "given_name"}), InvalidValueError, "two"),
    "nothing to match by": (ImportOptions(match=("nmae",)), InvalidValueError, "identifier"),
    "no order of dates": (ImportOptions(date_order="ymd"), InvalidValueError, "dmy, mdy"),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_bad_options_are_refused_and_change_nothing(case, importer, csv, rows):
    options, error, said = BAD_OPTIONS[case]
    before = rows()
    with pytest.raises(error, match=said):
        importer.run(csv("name,first\nJörg,x\n"), options)
    assert rows() == before


def test_a_file_that_is_not_there_is_refused(importer, tmp_path):
    with pytest.raises(ImportFileError, match="No such file"):
        importer.run(tmp_path / "none.csv")


def test_a_card_file_without_a_card_is_a_row_that_fails(importer, tmp_path, parties):
    file = tmp_path / "x.vcf"
    file.write_bytes(b"hello\n")
    report = importer.run(file)
    assert (report.rows, report.failed) == (1, 1)
    assert parties() == {}


def test_a_region_that_does_not_exist_is_an_error_of_each_row_with_a_number(importer, csv):
    report = importer.run(csv("given name,phone\nIda,22 12 34 56\nTom,\n"), ImportOptions(region="XX"))
    assert (report.added, report.failed) == (1, 1)


# -- hostile content --------------------------------------------------------------------------------------------------


class Endless(BytesIO):
    """A file of ``size`` bytes that holds only what it is asked for."""

    def __init__(self, head: bytes, fill: bytes, size: int, tail: bytes) -> None:
        super().__init__()
        self._parts = (head, fill, size, tail)
        self._at = 0
        self._size = len(head) + size + len(tail)

    def seek(self, at: int, whence: int = 0) -> int:
        self._at = at if whence == 0 else self._at + at if whence == 1 else self._size + at
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int | None = -1) -> bytes:
        left = self._size - self._at
        count = left if count is None or count < 0 else min(count, left)
        head, fill, size, tail = self._parts
        out = b""
        while len(out) < count:
            at = self._at + len(out)
            if at < len(head):
                out += head[at : at + count - len(out)]
            elif at < len(head) + size:
                out += fill * min(count - len(out), len(head) + size - at)
            else:
                out += tail[at - len(head) - size :][: count - len(out)]
        self._at += len(out)
        return out

    read1 = read

    def readline(self, limit: int | None = -1) -> bytes:
        block = self.read(min(limit if limit and limit > 0 else 1 << 16, 1 << 16))
        end = block.find(b"\n")
        if end >= 0:
            self._at -= len(block) - end - 1
            block = block[: end + 1]
        return block


HUGE = 200 << 20


def memory_of(action):
    tracemalloc.start()
    try:
        result = action()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "tail", "added"),
    [
        (b"given name,email\nIda,", b"\nTom,tom@reid.example\n", 1),
        (b'given name,email\nIda,"', b"\nTom,tom@reid.example\n", 1),
        (b"BEGIN:VCARD\nVERSION:4.0\nFN:", b"\nEND:VCARD\nBEGIN:VCARD\nVERSION:4.0\nFN:Tom\nEND:VCARD\n", 1),
    ],
    ids=["a cell", "a quoted cell", "a card"],
)
def test_a_huge_line_is_an_error_of_its_row_in_bounded_memory(head, tail, added, importer):
    file = Endless(head, b"x", HUGE, tail)
    report, peak = memory_of(lambda: importer.run(file))
    assert (report.rows, report.added, report.failed) == (2, added, 1)
    assert "longer than" in report.errors[0].reason or "larger than" in report.errors[0].reason
    assert peak < 60 << 20


@pytest.mark.slow
def test_a_huge_header_is_refused_in_bounded_memory(importer, rows):
    before = rows()
    file = Endless(b"", b"x", HUGE, b"")

    def run():
        with pytest.raises(LimitExceededError, match="characters in the header"):
            importer.run(file)

    _, peak = memory_of(run)
    assert peak < 60 << 20
    assert rows() == before


@pytest.mark.parametrize(
    "value", ["\x1b[31mred", "x" * 100_000, "\u202egnp.exe", "=cmd|'/c calc'!A1", "\N{PILE OF POO}" * 300]
)
def test_odd_text_survives_or_is_an_error_of_its_row(value, importer, csv):
    report = importer.run(csv(f'given name,family name\n"{value}",A\nTom,Reid\n'))
    assert report.rows == 2
    assert report.added + report.failed == 2
    assert report.added >= 1
    for error in report.errors:
        assert str(error).isprintable()


def test_a_nul_far_into_the_file_is_an_error_of_its_row(importer, csv):
    """At the beginning it would show that the file is binary."""
    text = "given name,notes\n" + f"Ida,{'x' * 100}\n" * 700 + "T\x00m,\n"
    report = importer.preview(csv(text))
    assert (report.added, report.failed) == (700, 1)
    assert "control character" in report.errors[0].reason


def test_a_quote_that_is_never_closed_spoils_only_its_own_row(importer, csv, parties):
    report = importer.run(csv('given name,notes\nIda,"never closed\nTom,x\nEva,"quoted\nwell"\n'))
    assert (report.rows, report.added, report.failed) == (3, 2, 1)
    assert (report.errors[0].row, report.errors[0].line) == (1, 2)
    assert set(parties()) == {"Tom", "Eva"}


def test_a_file_in_two_encodings_loses_only_the_rows_in_the_rarer_one(importer, parties):
    content = "given name\nJörg\nÅse\nŻaneta\n".encode() + "Zoë\n".encode("latin-1")
    report = importer.run(BytesIO(content))
    assert (report.added, report.failed) == (3, 1)
    assert set(parties()) == {"Jörg", "Åse", "Żaneta"}


def test_a_file_that_changes_while_an_import_is_interrupted_is_another_file(importer, csv, crm, tmp_path):
    """Its digest differs, so nothing of the ledger is taken for its rows."""
    file = tmp_path / "people.csv"
    file.write_text("given name\n" + "".join(f"P{n}\n" for n in range(12)), "utf-8")
    stop_after(importer, file, 5)
    file.write_text("given name\nNew\n", "utf-8")
    report = importer.run(file)
    assert (report.rows, report.added, report.resumed_after) == (1, 1, 0)


def test_an_interrupted_import_goes_on_with_its_own_options_only(importer, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("given name\n" + "".join(f"P{n}\n" for n in range(12)), "utf-8")
    stop_after(importer, file, 5)
    with pytest.raises(ConflictError, match="other options"):
        importer.run(file, ImportOptions(allow_invalid=True))
    report = importer.run(file, ImportOptions(allow_invalid=True), restart=True)
    assert (report.rows, report.added, report.resumed_after) == (12, 12, 0)


class StopError(Exception):
    pass


def stop_after(importer, file, row):
    def stop(progress):
        if progress.rows >= row:
            raise StopError

    with pytest.raises(StopError):
        importer.run(file, progress=stop)
