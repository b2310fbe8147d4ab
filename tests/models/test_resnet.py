import keras
import pytest

from resunet_kit.models import resnet


# torchvision publishes 11,689,512 and 21,797,672 weights; 513,000 of them are its classifier of 1000 classes.
@pytest.mark.parametrize(("depth", "published"), [(18, 11_689_512), (34, 21_797_672)])
def test_basic_depths_have_the_published_number_of_weights(depth, published):
    model = resnet(depth, (None, None, 3))
    trainable = sum(_size(weight) for weight in model.trainable_weights)
    assert trainable == published - (512 * 1000 + 1000)
    assert model.output_shape == (None, None, None, 512)
    keras.utils.clear_session()


def test_width_scales_the_channels():
    quarter, full = resnet(18, (32, 32, 3), width=0.25), resnet(18, (32, 32, 3))
    assert quarter.output_shape == (None, 1, 1, 128)
    assert full.output_shape == (None, 1, 1, 512)
    assert 15 < full.count_params() / quarter.count_params() < 17


@pytest.mark.parametrize(("depth", "width"), [(18, 0), (18, -1), (50, 0.5)])
def test_widths_that_are_not_to_be_had(depth, width):
    with pytest.raises(ValueError, match="Expected a positive width"):
        resnet(depth, (32, 32, 3), width=width)


def _size(weight):
    size = 1
    for side in weight.shape:
        size *= side
    return size


@pytest.mark.parametrize("depth", [17, 0, "18", None])
def test_other_depths_are_refused(depth):
    with pytest.raises(ValueError, match="Expected depth to be one of 18, 34, 50, 101, 152"):
        resnet(depth, (64, 64, 3))


@pytest.mark.parametrize("shape", [(31, 64, 3), (64, 64), (3, 64, 64), (64, 64, 64, 3)])
def test_shapes_that_are_too_small_or_of_another_rank_are_refused(shape):
    with pytest.raises(ValueError, match=r"Expected (sides of at least 32|input_shape|channels-last)"):
        resnet(18, shape)


def test_imagenet_weights_that_keras_does_not_have_are_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"Expected a depth of 50, 101 or 152 for weights='imagenet'.*depth=18"):
        resnet(18, (64, 64, 3), weights="imagenet")


def test_imagenet_weights_want_three_channels():
    with pytest.raises(ValueError, match="Expected 3 channels for weights='imagenet'"):
        resnet(50, (64, 64, 1), weights="imagenet")


def test_imagenet_without_a_network_tells_how_to_go_on(monkeypatch):
    def unreachable(*args, **kwargs):
        raise Exception("URL fetch failure on https://example.org: None -- no route")  # as get_file does

    monkeypatch.setitem(resnet.__globals__["BOTTLENECK"], 50, unreachable)
    with pytest.raises(ValueError, match=r"ImageNet weights of ResNet50 could not be loaded: URL fetch.*as weights"):
        resnet(50, (64, 64, 3), weights="imagenet")


def test_an_absent_weights_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"existing file.*absent\.weights\.h5"):
        resnet(18, (64, 64, 3), weights=tmp_path / "absent.weights.h5")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Skipping nested container:UserWarning")
def test_weights_files_load_where_they_fit_and_are_named_where_not(tmp_path):
    own, other, text = (tmp_path / f"{name}.weights.h5" for name in ("own", "other", "text"))
    model = resnet(18, (32, 32, 3))
    model.save_weights(own)
    again = resnet(18, (None, None, 3), weights=own)
    for weight, loaded in zip(model.get_weights(), again.get_weights(), strict=True):
        assert (weight == loaded).all()

    inputs = keras.Input((8, 8, 3))
    keras.Model(inputs, keras.layers.Conv2D(2, 3)(inputs)).save_weights(other)
    text.write_text("no weights")
    for file, channels in [(other, 3), (text, 3), (own, 1)]:
        with pytest.raises(ValueError, match="Expected weights of the architecture 'resnet18'") as error:
            resnet(18, (32, 32, channels), weights=file)
        assert str(file) in str(error.value)
    keras.utils.clear_session()
