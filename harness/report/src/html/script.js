"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const form = $("filters"), help = $("help");
  const cases = [...document.querySelectorAll("article.case")];
  const search = $("filter-text");
  const words = new Map();
  const textOf = (c) => {
    if (!words.has(c)) words.set(c, c.querySelector("summary").textContent.toLowerCase());
    return words.get(c);
  };

  const apply = () => {
    const verdict = $("filter-verdict").value, environment = $("filter-environment").value;
    const suite = $("filter-suite").value, wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const c of cases) {
      const d = c.dataset;
      const fits = (!verdict || (verdict === "!" ? "attention" in d : d.verdict === verdict)) &&
        (!environment || d.environment === environment) && (!suite || d.suite === suite) &&
        wanted.every((w) => textOf(c).includes(w));
      c.hidden = !fits;
      if (fits) shown += 1;
    }
    for (const s of document.querySelectorAll("section.suite")) {
      s.hidden = !s.querySelector("article.case:not([hidden])");
    }
    $("filter-count").textContent = `${shown} of ${cases.length} cases`;
  };

  const targetCase = () => {
    const named = location.hash.length > 1 && $(decodeURIComponent(location.hash.slice(1)));
    return named && named.closest("article.case");
  };
  const openTarget = () => {
    const target = targetCase();
    if (!target) return;
    if (target.hidden) { form.reset(); apply(); }
    // Cases that were never drawn have a guessed height: draw all, so that the place holds.
    document.documentElement.classList.add("whole");
    target.querySelector("details").open = true;
    target.querySelector("summary").focus({ preventScroll: true });
    target.scrollIntoView();
  };

  const move = (step) => {
    const shown = cases.filter((c) => !c.hidden);
    const at = shown.indexOf(document.activeElement.closest("article.case"));
    const next = shown[at < 0 ? (step > 0 ? 0 : shown.length - 1) : at + step];
    if (!next) return;
    next.querySelector("summary").focus();
    next.scrollIntoView({ block: "nearest" });
  };

  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (e) => e.preventDefault());
  $("show-help").addEventListener("click", () => help.showModal());
  window.addEventListener("hashchange", openTarget);
  document.addEventListener("keydown", (e) => {
    const from = document.activeElement;
    if (e.ctrlKey || e.altKey || e.metaKey || help.open) return;
    if (from.matches("input, select")) {
      if (e.key === "Escape") from.blur();
      return;
    }
    const onCase = from.matches("article.case > details > summary");
    if (e.key === "/") search.focus();
    else if (e.key === "?") help.showModal();
    else if (e.key === "j" || (e.key === "ArrowDown" && onCase)) move(1);
    else if (e.key === "k" || (e.key === "ArrowUp" && onCase)) move(-1);
    else return;
    e.preventDefault();
  });

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("article.case[data-attention] > details:not([open])")];
    for (const d of closed) d.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const d of closed) d.open = false;
  });

  // A page that is opened at a case shows that case alone, below the headline, until all is asked for.
  const page = document.documentElement, opened = targetCase();
  if (opened) {
    page.classList.add("alone");
    opened.classList.add("opened");
    opened.querySelector("details").open = true;
    const top = () => { if (page.classList.contains("alone")) window.scrollTo(0, 0); };
    window.addEventListener("load", () => requestAnimationFrame(top));
    const all = () => {
      page.classList.remove("alone");
      openTarget();
    };
    $("whole").addEventListener("click", all);
    window.addEventListener("hashchange", () => page.classList.remove("alone"));
  }
})();
