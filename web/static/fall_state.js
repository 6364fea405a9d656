// What the page shows: which picture, scale, part of the time, and how the server is asked.
export const box = document.querySelector("[data-waterfall]");
export const total = Number(box.dataset.rowsTotal);
export const look = { scale: box.dataset.scale, zoom: box.dataset.zoom };

const changed = document.querySelector("[data-changed]");
document.querySelector("[data-reload]").addEventListener("click", () => location.reload());

/** A piece of the picture; throws when there is none, after saying so. */
export async function ask(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams(box.dataset.query);
  for (const [name, value] of Object.entries({ ...look, ...parameters })) {
    if (value !== "") query.set(name, value);
  }
  const answer = await fetch(`/waterfall/${path}?${query}`, { signal });
  if (answer.ok) return answer;
  let told = `The server answered ${answer.status}.`;
  try { told = (await answer.json()).error.message; } catch { /* not from this server */ }
  sayChanged(told);
  throw new Error(told);
}

export function sayChanged(told) {
  changed.querySelector("[data-changed-text]").textContent = told;
  changed.hidden = false;
}

/** The address of this page with everything that is set, to be pasted into a ticket. */
export function address(more = {}) {
  const [path, query] = box.dataset.page.split("?");
  const parameters = new URLSearchParams(query);
  const critical = box.classList.contains("without-critical") ? "hidden" : "";
  for (const [name, value] of Object.entries({ ...look, critical, ...more })) {
    if (value) parameters.set(name, value);
  }
  const text = parameters.toString().replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%21", "!");
  return text ? `${path}?${text}` : path;
}
