// Keys of every page: "/" searches, "g" and a letter goes to a page, "j" and "k" go through the
// rows of its tables, "?" lists them. A page with keys of its own has a dialog of its own.
const dialog = document.querySelector("[data-keys]");
const own = document.querySelector("main [data-keys]");
let going = -Infinity; // when "g" was pressed, ms since the page began

function rows() {
  return [...document.querySelectorAll("main [data-row-link] a.title")].filter((link) => link.checkVisibility());
}

function step(by) {
  const links = rows();
  const here = document.activeElement?.closest("[data-row-link]");
  const at = links.findIndex((link) => link.closest("[data-row-link]") === here);
  const next = links[at < 0 ? (by > 0 ? 0 : links.length - 1) : at + by];
  next?.focus();
  next?.closest("[data-row-link]").scrollIntoView({ block: "nearest" });
}

const acts = {
  "/": () => document.querySelector("[data-search]")?.select(),
  "?": () => { if (!dialog.open) dialog.showModal(); },
  g: (event) => { going = event.timeStamp; },
  ...(own ? {} : { j: () => step(1), k: () => step(-1) }),
};

document.addEventListener("keydown", (event) => {
  const { key, target, timeStamp } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || dialog?.open) return;
  if (target.closest("input, textarea, select, [contenteditable]")) return;
  const goal = timeStamp - going < 1500 && document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  going = -Infinity;
  const act = goal ? () => goal.click() : acts[key];
  if (!act) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  act(event);
});
