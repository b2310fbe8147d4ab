import sys
import types

import pytest


@pytest.fixture
def shop(monkeypatch):
    """A module with one name, and a hint for another."""
    source = """
from resunet_kit._shared.renamed_names import missing_name
Dice = object()
def __getattr__(name):
    raise missing_name("shop", name, ["Dice"], {"F1Loss": "It is Dice here."})
"""
    module = types.ModuleType("shop")
    exec(source, vars(module))
    monkeypatch.setitem(sys.modules, "shop", module)
    return module


def test_a_missing_attribute_gets_its_hint(shop):
    with pytest.raises(AttributeError, match=r"^module 'shop' has no attribute 'F1Loss'\. It is Dice here\.$"):
        _ = shop.F1Loss
    with pytest.raises(AttributeError, match=r"^module 'shop' has no attribute 'Dise'\. Did you mean Dice\?$"):
        getattr(shop, "Dise")  # noqa: B009
    assert not hasattr(shop, "F1Loss")
    assert getattr(shop, "F1Loss", None) is None


@pytest.mark.usefixtures("shop")
def test_an_import_gets_its_hint_too():
    with pytest.raises(ImportError, match=r"^cannot import name 'F1Loss' from 'shop'\. It is Dice here\.$"):
        from shop import F1Loss  # noqa: F401
    with pytest.raises(ImportError, match=r"'Other' from 'shop'\. Pass one of Dice\.$"):
        from shop import Dice, Other  # noqa: F401


def test_what_python_looks_for_gets_no_hint(shop):
    with pytest.raises(AttributeError, match=r"^module 'shop' has no attribute '__path__'$"):
        _ = shop.__path__
