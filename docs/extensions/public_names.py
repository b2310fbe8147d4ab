"""Let the reference show every public name, and the defaults of losses' options."""

from typing import Any

import griffe


class PublicNames(griffe.Extension):
    """Correct two things that griffe reads otherwise than Python or the reader."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """Show the default alone of a loss's option, which is declared as `option(default, interval)`."""
        if isinstance(attr.value, griffe.ExprCall) and str(attr.value.function) == "option":
            attr.value = attr.value.arguments[0]

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Let a public name mean what its package imports, not the module of the same name that it comes from.

        Otherwise `models.res_unet` is the module, which the reference leaves out without a word. A public name that
        cannot be found stops the build.
        """
        public = [(package, package[str(name)]) for package in pkg.modules.values() for name in package.exports or ()]
        for _package, member in public:
            if member.is_alias:
                member.resolve_target()
        # Last, because the other names are found through the modules.
        for package, member in public:
            if member.is_module and member.name in package.imports:
                package.members[member.name] = griffe.Alias(member.name, member[member.name], parent=package)
