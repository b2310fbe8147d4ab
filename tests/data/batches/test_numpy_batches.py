import itertools
import subprocess
import sys

import numpy as np

from resunet_kit.data import PairBatches


def test_an_epoch_left_early_does_not_change_the_next(files):
    whole, broken = (PairBatches(*files, batch_size=2, shuffle=True, seed=0) for _ in range(2))
    list(whole)
    next(iter(broken))
    for ours, theirs in zip(whole, broken, strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])


def test_repeats_endlessly_or_as_often_as_asked(files):
    batches = PairBatches(*files, batch_size=4)
    assert len(list(batches.repeat(3))) == 6
    assert len(list(itertools.islice(batches.repeat(), 11))) == 11


def test_needs_no_framework(files):
    code = (
        "import sys, resunet_kit.data; assert 'pairs_dataset' in dir(resunet_kit.data);"
        "from resunet_kit.data import PairBatches, find_leaks, image_statistics, read_image, split_by_group;"
        f"next(iter(PairBatches([{str(files[0][0])!r}], [{str(files[1][0])!r}])));"
        "assert not {'tensorflow', 'keras', 'nibabel'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
