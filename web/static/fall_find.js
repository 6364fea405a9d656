// Finding within all rows: the server looks, because most rows are not in the document.
import { ask } from "./fall_state.js";
import { onAdded, elementOf } from "./fall_rows.js";

const findBox = document.querySelector("[data-find-box]");
const input = findBox.querySelector("input");
const count = findBox.querySelector("[data-find-count]");
let hits = [];
let found = new Set();
let waiting;
let asked = 0;

function mark(element, row) { element.classList.toggle("found", found.has(row)); }

function setHits(rows) {
  const before = found;
  hits = rows;
  found = new Set(rows);
  for (const row of new Set([...before, ...found])) {
    const element = elementOf(row);
    if (element) mark(element, row);
  }
}

/** `current` tells where the reader is, `go` moves there, `back` gives the focus back. */
export function setUpFind({ current, go, back }) {
  onAdded(mark);

  function next(step) {
    if (!hits.length) return;
    const at = current();
    const ahead = step > 0 ? hits.find((row) => row > at) ?? hits[0] : hits.findLast((row) => row < at) ?? hits.at(-1);
    count.textContent = `${hits.indexOf(ahead) + 1} of ${hits.length}`;
    go(ahead);
  }

  async function look() {
    const text = input.value.trim();
    const turn = ++asked;
    if (!text) { setHits([]); count.textContent = ""; return; }
    try {
      const answer = await (await ask("find", { text })).json();
      if (turn !== asked) return;
      setHits(answer.rows);
    } catch { return; }
    count.textContent = hits.length ? "" : "nothing found";
    if (hits.length && !found.has(current())) next(1);
    else if (hits.length) count.textContent = `${hits.length} found`;
  }

  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 180); });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); next(event.shiftKey ? -1 : 1); }
    if (event.key === "Escape") {
      event.stopPropagation();
      findBox.hidden = true;
      asked += 1;
      setHits([]);
      count.textContent = "";
      back();
    }
  });
  return () => { findBox.hidden = false; input.focus(); input.select(); if (input.value) look(); };
}
