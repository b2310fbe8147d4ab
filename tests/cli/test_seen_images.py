"""Images that a run was trained on are told from new ones, where they were and after they have been moved."""

from resunet_kit.cli._seen_images import note_on_parts, seen


def test_an_image_is_known_by_its_path(tmp_path, monkeypatch):
    for name in ("new/p/1.png", "old/p/1.png", "old/p/2.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    split = [{"image": "old/p/1.png", "part": "train"}, {"image": str(tmp_path / "old/p/2.png"), "part": "test"}]
    images = [tmp_path / "old/p/1.png", "old/../old/p/2.png", "new/p/1.png"]
    assert seen(images, split) == [*split, None]


def test_images_that_were_moved_are_known_by_folder_and_name(tmp_path):
    split = [{"image": "gone/p/1.png", "part": "train"}, {"image": "gone/q/1.png", "part": "validation"}]
    assert seen([tmp_path / "p/1.png", tmp_path / "q/1.png", "r/1.png"], split) == [*split, None]


def test_the_note_counts_what_was_seen():
    assert note_on_parts([None, "test", None]) is None
    said = note_on_parts(["train", "train", "validation", "test", None])
    assert "among these 5: 2 trained its weights and 1 chose its epoch and threshold" in said
    assert said.endswith("Score its 1 test images alone with --part test.")
    assert "scores.csv" in note_on_parts(["validation"])
