import numpy as np

from resunet_kit.data.augmentation.random_streams import Draws


def draws(seed=0, number=0, probability=1.0, **ranges):
    return Draws(ranges=ranges, probabilities=dict.fromkeys(ranges, probability), seed=seed, number=number)


def test_each_option_seed_and_image_has_a_stream_of_its_own():
    streams = [
        draws(seed, number).stream(option) for seed in (0, 1) for number in (0, 1) for option in ("zoom", "blur")
    ]
    assert len({stream.random() for stream in streams}) == 8
    alone, accompanied = draws(zoom=(1, 2)), draws(blur=(0, 1), zoom=(1, 2))
    accompanied.strengths("blur")
    assert alone.strengths("zoom")[0] == accompanied.strengths("zoom")[0]


def test_strengths_fill_their_range():
    values, _ = draws(zoom=(1, 3)).strengths("zoom", 1000)
    assert 1 <= values.min() < 1.05
    assert 2.95 < values.max() < 3
    assert abs(values.mean() - 2) < 0.1


def test_an_option_that_is_off_or_does_not_act_draws_nothing():
    assert draws().strengths("zoom") is None
    acted = [draws(number=i, probability=0.25, zoom=(1, 2)).strengths("zoom") is not None for i in range(400)]
    assert 0.18 < np.mean(acted) < 0.32
