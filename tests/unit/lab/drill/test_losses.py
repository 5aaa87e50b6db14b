from podnet.lab.drill import Losses, PairLosses


def test_losses_read_back_as_they_were_written():
    pair = PairLosses(
        source="one", target="two", sent=100, lost=2, outage=0.02, lost_at=(0.5, 0.51), broken=None
    )
    losses = Losses(pairs=(pair,), seconds=1.0)

    assert Losses.of_json(losses.to_json()) == losses
    assert (losses.lost, losses.none, losses.outage) == (2, False, 0.02)
    assert losses.worst() == [
        "one to two: 2 of 100 datagrams lost at 0.50 s, longest outage 20 ms, connection alive"
    ]
