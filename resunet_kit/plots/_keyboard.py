"""The script that a page adds to its figures: arrow keys for sliders, and heights that fit a narrow page.

Plotly's sliders respond only to the mouse, and a figure's height does not follow its width. `KEYBOARD` changes both for
every figure on a page, including those that are drawn later. It needs nothing but Plotly.
"""

from typing import Any

import plotly.graph_objects as go
import plotly.io

# Keys go to the figure that has the focus, else to the one under the pointer. Left and right move the slider by one
# step; Home and End to its ends. The page keeps all other keys.
KEYBOARD = r"""
(function () {
  if (window.figureKeys) { return; }
  window.figureKeys = true;
  var pointed = null;
  function figureOf(node) { return node && node.closest ? node.closest(".js-plotly-plot") : null; }
  function move(figure, to) {
    var slider = figure.layout.sliders[0], last = slider.steps.length - 1;
    var now = slider.active || 0, next = Math.max(0, Math.min(last, to(now, last)));
    if (next === now) { return; }
    var step = slider.steps[next];
    Plotly.update(figure, step.args[0], {"sliders[0].active": next}, step.args[1]);
  }
  var moves = {
    ArrowLeft: function (now) { return now - 1; }, ArrowRight: function (now) { return now + 1; },
    Home: function () { return 0; }, End: function (now, last) { return last; }
  };
  // Panels in fewer columns, where the page is too narrow for all of them in a row.
  function arranged(figure, sizes, room) {
    var xs = Object.keys(figure.layout).filter(function (key) { return /^xaxis\d*$/.test(key); });
    xs.sort(function (a, b) { return (a.slice(5) || 1) - (b.slice(5) || 1); });
    xs = xs.slice(0, sizes.panels);  // the last row may have axes without a picture
    var count = xs.length, wide = Math.min(sizes.columns, Math.max(1, Math.floor(room / sizes.minWidth)));
    if (!figure.ownTitles) {
      figure.ownTitles = (figure.layout.annotations || []).map(function (note) { return [note.x, note.y]; });
    }
    // Smaller pictures below each other are arranged anew too: their titles do not get smaller, nor may the gaps.
    var full = wide === sizes.columns, fits = room * sizes.ratio >= sizes.height;
    var own = full && (fits || count <= wide), change = {};
    var titles = figure.ownTitles.length === count;
    var gap = 12 + (titles ? 10 + 16 * sizes.titleLines : 0), before = Math.ceil(count / sizes.columns);
    var heights = [], tops = [], height = -gap;
    xs.forEach(function (x, index) {  // a row is as high as its highest panel
      var ratio = sizes.ratios ? sizes.ratios[index] : sizes.ratio * sizes.columns / before;
      var row = Math.floor(index / wide);
      heights[row] = Math.max(heights[row] || 0, (0.96 * room / wide) * Math.min(1.3, ratio));
    });
    heights.forEach(function (panel) { tops.push(height + gap); height += panel + gap; });
    var shown = own ? Math.min(sizes.height, room * sizes.ratio) : full ? Math.min(sizes.height, height) : height;
    xs.forEach(function (x, index) {
      var row = Math.floor(index / wide), column = index % wide, panel = heights[row];
      var top = 1 - tops[row] / height, given = sizes.domains[index];
      change[x + ".domain"] = own ? given[0] : [(column + 0.02) / wide, (column + 0.98) / wide];
      change["y" + x.slice(1) + ".domain"] = own ? given[1] : [Math.max(0, top - panel / height), Math.min(1, top)];
      if (titles) {
        change["annotations[" + index + "].x"] = own ? figure.ownTitles[index][0] : (column + 0.5) / wide;
        change["annotations[" + index + "].y"] = own ? figure.ownTitles[index][1] : Math.min(1, top);
      }
    });
    return {height: shown, change: own && figure.wide === 0 ? {} : change, wide: own ? 0 : wide};
  }
  function fit(figure) {
    var sizes = figure.layout && figure.layout.meta && figure.layout.meta.pictures;
    if (!sizes || !figure.clientWidth) { return; }
    if (!figure.fullHeight) { figure.fullHeight = figure.layout.height; }
    var margin = figure._fullLayout._size || figure.layout.margin;  // with the room that a colour bar takes
    var room = figure.clientWidth - margin.l - margin.r;
    var single = {height: Math.min(sizes.height, room * sizes.ratio), change: {}};
    var now = sizes.columns ? arranged(figure, sizes, room) : single;
    var height = Math.round(figure.fullHeight - sizes.height + now.height);
    var change = now.change, old = figure.layout.height;
    if (Math.abs(height - old) <= 2 && now.wide === figure.wide) { return; }
    figure.wide = now.wide;
    change.height = height;
    ["title", "legend"].forEach(function (part) {  // as many pixels from the top, or from the bottom, as before
      var y = (figure.layout[part] || {}).y;
      if (y !== undefined) { change[part + ".y"] = y > 0.5 ? 1 - (1 - y) * old / height : y * old / height; }
    });
    [figure, figure.parentNode].forEach(function (box) {
      if (box.style.height.slice(-2) === "px") { box.style.height = height + "px"; }
    });
    Plotly.relayout(figure, change);
  }
  document.addEventListener("mouseover", function (event) { pointed = figureOf(event.target) || null; });
  document.addEventListener("keydown", function (event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || !moves[event.key]) { return; }
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) { return; }
    var focused = figureOf(event.target), figure = focused || pointed;
    if (!figure || !figure.layout || !(figure.layout.sliders || []).length) { return; }
    if (!focused && event.key.indexOf("Arrow") !== 0) { return; }
    event.preventDefault();
    move(figure, moves[event.key]);
  });
  var watched = new WeakSet();
  var sizes = window.ResizeObserver && new ResizeObserver(function (entries) {
    requestAnimationFrame(function () { entries.forEach(function (entry) { fit(entry.target); }); });
  });
  function watch() {
    document.querySelectorAll(".js-plotly-plot").forEach(function (figure) {
      if (watched.has(figure) || !figure.layout) { return; }
      watched.add(figure);
      if ((figure.layout.sliders || []).length) { figure.tabIndex = 0; }
      if (sizes) { sizes.observe(figure); }
    });
  }
  new MutationObserver(watch).observe(document.documentElement, {childList: true, subtree: true});
  watch();
})();
"""


class PictureFigure(go.Figure):
    """A figure whose HTML has the script for keys and narrow pages; in a notebook it is an ordinary figure."""

    def to_html(self, *args: Any, **options: Any) -> str:
        """Return the HTML of `plotly.io.to_html`, with the script."""
        return str(plotly.io.to_html(self, *args, **_with_script(options)))

    def write_html(self, *args: Any, **options: Any) -> None:
        """Write the HTML of `plotly.io.write_html`, with the script."""
        plotly.io.write_html(self, *args, **_with_script(options))


def _with_script(options: dict[str, Any]) -> dict[str, Any]:
    given = options.get("post_script") or []
    return {**options, "post_script": [*([given] if isinstance(given, str) else given), KEYBOARD]}


def page_script() -> str:
    """Return the script for a page of your own that draws figures from their JSON.

    It makes sliders respond to the arrow keys, and gives figures with pictures a height that fits a narrow page. Pages
    written by `write_report`, or by the figures themselves, have it already.

    Returns:
        JavaScript for a `<script>` of the page, before or after plotly.js.

    Example:
        >>> from resunet_kit.plots import page_script
        >>> "ArrowLeft" in page_script()
        True
    """
    return KEYBOARD
