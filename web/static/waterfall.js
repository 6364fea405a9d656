// Extras of the waterfall: only the rows in view, selection, folding, keys, find, zoom, the
// panel. Without it the rows are links, page by page.
import { address, ask, box, look, sayChanged, total } from "./fall_state.js";
import * as outline from "./fall_outline.js";
import { elementOf, keep, load, onAdded, replace, setUpRows, show } from "./fall_rows.js";
import { closePanel, hideWhy, isPanelOpen, openPanel, setUpWhy, whyOf } from "./fall_panel.js";
import { setUpFind } from "./fall_find.js";
import { markRows, setUpTime, wholeTime, zoomBy } from "./fall_time.js";
import { offerReload } from "./live.js";

const keys = document.querySelector("[data-keys]");
const first = Number(box.querySelector("[data-row]")?.dataset.row ?? 0);
let current = -1; // before one is chosen, Tab leads to the first row of the page
let following;

const spanIdOf = (row) => elementOf(row)?.id.replace("span-", "") ?? "";

function remember() {
  const id = current >= 0 ? elementOf(current)?.id : "";
  const hash = id ? `#${id}` : current >= 0 ? "" : location.hash;
  history.replaceState(null, "", address({ fold: outline.foldText() }) + hash);
}

onAdded((element, row) => {
  element.tabIndex = row === (current < 0 ? first : current) ? 0 : -1;
  element.classList.toggle("current", row === current);
  if (row === current) element.setAttribute("aria-selected", "true");
});

async function select(row, { focus = true, middle = false } = {}) {
  if (row < 0 || row >= total) return;
  const before = elementOf(current < 0 ? first : current);
  if (before) {
    before.classList.remove("current");
    before.removeAttribute("aria-selected");
    before.tabIndex = -1;
  }
  current = row;
  keep(row);
  show(row, { middle });
  const element = await load(row);
  if (!element || current !== row) return;
  element.classList.add("current");
  element.setAttribute("aria-selected", "true");
  element.tabIndex = 0;
  if (focus) element.focus({ preventScroll: true });
  remember();
  if (isPanelOpen()) { clearTimeout(following); following = setTimeout(() => open(row), 120); }
}

/** To a row that may be folded away. */
async function go(row, options) {
  if (outline.isReady() && outline.reveal(row, spanIdOf)) replace();
  await select(row, options);
}

function step(by) {
  const place = outline.placeOf(Math.max(current, 0));
  const next = Math.min(Math.max(current < 0 ? 0 : place + by, 0), outline.seenCount() - 1);
  return select(outline.rowAt(next), { focus: !document.activeElement?.closest("[data-panel]") });
}

async function open(row) {
  const href = elementOf(row)?.dataset.href;
  if (!href) return;
  if (!elementOf(row).classList.contains("span")) { location.href = href; return; }
  const done = () => elementOf(current)?.focus({ preventScroll: true });
  if (await openPanel(href, { step, done })) show(row);
}

/** After folding; `row` stays where it is on the screen. */
function folded(row) {
  const seen = current < 0 ? -1 : outline.rowAt(outline.placeOf(current));
  if (seen !== current) select(seen, { focus: elementOf(current)?.contains(document.activeElement) ?? false });
  if (row >= 0 || outline.foldText() !== box.dataset.fold) remember();
  replace(row);
  markRows();
  for (const button of box.querySelectorAll("[data-fold-service]")) {
    button.setAttribute("aria-pressed", String(outline.foldsService(button.dataset.foldService)));
  }
}

function toggle(row, wanted) {
  if (!outline.isReady() || outline.below(row) === 0 || outline.isFolded(row) === wanted) return false;
  outline.toggle(row, spanIdOf(row));
  folded(row);
  return true;
}

function right() {
  if (current < 0 || toggle(current, false)) return;
  if (outline.below(current) > 0 && !outline.isFolded(current)) step(1);
}

function left() {
  if (current < 0 || toggle(current, true)) return;
  const above = outline.parentOf(current);
  if (above >= 0) select(above);
}

const showFind = setUpFind({
  current: () => current,
  go: (row) => go(row, { focus: false, middle: true }),
  back: () => elementOf(current)?.focus({ preventScroll: true }),
});

box.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const number = Number(row.dataset.row);
  if (event.target.closest("[data-twisty]")) {
    toggle(number, !outline.isFolded(number));
    return;
  }
  const link = event.target.closest("a");
  if (link && (!row.classList.contains("span") || !link.classList.contains("label"))) return;
  event.preventDefault();
  select(number).then(() => open(number));
});

const acts = {
  find: showFind,
  help: () => keys.showModal(),
  critical: () => {
    const hidden = box.classList.toggle("without-critical");
    box.querySelector("[data-act=critical]").setAttribute("aria-pressed", String(!hidden));
    remember();
  },
  fold: () => { outline.foldTraces(); folded(current); },
  unfold: () => { outline.openAll(); folded(current); },
};

function otherScale() {
  const place = outline.placeOf(Math.max(current, 0));
  const next = { fold: outline.foldText(), scale: look.scale ? "" : "true", zoom: "", row: place > 20 ? String(place - 10) : "" };
  location.href = address(next) + location.hash;
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
  const byKey = {
    j: () => step(1), ArrowDown: () => step(1), k: () => step(-1), ArrowUp: () => step(-1),
    PageDown: () => step(15), PageUp: () => step(-15),
    Home: () => select(0), End: () => select(outline.rowAt(outline.seenCount() - 1)),
    ArrowRight: right, ArrowLeft: left,
    Enter: () => open(current),
    Escape: () => { if (hideWhy({ focus: true })) return; closePanel(); elementOf(current)?.focus({ preventScroll: true }); },
    t: otherScale, f: showFind, c: acts.critical, w: () => whyOf(elementOf(current)),
    "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2), 0: wholeTime,
  };
  const inRows = event.target === document.body || box.contains(event.target);
  if (!(event.key in byKey) || (!inRows && event.key !== "Escape")) return;
  if (event.key === "Enter" && (current < 0 || event.target.closest("a, button"))) return;
  event.preventDefault();
  byKey[event.key]();
});

// With what is folded now; without a script these are plain links.
for (const link of box.querySelectorAll("[data-key]")) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    ({ t: otherScale, 0: wholeTime })[link.dataset.key]();
  });
}

for (const button of box.querySelectorAll("[data-act]")) {
  button.addEventListener("click", acts[button.dataset.act]);
}
for (const button of box.querySelectorAll("[data-fold-service]")) {
  button.addEventListener("click", () => {
    if (!outline.isReady()) return;
    outline.foldService(button.dataset.foldService);
    folded(current);
  });
}

async function followHash() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (!/^span-[0-9a-f]{16}$/.test(id)) return;
  const near = document.getElementById(id)?.dataset.row;
  let row = near;
  if (near === undefined) {
    try { [row] = (await (await ask("find", { span: id.slice(5) })).json()).rows; } catch { return; }
  }
  if (row !== undefined) await go(Number(row), { middle: true });
}

async function start() {
  const loading = outline.loadOutline();
  if (box.dataset.fold) await loading; // so that rows are put where they are already
  keep(first);
  setUpRows(Number(box.dataset.first));
  setUpWhy();
  setUpTime(remember);
  addEventListener("hashchange", followHash);
  await Promise.all([followHash(), loading]);
  folded(current);
  box.dataset.ready = "";
  const isNew = async () => (await (await ask("news")).json()).changed;
  offerReload(Number(box.dataset.generation), isNew, () => sayChanged("More of this has arrived since the page was opened."));
}
start().catch(() => {}); // the page says what is wrong
