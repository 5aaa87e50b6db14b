"""Functions that a program calls, and resources that it reads without managing them."""

import pytest

from podnet.lab.engines.embedded import EngineError, ResourceError
from tests.refusals import refused


def test_functions_are_called_in_previews_too_and_not_with_unknowns(lab):
    text = """
plain = pulumi.runtime.invoke("test:index:double", {"number": 4}).value["doubled"]
a = Thing("a", size=plain)
later = pulumi.runtime.invoke_output("test:index:double", {"number": a.arn.apply(len)})
Thing("b", size=later.apply(lambda value: value["doubled"]))
"""
    lab.preview(text)
    assert not lab.cloud.things

    lab.up()

    sizes = [item["size"] for item in lab.cloud.inputs]
    assert sizes == [8, 28]
    assert all(isinstance(size, int) for size in sizes)


def test_a_refused_function_is_an_error_of_the_program(lab):
    with pytest.raises(EngineError, match="function test:index:nothing is not known"):
        lab.up('pulumi.runtime.invoke("test:index:nothing", {})')


def test_an_unmanaged_resource_can_be_read_and_is_never_deleted(lab):
    lab.up('Thing("theirs", size="large")')
    (id_,) = lab.cloud.things
    for file in lab.directory.glob("state.json*"):
        file.unlink()
    text = f'theirs = Thing("mine", opts=Opts(id="{id_}"))\npulumi.export("size", theirs.size)'
    prelude_with_size = text.replace('Thing("mine", ', 'Thing("mine", size=None, ')

    summary = lab.up(prelude_with_size)
    lab.engine().destroy()

    assert summary.outputs == {"size": "large"}
    assert lab.cloud.names == ["theirs"]
    with refused("resource-to-read-missing", ResourceError):
        lab.up(text.replace(id_, "t-0"))
