"""One script a figure, whose `figure()` returns it: the gallery and the reference show them live, with their code."""
