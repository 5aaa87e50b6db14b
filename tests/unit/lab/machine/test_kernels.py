import pytest

from podnet.lab.machine.kernels import configuration, user_mode
from tests.refusals import refused

CLOUD = """\
# CONFIG_PREEMPT is not set
CONFIG_VXLAN=m
CONFIG_NET_IPGRE=m
CONFIG_TCP_CONG_CUBIC=y
CONFIG_TIPC=m
CONFIG_NET_SCTP=m
CONFIG_EXT4_FS=y
CONFIG_DEFAULT_TCP_CONG="cubic"
"""


def test_what_pods_can_see_is_taken_over_and_built_in():
    lines = configuration.fragment(CLOUD, "-3-user-mode").splitlines()

    assert {"CONFIG_VXLAN=y", "CONFIG_NET_IPGRE=y", "CONFIG_TCP_CONG_CUBIC=y"} <= set(lines)
    assert {"CONFIG_HOSTFS=y", 'CONFIG_LOCALVERSION="-3-user-mode"'} <= set(lines)
    assert not [line for line in lines if "EXT4" in line or "TIPC" in line or line.endswith("=m")]


def test_options_that_a_configuration_leaves_out_are_named():
    wanted = "CONFIG_VXLAN=y\nCONFIG_DUMMY=y\nCONFIG_MODULES=n\n"
    built = "CONFIG_VXLAN=y\n# CONFIG_DUMMY is not set\n# CONFIG_MODULES is not set\n"

    assert configuration.lacking(wanted, built) == ["DUMMY"]


def test_without_a_source_and_a_kernel_built_before_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(user_mode, "offered", lambda: None)
    with refused("kernel-source-missing"):
        user_mode.ensure(lambda _: None, tmp_path)


def test_without_apt_the_kernel_that_was_built_before_is_taken(monkeypatch, tmp_path):
    monkeypatch.setattr(user_mode, "offered", lambda: None)
    place = tmp_path / f"6.1.192-3{user_mode.SUFFIX}"
    other = tmp_path / "6.1.193-1-user-mode-00000000"  # later, and not configured as this one
    for each in (place, other):
        each.mkdir()
        (each / "linux").touch()

    found = user_mode.ensure(lambda _: None, tmp_path)

    assert (found.release, found.image, found.modules) == (place.name, place / "linux", None)


def test_a_kernel_that_was_built_otherwise_is_no_reason_not_to_build(monkeypatch, tmp_path):
    monkeypatch.setattr(user_mode, "offered", lambda: "6.1.192-3")
    monkeypatch.setattr(user_mode, "_build", lambda draft, **_: (draft / "linux").touch())
    (tmp_path / "6.1.192-3-user-mode-00000000").mkdir()

    assert user_mode.ensure(lambda _: None, tmp_path).release == f"6.1.192-3{user_mode.SUFFIX}"


@pytest.mark.parametrize("option", sorted(user_mode.NEEDED.values()))
def test_a_source_without_what_the_lab_needs_is_refused(monkeypatch, tmp_path, option):
    configs = tmp_path / "arch/um/configs"
    configs.mkdir(parents=True)
    (configs / "x86_64_defconfig").write_text("CONFIG_HOSTFS=y\n")
    wanted = "".join(f"CONFIG_{each}=y\n" for each in user_mode.NEEDED.values())
    made = wanted.replace(f"CONFIG_{option}=y", f"# CONFIG_{option} is not set")
    monkeypatch.setattr(user_mode, "_make", lambda tree, _: (tree / ".config").write_text(made))

    with refused("kernel-lacks-options") as caught:
        user_mode.configure(tmp_path, wanted)

    (named,) = [name for name, each in user_mode.NEEDED.items() if each == option]
    assert f"has no {named}," in str(caught.value)


def test_what_a_source_is_corrected_in_stands_there_once(tmp_path):
    texts = {name: "" for name, _, _ in user_mode.CORRECTIONS}
    for name, before, _ in user_mode.CORRECTIONS:
        texts[name] += f"{{\n{before}\n}}\n"
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    user_mode.correct(tmp_path)

    lines = (tmp_path / "arch/um/drivers/line.c").read_text()
    assert "deactivate_chan" not in lines
    assert user_mode.ALONE in lines
    assert user_mode.ALONE in (tmp_path / "arch/um/drivers/chan_kern.c").read_text()
    with refused("kernel-source-differs"):
        user_mode.correct(tmp_path)
