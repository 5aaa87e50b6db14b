from podnet.plan.quotas import quota
from podnet.report.headroom import headroom
from tests.unit.verify.broken import Paper


def test_each_quota_counts_what_has_most_of_it():
    paper = Paper.of(node_count=5, zones=2)
    found = {row.quota: row for row in headroom(paper.world, paper.world.vpcs[0].id, {})}

    # 10 blocks, the way to the internet, and a local route for each of the two ranges.
    assert found[quota.ROUTES].count == 10 + 1 + 2
    assert found[quota.RANGES].count == 2
    assert (found[quota.GROUPS].count, found[quota.VPCS].count) == (1, 1)
    assert found[quota.RULES].count == sum(
        not rule.egress for rule in paper.world.security_groups[0].rules
    )
    assert found[quota.ROUTES].left == 500 - 13
    assert not found[quota.ROUTES].is_own


def test_the_accounts_own_limit_goes_before_the_default():
    paper = Paper.of(node_count=50)
    row = headroom(paper.world, paper.world.vpcs[0].id, {quota.ROUTES: 50})[0]

    assert (row.count, row.limit, row.left, row.share, row.is_own) == (52, 50, -2, 104, True)
