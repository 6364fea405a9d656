// Times in the reader's zone, as wide as the server wrote them, so that nothing moves.
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function localTime(iso) {
  const moment = new Date(iso.replace(/(\.\d{3})\d*Z$/, "$1Z"));
  if (Number.isNaN(moment.getTime())) return null;
  const year = moment.getFullYear() === new Date().getFullYear() ? "" : ` ${moment.getFullYear()}`;
  return `${moment.getDate()} ${months[moment.getMonth()]}${year}, ${clock.format(moment)}`;
}

export function localise(part) {
  for (const time of part.querySelectorAll("time[data-time]")) {
    time.textContent = localTime(time.dateTime) ?? time.textContent;
  }
}

const said = document.querySelector("[data-zone]");
if (said) said.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone;
