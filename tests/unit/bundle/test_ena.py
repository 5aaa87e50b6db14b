from podnet.bundle.ena import COUNTERS, allowances

ENA = """\
NIC statistics:
     tx_timeout: 0
     bw_in_allowance_exceeded: 12
     bw_out_allowance_exceeded: 0
     pps_allowance_exceeded: 3
     conntrack_allowance_exceeded: 7
     linklocal_allowance_exceeded: 1
     conntrack_allowance_available: 136812
     queue_0_tx_cnt: 4131
"""


def test_the_allowances_of_ena_are_read_and_nothing_else():
    assert allowances(ENA) == {
        "bw_in_allowance_exceeded": 12,
        "bw_out_allowance_exceeded": 0,
        "pps_allowance_exceeded": 3,
        "conntrack_allowance_exceeded": 7,
        "linklocal_allowance_exceeded": 1,
        "conntrack_allowance_available": 136812,
    }
    assert allowances(ENA).keys() == COUNTERS.keys()


def test_another_driver_has_none():
    assert allowances("NIC statistics:\n     peer_ifindex: 7\n") == {}
