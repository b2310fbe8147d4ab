from resunet_kit._shared.errors import unknown_name


def test_unknown_name_lists_the_known_and_proposes_the_nearest():
    message = str(unknown_name("skip", "concta", ["concat", "add"]))
    assert "'concta'" in message
    assert "'add', 'concat'" in message
    assert "Did you mean 'concat'?" in message


def test_unknown_name_proposes_nothing_far_away():
    assert "Did you mean" not in str(unknown_name("skip", "zzz", ["concat", "add"]))
    assert "7" in str(unknown_name("skip", 7, ["concat", "add"]))
