"""Commands of a plugin's group, run as Ada without a deployment around them."""

from __future__ import annotations

from click.testing import CliRunner


def running(crm, group):
    """A function that runs a command as Ada; gives what it prints."""

    class Line:
        actor, tenant = "ada", None

        def __init__(self):
            self.crm = crm

        def begin(self, *, read_only=False):
            return crm.begin("ada", read_only=read_only)

    def run(*args, status=0):
        ran = CliRunner().invoke(group, [str(arg) for arg in args], obj=Line(), catch_exceptions=False)
        assert ran.exit_code == status, ran.output
        return ran.output

    return run
