"""Checks of the defaults that a subclass gives to options: those that a dataclass would ignore are refused."""

import dataclasses
import inspect


def check_annotated(kind: type) -> None:
    """Refuse a default without an annotation, which a dataclass does not treat as a field.

    Raises:
        TypeError: If there is one.
    """
    own = inspect.get_annotations(kind)
    for field in dataclasses.fields(kind):
        if field.name in vars(kind) and field.name not in own:
            value = vars(kind)[field.name]
            raise TypeError(
                f"Expected {kind.__name__} to annotate its options. Received {field.name} = {value!r}, which a "
                f"dataclass would ignore. Write {field.name}: {_shown(field.type)} = {value!r}."
            )


def check_decorated(kind: type) -> None:
    """Refuse an option's default in a class that is not decorated as a dataclass, where it has no effect.

    Raises:
        TypeError: If there is one.
    """
    own = {field.name for field in dataclasses.fields(kind)} & inspect.get_annotations(kind).keys()
    if own and "__dataclass_fields__" not in vars(kind):
        raise TypeError(
            f"Expected {kind.__name__} to be a dataclass, as it declares options. Received a class that declares "
            f"{', '.join(sorted(own))} without the decorator. Write @dataclasses.dataclass(kw_only=True, eq=False) "
            "above it."
        )


def _shown(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).removeprefix("typing.")
