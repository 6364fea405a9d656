// Extras of every page: theme, times in the reader's zone, copying, rows as links, keys.
import "./keys.js";
import { localise } from "./times.js";

const root = document.documentElement;
const themes = ["auto", "light", "dark"];

function setUpTheme() {
  const button = document.querySelector("[data-theme-switch]");
  const say = () => {
    const now = root.dataset.theme ?? "auto";
    button.textContent = now;
    button.setAttribute("aria-label", `theme: ${now}`);
  };
  button.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme ?? "auto") + 1) % themes.length];
    if (next === "auto") delete root.dataset.theme; else root.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch { /* private mode: not remembered */ }
    say();
  });
  say();
}

export function enliven(part) {
  localise(part);
  for (const wide of part.querySelectorAll(".scroll, .prose table")) scrolled.observe(wide);
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
  if (row && !event.target.closest("a, button, summary") && !String(getSelection())) {
    row.querySelector("a")?.click();
  }
});

// What can be scrolled to the side can be reached with the keyboard.
const scrolled = new ResizeObserver((parts) => {
  for (const { target } of parts) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0; else target.removeAttribute("tabindex");
  }
});

setUpTheme();
enliven(document);
