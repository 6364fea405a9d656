// The part of the time that is shown: dragging on axis and minimap, the keys + - 0.
import { ask, box, look } from "./fall_state.js";
import { placeOf, rowAt, seenCount } from "./fall_outline.js";
import { inView, redraw, show } from "./fall_rows.js";

const map = box.querySelector("[data-minimap]");
const MAP_HEIGHT = 42;
const LEAST = 1000; // nanoseconds
let told = () => {};

const axis = () => box.querySelector("[data-axis]");
const breaks = (text) => text.split(" ").map((pair) => pair.split(":").map(Number));

/** Nanoseconds since the start at a place from 0 to 1. */
function timeAt(points, place) {
  for (let n = 1; n < points.length; n += 1) {
    const [left, from] = points[n - 1], [right, to] = points[n];
    if (place <= right) return from + (right > left ? (place - left) / (right - left) : 0) * (to - from);
  }
  return points.at(-1)[1];
}

async function zoom(from, to) {
  const whole = Number(axis().dataset.whole);
  let [start, end] = [Math.max(0, Math.floor(from)), Math.min(whole, Math.ceil(to))];
  if (end - start < LEAST) end = Math.min(whole, start + LEAST);
  look.zoom = start <= 0 && end >= whole ? "" : `${start}-${end}`;
  let text;
  try { text = await (await ask("axis")).text(); } catch { return; }
  const template = document.createElement("template");
  template.innerHTML = text;
  axis().replaceWith(template.content.querySelector("[data-axis]"));
  box.querySelector("[data-grid]").replaceWith(template.content.querySelector("[data-grid]"));
  markTime();
  told();
  setUpDrag(axis().querySelector(".ticks"), () => axis().dataset.breaks);
  await redraw();
}

export function zoomBy(factor) {
  const points = breaks(axis().dataset.breaks);
  const whole = breaks(axis().dataset.mapBreaks);
  if (factor < 1) return zoom(timeAt(points, 0.25), timeAt(points, 0.75));
  const [left, width] = axis().dataset.shown.split(" ").map((part) => parseFloat(part) / 100);
  return zoom(timeAt(whole, Math.max(0, left - width / 2)), timeAt(whole, Math.min(1, left + 1.5 * width)));
}

export const wholeTime = () => zoom(0, Infinity);

function markTime() {
  if (!map) return;
  const [left, width] = axis().dataset.shown.split(" ");
  map.querySelector("[data-beyond-left]").setAttribute("width", left);
  const right = map.querySelector("[data-beyond-right]");
  const edge = parseFloat(left) + parseFloat(width);
  right.setAttribute("x", `${edge}%`);
  right.setAttribute("width", `${Math.max(0, 100 - edge)}%`);
  const seen = map.querySelector("[data-seen]");
  seen.setAttribute("x", left);
  seen.setAttribute("width", width);
}

export function markRows() {
  if (!map) return;
  const count = Number(box.dataset.rowsTotal);
  const [first, last] = inView();
  const from = rowAt(first) / count, to = (rowAt(last) + 1) / count;
  const all = first === 0 && last >= seenCount() - 1;
  const seen = map.querySelector("[data-seen]");
  seen.setAttribute("y", MAP_HEIGHT * from);
  seen.setAttribute("height", all && !look.zoom ? 0 : Math.max(2, MAP_HEIGHT * (to - from)));
}

/** Dragging chooses a part of the time; `clicked` gets a press without a drag. */
function setUpDrag(surface, pointsOf, clicked = () => {}) {
  surface.addEventListener("pointerdown", (down) => {
    if (down.button) return;
    down.preventDefault();
    const area = surface.getBoundingClientRect();
    const mark = document.createElement("div");
    mark.className = "chosen";
    const at = (event) => Math.min(1, Math.max(0, (event.clientX - area.left) / area.width));
    const begun = at(down);
    const move = (event) => {
      const [left, right] = [begun, at(event)].sort((a, b) => a - b);
      if ((right - left) * area.width < 6) return;
      if (!mark.isConnected) surface.parentElement.append(mark);
      mark.style.left = `${area.left - surface.parentElement.getBoundingClientRect().left + left * area.width}px`;
      mark.style.width = `${(right - left) * area.width}px`;
    };
    const ended = new AbortController();
    const up = (event) => {
      ended.abort();
      mark.remove();
      if (event.type === "pointercancel") return; // the page is scrolled by touch
      const [left, right] = [begun, at(event)].sort((a, b) => a - b);
      if ((right - left) * area.width < 6) { clicked(event); return; }
      const points = breaks(pointsOf());
      zoom(timeAt(points, left), timeAt(points, right));
    };
    const { signal } = ended;
    addEventListener("pointermove", move, { signal });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, up, { signal });
  });
}

export function setUpTime(changed) {
  told = changed;
  setUpDrag(axis().querySelector(".ticks"), () => axis().dataset.breaks);
  if (!map) return;
  setUpDrag(map, () => axis().dataset.mapBreaks, (event) => {
    const area = map.getBoundingClientRect();
    const row = Math.floor(((event.clientY - area.top) / area.height) * Number(box.dataset.rowsTotal));
    show(rowAt(placeOf(Math.max(0, row))), { middle: true });
  });
  addEventListener("scroll", markRows, { passive: true });
  addEventListener("resize", markRows);
  markTime();
  markRows();
}
