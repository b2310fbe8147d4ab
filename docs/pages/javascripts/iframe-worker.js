// Browsers refuse workers to pages on disk. There, search runs in a hidden frame instead, with a worker's interface;
// the theme asks for it by this name.
if (location.protocol === "file:") {
  window.IFrameWorker = window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.worker = this;
      const script = document.createElement("script");
      script.src = url;
      frame.srcdoc = "<body><script>postMessage = (data) => frameElement.worker.dispatchEvent("
        + `new MessageEvent("message", { data }))</script>${script.outerHTML}`;
      this.ready = new Promise((resolve) => frame.addEventListener("load", () => resolve(frame.contentWindow)));
      document.body.append(frame);
    }

    postMessage(data) {
      this.ready.then((frame) => frame.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
}
