import keras
import pytest

from tests.contracts.descriptors import OWN, PAGE
from tests.contracts.pages import blocks_of_page

TEXT = """
# A page

```python
import keras
```

```python
def doubled(x):
    return 2 * x


def first_block(x, filters, *, strides=1):
    return keras.layers.Conv2D(filters, 1, strides)(doubled(x))
```

```text
def shown_block(x, filters): ...
```

```python
def second_block(x, filters):
    return first_block(x, filters)


raise RuntimeError("what follows the last block is not run")
```
"""


def test_the_blocks_of_a_page_are_those_that_its_code_defines(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(TEXT)
    found = blocks_of_page(page)
    assert list(found) == ["first_block", "second_block"]
    assert found["second_block"](keras.Input((8, 8, 3)), 5).shape == (None, 8, 8, 5)


def test_a_page_without_blocks_runs_nothing(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nraise RuntimeError\n```\n")
    assert blocks_of_page(page) == {}


@pytest.mark.skipif(not PAGE.exists(), reason="the tests of the wheel run without the documentation")
def test_the_guides_own_block_goes_through_the_contracts():
    assert {descriptor.of for descriptor in OWN} == {*blocks_of_page(PAGE), "res_unet"}
