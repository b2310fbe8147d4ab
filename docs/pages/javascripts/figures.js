// Draw each figure when it is about to be seen: plotly.js and the figure's data are loaded by then, and only once.
(() => {
  const folder = new URL("../figures/", document.currentScript.src);
  const requests = new Map();

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
    await Promise.all([load("plotly.min.js"), load(`${name}.js`)]);
    // A copy, because Plotly changes what it draws, and a page may show a figure twice.
    const { data, layout, frames } = structuredClone(window.figures[name]);
    Object.assign(layout, { autosize: true, width: undefined });
    // A finger scrolls the page; the buttons above a figure still zoom.
    if (matchMedia("(pointer: coarse)").matches) layout.dragmode = false;
    const config = { responsive: true, displaylogo: false, showSendToCloud: false };
    await Plotly.newPlot(holder, { data, layout, frames, config });
    holder.dataset.drawn = "";
    if (mayShrink(holder)) keepFitting(holder, layout.height, layout.title?.y);
  }

  // === Pictures ===
  // A picture that is narrower than its script drew it is lower, too: plotly.js shrinks its panels, but not the figure.
  const squarePanels = (holder) => Object.entries(holder._fullLayout)
    .filter(([key, axis]) => /^yaxis\d*$/.test(key) && axis.scaleanchor)
    .map(([, axis]) => axis);

  // Titles between rows of panels need their pixels.
  const mayShrink = (holder) => squarePanels(holder).length > 0
    && (squarePanels(holder).every((axis) => axis._inputDomain[1] > 0.99) || !holder.layout.annotations?.length);

  function keepFitting(holder, height, titleAt) {
    const room = height - holder._fullLayout._size.h;
    const ofDomain = ({ domain: [low, high], _inputDomain: [first, last] }) => (high - low) / (last - first);
    let width = 0;
    const fit = async () => {
      if (holder.clientWidth === width) return;
      width = holder.clientWidth;
      await Plotly.relayout(holder, { height, "title.y": titleAt });
      const used = Math.max(...squarePanels(holder).map(ofDomain));
      const lower = Math.ceil(room + used * (height - room));
      // The title's place is a part of the height.
      const at = titleAt && 1 - ((1 - titleAt) * height) / lower;
      if (used < 0.98) await Plotly.relayout(holder, { height: lower, "title.y": at });
    };
    new ResizeObserver(() => requestAnimationFrame(fit)).observe(holder);
  }

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
