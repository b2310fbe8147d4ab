from examples.brain_mri.study.grid import COMPARISONS, MODES, STAGES, STARTS, cells, describe

SIZES = [2, 4, 10]


def test_no_training_is_done_twice():
    grid = cells(STAGES, [*COMPARISONS.values()], SIZES, seeds=2)
    assert len(grid) == len(set(grid)) == len({cell.name for cell in grid})
    # 12 of starts; 12 of modes, of which the 3 of ImageNet and all layers are there already; 3 of features likewise.
    assert len(grid) == 2 * 2 * (12 + 9 + 3)


def test_equal_numbers_of_patients_are_one():
    assert cells(STAGES, [COMPARISONS["starts"]], [2, 2], seeds=1) == cells(
        STAGES, [COMPARISONS["starts"]], [2], seeds=1
    )


def test_each_comparison_is_complete_before_the_next_seed():
    grid = cells(STAGES, [*COMPARISONS.values()], SIZES, seeds=3)
    assert [cell.seed for cell in grid] == sorted(cell.seed for cell in grid)
    first = [cell for cell in grid if cell.seed == 0]
    assert {(cell.stage, cell.start, cell.patients) for cell in first if cell.mode == "all"} == {
        (stage, start, size) for stage in STAGES for start in STARTS for size in SIZES
    }
    assert {(cell.mode, cell.patients) for cell in first if cell.start == "imagenet"} == {
        (mode, size) for mode in MODES for size in SIZES
    }
    assert {cell.start for cell in first if cell.mode == "frozen" and cell.patients == 10} == set(STARTS)
    assert {cell.patients for cell in first if cell.mode == "frozen" and cell.start == "random"} == {10}


def test_names_in_words():
    assert describe("imagenet") == "ImageNet"
    assert describe("frozen") == "encoder frozen"
