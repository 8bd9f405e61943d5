// What makes the pages live. Everything works without it.
//
// The server says over a stream that something is new, and the parts of the page
// that show it are read again: those with data-renew, which names the kinds of
// event that concern them. A part must have an ID.

const silence = 40_000; // The stream gives a sign of life every 15 seconds.
const most = 20; // How many announcements are kept.
const link = document.getElementById('link');
const lost = document.getElementById('lost');
const news = document.getElementById('news');

const kept = !lost.hidden; // The worker shows what it has kept.

let stream = null;
let last = document.body.dataset.events; // where to go on listening
let watchdog = 0;
let retry = 0;
let tries = 0;
let renewing = null; // the wait for more events before the page is read again

// --- what is shown

function say(state) {
  link.className = `link ${state}`;
  link.textContent = link.dataset[state];
  lost.hidden = state !== 'lost';
}

// spoken is what each thing on the page says of itself, by its ID.
function spoken() {
  return new Map([...document.querySelectorAll('[id][data-say]')].map((el) => [el.id, el.dataset.say]));
}

// announce tells screen readers what the eye sees by itself, and lets it be seen
// what has changed.
function announce(before) {
  for (const [id, words] of spoken()) {
    if (!before.has(id) || before.get(id) === words) continue;
    document.getElementById(id).classList.add('fresh');
    news.append(Object.assign(document.createElement('p'), { textContent: words }));
  }
  while (news.childElementCount > most) news.firstElementChild.remove();
}

// renew reads the page again and puts the parts into place that a kind concerns.
// A part in which somebody types is left alone until he is done.
async function renew(kinds) {
  const parts = [...document.querySelectorAll('[id][data-renew]')].filter((el) => el.dataset.renew.split(' ').some((k) => kinds.has(k) || kinds.has('stale')));
  if (parts.length === 0) return;
  // A list that was searched is read by the form that searched it: what somebody
  // looks for stands in no address. What answers a form is not kept by the worker.
  const form = document.querySelector('form[data-renew-form]:has([data-searched])');
  const how = form ? { method: 'POST', body: new URLSearchParams(new FormData(form)) } : {};
  const answer = await fetch(location.href, { ...how, headers: { Accept: 'text/html' }, cache: 'no-store', credentials: 'same-origin', redirect: 'manual' });
  if (answer.type === 'opaqueredirect' || answer.status === 401) {
    location.reload(); // The session has ended: the server leads to where one signs in.
    return;
  }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const before = spoken();
  for (const old of parts) {
    const next = fresh.getElementById(old.id);
    if (!next || !old.isConnected || old.isEqualNode(next) || busy(old)) continue;
    replace(old, next);
  }
  announce(before);
}

// busy reports whether somebody is at work in a part: he types, has ticked or
// opened something, or a menu is open.
function busy(el) {
  const at = document.activeElement;
  return el.contains(at) && at.matches('input:not([type=checkbox], [type=radio]), textarea, select') || el.querySelector('.htmx-request') !== null;
}

// replace keeps the focus, what is ticked and what is open where it was.
function replace(old, next) {
  const at = old.contains(document.activeElement) ? path(document.activeElement) : null;
  for (const box of old.querySelectorAll('input[type=checkbox][name][value]:checked')) {
    next.querySelector(`input[type=checkbox][name="${CSS.escape(box.name)}"][value="${CSS.escape(box.value)}"]`)?.setAttribute('checked', '');
  }
  for (const open of old.querySelectorAll('details[id][open]')) next.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute('open', '');
  old.replaceWith(next);
  window.htmx?.process(next);
  equip(next);
  next.dispatchEvent(new CustomEvent('renewed', { bubbles: true }));
  if (at) find(next, at)?.focus({ preventScroll: true });
}

// path says which element of a part it is, so that find knows it in another.
const path = (el) => ({ id: el.id, of: el.closest('[id]')?.id, what: el.tagName, name: el.getAttribute('name'), value: el.getAttribute('value'), href: el.getAttribute('href') });
function find(root, at) {
  if (at.id) return root.querySelector(`#${CSS.escape(at.id)}`);
  const scope = at.of && root.id !== at.of ? root.querySelector(`#${CSS.escape(at.of)}`) : root;
  return [...(scope ?? root).querySelectorAll(at.what)].find((el) => el.getAttribute('name') === at.name && el.getAttribute('value') === at.value && el.getAttribute('href') === at.href);
}

// equip shows what only works with this script: boxes that tick all others of a name.
function equip(root) {
  for (const all of root.querySelectorAll('[data-tick-all]')) {
    all.closest('[data-all]').hidden = false;
    all.addEventListener('change', () => {
      for (const box of all.form.querySelectorAll(`input[type=checkbox][name="${all.dataset.tickAll}"]`)) box.checked = all.checked;
    });
  }
}

// --- the stream

const pending = new Set();

// heard waits a moment for more events, since one check brings several.
function heard(kind) {
  pending.add(kind);
  renewing ??= setTimeout(async () => {
    const kinds = new Set(pending);
    pending.clear();
    try {
      await renew(kinds);
    } catch {
      // The stream will say that the connection is lost.
    }
    renewing = null;
    if (pending.size > 0) heard([...pending][0]);
  }, 100);
}

function alive() {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => broken(), silence);
}

function open() {
  stream?.close();
  stream = new EventSource(last);
  alive();
  stream.addEventListener('open', () => {
    if (kept && !busy(document.body)) location.reload(); // It is back, and this is what was.
    tries = 0;
    say('live');
    alive();
  });
  for (const kind of ['application', 'removed', 'source', 'delivery', 'stale', 'alive']) {
    stream.addEventListener(kind, (event) => {
      alive();
      if (event.lastEventId) last = last.replace(/since=\d*/, `since=${event.lastEventId}`);
      if (kind !== 'alive') heard(kind);
    });
  }
  stream.addEventListener('error', () => broken());
}

// broken waits, longer each time, and tries again.
async function broken() {
  rest();
  if (document.hidden) return;
  say('lost');
  const wait = Math.min(30, 2 ** tries) * (0.75 + Math.random() / 2);
  tries += 1;
  clearTimeout(retry);
  retry = setTimeout(() => again(), wait * 1000);
}

const root = new URL(document.body.dataset.root, location.href);
const me = () => new URL('api/v1/me', root);

// again asks first whether there is still somebody signed in: a stream does not
// say why it was refused.
async function again() {
  clearTimeout(retry);
  try {
    const answer = await fetch(me(), { cache: 'no-store', credentials: 'same-origin' });
    if (answer.status === 401) {
      location.reload();
      return;
    }
  } catch {
    broken();
    return;
  }
  open();
}

// Without a connection a form would lead nowhere, and what was typed would be gone.
// A stream may be cut where forms still work, so it is tried first. Signing out has
// the worker forget everything in any case.
let passed = null;
addEventListener('submit', async (event) => {
  if (lost.hidden || event.target === passed || event.target.action.endsWith('/sign-out')) return;
  event.preventDefault();
  event.stopPropagation();
  const { target, submitter } = event;
  try {
    await fetch(me(), { cache: 'no-store', credentials: 'same-origin' });
  } catch {
    lost.scrollIntoView({ block: 'nearest' });
    document.getElementById('needs').classList.add('bad');
    return;
  }
  passed = target;
  target.requestSubmit(submitter);
  passed = null;
}, true);

function rest() {
  stream?.close();
  stream = null;
  clearTimeout(watchdog);
}

document.getElementById('again').addEventListener('click', () => again());
// A part of the page is not where one signs in: that is a page of its own.
document.addEventListener('htmx:beforeSwap', (event) => {
  if (event.detail.xhr.getResponseHeader('X-Offline') !== 'forget') return;
  event.detail.shouldSwap = false;
  location.reload();
});
// What was answered with more than a remark on what was typed is asked for anew the
// plain way, whose answer is a whole page that says what is wrong.
document.addEventListener('htmx:responseError', (event) => {
  const el = event.detail.elt;
  if (el.form) el.form.requestSubmit(el.type === 'submit' ? el : null);
  else if (el instanceof HTMLFormElement) el.requestSubmit();
});
// What takes its time says so, and is not sent twice.
document.addEventListener('submit', (event) => {
  const button = event.submitter;
  if (!button?.dataset.busy) return;
  if (button.ariaDisabled === 'true') {
    event.preventDefault();
    return;
  }
  button.ariaDisabled = 'true';
  button.textContent = button.dataset.busy;
  news.append(Object.assign(document.createElement('p'), { textContent: button.dataset.busy }));
});
// What is shown only once can be copied, also over plain HTTP, where a page may not
// use the clipboard otherwise.
for (const button of document.querySelectorAll('button[data-copy]')) {
  button.hidden = false;
  button.addEventListener('click', () => {
    document.getElementById(button.dataset.copy).select();
    if (document.execCommand('copy')) button.textContent = button.dataset.copied;
  });
}
addEventListener('online', () => again());
addEventListener('pagehide', () => rest());
addEventListener('pageshow', (event) => event.persisted && location.reload()); // Somebody may have signed out.
// A page nobody looks at needs no connection, of which a browser has only six.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    rest();
    clearTimeout(retry);
    say('paused');
  } else if (!stream) {
    open();
  }
});

document.body.addEventListener('htmx:load', (event) => equip(event.detail.elt));
setInterval(() => stream && heard('time'), 60_000); // What says "5 minutes ago" ages.
sessionStorage.removeItem('htmx-current-path-for-history'); // Nothing is to stay after signing out.
open();

// What shows the last state without a connection. Browsers have it only where nobody
// can listen or change what comes: at https and on the machine itself.
navigator.serviceWorker?.register(new URL('worker.js', root), { scope: root, updateViaCache: 'none' }).catch(() => {});
