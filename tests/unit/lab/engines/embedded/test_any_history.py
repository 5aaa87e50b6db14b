"""Whatever was deployed or failed before, an up ends where its program says."""

import itertools

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podnet.lab.engines.embedded import EngineError

NAMES = "abcd"


@st.composite
def programs(draw):
    """A program of a few things that refer to earlier ones, and what there is when it is up."""
    lines, inputs = [], []
    chosen = draw(st.permutations(draw(st.lists(st.sampled_from(NAMES), unique=True))))
    for number, name in enumerate(chosen):
        properties = {"kind": draw(st.sampled_from("xy")), "size": draw(st.sampled_from("sl"))}
        if draw(st.booleans()):
            properties["slot"] = name
        arguments = [f"{key}={value!r}" for key, value in properties.items()]
        if number and draw(st.booleans()):
            other = draw(st.sampled_from(chosen[:number]))
            # Not a property that can be updated: nothing can go first while such a one refers
            # to it, here as in a real cloud.
            arguments.append(f"pinned={other}.arn")
            properties["pinned"] = other
        first = draw(st.sampled_from([None, True]))
        arguments.append(f"opts=Opts(delete_before_replace={first})")
        lines.append(f"{name} = Thing({name!r}, {', '.join(arguments)})")
        inputs.append({"colour": "white", "name": name, **properties})
    return "\n".join(lines), sorted(inputs, key=lambda item: item["name"])


FAILURES = st.tuples(st.integers(0, 12), st.sampled_from(["before", "after"]))


@given(runs=st.lists(st.tuples(programs(), FAILURES), min_size=1, max_size=5))
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_after_any_run_of_failures_an_up_ends_where_its_program_says(runs, new_lab):
    lab = new_lab()
    errors = []
    for (text, _), (number, when) in runs:
        moments = itertools.count()

        def at(moment, moments=moments, number=number, when=when):
            if moment == when and next(moments) == number:
                raise ConnectionError

        lab.cloud.at = at
        try:
            lab.up(text)
        except EngineError as error:
            errors.append(str(error))
    lab.cloud.at = lambda _: None
    text, expected = runs[-1][0]

    preview = lab.preview()
    summary = lab.up()
    assert [text for text in errors if "ConnectionError" not in text] == []
    assert preview.counts == summary.counts
    assert lab.cloud.inputs == expected
    assert lab.ids() == sorted(lab.cloud.things)
    assert lab.up().changes == ()
