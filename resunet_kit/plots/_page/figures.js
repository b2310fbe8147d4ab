// Figures are drawn when they come near the screen, and all of them before printing.
(() => {
  const boxes = Array.from(document.querySelectorAll(".figure"));
  if (boxes.length === 0) return;
  const PAPER = { width: 680, height: 930 };  // pixels between the margins of both A4 and US Letter
  // No button that would send a figure, and the patient in it, to a web service.
  const CONFIG = { displaylogo: false, responsive: true, showSendToCloud: false };
  const style = getComputedStyle(document.documentElement);

  // === Unpacking ===
  const unpack = (id) => {
    const data = document.getElementById(`${id}-data`);
    const bytes = Uint8Array.from(atob(data.textContent), (letter) => letter.charCodeAt(0));
    const text = new TextDecoder().decode(inflated(bytes, Number(data.dataset.size)));
    data.remove();
    return text;
  };
  const load = () => {
    // Plotly reads canvases back, which browsers warn of unless they know.
    const context = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, options) {
      return context.call(this, kind, kind === "2d" ? { willReadFrequently: true, ...options } : options);
    };
    const script = document.createElement("script");
    script.textContent = unpack("plotly");
    document.head.append(script);
  };

  // === Drawing ===
  const waiting = new Set(boxes);
  const draw = (box) => {
    if (!waiting.delete(box)) return;
    try {
      if (!window.Plotly) load();
      const { data, layout, frames } = JSON.parse(unpack(box.id));
      // As wide as there is room; where the figure has a width of its own, the box has its aspect.
      if (layout.width) delete layout.height;
      delete layout.width;
      layout.autosize = true;
      Plotly.newPlot(box, { data, layout, frames, config: CONFIG });
      box.classList.add("drawn");
      box.style.minHeight = "";
      recolor(box);
    } catch (error) {
      box.classList.add("failed");
      box.textContent = `This figure could not be drawn: ${error}`;
    }
  };
  // Pictures are lower on a narrow page: room for them is kept, so that the page does not move under the reader.
  for (const box of boxes.filter((box) => box.dataset.pictures)) {
    const [height, ratio, margins, whole] = box.dataset.pictures.split(" ").map(Number);
    const room = box.parentElement.clientWidth - margins;
    if (room > 0) box.style.minHeight = `${Math.round(whole - height + Math.min(height, room * ratio))}px`;
  }
  const drawn = () => boxes.filter((box) => box.classList.contains("drawn"));

  // Text in WebGL takes no style sheet.
  const recolor = (box, paper = false) => {
    const scenes = Object.keys(box._fullLayout).filter((key) => /^scene\d*$/.test(key));
    if (scenes.length === 0) return;
    const [ink, line] = paper ? ["#24292f", "#dde1e6"] : ["--ink", "--line"].map((name) => style.getPropertyValue(name));
    const changes = {};
    for (const scene of scenes) {
      for (const axis of ["xaxis", "yaxis", "zaxis"]) {
        changes[`${scene}.${axis}.color`] = ink.trim();
        changes[`${scene}.${axis}.gridcolor`] = line.trim();
      }
    }
    Plotly.relayout(box, changes);
  };
  addEventListener("theme", () => drawn().forEach((box) => recolor(box)));

  if (typeof IntersectionObserver === "function") {
    const observer = new IntersectionObserver((entries) => {
      for (const { target } of entries.filter((entry) => entry.isIntersecting)) {
        observer.unobserve(target);
        draw(target);
      }
    }, { rootMargin: "300px 0px" });
    boxes.forEach((box) => observer.observe(box));
  } else {
    boxes.forEach(draw);
  }

  // === Printing ===
  // Plotly fills in a picture when it has been decoded, which is too late for paper.
  const XLINK = "http://www.w3.org/1999/xlink";
  const fill = (box) => {
    for (const image of box.querySelectorAll(".im image")) {
      const [{ trace, x0, y0, w, h }] = image.__data__;
      if (!trace.source || image.getAttributeNS(XLINK, "href")) continue;
      const { xaxis, yaxis } = box._fullLayout._plots[trace.xaxis + trace.yaxis];
      const [left, right] = [xaxis.c2p(x0), xaxis.c2p(x0 + w * trace.dx)].sort((a, b) => a - b);
      const [top, bottom] = [yaxis.c2p(y0), yaxis.c2p(y0 + h * trace.dy)].sort((a, b) => a - b);
      const numbers = { x: left, y: top, width: right - left, height: bottom - top };
      for (const [name, value] of Object.entries(numbers)) image.setAttribute(name, value);
      image.setAttributeNS(XLINK, "xlink:href", trace.source);
    }
  };
  const folds = Array.from(document.querySelectorAll("main details"));
  let before = null;  // of a page that is being printed: which folds were open, and the figures
  addEventListener("beforeprint", () => {
    before = { folds: folds.map((fold) => fold.open), sizes: [] };
    folds.forEach((fold) => { fold.open = true; });
    boxes.forEach(draw);
    before.boxes = drawn();
    for (const box of before.boxes) {
      const { width, height } = box._fullLayout;
      before.sizes.push({ width: box.layout.width ?? null, height: box.layout.height ?? null, autosize: true });
      const narrower = Math.min(width, PAPER.width);
      const scaled = box.style.aspectRatio ? Math.round((height * narrower) / width) : height;
      const lower = Math.min(scaled, PAPER.height);
      Plotly.relayout(box, { width: narrower, height: lower });
      recolor(box, true);
      fill(box);
    }
  });
  addEventListener("afterprint", () => {
    folds.forEach((fold, index) => { fold.open = before.folds[index]; });
    before.boxes.forEach((box, index) => {
      Plotly.relayout(box, before.sizes[index]);
      recolor(box);
    });
  });
  document.getElementById("print").addEventListener("click", () => print());
})();
