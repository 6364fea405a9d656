// Live updates without losing place. The server is asked for its state; when that is new,
// the same page is fetched and its parts marked data-live-part are brought up to date.
import { morph } from "./morph.js";
import { enliven } from "./page.js";

const EVERY = 3_000; // ms, between questions
const SLOWEST = 60_000;
const REFRESH_SHARE = 10; // refreshing takes a tenth of the time at most

const mark = document.querySelector("[data-live-switch]");
const parts = () => document.querySelectorAll("[data-live-part]");
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

let on = remembered();
let known = mark && { generation: mark.dataset.generation, spans: mark.dataset.spans };
let due = false; // something is new that the page does not show
let failures = 0;
let gone = false; // the page has nothing to show any more
let settles = 0; // when orphan roots that are young now may count
let rest = 0; // no refresh before this
let updated = new Date();
let timer;

function remembered() {
  try { return localStorage.getItem("live") !== "off"; } catch { return true; }
}

function say(state) {
  const time = clock.format(updated);
  const words = { live: "updated", paused: "paused", held: "held", gone: "gone since", lost: "no answer" };
  const told = {
    live: "Live updates are on; press to pause",
    paused: "Live updates are paused; press to go on",
    held: "New data is here; shown as soon as nothing is selected and no field is in use",
    gone: "What this page shows is not there any more; load it again to see why",
    lost: "The server does not answer; asked again",
  };
  const word = document.createElement("span");
  word.textContent = `${words[state]} `;
  mark.replaceChildren(word, state === "lost" ? "" : time);
  mark.title = told[state];
  mark.setAttribute("aria-pressed", String(on));
  mark.dataset.liveSwitch = state;
}

/** Whether the reader is in the middle of something that an update would disturb. */
function isBusy() {
  const selected = getSelection();
  if (selected && !selected.isCollapsed && String(selected).trim()) return true;
  const field = document.activeElement?.closest("input, select, textarea, [contenteditable]");
  return Boolean(field) && !["radio", "checkbox", "button", "submit"].includes(field.type);
}

async function ask() {
  const answer = await fetch("/api/v1/status", { cache: "no-store" });
  if (answer.status === 401) location.reload(); // the session ended, and the form follows
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}

/** Brings the marked parts to what this address says now; place, focus and details stay. */
export async function refresh(address = location.href) {
  const begun = performance.now();
  const answer = await fetch(address, { cache: "no-store", headers: { accept: "text/html" } });
  if (answer.status === 404) { gone = true; return; } // a group whose roots were deleted
  if (!answer.ok) throw new Error(`page ${answer.status}`);
  const next = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement;
  const changed = new Set();
  for (const part of parts()) {
    const other = next.querySelector(`[data-live-part="${CSS.escape(part.dataset.livePart)}"]`);
    if (!other) continue;
    enliven(other);
    morph(part, document.adoptNode(other), changed);
  }
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  document.title = next.title;
  for (const element of changed) showFresh(element);
  document.dispatchEvent(new Event("live-refreshed"));
  updated = new Date();
  // Bounded, because a machine that slept meanwhile took no hour to refresh.
  rest = Date.now() + Math.min(REFRESH_SHARE * (performance.now() - begun), SLOWEST);
}

function showFresh(element) {
  element.classList.remove("fresh");
  requestAnimationFrame(() => element.classList.add("fresh"));
  setTimeout(() => element.classList.remove("fresh"), 1_500);
}

function notice(status) {
  const now = { generation: String(status.analysed_generation), spans: String(status.spans) };
  if (now.generation !== known.generation || now.spans !== known.spans) {
    due = true;
    settles = Date.now() + status.grace_nano / 1e6 + EVERY;
    known = now;
  } else if (settles && Date.now() > settles) {
    due = true;
    settles = 0;
  }
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) return; // looked at again when it is seen again
  try {
    const status = await ask();
    if (document.querySelector("[data-live-first]")) {
      if (status.spans > 0 && on && !isBusy()) { location.reload(); return; }
    } else if (on) {
      notice(status);
      if (due && !isBusy() && Date.now() > rest) {
        due = false;
        await refresh();
      }
    }
    failures = 0;
    if (gone) { say("gone"); return; } // asked no more
    say(on ? (due && isBusy() ? "held" : "live") : "paused");
  } catch {
    failures += 1;
    say("lost");
  }
  timer = setTimeout(look, Math.min(EVERY * 2 ** failures, SLOWEST));
}

function start() {
  settles = Date.now() + EVERY; // replaced by the first answer's grace
  ask().then((status) => { settles = Date.now() + status.grace_nano / 1e6 + EVERY; }, () => {});
  say(on ? "live" : "paused");
  mark.addEventListener("click", () => {
    on = !on;
    try { localStorage.setItem("live", on ? "on" : "off"); } catch { /* private mode: not remembered */ }
    say(on ? "live" : "paused");
    if (on) look();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  timer = setTimeout(look, EVERY);
}

/** For pages that must not change under the reader: calls `tell` once, when answers came after
    `generation` and `isNew` says that they concern this page; nothing is touched. */
export function offerReload(generation, isNew, tell) {
  let waiting = EVERY;
  const again = async () => {
    if (!document.hidden) {
      const begun = performance.now();
      try {
        const status = await ask();
        if (status.analysed_generation > generation) {
          if (await isNew()) { tell(); return; }
          generation = status.analysed_generation;
        }
        waiting = Math.max(EVERY, REFRESH_SHARE * (performance.now() - begun));
      } catch {
        waiting = Math.min(waiting * 2, SLOWEST);
      }
    }
    setTimeout(again, waiting);
  };
  setTimeout(again, waiting);
}

if (mark) start();
