// Extras of every page: theme, times in the reader's zone, copying, rows as links, "/".
const root = document.documentElement;
const themes = ["auto", "light", "dark"];

function setUpTheme() {
  const button = document.querySelector("[data-theme-switch]");
  const say = () => {
    const now = root.dataset.theme ?? "auto";
    button.textContent = now;
    button.setAttribute("aria-label", `theme: ${now}`);
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme ?? "auto") + 1) % themes.length];
    if (next === "auto") delete root.dataset.theme; else root.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch { /* private mode: not remembered */ }
    say();
  });
  say();
}

const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });
const year = new Intl.DateTimeFormat([], { day: "numeric", month: "short", year: "numeric" });

function localTime(iso) {
  const moment = new Date(iso.replace(/(\.\d{3})\d*Z$/, "$1Z"));
  if (Number.isNaN(moment.getTime())) return null;
  const now = new Date();
  if (moment.toDateString() === now.toDateString()) return `today ${clock.format(moment)}`;
  const format = moment.getFullYear() === now.getFullYear() ? day : year;
  return `${format.format(moment)}, ${clock.format(moment)}`;
}

export function enliven(part) {
  for (const time of part.querySelectorAll("time[data-time]")) {
    time.textContent = localTime(time.dateTime) ?? time.textContent;
  }
  for (const button of part.querySelectorAll("[data-copy-code]")) button.hidden = false;
  for (const row of part.querySelectorAll("[data-row-link]")) row.classList.add("clickable");
}

let toastEnd;
function say(text) {
  const toast = document.querySelector("[data-toast]");
  toast.textContent = text;
  toast.hidden = false;
  clearTimeout(toastEnd);
  toastEnd = setTimeout(() => { toast.hidden = true; }, 1600);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no clipboard outside of secure contexts
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  say("copied");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-code]");
  if (button) {
    copy(button.dataset.copy ?? button.parentElement.querySelector("pre").textContent);
    return;
  }
  const row = event.target.closest("[data-row-link]");
  if (row && !event.target.closest("a, button") && !String(getSelection())) {
    row.querySelector("a")?.click();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.closest("input, textarea, select") && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    document.querySelector("[data-search]").select();
  }
});

setUpTheme();
enliven(document);
