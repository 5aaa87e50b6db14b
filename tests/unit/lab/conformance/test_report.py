"""What is read of the tests' report, and the row that is made of it."""

from __future__ import annotations

from podnet.lab.conformance.report import Run, read

JUNIT = """<testsuites><testsuite>
<testcase name="[SynchronizedBeforeSuite]" status="passed" time="1"/>
<testcase name="[It] [sig-network] Netpol a [Feature:NetworkPolicy]" status="passed" time="12.5"/>
<testcase name="[It] [sig-network] Netpol b" status="failed" time="3">
<failure message="timed out | of pods&#10;stack" type="failed"/></testcase>
<testcase name="[It] [sig-network] Netpol c" status="timedout" time="3">
<error type="timedout">gone
trace</error></testcase>
<testcase name="[It] [sig-apps] d" status="skipped" time="0"><skipped message="x"/></testcase>
</testsuite></testsuites>
"""


def test_tests_that_ran_are_read_with_why_they_failed(tmp_path):
    (tmp_path / "junit_01.xml").write_text(JUNIT)

    assert [(each.name, each.seconds, each.failure) for each in read(tmp_path)] == [
        ("Netpol a", 12.5, ""),
        ("Netpol b", 3, "timed out / of pods"),
        ("Netpol c", 3, "gone"),
    ]


def test_a_run_is_a_row_and_a_table_of_those_that_do_not_pass(tmp_path):
    (tmp_path / "junit_01.xml").write_text(JUNIT)
    cluster = ("`overlay`", "none", "Linux 6.1")
    run = Run(date="2026-12-01", command="make x", cluster=cluster, specs=read(tmp_path))

    assert run.markdown() == (
        "| 2026-12-01 | `overlay` | none | Linux 6.1 | `make x` | 1 of 3 passed, 18 s |\n"
        "\n"
        "| does not pass | seen |\n"
        "| --- | --- |\n"
        "| Netpol b | timed out / of pods |\n"
        "| Netpol c | gone |\n"
    )
