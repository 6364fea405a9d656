// Details of a span below the rows, and how a hand-over is known beside its badge.
import { enliven } from "./page.js";
import { ask, box } from "./fall_state.js";

const panel = document.querySelector("[data-panel]");
const popover = document.querySelector("[data-popover]");
let asked = 0;

export const isPanelOpen = () => !panel.hidden;

function button(text, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function filterBox() {
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = "filter attributes";
  input.setAttribute("aria-label", "Filter attributes");
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of panel.querySelectorAll(".attributes tr")) {
      row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
    }
    if (wanted) for (const part of panel.querySelectorAll("details:not(.raw)")) part.open = true;
  });
  return input;
}

/** `step` moves to the next or previous span; `done` gives the focus back. */
export async function openPanel(href, { step, done }) {
  const turn = ++asked;
  let text;
  try {
    const answer = await fetch(`${href}?part=true`);
    text = await answer.text();
    if (!answer.ok) throw new Error(String(answer.status));
  } catch {
    location.href = href; // the page says what is wrong
    return false;
  }
  if (turn !== asked) return false; // another one was opened meanwhile
  const filter = panel.querySelector("input")?.value ?? "";
  panel.innerHTML = text;
  const bar = document.createElement("div");
  bar.className = "bar";
  const input = filterBox();
  bar.append(
    input,
    button("↑", "previous row", () => step(-1)),
    button("↓", "next row", () => step(1)),
    button("close", "close", () => { closePanel(); done(); }),
  );
  panel.prepend(bar);
  panel.hidden = false;
  panel.scrollTop = 0;
  input.value = filter;
  if (filter) input.dispatchEvent(new Event("input"));
  enliven(panel);
  return true;
}

export function closePanel() {
  asked += 1;
  panel.hidden = true;
  panel.textContent = "";
}

// ------------------------------------------------------------------ how it is known

let badge = null;
let waiting;
let stays = false; // opened on purpose: only Esc, its badge or a click elsewhere closes it

async function showWhy(target, { stay }) {
  clearTimeout(waiting);
  if (badge === target && !popover.hidden) { stays ||= stay; return; }
  badge = target;
  stays = stay;
  let text;
  try { text = await (await ask("why", { connection: target.dataset.why })).text(); } catch { return; }
  if (badge !== target) return;
  popover.innerHTML = text;
  popover.hidden = false;
  const at = target.getBoundingClientRect();
  const size = popover.getBoundingClientRect();
  const under = at.bottom + 6 + size.height <= innerHeight;
  popover.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  popover.style.top = `${under ? at.bottom + 6 : Math.max(8, at.top - size.height - 6)}px`;
  if (stay) popover.focus({ preventScroll: true });
}

export function hideWhy({ focus = false } = {}) {
  clearTimeout(waiting);
  if (popover.hidden) { badge = null; return false; }
  popover.hidden = true;
  if (focus) badge?.closest(".row")?.focus({ preventScroll: true });
  badge = null;
  stays = false;
  return true;
}

/** For the key: the badge of the row. */
export function whyOf(row) {
  const found = row?.querySelector("[data-why]");
  if (found) showWhy(found, { stay: true });
}

export function setUpWhy() {
  box.addEventListener("mouseover", (event) => {
    const over = event.target.closest("[data-why]");
    if (!over || stays) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => showWhy(over, { stay: false }), 250);
  });
  const leave = () => {
    clearTimeout(waiting);
    if (!stays) waiting = setTimeout(() => hideWhy(), 200);
  };
  box.addEventListener("mouseout", (event) => { if (event.target.closest("[data-why]")) leave(); });
  popover.addEventListener("mouseenter", () => clearTimeout(waiting));
  popover.addEventListener("mouseleave", leave);
  box.addEventListener("click", (event) => {
    const hit = event.target.closest("[data-why]");
    if (!hit || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    showWhy(hit, { stay: true });
  }, true);
  document.addEventListener("click", (event) => {
    if (stays && !event.target.closest("[data-popover], [data-why]")) hideWhy();
  });
  popover.addEventListener("click", (event) => { if (event.target.closest("a")) hideWhy(); });
  addEventListener("scroll", () => { if (!stays) hideWhy(); }, { passive: true });
}
