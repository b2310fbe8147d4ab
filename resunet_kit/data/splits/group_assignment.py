"""Assignment of groups to parts, so that each part gets its fraction of every count."""

import numpy as np

_PASSES = 8
# Trying every exchange takes time quadratic in the number of groups. With many, single moves already balance well.
_MAX_GROUPS_TO_EXCHANGE = 1500


def assign(counts: np.ndarray, fractions: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Return the part of each group.

    Minimises `sum_p sum_c (held_pc / total_c - fraction_p)^2 / fraction_p`: assigns the groups one by one from large to
    small, then moves single groups and exchanges two while that lowers the sum.

    Args:
        counts: `(groups, columns)`, what each group holds: samples, and samples of each label.
        fractions: `(parts,)`, positive, adding up to 1; no more parts than groups.
        generator: Draws the order of assignment, so that another seed gives another split.
    """
    weights = counts / counts.sum(axis=0)  # (g, c)
    part_of = _assign_in_order(weights, fractions, generator)
    _fill_empty_parts(part_of, weights, fractions)
    for _ in range(_PASSES):
        changed = _move(part_of, weights, fractions, generator)
        if len(weights) <= _MAX_GROUPS_TO_EXCHANGE:
            changed |= _exchange(part_of, weights, fractions, generator)
        if not changed:
            break
    return part_of


def _assign_in_order(weights: np.ndarray, fractions: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Assign each group, roughly from large to small, to the part that gives the lowest sum."""
    # The noise makes seeds differ; small groups after large ones even out what those left.
    order = np.argsort(-weights.sum(axis=1) * generator.uniform(0.5, 1.5, len(weights)))
    part_of = np.empty(len(weights), dtype=np.intp)
    excess = -np.repeat(fractions[:, None], weights.shape[1], axis=1)  # (p, c)
    for group in order:
        part = np.argmin(_cost_of_adding(excess, weights[group], fractions))
        part_of[group] = part
        excess[part] += weights[group]
    return part_of


def _fill_empty_parts(part_of: np.ndarray, weights: np.ndarray, fractions: np.ndarray) -> None:
    """Move to each part without a group the smallest group of the part that has the largest number of them."""
    for part in range(len(fractions)):
        sizes = np.bincount(part_of, minlength=len(fractions))
        if not sizes[part]:
            candidates = np.flatnonzero(part_of == np.argmax(sizes))
            part_of[candidates[np.argmin(weights[candidates, 0])]] = part


def _move(part_of: np.ndarray, weights: np.ndarray, fractions: np.ndarray, generator: np.random.Generator) -> bool:
    excess = _excess(part_of, weights, fractions)
    sizes = np.bincount(part_of, minlength=len(fractions))
    changed = False
    for group in generator.permutation(len(weights)):
        here = part_of[group]
        if sizes[here] == 1:
            continue  # no part is left without a group
        change = _cost_of_adding(excess, weights[group], fractions) + _cost_of_adding(
            excess[here], -weights[group], fractions[here]
        )
        change[here] = 0
        there = int(np.argmin(change))
        if change[there] < -1e-12:
            part_of[group] = there
            excess[here] -= weights[group]
            excess[there] += weights[group]
            sizes[here] -= 1
            sizes[there] += 1
            changed = True
    return changed


def _exchange(part_of: np.ndarray, weights: np.ndarray, fractions: np.ndarray, generator: np.random.Generator) -> bool:
    excess = _excess(part_of, weights, fractions)
    changed = False
    for group in generator.permutation(len(weights)):
        here = part_of[group]
        gain = weights - weights[group]  # (g, c), what this part would gain from each other group
        change = _cost_of_adding(excess[here], gain, fractions[here]) + _cost_of_adding(
            excess[part_of], -gain, fractions[part_of]
        )
        change[part_of == here] = 0
        other = int(np.argmin(change))
        if change[other] < -1e-12:
            there = part_of[other]
            excess[here] += gain[other]
            excess[there] -= gain[other]
            part_of[group], part_of[other] = there, here
            changed = True
    return changed


def _excess(part_of: np.ndarray, weights: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Return `(parts, columns)`: what each part holds above its fraction."""
    excess = -np.repeat(fractions[:, None], weights.shape[1], axis=1)
    np.add.at(excess, part_of, weights)
    return excess


def _cost_of_adding(excess: np.ndarray, weight: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    """Return the change of the sum when `weight` joins a part: `((e + w)^2 - e^2) / fraction`, over the columns."""
    return (weight * (2 * excess + weight)).sum(axis=-1) / fraction
