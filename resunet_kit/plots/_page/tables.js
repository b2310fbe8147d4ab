// Tables sort by a header, numbers as numbers, infinity among them; blanks come last in either direction.
(() => {
  const words = new Intl.Collator(undefined, { numeric: true });
  const LEADING = /^[−-]?\d[\d,]*(\.\d+)?(e[−+-]?\d+)?/i;

  const number = (text) => Number(text.replace(/,/g, "").replace(/−/g, "-"));
  const key = (cell, numeric) => {
    const text = cell.textContent.trim();
    if (numeric) {
      const value = "value" in cell.dataset ? Number(cell.dataset.value) : NaN;
      return { last: Number.isNaN(value), value, text };
    }
    const found = LEADING.exec(text);  // "0.82 (0.71 to 0.90)" sorts by 0.82
    return {
      last: text === "" || text === "–",
      value: found ? number(found[0]) : /^[−-]∞/.test(text) ? -Infinity : Infinity,
      text,
    };
  };
  const compare = (a, b, sign) => {
    if (a.last || b.last) return a.last - b.last;
    if (a.value !== b.value) return sign * (a.value < b.value ? -1 : 1);
    return sign * words.compare(a.text, b.text);
  };

  const sort = (header) => {
    const table = header.closest("table");
    const body = table.tBodies[0];
    const column = header.cellIndex;
    const order = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    const numeric = header.classList.contains("number");
    const rows = Array.from(body.rows, (row) => ({ row, key: key(row.cells[column], numeric) }));
    rows.sort((a, b) => compare(a.key, b.key, order === "ascending" ? 1 : -1));
    const sorted = document.createDocumentFragment();
    for (const { row } of rows) {
      for (const cell of row.cells) cell.classList.toggle("sorted", cell.cellIndex === column);
      sorted.append(row);
    }
    for (const other of header.parentElement.cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", order);
    body.append(sorted);
  };
  document.addEventListener("click", (event) => {
    const header = event.target.closest("th[scope=col]");
    if (header) sort(header);
  });

  // The column sorted by stays in sight, beside the first one, which does too.
  const boxes = Array.from(document.querySelectorAll(".scroll.table"));
  const measure = (box) => {
    const first = box.querySelector("th");
    box.style.setProperty("--first", `${first.offsetWidth}px`);
    box.classList.toggle("more", box.scrollWidth > box.clientWidth + 1);
    box.classList.toggle("right", box.scrollLeft + box.clientWidth < box.scrollWidth - 1);
  };
  if (typeof ResizeObserver === "function") {
    const observer = new ResizeObserver((entries) => entries.forEach((entry) => measure(entry.target)));
    boxes.forEach((box) => observer.observe(box));
  }
  for (const box of boxes) {
    box.addEventListener("scroll", () => measure(box), { passive: true });
    measure(box);
  }
})();
