// Extras of the waterfall: selection, the panel, keys, find, minimap. The rows are links
// without it.
import { enliven } from "./page.js";

const box = document.querySelector("[data-waterfall]");
const rows = [...box.querySelectorAll(".row")];
const panel = document.querySelector("[data-panel]");
const keys = document.querySelector("[data-keys]");
const findBox = document.querySelector("[data-find-box]");
const findInput = findBox.querySelector("input");
let current = -1;
let asked = 0;

for (const row of rows) row.tabIndex = -1;
if (rows.length) rows[0].tabIndex = 0;

function select(number, { focus = true } = {}) {
  if (number < 0 || number >= rows.length) return;
  if (current >= 0) {
    rows[current].classList.remove("current");
    rows[current].removeAttribute("aria-selected");
    rows[current].tabIndex = -1;
  }
  current = number;
  const row = rows[number];
  row.classList.add("current");
  row.setAttribute("aria-selected", "true");
  row.tabIndex = 0;
  if (focus) row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  if (row.id) history.replaceState(null, "", `#${row.id}`);
}

async function open(row) {
  if (!row.dataset.href) return;
  if (!row.classList.contains("span")) { location.href = row.dataset.href; return; }
  const turn = ++asked;
  let text;
  try {
    const answer = await fetch(`${row.dataset.href}?part=true`);
    text = await answer.text();
    if (!answer.ok) throw new Error(String(answer.status));
  } catch {
    location.href = row.dataset.href; // the page says what is wrong
    return;
  }
  if (turn !== asked) return; // another row was opened meanwhile
  panel.innerHTML = `<button type="button" class="btn close">close</button>${text}`;
  panel.hidden = false;
  panel.scrollTop = 0;
  enliven(panel);
  panel.querySelector(".close").addEventListener("click", close);
  const below = panel.getBoundingClientRect().top - row.getBoundingClientRect().bottom;
  if (below < 0) scrollBy({ top: 24 - below });
}

function close() {
  asked += 1;
  panel.hidden = true;
  panel.textContent = "";
  if (current >= 0) rows[current].focus({ preventScroll: true });
}

function find(text, step) {
  const wanted = text.trim().toLowerCase();
  const hits = [];
  rows.forEach((row, number) => {
    const hit = wanted !== "" && row.querySelector(".name").textContent.toLowerCase().includes(wanted);
    row.classList.toggle("found", hit);
    if (hit) hits.push(number);
  });
  findBox.querySelector("[data-find-count]").textContent = wanted ? `${hits.length} found` : "";
  if (!hits.length) return;
  const next = step > 0 ? hits.find((hit) => hit > current) ?? hits[0] : hits.find((hit) => hit >= current) ?? hits[0];
  select(next, { focus: false });
}

function showFind() { findBox.hidden = false; findInput.select(); findInput.focus(); }
function hideFind() { findBox.hidden = true; find("", 0); if (current >= 0) rows[current].focus(); }

findInput.addEventListener("input", () => find(findInput.value, 0));
findInput.addEventListener("keydown", (event) => {
  if (event.key === "Enter") find(findInput.value, 1);
  if (event.key === "Escape") hideFind();
});

box.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest("a");
  if (link && (!row.classList.contains("span") || !link.classList.contains("label"))) return;
  event.preventDefault();
  select(rows.indexOf(row));
  open(row);
});

document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
  const acts = {
    j: () => select(Math.min(current + 1, rows.length - 1)),
    k: () => select(Math.max(current - 1, 0)),
    Home: () => select(0),
    End: () => select(rows.length - 1),
    Enter: () => open(rows[current]),
    Escape: close,
    t: () => { const link = box.querySelector("[data-key=t]"); location.href = link.href + location.hash; },
    f: showFind,
    "?": () => keys.showModal(),
  };
  acts.ArrowDown = acts.j;
  acts.ArrowUp = acts.k;
  const inRows = event.target === document.body || box.contains(event.target);
  if (!(event.key in acts) || (!inRows && !["Escape", "?"].includes(event.key))) return;
  if (event.key === "Enter" && (current < 0 || event.target.closest("a, button"))) return;
  if (event.key === "Escape" && panel.hidden) return;
  event.preventDefault();
  acts[event.key]();
});

for (const [name, act] of [["find", showFind], ["help", () => keys.showModal()]]) {
  const button = box.querySelector(`[data-${name}]`);
  button.hidden = false;
  button.addEventListener("click", act);
}

const map = box.querySelector("[data-minimap]");
const seen = box.querySelector("[data-seen]");
const body = box.querySelector("[data-rows]");
function markSeen() {
  const area = body.getBoundingClientRect();
  const from = Math.max(0, -area.top / area.height);
  const to = Math.min(1, (innerHeight - area.top) / area.height);
  seen.setAttribute("y", 42 * from);
  seen.setAttribute("height", from === 0 && to === 1 ? 0 : Math.max(0, 42 * (to - from)));
}
if (map) {
  map.addEventListener("click", (event) => {
    const part = event.offsetY / map.getBoundingClientRect().height;
    rows[Math.min(rows.length - 1, Math.floor(part * rows.length))].scrollIntoView({ block: "center" });
  });
  addEventListener("scroll", markSeen, { passive: true });
  markSeen();
}

function followHash() {
  const id = decodeURIComponent(location.hash.slice(1));
  const number = id.startsWith("span-") ? rows.findIndex((row) => row.id === id) : -1;
  if (number >= 0) {
    select(number);
    rows[number].scrollIntoView({ block: "center" });
  }
}
addEventListener("hashchange", followHash);
followHash();
