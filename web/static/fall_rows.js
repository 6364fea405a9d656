// Keeps only the rows in the document that are in view, and some around them. All rows are of
// one height, so their places are known before they are there.
import { failedBelow, isFolded, placeOf, rowAt, seenCount } from "./fall_outline.js";
import { ask, box } from "./fall_state.js";

const AROUND = 40; // rows above and below the view
const AT_ONCE = 300; // rows in one question
const body = box.querySelector("[data-rows]");
const rows = new Map(); // row number -> element
let height = 30;
let stale = new Set(); // rows of another scale, shown until the new ones are there
let asking = false;
let kept = -1; // the current row stays, so that it keeps the focus
const added = []; // told of each new row

export const elementOf = (row) => rows.get(row);
export const onAdded = (act) => { added.push(act); rows.forEach(act); };
export const keep = (row) => { kept = row; };

function place(row, element) {
  const at = placeOf(row);
  element.style.top = `${at * height}px`;
  element.hidden = rowAt(at) !== row; // hidden by a fold
  if (!element.hasAttribute("aria-expanded")) return;
  const folded = isFolded(row), hidden = folded ? failedBelow(row) : 0;
  element.setAttribute("aria-expanded", String(!folded));
  element.classList.toggle("hides-failed", hidden > 0);
  if (hidden > 0) element.querySelector(".hides").dataset.failed = `${hidden} failed`;
}

/** First and last place that are in view. */
export function inView() {
  const top = body.getBoundingClientRect().top;
  const first = Math.max(0, Math.floor(-top / height));
  const last = Math.min(seenCount() - 1, Math.ceil((innerHeight - top) / height));
  return [Math.min(first, seenCount() - 1), Math.max(last, 0)];
}

function add(element) {
  const row = Number(element.dataset.row);
  const before = rows.get(row);
  if (before && !stale.has(row)) return; // asked for twice: the one that is there has the focus
  const focused = before !== undefined && before === document.activeElement;
  before?.remove();
  stale.delete(row);
  rows.set(row, element);
  place(row, element);
  // in order, for whoever reads the document from top to bottom
  let next = null;
  for (const other of body.children) if (Number(other.dataset.row) > row) { next = other; break; }
  body.insertBefore(element, next);
  added.forEach((act) => act(element, row));
  if (focused) element.focus({ preventScroll: true });
}

function missing() {
  const [first, last] = inView();
  const wanted = [];
  for (let at = Math.max(0, first - AROUND); at <= Math.min(last + AROUND, seenCount() - 1); at += 1) {
    const row = rowAt(at);
    if (!rows.has(row) || stale.has(row)) wanted.push(row);
    if (wanted.length === AT_ONCE) break;
  }
  return wanted;
}

function drop() {
  const [first, last] = inView();
  for (const [row, element] of rows) {
    const at = placeOf(row);
    const far = at < first - 2 * AROUND || at > last + 2 * AROUND || rowAt(at) !== row;
    if (far && row !== kept) { element.remove(); rows.delete(row); stale.delete(row); }
  }
}

function ranges(numbers) {
  const found = [];
  for (const row of numbers) {
    const last = found.at(-1);
    if (last && last[1] === row - 1) last[1] = row; else found.push([row, row]);
  }
  return found.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(",");
}

async function read(numbers) {
  const turn = stale;
  const template = document.createElement("template");
  template.innerHTML = await (await ask("rows", { rows: ranges(numbers) })).text();
  if (turn !== stale) return; // the scale changed meanwhile
  for (const element of [...template.content.children]) add(element);
}

/** Brings in what is in view. One question at a time, each for what is in view by then. */
export async function refresh() {
  drop();
  if (asking) return;
  asking = true;
  try {
    for (let wanted = missing(); wanted.length; wanted = missing()) await read(wanted);
  } catch { /* the page says so */ } finally { asking = false; }
  drop();
}

/** The element of a row that may be far away. */
export async function load(row) {
  if (!rows.has(row)) { try { await read([row]); } catch { return null; } }
  return rows.get(row) ?? null;
}

/** After folding: `row` stays where it is on the screen. */
export function replace(row = -1) {
  const before = rows.get(row)?.getBoundingClientRect().top;
  body.style.height = `${seenCount() * height}px`;
  rows.forEach((element, number) => place(number, element));
  const after = rows.get(row)?.getBoundingClientRect().top;
  if (before !== undefined) scrollBy({ top: after - before, behavior: "instant" });
  return refresh();
}

/** After another scale: everything is asked for again. */
export function redraw() {
  stale = new Set(rows.keys());
  return refresh();
}

/** Scrolls so that the row is in view, in the middle if it was not. */
export function show(row, { middle = false } = {}) {
  const top = body.getBoundingClientRect().top + placeOf(row) * height;
  const covered = box.querySelector("[data-axis]").getBoundingClientRect().bottom;
  const floor = innerHeight - (document.querySelector("[data-panel]:not([hidden])")?.offsetHeight ?? 0);
  const inside = top >= covered && top + height <= floor;
  if (inside && !middle) return;
  const centre = covered + (floor - covered) / 2;
  const near = top < covered ? covered + height : floor - 2 * height;
  const far = middle || top < covered - innerHeight || top > floor + innerHeight;
  scrollBy({ top: top - (far ? centre : near), behavior: "instant" });
}

export function setUpRows(firstPlace) {
  for (const element of [...body.children]) {
    const row = Number(element.dataset.row);
    rows.set(row, element);
    added.forEach((act) => act(element, row));
  }
  const measure = () => {
    height = parseFloat(getComputedStyle(box).getPropertyValue("--row"));
    replace();
  };
  box.classList.add("windowed");
  measure();
  addEventListener("scroll", refresh, { passive: true });
  addEventListener("resize", measure);
  if (firstPlace > 0) scrollBy({ top: firstPlace * height, behavior: "instant" });
}
