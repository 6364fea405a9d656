// The empty page: look for the first span every two seconds, then show the map.
const live = document.querySelector("[data-live]");
async function look() {
  try {
    const answer = await fetch("/api/v1/status", { cache: "no-store" });
    const status = await answer.json();
    // 401: the session ended, and the form follows
    if (status.spans > 0 || answer.status === 401) { location.reload(); return; }
    live.classList.remove("lost");
  } catch { // the server is away; keep looking
    live.classList.add("lost");
  }
  setTimeout(look, 2000);
}
look();
