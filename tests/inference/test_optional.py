import json

import pytest

from resunet_kit.inference._optional import optional


def test_an_installed_package_is_returned():
    assert optional("json") is json


def test_a_missing_package_is_named_with_its_extra():
    with pytest.raises(ImportError, match=r'the package not_installed_here\..*pip install "resunet-kit\[bench\]"'):
        optional("not_installed_here", extra="bench")
