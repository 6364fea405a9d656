// The outline of all rows, and which of them are seen when some are folded.
import { ask, box, total } from "./fall_state.js";

const text = new TextDecoder();
let sizes, traces, services, bits, names, traceIds, failed;
let seen = null; // row numbers, null for all

const folds = { services: new Set(), traces: new Set(), rows: new Map(), opened: new Map() };
for (const token of box.dataset.fold.split(",").filter(Boolean)) {
  if (token.startsWith("service:")) folds.services.add(decodeURIComponent(token.slice(8)));
  else if (token.startsWith("trace:")) folds.traces.add(token.slice(6));
}
for (const pair of box.dataset.foldRows.split(",").filter(Boolean)) {
  const [row, id] = pair.split(":");
  if (id.startsWith("!")) folds.opened.set(Number(row), id.slice(1)); else folds.rows.set(Number(row), id);
}

/** Until it is loaded, nothing can be folded. */
export async function loadOutline() {
  const buffer = await (await ask("outline")).arrayBuffer();
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(text.decode(new Uint8Array(buffer, 4, length)));
  const at = 4 + length;
  names = head.services;
  traceIds = head.traces;
  sizes = new Uint32Array(buffer, at, total);
  traces = new Uint32Array(buffer, at + 4 * total, total);
  services = new Uint16Array(buffer, at + 8 * total, total);
  bits = new Uint8Array(buffer, at + 10 * total, total);
  failed = new Uint32Array(total + 1); // of the rows before each
  for (let row = 0; row < total; row += 1) failed[row + 1] = failed[row] + ((bits[row] >> 1) & 1);
  refold();
}

export const isReady = () => sizes !== undefined;
export const below = (row) => (sizes ? sizes[row] - 1 : 0);
/** How many of the rows below failed. */
export const failedBelow = (row) => (sizes ? failed[row + sizes[row]] - failed[row + 1] : 0);
export const traceOf = (row) => traceIds[traces[row]];
export const serviceNames = () => names;

export function isFolded(row) {
  if (!sizes || sizes[row] < 2 || folds.opened.has(row)) return false;
  return folds.rows.has(row) || folds.services.has(names[services[row]])
    || ((bits[row] & 4) !== 0 && folds.traces.has(traceIds[traces[row]]));
}

function refold() {
  if (!folds.services.size && !folds.traces.size && !folds.rows.size) { seen = null; return; }
  const found = new Uint32Array(total);
  let count = 0;
  for (let row = 0; row < total; row += isFolded(row) ? sizes[row] : 1) found[count++] = row;
  seen = found.slice(0, count);
}

export const seenCount = () => (seen ? seen.length : total);
export const rowAt = (place) => (seen ? seen[place] : place);

/** The place of a row, or of the one that hides it. */
export function placeOf(row) {
  if (!seen) return row;
  let low = 0, high = seen.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (seen[middle] <= row) low = middle; else high = middle - 1;
  }
  return low;
}

/** The row above which this one hangs, or -1. */
export function parentOf(row) {
  if (!sizes) return -1;
  for (let above = row - 1; above >= 0; above -= 1) if (above + sizes[above] > row) return above;
  return -1;
}

export function toggle(row, spanId) {
  if (isFolded(row)) {
    folds.rows.delete(row);
    if (isFolded(row)) folds.opened.set(row, spanId);
  } else {
    folds.opened.delete(row);
    if (!isFolded(row)) folds.rows.set(row, spanId);
  }
  refold();
}

/** Opens whatever hides this row. `idOf` tells the span id of a row. */
export function reveal(row, idOf) {
  let changed = false;
  for (let above = parentOf(row); above >= 0; above = parentOf(above)) {
    if (isFolded(above)) { toggle(above, idOf(above)); changed = true; }
  }
  return changed;
}

export function foldService(name) {
  const shut = !folds.services.delete(name);
  if (shut) folds.services.add(name);
  folds.opened.clear();
  refold();
  return shut;
}

export const foldsService = (name) => folds.services.has(name);

export function foldTrace(id) {
  if (!folds.traces.delete(id)) folds.traces.add(id);
  folds.opened.clear();
  refold();
}

/** Folds below every trace but the first. */
export function foldTraces() {
  traceIds.slice(1, 200).forEach((id) => folds.traces.add(id));
  refold();
}

export function openAll() {
  for (const each of Object.values(folds)) each.clear();
  refold();
}

/** As in the address. */
export function foldText() {
  return [
    ...[...folds.services].map((name) => `service:${encodeURIComponent(name)}`),
    ...[...folds.traces].map((id) => `trace:${id}`),
    ...[...folds.rows.values()].filter(Boolean),
    ...[...folds.opened.values()].filter(Boolean).map((id) => `!${id}`),
  ].slice(0, 500).join(",");
}
