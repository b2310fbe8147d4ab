// Figures are drawn when they come near the screen, and all of them before printing.
(() => {
  const boxes = Array.from(document.querySelectorAll(".figure"));
  if (boxes.length === 0) return;
  const PAPER = 680;  // pixels between the margins of A4 and of US Letter
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
      // The box has the size: as high as the figure is to be, and as wide as there is room.
      delete layout.width;
      delete layout.height;
      layout.autosize = true;
      Plotly.newPlot(box, { data, layout, frames, config: CONFIG });
      box.classList.add("drawn");
      recolor(box);
    } catch (error) {
      box.classList.add("failed");
      box.textContent = `This figure could not be drawn: ${error}`;
    }
  };
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
  // Plotly puts a picture in its place when it has been decoded, which is too late for paper.
  const XLINK = "http://www.w3.org/1999/xlink";
  const place = (box) => {
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
    before = { folds: folds.map((fold) => fold.open) };
    folds.forEach((fold) => { fold.open = true; });
    boxes.forEach(draw);
    before.boxes = drawn();
    for (const box of before.boxes) {
      const { width, height } = box._fullLayout;
      const narrower = Math.min(width, PAPER);
      const lower = box.style.aspectRatio ? Math.round((height * narrower) / width) : height;
      Plotly.relayout(box, { width: narrower, height: lower });
      recolor(box, true);
      place(box);
    }
  });
  addEventListener("afterprint", () => {
    folds.forEach((fold, index) => { fold.open = before.folds[index]; });
    for (const box of before.boxes) {
      Plotly.relayout(box, { width: null, height: null, autosize: true });
      recolor(box);
    }
  });
  document.getElementById("print").addEventListener("click", () => print());
})();
