// The empty page: look for the first span every two seconds, then show the map.
const live = document.querySelector("[data-live]");
async function look() {
  try {
    const answer = await fetch("/api/v1/status", { cache: "no-store" });
    const status = await answer.json();
    if (status.spans > 0) { location.reload(); return; }
    live.classList.remove("lost");
  } catch { // the server is away; keep looking
    live.classList.add("lost");
  }
  setTimeout(look, 2000);
}
look();
