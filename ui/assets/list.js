// The list of applications. Everything that comes from outside becomes text,
// never markup.

import { said } from './api.js';

const most = 500; // The most the API gives at once; a plain page need not show more.
const statuses = {
  none: 'Waiting for the first answer',
  not_found: 'Not found',
  in_progress: 'In progress',
  suspended: 'Suspended',
  preliminarily_positive: 'Preliminarily positive',
  granted: 'Granted',
  refused: 'Refused or discontinued',
  unknown: 'Unknown answer',
};

export const $ = (id) => document.getElementById(id);
export const part = (root, name) => root.querySelector(`[data-f="${name}"]`);
export const text = (root, name, words) => { part(root, name).textContent = words; };
// made returns a copy of what a template holds.
export const made = (template) => $(template).content.cloneNode(true).firstElementChild;

// --- times

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const distance = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
export const moment = (iso) => clock.format(new Date(iso));

export function ago(iso) {
  const minutes = (new Date(iso) - Date.now()) / 60_000;
  const size = Math.abs(minutes);
  if (size < 0.75) return 'now';
  if (size < 59.5) return distance.format(Math.round(minutes), 'minute');
  if (size < 36 * 60) return distance.format(Math.round(minutes / 60), 'hour');
  return distance.format(Math.round(minutes / 60 / 24), 'day');
}

// setTime shows how far off a time is, or other words if there is none.
function setTime(place, iso, none) {
  const el = place.querySelector('time');
  el.dateTime = iso ?? '';
  el.title = iso ? moment(iso) : '';
  el.textContent = none;
  tick(el);
}

// tick makes what is shown of a time true. A next check that has passed is due.
function tick(el) {
  if (!el.dateTime) return;
  const due = el.dataset.past && new Date(el.dateTime) < Date.now();
  el.textContent = due ? el.dataset.past : ago(el.dateTime);
}

// keepTimes keeps the times true as time passes.
export function keepTimes() {
  setInterval(() => document.querySelectorAll('time').forEach(tick), 30_000);
}

// --- cards

// List shows the applications of a session in the order of the API, which is
// that of their IDs.
export class List {
  #cards = new Map(); // application ID → its card
  #session;
  #more = false; // there are more than are shown

  constructor(session) { this.#session = session; }

  // load reads everything anew.
  async load() {
    const page = await this.#session.get(`applications?limit=${most}`);
    const gone = new Set(this.#cards.keys());
    this.#more = Boolean(page.next);
    for (const app of page.applications) {
      gone.delete(app.id);
      this.show(app);
    }
    gone.forEach((id) => this.forget(id));
    this.#count();
  }

  // renew reads one application anew.
  async renew(id) {
    try {
      this.show(await this.#session.get(`applications/${encodeURIComponent(id)}`));
    } catch (err) {
      if (err.status !== 404) throw err;
      this.forget(id);
    }
  }

  show(app) {
    if (this.#more && !this.#cards.has(app.id)) return; // It stands behind those that are shown.
    const card = this.#cards.get(app.id) ?? this.#add(app.id);
    const name = app.label || app.masked;
    text(card, 'name', name);
    text(card, 'masked', app.label ? app.masked : '');
    text(card, 'flags', [app.paused && 'Paused: not checked', app.muted && 'Muted: nobody is told'].filter(Boolean).join(' · '));
    part(card, 'check').setAttribute('aria-label', `Check now: ${name}`);
    showStatus(card, app);
    showNotes(card, app);
    setTime(part(card, 'answered'), app.answered_at, 'none yet');
    setTime(part(card, 'next'), app.next_check_at, app.paused ? 'paused' : 'none planned');
    const checked = app.checked_at ?? '';
    if (card.dataset.checked !== checked) text(card, 'answer', ''); // What was asked for is done.
    card.dataset.checked = checked;
    this.#count();
  }

  #add(id) {
    const card = made('application');
    this.#cards.set(id, card);
    $('applications').append(card);
    part(card, 'check').addEventListener('click', () => this.#checkNow(id, card));
    return card;
  }

  forget(id) {
    this.#cards.get(id)?.remove();
    this.#cards.delete(id);
    this.#count();
  }

  #count() {
    const n = this.#cards.size;
    $('empty').hidden = n > 0;
    $('count').textContent = this.#more ? `The first ${n} are shown` : `${n || ''}`;
  }

  // point shows which application a link in a message is about.
  point(id) {
    const card = this.#cards.get(id);
    document.querySelector('.wanted')?.classList.remove('wanted');
    card?.classList.add('wanted');
    card?.focus();
  }

  async #checkNow(id, card) {
    const button = part(card, 'check');
    if (button.ariaDisabled) return; // One at a time.
    button.ariaDisabled = 'true';
    try {
      const t = await this.#session.post(`applications/${encodeURIComponent(id)}/check`);
      const queue = t.not_before ? `The portal is being left alone; the check is made after ${moment(t.not_before)}.` : `The check is number ${t.position} in the queue.`;
      text(card, 'answer', t.under_way ? 'The check is under way.' : queue);
    } catch (err) {
      text(card, 'answer', said(err));
    }
    button.ariaDisabled = null;
  }
}

function showStatus(card, app) {
  const known = Object.hasOwn(statuses, app.status ?? 'none');
  const status = known ? app.status ?? 'none' : 'unknown';
  const chip = part(card, 'status');
  chip.className = `status ${status}`;
  chip.querySelector('use').setAttribute('href', `#icon-${status}`);
  chip.querySelector('span').textContent = statuses[status];
  text(card, 'since', app.since ? `since ${moment(app.since)}` : '');
}

function showNotes(card, app) {
  const p = app.pending;
  text(card, 'pending', p ? `“${statuses[p.status] ?? p.status}” was seen ${moment(p.seen_at)} and is being confirmed by a second check.` : '');
  const t = app.trouble;
  const times = t?.count > 1 ? ` (${t.count} checks)` : '';
  const gone = app.gone_at ? `The portal has not shown this number since ${moment(app.gone_at)}. That is not a decision.` : '';
  text(card, 'trouble', t ? `No answer since ${moment(t.since)}: ${t.sentence}${times}.` : gone);
  const words = part(card, 'words');
  words.hidden = !app.text;
  words.querySelector('p').textContent = app.text ?? '';
  const link = words.querySelector('a');
  link.hidden = !app.link?.startsWith('https://');
  if (!link.hidden) link.href = app.link;
}
