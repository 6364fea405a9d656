// The flow map: zoom, figures of the line under the pointer or in focus, and services
// brought to the fore without leaving the place. Without it every line is a link all the same.
import { refresh } from "./live.js";

const card = document.querySelector("[data-map]");
const STEP = 1.25;
const LEAST = 0.03;
const MOST = 3;
let zoom = null; // null: as the style sheet has it

const frame = card?.querySelector("[data-flow]");
const drawing = () => card.querySelector("[data-drawing]");
const natural = () => drawing().viewBox.baseVal;

function apply() {
  const svg = drawing();
  svg.style.maxWidth = zoom === null ? "" : "none";
  svg.style.width = zoom === null ? "" : `${natural().width * zoom}px`;
}

/** Keeps the middle of what is seen in the middle. */
function setZoom(wanted) {
  const before = drawing().getBoundingClientRect().width;
  const x = frame.scrollLeft + frame.clientWidth / 2;
  const y = frame.scrollTop + frame.clientHeight / 2;
  zoom = wanted && Math.min(Math.max(wanted, LEAST), MOST);
  apply();
  const grown = drawing().getBoundingClientRect().width / before;
  frame.scrollTo(x * grown - frame.clientWidth / 2, y * grown - frame.clientHeight / 2);
}

function by(step) {
  setZoom((drawing().getBoundingClientRect().width / natural().width) * step);
}

function fit() {
  const room = frame.clientWidth - 8;
  const height = Number.parseFloat(getComputedStyle(frame).maxHeight) - 8;
  setZoom(Math.min(room / natural().width, height / natural().height, 1));
}

/** What the reader came for is in view where the drawing is wider than its frame. */
function bring() {
  const wanted = drawing().querySelector(".chosen, [data-newest]");
  if (!wanted || frame.scrollWidth <= frame.clientWidth) return;
  const [there, here] = [wanted.getBoundingClientRect(), frame.getBoundingClientRect()];
  frame.scrollBy(there.x + there.width / 2 - here.x - here.width / 2, there.y + there.height / 2 - here.y - here.height / 2);
}

function tell(target) {
  const title = target.closest?.(".edge, .node")?.querySelector("title");
  if (title) card.querySelector("[data-told]").textContent = title.textContent;
}

async function visit(address) {
  try {
    await refresh(address);
  } catch {
    location.href = address;
  }
}

function setUp() {
  const keys = { "+": () => by(STEP), "=": () => by(STEP), "-": () => by(1 / STEP), 0: fit };
  card.querySelector("[data-zoom]").dataset.ready = "";
  card.querySelector("[data-zoom-in]").addEventListener("click", keys["+"]);
  card.querySelector("[data-zoom-out]").addEventListener("click", keys["-"]);
  card.querySelector("[data-zoom-fit]").addEventListener("click", fit);
  card.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  card.addEventListener("pointerover", (event) => tell(event.target));
  card.addEventListener("focusin", (event) => tell(event.target));
  card.addEventListener("click", (event) => {
    const link = event.target.closest(".node.service, [data-focus] a[href^='/?'], [data-focus] a[href='/']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const address = link.href.baseVal ?? link.getAttribute("href");
    history.pushState(null, "", address);
    visit(address);
  });
  addEventListener("popstate", () => visit(location.href));
  document.addEventListener("live-refreshed", apply);
  bring();
}

if (card) setUp();
