from hypothesis import given
from hypothesis import strategies as st

from podnet.lab.machine.channel.frames import Decoder, Frame, Kind, new_session, of, opening

frames = st.lists(st.builds(Frame, st.sampled_from(Kind), st.binary(max_size=300)), max_size=8)


def pieces(data, cuts):
    places = sorted({min(cut, len(data)) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


@given(frames, st.lists(st.integers(0, 2500)), st.binary(max_size=60))
def test_frames_arrive_whole_however_the_bytes_are_cut(sent, cuts, stale):
    session = new_session()
    data = stale + opening(session) + b"".join(frame.encode() for frame in sent)
    decoder = Decoder(session)

    received = [frame for piece in pieces(data, cuts) for frame in decoder.feed(piece)]

    assert received == sent


@given(frames, st.lists(st.integers(0, 2500)))
def test_the_side_of_the_machine_learns_the_session(sent, cuts):
    session = new_session()
    data = opening(session) + b"".join(frame.encode() for frame in sent)
    decoder = Decoder()

    received = [frame for piece in pieces(data, cuts) for frame in decoder.feed(piece)]

    assert (decoder.session, received) == (session, sent)


def test_what_an_earlier_session_left_is_passed_over():
    before, session = new_session(), new_session()
    left = opening(before) + Frame(Kind.OUTPUT, b"half").encode()[:-2]
    decoder = Decoder(session)

    assert decoder.feed(left) == []
    assert decoder.feed(opening(session) + of(Kind.EXIT, 3).encode()) == [of(Kind.EXIT, 3)]
