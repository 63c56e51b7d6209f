"""The command line."""

import pytest
from click.testing import CliRunner
from crmkit_membership.cli import group


@pytest.fixture
def run(crm):
    """Runs ``crmkit membership ...`` as Ada."""

    class Line:
        def begin(self, *, read_only=False):
            return crm.begin("ada", read_only=read_only)

    def run(*args):
        ran = CliRunner().invoke(group, [str(arg) for arg in args], obj=Line(), catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        return ran.output

    return run


def test_a_card_is_issued_and_listed(run, party):
    issued = run("issue", party, "--level", "gold")
    assert "gold  0 points  2026-03-02 to 2027-03-01" in issued
    assert run("cards", party) == issued


@pytest.mark.parametrize("command", ["issue", "cards"])
def test_every_command_has_help_with_an_example(run, command):
    assert "Example: crmkit membership" in run(command, "--help")
