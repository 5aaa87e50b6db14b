"""The updater of a node, cut off before each of its effects."""

import json
import subprocess

import pytest
import update

AGENT, WORK = "podnet-agent.service", "podnet-work.service"
OLD, NEW, BASE = f"podnet-{'a' * 12}", f"podnet-{'b' * 12}", "podnet-base"
BEFORE = {OLD: [AGENT], BASE: [AGENT]}


class CutError(BaseException):
    """Power is off, or somebody killed the updater."""


class Systemd:
    """What systemctl is asked for; agents of some releases do not get ready."""

    def __init__(self, root):
        self.root = root
        self.outcomes = {}
        """By release: `hangs`, `ends`, `ends later`; all others get ready."""
        self.started = []
        self.processes = 0

    @property
    def release(self):
        return (self.root / "usr/local/lib/podnet").readlink().name

    def __call__(self, *argv, timeout=90):
        verb, *rest = argv
        if verb == "show":
            if self.outcomes.get(self.release) == "ends later":
                self.processes += 1
            return str(self.processes) if "-PMainPID" in rest else "running"
        if verb in ("restart", "start") and "--no-block" in rest:
            self.started += [(verb, self.release, unit) for unit in rest[1:]]
        elif verb == "restart":
            assert rest == [AGENT]
            self.started.append((verb, self.release, AGENT))
            if self.outcomes.get(self.release) == "hangs":
                raise subprocess.TimeoutExpired(argv, timeout)
            if self.outcomes.get(self.release) == "ends":
                raise OSError("Job for podnet-agent.service failed")
            self.processes += 1
        return ""


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A node that runs the old release."""
    for name in (OLD, BASE, NEW):
        make(tmp_path, name, BEFORE.get(name, [AGENT, WORK]))
    (tmp_path / "var/lib/podnet-update").mkdir(parents=True)
    monkeypatch.setattr(update.os, "sync", lambda: None)
    monkeypatch.setattr(update.time, "sleep", lambda _: None)
    # What runs is the updater of the new release.
    monkeypatch.setattr(update, "__file__", f"/usr/local/lib/{NEW}/update.py")
    monkeypatch.setattr(update, "systemctl", Systemd(tmp_path))
    update.Updater(tmp_path).switch(OLD)
    return tmp_path


def make(root, name, units):
    folder = root / "usr/local/lib" / name
    files = ["agent.py", *(f"etc/systemd/system/{unit}" for unit in units)]
    for file in [*files, *(["etc/sysctl.d/new.conf"] if name == NEW else [])]:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(name)
    (folder / "units").write_text("\n".join(units))


def running(root):
    """The release that the node would boot with; raises where it is not whole."""
    release = update.systemctl.release
    folder = root / "usr/local/lib" / release
    for unit in (folder / "units").read_text().split():
        for link in (f"systemd/system/{unit}", f"systemd/system/multi-user.target.wants/{unit}"):
            assert (root / "etc" / link).is_symlink(), f"{release} lacks {link}"
    assert (folder / "agent.py").read_text() == release
    return release


def record(root, name):
    return update.Updater(root).note(name)


def test_a_release_that_gets_ready_stays(root):
    assert update.Updater(root).run(NEW) == ""

    assert running(root) == NEW
    assert (root / "etc/sysctl.d/new.conf").readlink().as_posix() == (
        "/usr/local/lib/podnet/etc/sysctl.d/new.conf"
    )
    assert update.systemctl.started[-2:] == [("restart", NEW, AGENT), ("restart", NEW, WORK)]
    assert record(root, "trial") == {}
    assert {path.name for path in (root / "usr/local/lib").iterdir()} == {"podnet", BASE, NEW}


@pytest.mark.parametrize(
    ("outcome", "reason", "tries"),
    [
        ("hangs", "not ready in 60 s", 1),
        ("ends", "its agent ends before it is ready", 3),
        ("ends later", "its agent ends after it is ready", 3),
    ],
)
@pytest.mark.parametrize("before", [OLD, BASE])
def test_one_that_does_not_is_refused_and_the_one_before_runs(root, before, outcome, reason, tries):
    update.Updater(root).switch(before)
    update.systemctl.outcomes[NEW] = outcome

    assert update.Updater(root).run(NEW) == reason

    assert running(root) == before
    assert update.systemctl.started == [("restart", NEW, AGENT)] * tries + [
        ("restart", before, AGENT)
    ]
    assert not (root / "etc/sysctl.d/new.conf").is_symlink()
    assert not (root / f"etc/systemd/system/multi-user.target.wants/{WORK}").is_symlink()


def test_a_refused_one_is_remembered_and_not_tried_again(root):
    update.systemctl.outcomes[NEW] = "ends"
    update.Updater(root).run(NEW)
    update.systemctl.started.clear()

    assert update.Updater(root).run(NEW) == "its agent ends before it is ready"
    assert update.systemctl.started == []

    (root / "var/lib/podnet-update/refused").unlink()
    update.systemctl.outcomes.clear()
    assert update.Updater(root).run(NEW) == ""
    assert running(root) == NEW


def test_the_first_release_of_a_cluster_is_started_and_has_nothing_to_go_back_to(root):
    (root / f"usr/local/lib/{BASE}/agent.py").unlink()
    update.Updater(root).switch(BASE)
    update.systemctl.outcomes[NEW] = "hangs"

    assert update.Updater(root).run(NEW) == ""

    assert running(root) == NEW
    assert update.systemctl.started == [("start", NEW, AGENT), ("start", NEW, WORK)]


def test_packages_that_an_agent_installs_are_not_cut_off(root, monkeypatch):
    states, inner = ["start-pre", "start-pre", "running"], update.systemctl
    waits = []

    def systemctl(*argv, timeout=90):
        return states.pop(0) if "-PSubState" in argv else inner(*argv, timeout=timeout)

    monkeypatch.setattr(update.time, "sleep", waits.append)
    monkeypatch.setattr(update, "systemctl", systemctl)
    update.Updater(root).run(NEW)

    assert (states, waits) == ([], [1, 1, update.STEADY])


EFFECTS = ("mkdir", "replace", "symlink_to", "unlink", "write_text")
"""What changes a file system, beside `shutil.rmtree`."""


def cut_before(effect, work):
    """Whether the work was cut off, before this effect of it, counted from 0."""
    left = effect

    def counted(act):
        def counting(*args, **kwargs):
            nonlocal left
            if left == 0:
                raise CutError
            left -= 1
            return act(*args, **kwargs)

        return counting

    with pytest.MonkeyPatch.context() as patch:
        for name in EFFECTS:
            patch.setattr(update.Path, name, counted(getattr(update.Path, name)))
        patch.setattr(update.shutil, "rmtree", counted(update.shutil.rmtree))
        patch.setattr(update, "systemctl", counted(update.systemctl))
        try:
            work()
        except CutError:
            return True
    return False


@pytest.mark.parametrize("before", [OLD, BASE])
@pytest.mark.parametrize("outcome", [None, "ends"], ids=["ready", "never ready"])
def test_wherever_it_is_cut_off_a_release_is_whole_and_the_next_start_ends_it(
    root, before, outcome
):
    effects, was_cut = 0, True
    while was_cut:
        for name in (OLD, BASE, NEW):
            make(root, name, BEFORE.get(name, [AGENT, WORK]))
        for name in ("trial", "refused"):
            (root / "var/lib/podnet-update" / name).unlink(missing_ok=True)
        update.Updater(root).switch(before)
        update.systemctl.outcomes = {NEW: outcome}
        was_cut = cut_before(effects, lambda: update.Updater(root).run(NEW))

        assert running(root) in (before, NEW)
        found = update.Updater(root).run(NEW)

        assert running(root) == (before if outcome else NEW), effects
        assert bool(found) == bool(outcome)
        assert record(root, "trial") == {}
        effects += 1
    assert effects > 25


def test_a_release_that_cuts_off_its_trials_is_refused(root):
    class Off(Systemd):
        def __call__(self, *argv, timeout=90):
            if argv[0] == "restart" and self.release == NEW:
                raise CutError
            return super().__call__(*argv, timeout=timeout)

    update.systemctl = Off(root)
    for _ in range(2):
        with pytest.raises(CutError):
            update.Updater(root).run(NEW)

    assert update.Updater(root).run(NEW) == "its trial was cut off 2 times"
    assert running(root) == OLD


def test_a_trial_that_another_release_finds_is_ended_first(root, monkeypatch):
    make(root, third := f"podnet-{'c' * 12}", [AGENT])
    monkeypatch.setattr(update, "__file__", f"/usr/local/lib/{third}/update.py")
    trial = {"name": NEW, "before": OLD, "cuts": 1}
    (root / "var/lib/podnet-update/trial").write_text(json.dumps(trial))
    update.systemctl.outcomes[NEW] = "hangs"

    assert update.Updater(root).run(third) == ""

    assert running(root) == third
    assert record(root, "refused")["name"] == NEW
