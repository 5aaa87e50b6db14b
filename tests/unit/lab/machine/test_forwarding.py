import pytest

from podnet.lab.machine.forwarding import Where, deployed, forwarded, kernel, where
from podnet.lab.machine.kernels.kernel import Kind
from tests.refusals import refused

NEW = {"declared": None, "in_use": False}
OWN = {"declared": None, "in_use": True}
VIRTUAL = {"declared": Kind.DEBIAN, "in_use": False}
USER_MODE = {"declared": Kind.USER_MODE, "in_use": False}


@pytest.mark.parametrize(
    ("words", "lab", "expected"),
    [
        ("up", NEW, Where.HERE),
        ("up --kernel machine", OWN, Where.HERE),
        ("up --kernel debian", NEW, Where.BOOT),
        ("up --kernel=debian -c nodeCount=2", NEW, Where.BOOT),
        ("up --kernel debian", VIRTUAL, Where.BOOT),
        ("up", VIRTUAL, Where.BOOT),
        ("up --kernel user-mode", NEW, Where.BOOT),
        ("up", USER_MODE, Where.BOOT),
        ("status", USER_MODE, Where.THERE),
        ("up --help", VIRTUAL, Where.HERE),
        ("matrix --json", VIRTUAL, Where.THERE),
        ("matrix", OWN, Where.HERE),
        ("matrix --live=ssm", VIRTUAL, Where.HERE),
        ("verify --file world.json", VIRTUAL, Where.HERE),
        ("exec node-1 -- podnet-thing --live", VIRTUAL, Where.THERE),
        ("drill faults", VIRTUAL, Where.THERE),
        ("drill api", OWN, Where.HERE),
        ("down", VIRTUAL, Where.HERE),
    ],
)
def test_commands_run_where_the_lab_is(words, lab, expected):
    name, *rest = words.split()

    assert where(name, rest, **lab) is expected


@pytest.mark.parametrize(
    ("words", "lab"),
    [
        ("up --kernel debian", OWN),
        ("up --kernel machine", VIRTUAL),
        ("up --kernel user-mode", VIRTUAL),
        ("up --kernel debian", USER_MODE),
    ],
)
def test_the_kernel_of_a_lab_that_is_up_stays(words, lab):
    name, *rest = words.split()
    with refused("kernel-fixed"):
        where(name, rest, **lab)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("--kernel user-mode", Kind.USER_MODE), ("--kernel=debian", Kind.DEBIAN), ("-c a=b", None)],
)
def test_the_kernel_of_a_lab_is_the_one_that_its_first_up_names(words, expected):
    assert kernel(words.split()) is expected


def test_a_drill_that_makes_a_lab_of_its_own_is_refused_in_the_machine():
    with refused("drill-api-in-machine"):
        where("drill", ["api"], **VIRTUAL)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("up --kernel debian -c nodeCount=2", "up -c nodeCount=2"),
        ("up --kernel=debian", "up"),
        ("matrix --json", "matrix --json"),
        ("exec node-1 -- cat -o file", "exec node-1 -- cat -o file"),
    ],
)
def test_the_machine_gets_the_command_without_its_own_option(words, expected, tmp_path):
    name, *rest = words.split()

    sent = forwarded(name, rest, tmp_path)

    assert (" ".join(sent.words), sent.outputs) == (expected, {})


@pytest.mark.parametrize("option", ["--output {}", "-o {}", "--output={}"])
def test_files_that_a_command_writes_come_back_to_where_they_belong(option, tmp_path):
    place = tmp_path / "a page.html"

    sent = forwarded(
        "report",
        option.format(place).split(" ", 1) if " {}" in option else [option.format(place)],
        tmp_path / "elsewhere",
    )

    assert sent.outputs == {"a page.html": place}
    assert " ".join(sent.words) == f"report {option.format('a page.html')}"


@pytest.mark.parametrize("name", ["", "missing/report.html", "."])
def test_a_file_that_cannot_be_written_is_refused_before_the_command_runs(name, tmp_path):
    with refused("output-not-a-file"):
        forwarded("report", ["-o", name], tmp_path)


def test_what_an_up_deploys_is_known_before_the_machine_boots():
    words = ["--stack", "kubernetes", "-c", "nodeCount=2", "--config=zones=1", "--kernel", "debian"]

    assert deployed(words) == ("kubernetes", ["nodeCount=2", "zones=1"])
    assert deployed([]) == (None, [])
