"""Running a program in this process, and leaving no trace of it."""

import asyncio
import contextvars
import importlib
import os
import sys
from pathlib import Path

import pulumi
import pytest

from podnet.lab.engines.embedded import ProgramError
from tests.refusals import refused


def test_an_error_by_design_of_the_project_is_reported_as_it_is(lab):
    (lab.project / "own_rules.py").write_text("class SettingsError(ValueError):\n    pass\n")

    with refused("program-failed", ProgramError) as caught:
        lab.up("from own_rules import SettingsError\nraise SettingsError('2 problems:\\n  - one')")

    assert str(caught.value) == "2 problems:\n  - one"


def test_a_run_error_is_reported_as_it_is(lab):
    with refused("program-failed", ProgramError) as caught:
        lab.up("raise pulumi.RunError('set the region')")

    assert str(caught.value) == "set the region"


def test_any_other_error_is_reported_with_its_place_in_the_program_only(lab):
    (lab.project / "parts.py").write_text("def part(data):\n    return data['missing']\n")

    lab.program("import parts\nparts.part({})", prelude="")

    with refused("program-failed", ProgramError) as caught:
        lab.engine().up()

    assert str(caught.value) == (
        "KeyError: 'missing'\n"
        "  at __main__.py:2 in <module>: parts.part({})\n"
        "  at parts.py:2 in part: return data['missing']"
    )


def test_an_error_inside_an_apply_is_the_programs(lab):
    with pytest.raises(ProgramError, match=r"ZeroDivisionError.*\n  at __main__\.py"):
        lab.up('Thing("a").arn.apply(lambda arn: 1 / 0)')


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("import sys; sys.exit('no')", "program-called-exit"),
        ("pulumi.log.error('quota reached')", "program-logged-errors"),
        ("x = (", "program-failed"),
    ],
)
def test_other_ways_to_fail_are_failures(lab, text, rule):
    lab.up('Thing("a")')
    lab.program(text)

    with refused(rule, ProgramError):
        lab.engine().up()

    assert lab.cloud.names == ["a"], "nothing is deleted when the program failed"


def test_a_project_without_a_program_is_named(lab):
    with refused("program-missing", ProgramError):
        lab.engine().up()


def test_what_was_created_before_the_program_failed_is_in_the_state(lab):
    lab.program('a = Thing("a")\na.arn.apply(lambda arn: 1 / 0)')

    with pytest.raises(ProgramError):
        lab.engine().up()

    assert lab.ids() == list(lab.cloud.things)


def test_modules_of_the_program_run_again_each_time(lab):
    (lab.project / "network.py").write_text("from __main__ import Thing\nThing('vpc')\n")

    lab.up("import network")

    assert lab.up().counts == {"same": 2}
    assert lab.cloud.names == ["vpc"]
    assert "network" not in sys.modules


def test_modules_of_the_same_name_in_two_projects_are_not_mixed_up(lab):
    other = lab.copy("other")
    for project, word in ((lab, "one"), (other, "two")):
        (project.project / "names.py").write_text(f"NAME = '{word}'\n")
        project.up("import names\nThing(names.NAME)")

    assert lab.cloud.names == ["one"]
    assert other.cloud.names == ["two"]


def test_podnets_own_components_run_again_wherever_they_are_installed(lab):
    caller = importlib.import_module("podnet.plan.names")

    lab.up(
        "import sys\n"
        "from podnet.plan import names\n"
        "Thing('kept' if hasattr(names, 'mark') else 'fresh')\n"
        "names.mark = True\n"
    )
    lab.up()

    assert lab.cloud.names == ["fresh"]
    assert sys.modules["podnet.plan.names"] is caller
    assert not hasattr(caller, "mark")


def test_a_refusal_of_podnet_needs_no_place_in_the_program(lab):
    lab.program("from podnet.errors import UserError\nraise UserError('no such zone', rule='zone')")

    with pytest.raises(ProgramError) as error:
        lab.engine().up()

    assert str(error.value).endswith("no such zone")
    assert "UserError" not in str(error.value)


def test_a_module_that_the_caller_had_loaded_is_his_again_afterwards(lab, monkeypatch):
    (lab.project / "mine.py").write_text("import __main__\n__main__.Thing('a')\n")
    monkeypatch.syspath_prepend(str(lab.project))
    monkeypatch.setitem(sys.modules, "mine", mine := type(sys)("mine"))
    mine.__file__ = str(lab.project / "mine.py")

    lab.up("import mine")

    assert lab.cloud.names == ["a"]
    assert sys.modules["mine"] is mine


def test_a_run_leaves_nothing_of_itself_in_the_process(lab, monkeypatch):
    monkeypatch.setenv("KEPT", "as it was")
    monkeypatch.setenv("REMOVED", "by the program")

    def traces():
        return (
            dict(os.environ),
            sys.path[:],
            sys.argv[:],
            Path.cwd(),
            sys.modules["__main__"],
            pulumi.runtime.settings.SETTINGS.monitor,
            pulumi.get_project(),
            pulumi.runtime.get_root_resource(),
            pulumi.runtime.get_config("proj:key"),
        )

    before = traces()
    lab.up(
        """
        import os, sys
        os.environ.update(KEPT="changed", NEW="set")
        del os.environ["REMOVED"]
        os.chdir("/")
        sys.path.append("/nowhere")
        sys.argv.append("more")
        Thing("a", value=pulumi.Config().require("key"))
    """,
        key="value",
    )

    assert traces() == before
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_a_program_sees_what_it_would_see_in_a_process_of_its_own(lab):
    (lab.project / "data.txt").write_text("from a file beside it")
    summary = lab.up(
        """
        import json, os, sys
        from pathlib import Path
        pulumi.export("seen", [__name__, Path("data.txt").read_text(), pulumi.get_project(),
                      pulumi.get_stack(), sys.modules["__main__"].__name__, sys.path[0],
                      json.loads(os.environ["PULUMI_CONFIG"])["proj:key"]])
        pulumi.export("file", __file__)
    """,
        key="value",
    )

    assert summary.outputs == {
        "seen": [
            "__main__",
            "from a file beside it",
            "proj",
            "dev",
            "__main__",
            str(lab.project),
            "value",
        ],
        "file": str(lab.project / "__main__.py"),
    }


def test_a_caller_with_a_stack_of_its_own_does_not_get_in_the_way(lab):
    def run():
        pulumi.runtime.settings.set_root_resource(object())
        return lab.up('Thing("a")')

    assert contextvars.copy_context().run(run).counts == {"create": 2}


def test_previews_and_ups_follow_each_other_in_one_process(lab):
    text = 'Thing("a", preview=str(pulumi.runtime.is_dry_run()))'

    assert lab.preview(text).counts == {"create": 2}
    assert lab.up().counts == {"create": 2}
    assert lab.preview().counts == {"same": 1, "update": 1}
    assert lab.up().counts == {"same": 2}


def test_a_program_in_a_folder_of_its_own_is_found_there(lab):
    lab.yaml("name: proj\nruntime: {name: python}\nmain: infra\n")
    (lab.project / "infra").mkdir()
    (lab.project / "infra" / "__main__.py").write_text("import pulumi\npulumi.export('x', 1)\n")

    assert lab.engine().up().outputs == {"x": 1}


def test_messages_of_the_program_go_to_the_log(lab, caplog):
    lab.up('pulumi.log.warn("mind the gap")')

    assert ("podnet.program", 30, "mind the gap") in caplog.record_tuples
