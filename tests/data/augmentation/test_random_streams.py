import numpy as np

from resunet_kit.data.augmentation.random_streams import RandomStreams


def streams(seed=0, index=0, probability=1.0, **ranges):
    return RandomStreams(ranges=ranges, probabilities=dict.fromkeys(ranges, probability), seed=seed, index=index)


def test_each_option_seed_and_image_has_a_stream_of_its_own():
    generators = [
        streams(seed, index).generator(option) for seed in (0, 1) for index in (0, 1) for option in ("zoom", "blur")
    ]
    assert len({generator.random() for generator in generators}) == 8
    alone, accompanied = streams(zoom=(1, 2)), streams(blur=(0, 1), zoom=(1, 2))
    accompanied.strengths("blur")
    assert alone.strengths("zoom")[0] == accompanied.strengths("zoom")[0]


def test_strengths_fill_their_range():
    values, _ = streams(zoom=(1, 3)).strengths("zoom", 1000)
    assert 1 <= values.min() < 1.05
    assert 2.95 < values.max() < 3
    assert abs(values.mean() - 2) < 0.1


def test_an_option_that_is_off_or_does_not_act_draws_nothing():
    assert streams().strengths("zoom") is None
    acted = [streams(index=i, probability=0.25, zoom=(1, 2)).strengths("zoom") is not None for i in range(400)]
    assert 0.18 < np.mean(acted) < 0.32
