// The contents show which section is being read; on a narrow page they fold away.
(() => {
  const links = Array.from(document.querySelectorAll("nav a"));
  const sections = links.map((link) => document.getElementById(link.hash.slice(1)));
  const fold = document.querySelector("nav details");
  const list = document.querySelector("nav ol");
  const here = document.getElementById("here");
  const wide = matchMedia("(min-width: 1080px)");
  let current = null;

  const atEnd = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
  const follow = () => {
    const passed = sections.filter((section) => section.getBoundingClientRect().top < innerHeight / 3);
    const index = atEnd() && scrollY > 0 ? sections.length - 1 : Math.max(0, passed.length - 1);
    if (links[index] === current) return;
    if (current) current.removeAttribute("aria-current");
    current = links[index];
    current.setAttribute("aria-current", "true");
    here.textContent = `: ${current.textContent}`;
    const [top, bottom] = [current.offsetTop, current.offsetTop + current.offsetHeight];
    if (top < list.scrollTop || bottom > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 2;
  };

  let waiting = false;
  const soon = () => {
    if (!waiting) requestAnimationFrame(() => { waiting = false; follow(); });
    waiting = true;
  };
  addEventListener("scroll", soon, { passive: true });
  addEventListener("resize", soon);
  const arrange = () => { fold.open = wide.matches; };
  wide.addEventListener("change", arrange);
  list.addEventListener("click", (event) => { if (event.target.closest("a")) arrange(); });
  arrange();
  follow();
})();
