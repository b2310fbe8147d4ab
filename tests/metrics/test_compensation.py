import keras
import numpy as np

from resunet_kit.metrics._compensation import add_compensated


def test_the_sum_keeps_what_float32_loses():
    total, lost = (keras.Variable(np.float32([start, 0])) for start in (2**24, 0))
    for number in [[1, 0.1]] * 1000:
        add_compensated(total, lost, keras.ops.convert_to_tensor(np.float32(number)))
    found = np.float64(keras.ops.convert_to_numpy(total)) + keras.ops.convert_to_numpy(lost)
    np.testing.assert_allclose(found, [2**24 + 1000, np.float64(np.float32(0.1)) * 1000], rtol=1e-9)
