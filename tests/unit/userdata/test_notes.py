"""What else at work on a node says of itself is among the agent's warnings."""

import agent
import later


def test_each_line_is_a_warning_with_the_name_of_its_file(tmp_path):
    (tmp_path / "b").write_text("no mirror\n")
    (tmp_path / "a").write_bytes(b"first \xff\nsecond\n")
    (tmp_path / "empty").touch()
    (tmp_path / "gone").symlink_to("nowhere")

    assert later.notes(tmp_path) == ["a: first \ufffd", "a: second", "b: no mirror"]
    assert later.notes(tmp_path / "absent") == []


def test_they_follow_what_the_updater_says(tmp_path, monkeypatch):
    problem = tmp_path / "problem"
    problem.write_text("podnet-1 is refused: because")
    monkeypatch.setattr(later, "notes", lambda: ["extraUserData: runcmd 1 ended with 2"])

    assert agent.lacks(problem) == [
        "files: podnet-1 is refused: because",
        "extraUserData: runcmd 1 ended with 2",
    ]
    problem.write_text("")
    assert agent.lacks(problem) == ["extraUserData: runcmd 1 ended with 2"]
