from resunet_kit import blocks, models
from tests.contracts.descriptors import DESCRIPTORS, NOT_DESCRIBED, OWN


def undescribed(public, described):
    return set(public) - set(described) - set(NOT_DESCRIBED)


def test_every_public_block_and_builder_has_a_descriptor():
    described = {descriptor.of for descriptor in DESCRIPTORS}
    assert undescribed([*blocks.__all__, *models.__all__], described) == set()


def test_a_name_without_a_descriptor_is_noticed():
    assert undescribed(["conv_block", "forgotten_block"], ["conv_block"]) == {"forgotten_block"}


def test_every_descriptor_names_something_public_and_its_name_is_unique():
    described = {descriptor.of for descriptor in DESCRIPTORS if descriptor not in OWN}
    assert described <= {*blocks.__all__, *models.__all__}
    names = [str(descriptor) for descriptor in DESCRIPTORS]
    assert len(names) == len(set(names))
