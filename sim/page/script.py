"""What the page does: it steps by keys, shows a step in full, and keeps its place in the address.

`#step=12` is step 12, also for whoever opens the page; without it the page begins at the first
violation. Without any script the page can still be read and its links followed.
"""

from typing import Final

SCRIPT: Final = """
"use strict";
(() => {
  const list = document.getElementById("steps");
  const closer = document.getElementById("closer");
  const steps = [...list.querySelectorAll("[role=option]")];
  if (!steps.length) return;
  const shown = (row) => !(document.body.classList.contains("brief")
    && row.classList.contains("detail-only"));
  const partnerOf = (row) => steps[Number(row.dataset.partner) - 1];
  let here = 0;

  const paragraph = (name, text) => {
    const made = document.createElement("p");
    made.className = name;
    made.textContent = text;
    closer.append(made);
  };

  const describe = (row) => {
    const at = steps.indexOf(row);
    const part = (name) => row.querySelector(name).textContent;
    const partner = partnerOf(row);
    const pair = !partner ? (row.classList.contains("call") ? " · never answered" : "")
      : row.classList.contains("call") ? ` · answered at step ${row.dataset.partner}`
      : ` · the answer to step ${row.dataset.partner}`;
    closer.textContent = "";
    paragraph("where", `Step ${at + 1} of ${steps.length} · ${part("time")} · `
      + `${row.dataset.lane}${pair}`);
    if (row.dataset.violation) paragraph("violation-text", `Violated ${row.dataset.violation}`);
    if (row.dataset.fault) paragraph("fault-text", `Fault ${row.dataset.fault}`);
    paragraph("", `${part(".who")} ${part(".what")}`);
  };

  const go = (at) => {
    const row = steps[at];
    for (const old of list.querySelectorAll("[aria-selected=true], .partner")) {
      old.setAttribute("aria-selected", "false");
      old.classList.remove("partner");
      old.tabIndex = -1;
    }
    const block = Math.abs(at - here) > 1 ? "center" : "nearest";
    here = at;
    if (!shown(row)) document.body.classList.remove("brief");
    row.setAttribute("aria-selected", "true");
    row.tabIndex = 0;
    partnerOf(row)?.classList.add("partner");
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block });
    history.replaceState(null, "", `#step=${at + 1}`);
    describe(row);
  };

  const seek = (by, wanted) => {
    for (let at = here + by; at >= 0 && at < steps.length; at += by) {
      if (wanted(steps[at])) return go(at);
    }
  };

  const has = (name) => (row) => row.classList.contains(name);
  const first = () => go(steps.findIndex(shown));
  const last = () => go(steps.findLastIndex(shown));
  const brief = () => {
    document.body.classList.toggle("brief");
    if (!shown(steps[here])) seek(1, shown);
    if (!shown(steps[here])) seek(-1, shown);
    go(here);
  };
  const keys = {
    ArrowLeft: () => seek(-1, shown), ArrowUp: () => seek(-1, shown), k: () => seek(-1, shown),
    ArrowRight: () => seek(1, shown), ArrowDown: () => seek(1, shown), j: () => seek(1, shown),
    Home: first, End: last,
    f: () => seek(1, has("faulty")), F: () => seek(-1, has("faulty")),
    v: () => seek(1, has("violated")), V: () => seek(-1, has("violated")),
    d: brief,
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const onStep = event.target === document.body || list.contains(event.target);
    const does = event.key === "Enter" && onStep
      ? () => steps[here].dataset.partner && go(Number(steps[here].dataset.partner) - 1)
      : keys[event.key];
    if (!does) return;
    event.preventDefault();
    does();
  });
  const rowAt = (event) => event.target.closest("[role=option]");
  list.addEventListener("click", (event) => rowAt(event) && go(steps.indexOf(rowAt(event))));
  list.addEventListener("mouseover", (event) => rowAt(event) && describe(rowAt(event)));
  list.addEventListener("mouseleave", () => describe(steps[here]));

  const asked = () => {
    const found = /^#step=(\\d+)$/.exec(location.hash);
    return found ? Math.min(Math.max(Number(found[1]), 1), steps.length) - 1 : null;
  };
  window.addEventListener("hashchange", () => asked() !== null && go(asked()));
  go(asked() ?? Math.max(steps.findIndex(has("violated")), 0));
})();
"""
