"""Several packages in one program, and resources under explicit providers of their own."""
# the clusters take what a provider is given

import pytest

from podnet.lab.engines.embedded import (
    UNKNOWN,
    EngineError,
    ResourceError,
)
from tests.refusals import refused
from tests.unit.lab.engines.embedded.clusters import HUSH, Clusters, World

ONE_POD = """
kube = Cluster("kube", cluster="blue", key="hush-hush")
Pod("a", opts=Opts(provider=kube))
"""


@pytest.fixture
def world(lab):
    return World(lab)


def test_each_resource_goes_to_the_provider_of_its_package(world):
    world.up(f'Thing("thing")\n{ONE_POD}')

    assert world.cloud.names == ["thing"]
    assert world.pods("blue") == ["a"]


def test_every_provider_gets_the_configuration(world, monkeypatch):
    configured = []
    monkeypatch.setattr(Clusters, "configure", lambda _, config: configured.append(config))
    world.up("")

    assert configured == world.cloud.configured == [{}]


def test_a_package_that_nobody_serves_is_refused_with_those_that_are(world):
    with refused("package-not-served", ResourceError) as caught:
        world.up('pulumi.CustomResource("gcp:index:Disk", "a")')
    assert all(part in str(caught.value) for part in ("gcp:index:Disk", "kube, test"))


def test_without_an_explicit_provider_the_package_itself_is_asked(world):
    with pytest.raises(ResourceError, match="named by an explicit provider, and here is none"):
        world.up('Pod("a")')


def test_two_providers_of_one_package_lead_to_two_places(world):
    world.up("""
        for colour in ("blue", "red"):
            kube = Cluster(colour, cluster=colour)
            Pod(f"in-{colour}", opts=Opts(provider=kube))
    """)

    assert (world.pods("blue"), world.pods("red")) == (["in-blue"], ["in-red"])

    world.engine().destroy()

    assert (world.pods("blue"), world.pods("red")) == ([], [])


def test_a_component_hands_its_provider_to_its_children(world):
    world.up("""
        class Group(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("my:index:Group", name, None, opts)
                Pod("inside", opts=Opts(parent=self))
                Thing("beside", opts=Opts(parent=self))
        Group("group", opts=Opts(providers=[Cluster("kube", cluster="blue")]))
    """)

    assert (world.pods("blue"), world.cloud.names) == (["inside"], ["beside"])


def test_a_configuration_that_is_not_known_yet_is_previewed(world, ops):
    text = """
    made = Thing("made")
    kube = Cluster("kube", cluster=made.arn.apply(lambda arn: "blue"), key=made.arn)
    Pod("a", opts=Opts(provider=kube))
    """
    planned = world.engine(text).preview()

    assert ops(planned) == {("create", name) for name in ("proj-dev", "made", "kube", "a")}
    assert world.pods("blue") == []

    made = world.up()

    assert ops(made) == ops(planned)
    assert world.pods("blue") == ["a"]
    assert world.engine().preview().changes == world.up().changes == ()


def test_an_unmanaged_resource_is_read_where_its_provider_leads(world):
    world.up(ONE_POD)
    (id_,) = world.clusters.cloud("blue").things
    text = (
        ONE_POD
        + f"""
theirs = Pod("theirs", colour=None, opts=Opts(id="{id_}", provider=kube))
pulumi.export("name", theirs.arn)
"""
    )

    assert world.up(text).outputs == {"name": f"arn:{id_}"}


def test_an_unmanaged_resource_of_a_provider_that_is_not_known_yet_is_not_known_either(world):
    planned = world.engine("""
        made = Thing("made")
        kube = Cluster("kube", cluster=made.arn)
        theirs = Pod("theirs", opts=Opts(id="t-1", provider=kube))
        pulumi.export("arn", theirs.arn)
    """).preview()

    assert planned.outputs == {"arn": UNKNOWN}


def test_a_refresh_looks_where_the_provider_leads(world, ops):
    world.up(ONE_POD)
    assert world.engine().refresh().changes == ()
    world.clusters.cloud("blue").things = {}

    assert ops(world.engine().refresh()) == {("delete", "a")}
    assert ops(world.up()) == {("create", "a")}


def test_other_settings_of_a_provider_are_used_from_then_on(world, ops):
    world.up(ONE_POD)
    summary = world.up(ONE_POD.replace(HUSH, "other"))

    assert ops(summary) == {("update", "kube")}
    assert [step.detail for step in summary.changes] == ["key: [secret]"]
    assert world.up().changes == ()


def test_a_provider_that_leads_elsewhere_replaces_what_is_under_it(world, ops):
    world.up(ONE_POD)
    elsewhere = ONE_POD.replace("blue", "red")
    planned = world.engine(elsewhere).preview()
    summary = world.up()

    assert ops(planned) == ops(summary) == {("replace", "kube"), ("replace", "a")}
    assert (world.pods("blue"), world.pods("red")) == ([], ["a"])
    assert world.up().changes == ()


def test_another_provider_for_the_same_place_replaces_nothing(world, ops):
    world.up(ONE_POD)

    assert ops(world.up(ONE_POD.replace('Cluster("kube"', 'Cluster("other"'))) == {
        ("create", "other"),
        ("delete", "kube"),
    }
    assert world.pods("blue") == ["a"]


def test_another_provider_for_another_place_replaces(world, ops):
    world.up(ONE_POD)
    summary = world.up(
        ONE_POD.replace('Cluster("kube", cluster="blue"', 'Cluster("other", cluster="red"')
    )

    assert ops(summary) == {("create", "other"), ("replace", "a"), ("delete", "kube")}
    assert (world.pods("blue"), world.pods("red")) == ([], ["a"])


def test_a_renamed_provider_replaces_nothing(world):
    world.up(ONE_POD)
    renamed = ONE_POD.replace(
        'Cluster("kube", ', 'Cluster("new", opts=Opts(aliases=[pulumi.Alias(name="kube")]), '
    )

    assert world.up(renamed).changes == ()
    world.engine().destroy()
    assert world.pods("blue") == []


STORIES = {
    "first": (None, ONE_POD),
    "elsewhere": (ONE_POD, ONE_POD.replace("blue", "red")),
    "gone": (ONE_POD, ""),
}


@pytest.mark.parametrize("story", STORIES)
def test_after_a_kill_at_any_moment_it_ends_where_it_would_have_ended(story, lab, new_lab):
    before, text = STORIES[story]
    moment = 0
    while True:
        world = World(new_lab())
        if before is not None:
            world.up(before)
        world.lab.cloud = world.clusters  # whose moments count
        killed = world.lab.killed_at(moment, lambda: world.up(text))  # noqa: B023
        world.up()
        want = {"first": ["a"], "elsewhere": [], "gone": []}[story]

        assert world.pods("blue") == want, moment
        assert world.pods("red") == (["a"] if story == "elsewhere" else []), moment
        assert world.up().changes == ()
        if not killed:
            break
        moment += 1
    assert moment >= 4


def test_what_is_secret_by_itself_is_sealed_though_the_program_says_nothing(world):
    summary = world.up(ONE_POD + 'Pod("b", password="hush-hush", opts=Opts(provider=kube))\n')

    assert world.clusters.cloud("blue").inputs[1]["password"] == HUSH
    assert HUSH not in str(summary)
    assert HUSH.encode() not in world.lab.state.read_bytes()
    assert world.up().changes == ()


def test_a_secret_that_a_function_answers_is_one_wherever_it_goes(world):
    summary = world.up(
        ONE_POD
        + """
word = pulumi.runtime.invoke_output("kube:index:password", {}, pulumi.InvokeOptions(provider=kube))
Pod("b", note=word.apply(lambda answer: answer["word"]), opts=Opts(provider=kube))
pulumi.export("word", word.apply(lambda answer: answer["word"]))
"""
    )

    assert world.clusters.cloud("blue").inputs[1]["note"] == f"blue-{HUSH}"
    assert summary.outputs == {"word": "[secret]"}
    assert HUSH.encode() not in world.lab.state.read_bytes()


def test_a_state_without_the_provider_says_so(world):
    world.up(ONE_POD)
    lines = world.lab.state.read_text().splitlines(keepends=True)
    world.lab.state.write_text(
        "".join(line for line in lines if '"type": "pulumi:providers:kube"' not in line).replace(
            "[\n,", "[\n"
        )
    )

    with refused("provider-not-in-state", EngineError):
        world.engine().destroy()


def test_a_configuration_is_taken_once_however_many_are_under_it(world, monkeypatch):
    asked = []
    under = Clusters.with_configuration
    monkeypatch.setattr(
        Clusters,
        "with_configuration",
        lambda self, type_, given: (asked.append(given), under(self, type_, given))[1],
    )
    world.up(ONE_POD + 'Pod("b", opts=Opts(provider=kube))\n')

    assert asked == [{"cluster": "blue", "key": HUSH}]
