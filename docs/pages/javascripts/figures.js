// Draw each figure when it is about to be seen. plotly.js, the arrow keys and the figure's data are loaded then, once.
(() => {
  const folder = new URL("../figures/", document.currentScript.src);
  const requests = new Map();

  // Plotly reads canvases back, which browsers warn of unless they know.
  const context = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, options) {
    return context.call(this, kind, kind === "2d" ? { willReadFrequently: true, ...options } : options);
  };

  // A page on disk may load scripts, but not fetch data.
  function load(name) {
    if (!requests.has(name)) {
      requests.set(name, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = new URL(name, folder);
        script.onload = resolve;
        script.onerror = () => reject(new Error(`Expected the file ${script.src}. Build the site anew.`));
        document.head.append(script);
      }));
    }
    return requests.get(name);
  }

  async function draw(holder) {
    const name = holder.dataset.figure;
    await Promise.all([load("plotly.min.js"), load("keyboard.js"), load(`${name}.js`)]);
    // A copy, because Plotly changes what it draws, and a page may show a figure twice.
    const { data, layout, frames } = structuredClone(window.figures[name]);
    Object.assign(layout, { autosize: true, width: undefined });
    // A finger scrolls the page; the buttons above a figure still zoom.
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
    const config = { responsive: true, displaylogo: false, showSendToCloud: false };
    const drawn = Plotly.newPlot(holder, { data, layout, frames, config });
    holder.style.minHeight = 0;  // the figure has its own height by now, and a lower one in a narrow column
    await drawn;
  }

  // Figures above an entry that a link leads to may get lower when drawn: come back to it, unless the reader moved on.
  let target = null;
  const follow = () => { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); };
  const release = () => { target = null; };
  follow();
  addEventListener("hashchange", follow);
  ["wheel", "touchstart", "keydown", "mousedown"].forEach((kind) => addEventListener(kind, release, { passive: true }));
  new ResizeObserver(() => target?.scrollIntoView({ behavior: "instant" })).observe(document.body);

  function start(holder) {
    near.unobserve(holder);
    return draw(holder).catch((error) => {
      holder.textContent = error.message;
      throw error;
    });
  }

  const near = new IntersectionObserver(
    (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => start(entry.target)),
    { rootMargin: "400px" },
  );
  document.querySelectorAll("[data-figure]").forEach((holder) => near.observe(holder));
})();
