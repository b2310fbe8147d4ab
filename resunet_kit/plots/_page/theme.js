// Before the page is painted: the reader's choice, else the system's.
(() => {
  let chosen = null;
  try { chosen = localStorage.getItem("report-theme"); } catch { /* forbidden for some files */ }
  const system = matchMedia("(prefers-color-scheme: dark)");
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    dispatchEvent(new Event("theme"));
  };
  show(chosen || (system.matches ? "dark" : "light"));
  system.addEventListener("change", () => chosen || show(system.matches ? "dark" : "light"));
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const press = () => button.setAttribute("aria-pressed", String(document.documentElement.dataset.theme === "dark"));
    press();
    addEventListener("theme", press);
    button.addEventListener("click", () => {
      chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.setItem("report-theme", chosen); } catch { /* kept for this visit */ }
      show(chosen);
    });
  });
})();
